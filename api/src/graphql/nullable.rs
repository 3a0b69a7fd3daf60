//! Fields that can't be told. One that may be null is null, and the rest of the answer stands; one that may not takes its parent
//! along (<https://spec.graphql.org/September2025/#sec-Handling-Execution-Errors>). Either way the error says where it happened: by
//! itself the executor would take a nullable field's parent along, too, and name the place where an error ended as where it began.

use std::borrow::Cow;

use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::{ContextSelectionSet, OutputType, Positioned, Result, ServerError, ServerResult, Value};

/// The value of a nullable field, or why there is none.
pub(crate) struct Nullable<T>(Result<Option<T>>);

/// The value of a field that is never null, or why there is none.
pub(crate) struct Required<T>(Result<T>);

impl<T> Nullable<T> {
    /// What a resolver comes to.
    pub(crate) async fn of(resolver: impl Future<Output = Result<Option<T>>>) -> Self {
        Self(resolver.await)
    }
}

impl<T> Required<T> {
    /// What a resolver comes to.
    pub(crate) async fn of(resolver: impl Future<Output = Result<T>>) -> Self {
        Self(resolver.await)
    }
}

/// Tells an error, with the field that it is of.
fn tell(ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>, error: &async_graphql::Error) {
    ctx.add_error(ctx.set_error_path(error.clone().into_server_error(field.pos)));
}

/// What goes up to the parent in place of an error that has been told.
const TOLD: &str = "told";

/// Leaves out what only said that an error has been told.
pub(crate) fn leave_out_told(errors: &mut Vec<ServerError>) {
    errors.retain(|error| error.message != TOLD);
}

impl<T: OutputType + Sync> OutputType for Nullable<T> {
    fn type_name() -> Cow<'static, str> {
        Option::<T>::type_name()
    }

    fn qualified_type_name() -> String {
        Option::<T>::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        Option::<T>::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        match &self.0 {
            Ok(value) => value.resolve(ctx, field).await,
            Err(error) => {
                tell(ctx, field, error);
                Ok(Value::Null)
            }
        }
    }
}

impl<T: OutputType + Sync> OutputType for Required<T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn qualified_type_name() -> String {
        T::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        match &self.0 {
            Ok(value) => value.resolve(ctx, field).await,
            Err(error) => {
                tell(ctx, field, error);
                Err(ServerError::new(TOLD, None))
            }
        }
    }
}
