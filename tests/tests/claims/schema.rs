//! The schema that the server has, the one that is committed, and the one that was promised.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use async_graphql_parser::Positioned;
use async_graphql_parser::parse_schema;
use async_graphql_parser::types::{
    ConstDirective, FieldDefinition, InputValueDefinition, TypeDefinition, TypeKind, TypeSystemDefinition,
};
use tests::engine::workspace;
use tests::server::binary;

#[test]
fn the_committed_schema_is_what_the_server_prints() {
    let committed = std::fs::read_to_string(workspace().join("schema.graphql")).expect("schema.graphql is committed");
    assert!(committed == printed(), "schema.graphql is out of date: linnet schema > schema.graphql");
}

#[test]
fn everything_of_the_contract_is_in_the_schema() {
    let promised = facts(&contract());
    let kept = facts(&printed());
    assert!(promised.len() > 300, "the contract was read: {} facts", promised.len());
    let broken: Vec<_> = promised.keys().filter(|fact| !is_kept(fact, &kept)).collect();
    assert!(broken.is_empty(), "not as promised:\n{broken:#?}");
}

/// Whether a client may rely on it still. What is asked for no more may still be given.
fn is_kept(fact: &str, kept: &BTreeMap<String, bool>) -> bool {
    let optional = fact.strip_suffix('!').filter(|fact| fact.contains(" takes "));
    let is_loosened = optional.is_some_and(|fact| kept.contains_key(fact));
    let is_known = |place: &str| kept.keys().any(|fact| fact.starts_with(&format!("{place} takes ")));
    kept.contains_key(fact) || is_loosened || fact.strip_prefix("required ").is_some_and(is_known)
}

#[test]
fn nothing_that_the_contract_does_not_know_is_required() {
    let promised = facts(&contract());
    let known: BTreeSet<_> = promised.keys().filter_map(|fact| fact.strip_prefix("required ")).collect();
    let types: BTreeSet<_> = promised.keys().filter_map(|fact| fact.strip_prefix("place ")).collect();
    for fact in facts(&printed()).keys() {
        let Some(required) = fact.strip_prefix("required ") else { continue };
        let (place, _) = required.rsplit_once('.').expect("a required value has a place");
        assert!(
            !types.contains(place) || known.contains(required),
            "a client of the contract does not send {required}"
        );
    }
}

#[test]
fn everything_in_the_schema_is_described() {
    let facts = facts(&printed());
    let undescribed: Vec<_> = facts.iter().filter(|(_, described)| !**described).map(|(fact, _)| fact).collect();
    assert!(undescribed.is_empty(), "{} without a description:\n{undescribed:#?}", undescribed.len());
}

