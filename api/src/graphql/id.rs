//! Ids as clients give them.

use async_graphql::ID;
use domain::{Code, Refusal};
use entity::id::TypedId;

/// Reads the id that a field or argument holds, named as the domain names it.
pub(crate) fn parse<I: TypedId>(field: &'static str, id: &ID) -> domain::Result<I> {
    I::parse(id).map_err(|error| Refusal::new(Code::Invalid, field, format!("It is {}.", describe(&error))).into())
}

/// As [`parse`], of the item of a list.
pub(crate) fn parse_item<I: TypedId>(field: &'static str, index: usize, id: &ID) -> domain::Result<I> {
    I::parse(id).map_err(|error| {
        let mut refusal = Refusal::new(Code::Invalid, field, format!("It is {}.", describe(&error)));
        refusal.path.push(index.to_string().into());
        refusal.into()
    })
}

/// As [`parse`], where there is one.
pub(crate) fn parse_optional<I: TypedId>(field: &'static str, id: Option<&ID>) -> domain::Result<Option<I>> {
    id.map(|id| parse(field, id)).transpose()
}

fn describe(error: &entity::id::ParseIdError) -> String {
    match error {
        entity::id::ParseIdError::Prefix { expected } => {
            format!("not an id of this type: those begin with `{expected}_`")
        }
        entity::id::ParseIdError::Form => "not a well-formed id".to_owned(),
    }
}
