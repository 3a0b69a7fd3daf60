//! Makes the types of operations from the server's schema and the documents that all clients share.
//!
//! graphql_client makes a module for each operation, with all types in it. What is the same in each of them (fragments, enums, inputs)
//! is put into one place here: so a message that was sent is of the type that streams have, and nothing is compiled forty times.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::Path;
use std::{env, fs};

use graphql_client_codegen::normalization::Normalization;
use graphql_client_codegen::{CodegenMode, GraphQLClientCodegenOptions, generate_module_token_stream_from_string};
use graphql_parser::query::{Definition, Document, OperationDefinition, Selection, SelectionSet};
use quote::{ToTokens, quote};
use syn::{Attribute, File, Item, ItemMod, Type, parse_quote};

const SCHEMA: &str = "../../schema.graphql";
const DOCUMENTS: &str = "../typescript/operations";

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed={SCHEMA}");
    println!("cargo:rerun-if-changed={DOCUMENTS}");
    let mut paths = Vec::new();
    for entry in fs::read_dir(DOCUMENTS)? {
        paths.push(entry?.path());
    }
    paths.sort();
    let texts: Vec<String> = paths.iter().map(fs::read_to_string).collect::<Result<_, _>>()?;
    let document = graphql_parser::parse_query::<String>(&texts.concat())?.into_static();
    let mut types = Types::default();
    let mut operations = Vec::new();
    for operation in asked(&document) {
        let tokens = generate_module_token_stream_from_string(&operation.text, Path::new(SCHEMA), options())?;
        let mut items = syn::parse2::<File>(tokens)?.items;
        for item in &mut items {
            if let Item::Mod(module) = item {
                types.take_from(module, &operation)?;
            }
        }
        operations.push(quote!(#(#items)*).to_string());
    }
    let types: String = types.items.into_values().collect();
    let text = format!(
        "/// What operations have in common: fragments, enums and inputs.
        pub mod types {{ use serde::{{Deserialize, Serialize}}; pub use crate::scalars::Id; {types} }}
        {}",
        operations.concat()
    );
    Ok(fs::write(Path::new(&env::var("OUT_DIR")?).join("operations.rs"), text)?)
}

fn options() -> GraphQLClientCodegenOptions {
    let mut options = GraphQLClientCodegenOptions::new(CodegenMode::Cli);
    options.set_module_visibility(parse_quote!(pub));
    options.set_normalization(Normalization::Rust);
    options.set_response_derives("Debug, Clone, PartialEq".to_owned());
    options.set_variables_derives("Debug, Clone, PartialEq".to_owned());
    options.set_custom_scalars_module(parse_quote!(crate::scalars));
    // Frames of kinds that a newer server has.
    options.set_fragments_other_variant(true);
    options.set_skip_serializing_none(true);
    options
}

/// An operation.
struct Operation {
    /// What the server is sent: the operation with the fragments that it needs, and no others.
    text: String,
    /// What the names of types begin with that are this operation's alone.
    prefixes: Vec<String>,
}

fn asked(document: &Document<'static, String>) -> Vec<Operation> {
    let mut fragments = BTreeMap::new();
    let mut operations = Vec::new();
    for definition in &document.definitions {
        match definition {
            Definition::Fragment(fragment) => drop(fragments.insert(fragment.name.as_str(), fragment)),
            Definition::Operation(operation) => operations.push(operation),
        }
    }
    let each = operations.into_iter().map(|operation| {
        let (name, selections) = parts(operation);
        let mut used = BTreeSet::new();
        let mut waiting = spreads(selections);
        while let Some(name) = waiting.pop() {
            if let Some(fragment) = fragments.get(name).filter(|_| used.insert(name)) {
                waiting.extend(spreads(&fragment.selection_set));
            }
        }
        let text = used.iter().fold(operation.to_string(), |text, name| format!("{text}\n{}", fragments[name]));
        let roots = selections.items.iter().filter_map(|selection| match selection {
            Selection::Field(field) => Some(format!("{name}{}{}", field.name[..1].to_uppercase(), &field.name[1..])),
            _ => None,
        });
        Operation { text, prefixes: roots.collect() }
    });
    each.collect()
}

fn parts<'a>(operation: &'a OperationDefinition<'static, String>) -> (&'a str, &'a SelectionSet<'static, String>) {
    let (name, set) = match operation {
        OperationDefinition::SelectionSet(set) => (&None, set),
        OperationDefinition::Query(query) => (&query.name, &query.selection_set),
        OperationDefinition::Mutation(mutation) => (&mutation.name, &mutation.selection_set),
        OperationDefinition::Subscription(subscription) => (&subscription.name, &subscription.selection_set),
    };
    (name.as_deref().unwrap_or_default(), set)
}

