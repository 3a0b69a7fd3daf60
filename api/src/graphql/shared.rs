//! What all subscribers of a line of the log are shown alike is resolved and encoded once, by the first of them; each of the others is
//! given a copy of the bytes. What is alike is for [`super::document`] to know.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::{ContextSelectionSet, OutputType, Positioned, ServerError, ServerResult, Value};
use bytes::Bytes;
use tokio::sync::OnceCell;

use super::document::Alike;
use super::scope::Scope;

/// What a stream shows of a line.
pub(crate) struct Shared<T> {
    shown: T,
    /// The scope of the line, and its place in the log; none for what is of no line.
    line: Option<(Scope, i64)>,
}

/// Operations that lines are encoded for; they are kept as long as the lines are, so there are few.
const OPERATIONS: usize = 4;
/// Bytes of what is kept for others, at the most.
const LARGEST: usize = 4096;

/// What is shown of the lines of a scope, for each operation.
#[derive(Default)]
struct Encodings(Mutex<Vec<Encoded>>);

/// What is shown to all who have come with one operation, by the lines' places in the log.
struct Encoded {
    alike: Arc<Alike>,
    lines: HashMap<i64, Place>,
}

/// Where it is put by the first who needs it; nothing, if it is too large to be kept.
type Place = Arc<OnceCell<Option<Bytes>>>;

impl Encodings {
    /// The place of one; none if there are too many operations.
    fn place(&self, alike: &Arc<Alike>, seq: i64) -> Option<Place> {
        let mut encodings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !encodings.iter().any(|known| Arc::ptr_eq(&known.alike, alike)) && encodings.len() < OPERATIONS {
            encodings.push(Encoded { alike: alike.clone(), lines: HashMap::new() });
        }
        let known = encodings.iter_mut().find(|known| Arc::ptr_eq(&known.alike, alike))?;
        Some(known.lines.entry(seq).or_default().clone())
    }
}

impl<T> Shared<T> {
    /// Of a line that all who stream it share the scope of.
    pub(crate) fn of_line(shown: T, scope: Scope, seq: i64) -> Self {
        Self { shown, line: Some((scope, seq)) }
    }

    /// Of one subscriber alone.
    pub(crate) fn alone(shown: T) -> Self {
        Self { shown, line: None }
    }
}

impl<T: OutputType> Shared<T> {
    fn place(&self, ctx: &ContextSelectionSet<'_>) -> Option<Place> {
        let (scope, seq) = self.line.as_ref()?;
        let alike = ctx.data_opt::<Arc<Alike>>().filter(|alike| alike.shows(&self.shown.introspection_type_name()))?;
        scope.kept::<Encodings>().place(alike, *seq)
    }
}

/// Why nothing is kept for others, for now.
enum Unkept {
    /// Resolving failed.
    Failed(ServerError),
    /// Parts of it could not be shown; the next may have more luck.
    InPart,
}

impl<T: OutputType> OutputType for Shared<T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn introspection_type_name(&self) -> Cow<'static, str> {
        self.shown.introspection_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }

    /// JSON that is encoded already is handed on as binary, which nothing else in the schema is.
    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        let Some(place) = self.place(ctx) else { return self.shown.resolve(ctx, field).await };
        let mut own = None;
        let kept = place.get_or_try_init(|| async {
            let value = own.insert(self.shown.resolve(ctx, field).await.map_err(Unkept::Failed)?);
            let is_whole = ctx.query_env.errors.lock().is_ok_and(|errors| errors.is_empty());
            let text = serde_json::to_string(value).ok().filter(|_| is_whole).ok_or(Unkept::InPart)?;
            Ok((text.len() <= LARGEST).then(|| Bytes::from(text)))
        });
        match (kept.await, own) {
            (Ok(Some(text)), _) => Ok(Value::Binary(text.clone())),
            (Err(Unkept::Failed(error)), _) => Err(error),
            (_, Some(value)) => Ok(value),
            (_, None) => self.shown.resolve(ctx, field).await,
        }
    }
}
