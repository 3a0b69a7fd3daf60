//! `schema.graphql`, as far as the matrix asks: the types of fields, and what a document passes through.

use std::collections::BTreeMap;

use async_graphql_parser::types::{
    BaseType, DocumentOperations, OperationType, Selection, SelectionSet, TypeKind, TypeSystemDefinition,
};
use async_graphql_parser::{parse_query, parse_schema};
use tests::engine::workspace;

pub(super) struct Sdl {
    /// Of each object and interface: its fields, each with the name of its type, without lists and exclamation marks.
    types: BTreeMap<String, BTreeMap<String, String>>,
    interfaces: Vec<String>,
    /// Of each object, what it implements.
    implements: BTreeMap<String, Vec<String>>,
}

impl Sdl {
    pub(super) fn read() -> Self {
        let text = std::fs::read_to_string(workspace().join("schema.graphql")).expect("schema.graphql is committed");
        let document = parse_schema(text).expect("schema.graphql is a schema");
        let mut sdl = Self { types: BTreeMap::new(), interfaces: Vec::new(), implements: BTreeMap::new() };
        for definition in document.definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let name = definition.node.name.node.to_string();
            let fields = match definition.node.kind {
                TypeKind::Object(object) => {
                    let implements = object.implements.iter().map(|one| one.node.to_string()).collect();
                    sdl.implements.insert(name.clone(), implements);
                    object.fields
                }
                TypeKind::Interface(interface) => {
                    sdl.interfaces.push(name.clone());
                    interface.fields
                }
                _ => continue,
            };
            let of = |base: &BaseType| base_name(base);
            let fields =
                fields.into_iter().map(|field| (field.node.name.node.to_string(), of(&field.node.ty.node.base)));
            sdl.types.insert(name, fields.collect());
        }
        sdl
    }

    /// `Type.field` of all that has to have a row: everything but payloads, connections, their edges, and interfaces, whose
    /// fields are those of the types that have them.
    pub(super) fn guarded_fields(&self) -> impl Iterator<Item = String> {
        let guarded = self.types.iter().filter(|(name, _)| self.is_guarded(name));
        guarded.flat_map(|(name, fields)| fields.keys().map(move |field| format!("{name}.{field}")))
    }

    fn is_guarded(&self, name: &str) -> bool {
        let aside = ["Payload", "Connection", "Edge"].iter().any(|end| name.ends_with(end));
        !aside && !["PageInfo", "UserError"].contains(&name) && !self.interfaces.iter().any(|one| one == name)
    }

    /// The fields of a type.
    pub(super) fn fields(&self, kind: &str) -> impl Iterator<Item = &str> {
        self.types.get(kind).unwrap_or_else(|| panic!("there is no type {kind}")).keys().map(String::as_str)
    }

    /// The types that implement an interface.
    pub(super) fn implementing(&self, interface: &str) -> impl Iterator<Item = &str> {
        let implementing = self.implements.iter().filter(move |(_, of)| of.iter().any(|one| one == interface));
        implementing.map(|(name, _)| name.as_str())
    }

    pub(super) fn has(&self, kind: &str, field: &str) -> bool {
        self.types.get(kind).is_some_and(|fields| fields.contains_key(field))
    }

    /// Where a mutation can be asked for: in each kind of thread, if its input names one or what is in one.
    pub(super) fn places_of(&self, mutation: &str) -> &'static [&'static str] {
        let nouns = ["assistant", "message", "reaction", "participant", "room", "thread", "typing"];
        let of_threads = mutation != "threadCreate" && nouns.iter().any(|noun| mutation.starts_with(noun));
        if of_threads { &["group", "direct", "room", "archived", "closed"] } else { &["own"] }
    }

    /// What is selected of a field: enough to see whether there is something, and what it is.
    pub(super) fn selection(&self, kind: &str, field: &str) -> &'static str {
        match self.types[kind][field].as_str() {
            "Chirp" => " { __typename message }",
            "Message" => " { __typename content metadata }",
            "Thread" => " { __typename id }",
            "User" => " { __typename username }",
            list if list.ends_with("Connection") => " { nodes { __typename } }",
            object if self.types.contains_key(object) => " { __typename }",
            _ => "",
        }
    }

    /// The guarded fields that an operation passes through, as type and field, without those named `__typename`.
    pub(super) fn along(&self, operation: &str) -> Vec<(String, String)> {
        let document = parse_query(operation).unwrap_or_else(|error| panic!("{operation}: {error}"));
        let DocumentOperations::Single(operation) = document.operations else { panic!("one operation") };
        let root = match operation.node.ty {
            OperationType::Query => "Query",
            OperationType::Mutation => "Mutation",
            OperationType::Subscription => "Subscription",
        };
        let mut along = Vec::new();
        self.walk(root, &operation.node.selection_set.node, &mut along);
        along
    }

    fn walk(&self, kind: &str, selections: &SelectionSet, along: &mut Vec<(String, String)>) {
        for selection in &selections.items {
            match &selection.node {
                Selection::Field(field) => {
                    let name = field.node.name.node.as_str();
                    if name == "__typename" {
                        continue;
                    }
                    if self.is_guarded(kind) {
                        along.push((kind.to_owned(), name.to_owned()));
                    }
                    let next = self.types[kind].get(name).unwrap_or_else(|| panic!("{kind} has no {name}"));
                    self.walk(next, &field.node.selection_set.node, along);
                }
                Selection::InlineFragment(fragment) => {
                    let on = fragment.node.type_condition.as_ref().map(|on| on.node.on.node.to_string());
                    self.walk(on.as_deref().unwrap_or(kind), &fragment.node.selection_set.node, along);
                }
                Selection::FragmentSpread(_) => panic!("routes are written out"),
            }
        }
    }
}

fn base_name(base: &BaseType) -> String {
    match base {
        BaseType::Named(name) => name.to_string(),
        BaseType::List(inner) => base_name(&inner.base),
    }
}