/// The fragments that are named in a selection.
fn spreads<'a>(set: &'a SelectionSet<'static, String>) -> Vec<&'a str> {
    let each = set.items.iter().map(|selection| match selection {
        Selection::Field(field) => spreads(&field.selection_set),
        Selection::InlineFragment(fragment) => spreads(&fragment.selection_set),
        Selection::FragmentSpread(spread) => vec![spread.fragment_name.as_str()],
    });
    each.flatten().collect()
}

/// The types that operations have in common.
#[derive(Default)]
struct Types {
    /// Their texts, by what they are.
    items: BTreeMap<String, String>,
}

impl Types {
    /// Takes everything out of an operation's module that is not its alone.
    fn take_from(&mut self, module: &mut ItemMod, operation: &Operation) -> Result<(), String> {
        let Some((_, items)) = &mut module.content else { return Ok(()) };
        let is_enum = enums(items);
        let mut own = vec![parse_quote!(
            use super::types::*;
        )];
        for mut item in items.drain(..) {
            adapt(&mut item, &is_enum);
            let name = match &item {
                Item::Use(import) if import.to_token_stream().to_string().contains("super") => continue,
                Item::Struct(item) => item.ident.to_string(),
                Item::Enum(item) => item.ident.to_string(),
                Item::Type(item) => item.ident.to_string(),
                Item::Impl(item) => item.self_ty.to_token_stream().to_string(),
                _ => String::new(),
            };
            let is_own = ["", "Variables", "ResponseData"].contains(&name.as_str())
                || operation.prefixes.iter().any(|prefix| name.starts_with(prefix));
            if is_own {
                own.push(item);
                continue;
            }
            let key = match &item {
                // Of a type there may be several.
                Item::Impl(item) => format!(
                    "{} for {name}",
                    item.trait_.as_ref().map(|(_, path, _)| path.to_token_stream()).into_token_stream()
                ),
                _ => name,
            };
            let text = item.to_token_stream().to_string();
            if *self.items.entry(key.clone()).or_insert_with(|| text.clone()) != text {
                return Err(format!("{key} is not the same in all operations"));
            }
        }
        *items = own;
        Ok(())
    }
}

fn enums(items: &[Item]) -> BTreeSet<String> {
    let each = items.iter().filter_map(|item| match item {
        Item::Enum(item) => Some(item.ident.to_string()),
        _ => None,
    });
    each.collect()
}

/// Gives ids a type of their own, and inputs a default, so that they are made with what there is to say.
fn adapt(item: &mut Item, enums: &BTreeSet<String>) {
    match item {
        Item::Type(alias) => {
            alias.vis = parse_quote!(pub);
            if alias.ident == "ID" {
                alias.ty = parse_quote!(crate::scalars::Id);
            }
        }
        Item::Struct(item) if item.attrs.iter().any(|attribute| is_derive(attribute, "Serialize")) => {
            let has_default = |ty: &Type| !enums.contains(&ty.to_token_stream().to_string());
            if item.fields.iter().all(|field| has_default(&field.ty)) {
                item.attrs.push(parse_quote!(#[derive(Default)]));
            }
        }
        _ => {}
    }
}

fn is_derive(attribute: &Attribute, name: &str) -> bool {
    attribute.path().is_ident("derive") && attribute.meta.to_token_stream().to_string().contains(name)
}
