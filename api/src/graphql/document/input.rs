//! What apollo-compiler leaves to others: a field of an input object is given once, and an input object of one field has exactly
//! one (<https://spec.graphql.org/September2025/#sec-OneOf-Input-Objects>), in the document and in its variables.

use apollo_compiler::ast::{Type, Value as Literal};
use apollo_compiler::executable::{Operation, Selection, SelectionSet};
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::{ExecutableDocument, Node, Schema};
use serde_json::{Map, Value};

/// What is wrong with the first input object that is not as it should be.
pub(super) fn check(schema: &Schema, document: &ExecutableDocument) -> Result<(), String> {
    for operation in document.operations.iter() {
        let checking = Checking { schema, operation: Some(operation) };
        for variable in &operation.variables {
            if let Some(default) = &variable.default_value {
                checking.value(&variable.ty, default)?;
            }
        }
        checking.set(&operation.selection_set)?;
    }
    let checking = Checking { schema, operation: None };
    document.fragments.values().try_for_each(|fragment| checking.set(&fragment.selection_set))
}

/// The same for the values of variables.
pub(super) fn check_variables(
    schema: &Schema,
    operation: &Operation,
    values: &Map<String, Value>,
) -> Result<(), String> {
    operation.variables.iter().try_for_each(|variable| match values.get(variable.name.as_str()) {
        Some(value) => check_json(schema, &variable.ty, value),
        None => Ok(()),
    })
}

fn check_json(schema: &Schema, ty: &Type, value: &Value) -> Result<(), String> {
    match value {
        Value::Array(items) => items.iter().try_for_each(|item| check_json(schema, ty.item_type(), item)),
        Value::Object(fields) => {
            let Some(ExtendedType::InputObject(input)) = schema.types.get(ty.inner_named_type()) else { return Ok(()) };
            if input.directives.has("oneOf") && (fields.len() != 1 || fields.values().any(Value::is_null)) {
                return Err(of_one(&input.name));
            }
            fields.iter().try_for_each(|(name, value)| match input.fields.get(name.as_str()) {
                Some(field) => check_json(schema, &field.ty, value),
                None => Ok(()),
            })
        }
        _ => Ok(()),
    }
}

fn of_one(input: &str) -> String {
    format!("`{input}` takes exactly one of its fields, and it must not be null")
}

struct Checking<'a> {
    schema: &'a Schema,
    /// Whose variables are used; none in a fragment, which several may share.
    operation: Option<&'a Operation>,
}

impl Checking<'_> {
    fn set(&self, set: &SelectionSet) -> Result<(), String> {
        set.selections.iter().try_for_each(|selection| match selection {
            Selection::Field(field) => {
                for argument in &field.arguments {
                    if let Some(definition) = field.definition.argument_by_name(&argument.name) {
                        self.value(&definition.ty, &argument.value)?;
                    }
                }
                self.set(&field.selection_set)
            }
            Selection::InlineFragment(inline) => self.set(&inline.selection_set),
            Selection::FragmentSpread(_) => Ok(()),
        })
    }

    fn value(&self, ty: &Type, value: &Node<Literal>) -> Result<(), String> {
        match &**value {
            Literal::List(items) => items.iter().try_for_each(|item| self.value(ty.item_type(), item)),
            Literal::Object(fields) => {
                let Some(ExtendedType::InputObject(input)) = self.schema.types.get(ty.inner_named_type()) else {
                    return Ok(());
                };
                for (place, (name, value)) in fields.iter().enumerate() {
                    if fields[..place].iter().any(|(other, _)| other == name) {
                        return Err(format!("`{}.{name}` is given more than once", input.name));
                    }
                    if let Some(field) = input.fields.get(name) {
                        self.value(&field.ty, value)?;
                    }
                }
                let is_one = matches!(fields.as_slice(), [(_, value)] if !self.may_be_null(value));
                if input.directives.has("oneOf") && !is_one {
                    return Err(of_one(&input.name));
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn may_be_null(&self, value: &Literal) -> bool {
        match value {
            Literal::Null => true,
            Literal::Variable(name) => {
                let variables = self.operation.map_or(&[][..], |operation| operation.variables.as_slice());
                variables.iter().any(|variable| variable.name == *name && !variable.ty.is_non_null())
            }
            _ => false,
        }
    }
}
