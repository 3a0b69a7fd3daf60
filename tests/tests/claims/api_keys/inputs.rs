//! The least input of each mutation that the schema lets through, made from the schema itself: so that what holds for all of
//! them holds for those to come.

use std::collections::BTreeMap;

use async_graphql_parser::parse_schema;
use async_graphql_parser::types::{BaseType, InputObjectType, Type, TypeKind, TypeSystemDefinition};
use serde_json::{Map, Value, json};
use tests::engine::workspace;

/// Every mutation with an input for it.
pub(super) fn of_all_mutations() -> Vec<(String, Value)> {
    let types = types();
    let TypeKind::Object(mutations) = &types["Mutation"] else { panic!("mutations are fields of an object") };
    let inputs = mutations.fields.iter().map(|field| {
        let input = &field.node.arguments[0].node.ty.node;
        (field.node.name.node.to_string(), value(&types, input))
    });
    inputs.collect()
}

fn types() -> BTreeMap<String, TypeKind> {
    let schema = std::fs::read_to_string(workspace().join("schema.graphql")).expect("schema.graphql is committed");
    let definitions = parse_schema(schema).expect("a schema").definitions;
    let types = definitions.into_iter().filter_map(|definition| match definition {
        TypeSystemDefinition::Type(definition) => Some((definition.node.name.node.to_string(), definition.node.kind)),
        _ => None,
    });
    types.collect()
}

fn value(types: &BTreeMap<String, TypeKind>, of: &Type) -> Value {
    let BaseType::Named(name) = &of.base else { return json!([]) };
    match types.get(name.as_str()) {
        Some(TypeKind::InputObject(object)) => json!(fields(types, object)),
        Some(TypeKind::Enum(values)) => json!(values.values[0].node.value.node.as_str()),
        _ => match name.as_str() {
            "Int" => json!(1),
            "Boolean" => json!(true),
            "DateTime" => json!("2030-01-01T00:00:00Z"),
            _ => json!("x"),
        },
    }
}

fn fields(types: &BTreeMap<String, TypeKind>, object: &InputObjectType) -> Map<String, Value> {
    let required =
        object.fields.iter().filter(|field| !field.node.ty.node.nullable && field.node.default_value.is_none());
    let mut fields: Map<_, _> =
        required.map(|field| (field.node.name.node.to_string(), value(types, &field.node.ty.node))).collect();
    // Of those of which one has to be given, the first; elsewhere it does no harm.
    let first = &object.fields[0].node;
    if fields.is_empty() {
        fields.insert(first.name.node.to_string(), value(types, &first.ty.node));
    }
    fields
}
