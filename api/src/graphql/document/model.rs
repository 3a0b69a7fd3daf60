//! What the price of a selection rests on: which objects a type may be, and how long the lists of introspection are.

use std::collections::HashMap;

use apollo_compiler::schema::ExtendedType;
use apollo_compiler::{Name, Schema};

/// The schema, as far as prices go.
pub(super) struct Model {
    /// For each object, interface and union: the objects that a value of it may be.
    objects: HashMap<Name, Vec<Name>>,
    types: u64,
    /// Items that a list of introspection has in the mean, rounded up twice.
    lists: HashMap<&'static str, u64>,
}

/// Values of introspection for each type of the schema that an answer may have at the most. The standard introspection
/// query of GraphiQL and code generators is good for some 650.
const META: u64 = 900;

impl Model {
    pub(super) fn of(schema: &Schema) -> Self {
        let mut objects: HashMap<Name, Vec<Name>> = HashMap::new();
        let mut totals: HashMap<&'static str, u64> = HashMap::new();
        let mut total = |list, count: usize| *totals.entry(list).or_default() += count as u64;
        let mut fields = 0;
        for (name, definition) in &schema.types {
            match definition {
                ExtendedType::Object(object) => {
                    objects.entry(name.clone()).or_default().push(name.clone());
                    for interface in &object.implements_interfaces {
                        objects.entry(interface.name.clone()).or_default().push(name.clone());
                    }
                    total("fields", object.fields.len());
                    total("interfaces", object.implements_interfaces.len());
                    total("possibleTypes", object.implements_interfaces.len());
                    fields += object.fields.len() as u64;
                    object.fields.values().for_each(|field| total("args", field.arguments.len()));
                }
                ExtendedType::Interface(interface) => total("fields", interface.fields.len()),
                ExtendedType::Union(union) => {
                    objects.insert(name.clone(), union.members.iter().map(|member| member.name.clone()).collect());
                    total("possibleTypes", union.members.len());
                }
                ExtendedType::InputObject(input) => total("inputFields", input.fields.len()),
                ExtendedType::Enum(values) => total("enumValues", values.values.len()),
                ExtendedType::Scalar(_) => {}
            }
        }
        let types = schema.types.len() as u64;
        let mean = |(list, total): (&'static str, u64)| {
            let among = if list == "args" { fields } else { types };
            (list, total.div_ceil(among.max(1)) + 1)
        };
        let mut lists: HashMap<_, _> = totals.into_iter().map(mean).collect();
        lists.extend([("types", types), ("directives", schema.directive_definitions.len() as u64)]);
        Self { objects, types, lists }
    }

    /// The objects that a value of a type may be.
    pub(super) fn objects(&self, name: &Name) -> &[Name] {
        self.objects.get(name).map_or(&[], Vec::as_slice)
    }

    /// How many items a field of introspection has.
    pub(super) fn introspected(&self, field: &str) -> u64 {
        self.lists.get(field).copied().unwrap_or(1)
    }

    /// Values of introspection that one answer may have.
    pub(super) fn largest_introspection(&self) -> u64 {
        self.types * META
    }
}