fn contract() -> String {
    let path = workspace().join("tests/contract/core.graphql");
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What `linnet schema` prints; it needs no database and no configuration.
fn printed() -> String {
    let output = Command::new(binary()).arg("schema").output().expect("linnet schema runs");
    assert!(output.status.success(), "linnet schema: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// All that a client can rely on, one sentence for each, and whether it is described.
fn facts(schema: &str) -> BTreeMap<String, bool> {
    let document = parse_schema(schema).unwrap_or_else(|error| panic!("the schema cannot be read: {error}"));
    let mut facts = BTreeMap::new();
    for definition in document.definitions {
        if let TypeSystemDefinition::Type(definition) = definition {
            of_type(&definition.node, &mut facts);
        }
    }
    facts
}

fn of_type(definition: &TypeDefinition, facts: &mut BTreeMap<String, bool>) {
    let name = definition.name.node.as_str();
    let described = definition.description.is_some();
    let (kind, implements) = match &definition.kind {
        TypeKind::Scalar => ("scalar", &[][..]),
        TypeKind::Object(object) => ("type", &object.implements[..]),
        TypeKind::Interface(interface) => ("interface", &interface.implements[..]),
        TypeKind::Union(_) => ("union", &[][..]),
        TypeKind::Enum(_) => ("enum", &[][..]),
        TypeKind::InputObject(_) => ("input", &[][..]),
    };
    facts.insert(format!("{kind} {name}"), described);
    for interface in implements {
        facts.insert(format!("{kind} {name} implements {}", interface.node), true);
    }
    of_directives(name, &definition.directives, facts);
    match &definition.kind {
        TypeKind::Scalar => {}
        TypeKind::Object(object) => of_fields(name, &object.fields, facts),
        TypeKind::Interface(interface) => of_fields(name, &interface.fields, facts),
        TypeKind::Union(union) => {
            facts.extend(union.members.iter().map(|member| (format!("{name} has {}", member.node), true)));
        }
        TypeKind::Enum(values) => {
            for value in &values.values {
                let value = &value.node;
                facts.insert(format!("{name}.{}", value.value.node), value.description.is_some());
                of_directives(&format!("{name}.{}", value.value.node), &value.directives, facts);
            }
        }
        TypeKind::InputObject(input) => of_inputs(name, &input.fields, facts),
    }
}

fn of_fields(of: &str, fields: &[Positioned<FieldDefinition>], facts: &mut BTreeMap<String, bool>) {
    for field in fields {
        let field = &field.node;
        let name = format!("{of}.{}", field.name.node);
        facts.insert(format!("{name}: {}", field.ty.node), field.description.is_some());
        of_directives(&name, &field.directives, facts);
        of_inputs(&name, &field.arguments, facts);
    }
}

fn of_inputs(of: &str, inputs: &[Positioned<InputValueDefinition>], facts: &mut BTreeMap<String, bool>) {
    facts.insert(format!("place {of}"), true);
    for input in inputs {
        let input = &input.node;
        let name = format!("{of}.{}", input.name.node);
        let default = input.default_value.as_ref().map(|value| format!(" = {}", value.node)).unwrap_or_default();
        facts.insert(format!("{name} takes {}{default}", input.ty.node), input.description.is_some());
        if !input.ty.node.nullable && input.default_value.is_none() {
            facts.insert(format!("required {name}"), true);
        }
        of_directives(&name, &input.directives, facts);
    }
}

fn of_directives(of: &str, directives: &[Positioned<ConstDirective>], facts: &mut BTreeMap<String, bool>) {
    for directive in directives {
        let directive = &directive.node;
        let arguments: BTreeMap<_, _> =
            directive.arguments.iter().map(|(name, value)| (name.node.to_string(), value.node.to_string())).collect();
        facts.insert(format!("{of} @{} {arguments:?}", directive.name.node), true);
    }
}

#[test]
fn a_broken_promise_is_seen() {
    let promised = facts("type Query { a(b: Int = 1): [String!]! } enum E { X } input I @oneOf { f: Int }");
    for changed in [
        "type Query { a(b: Int = 1): [String!] } enum E { X } input I @oneOf { f: Int }",
        "type Query { a(b: Int = 2): [String!]! } enum E { X } input I @oneOf { f: Int }",
        "type Query { a: [String!]! } enum E { X } input I @oneOf { f: Int }",
        "type Query { a(b: Int = 1): [String!]! } enum E { Y } input I @oneOf { f: Int }",
        "type Query { a(b: Int = 1): [String!]! } enum E { X } input I { f: Int }",
        "type Query { a(b: Int = 1): [String!]! } enum E { X } input I @oneOf { f: Int! }",
    ] {
        let kept = facts(changed);
        assert!(promised.keys().any(|fact| !is_kept(fact, &kept)), "{changed}");
    }
}

#[test]
fn what_is_required_no_more_breaks_nobody() {
    let promised = facts("input I { a: Int! b: [ID!]! c: String! }");
    for (changed, is_fine) in [
        ("input I { a: Int b: [ID!] c: String! d: Int }", true),
        ("input I { a: Int b: [ID]! c: String! }", false),
        ("input I { a: String b: [ID!]! c: String! }", false),
        ("input I { b: [ID!]! c: String! }", false),
    ] {
        let kept = facts(changed);
        assert_eq!(promised.keys().all(|fact| is_kept(fact, &kept)), is_fine, "{changed}");
    }
}
