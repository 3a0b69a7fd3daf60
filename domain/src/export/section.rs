//! What a list of the document takes: its name, and how a page of it is read.

use chrono::SecondsFormat;
use entity::Timestamp;
use sea_orm::ActiveEnum;
use serde_json::{Value, json};

use crate::access::Viewer;
use crate::app::App;
use crate::error::Result;
use crate::page::{Page, Window};

/// Items that are read at once. Those with texts are as long as [`LONG`] of them may be.
pub(super) const SHORT: u32 = 100;
/// The same of items that have texts.
pub(super) const LONG: u32 = 20;

/// A page of a list, and where the next one begins.
pub(super) struct Part<T, K> {
    pub(super) items: Vec<T>,
    pub(super) next: Option<K>,
}

impl<T, K> Part<T, K> {
    /// A page of rows, with what is told of each, and what it is found by.
    pub(super) fn of<R>(page: Page<R>, key: impl Fn(&R) -> K, item: impl FnMut(R) -> T) -> Self {
        let next = page.items.last().filter(|_| page.has_next).map(key);
        Self { next, items: page.items.into_iter().map(item).collect() }
    }
}

/// A list of the document.
pub(super) trait Section: 'static {
    /// What it is called.
    const NAME: &'static str;
    /// What its items are found by.
    type Key: Send;

    /// The items behind a key; the first ones without.
    fn read(
        app: &App,
        viewer: &Viewer,
        after: Option<Self::Key>,
    ) -> impl Future<Output = Result<Part<Value, Self::Key>>> + Send;
}

/// A list whose items have a list each.
pub(super) trait Nested: 'static {
    /// What it is called.
    const NAME: &'static str;
    /// What the list of an item is called.
    const INNER: &'static str;
    /// What its items are found by.
    type Key: Send;
    /// What the list of an item is read by.
    type Place: Send;

    /// The items behind a key, each with where its own list begins; none if that is empty.
    #[expect(clippy::type_complexity, reason = "an item and its place")]
    fn read(
        app: &App,
        viewer: &Viewer,
        after: Option<Self::Key>,
    ) -> impl Future<Output = Result<Part<(Value, Option<Self::Place>), Self::Key>>> + Send;

    /// A page of the list of an item.
    fn read_inner(
        app: &App,
        viewer: &Viewer,
        place: Self::Place,
    ) -> impl Future<Output = Result<Part<Value, Self::Place>>> + Send;
}

/// A page behind a key.
pub(super) fn window<K>(after: Option<K>, limit: u32) -> Window<K> {
    Window { after, before: None, limit, backward: false }
}

/// A time as the API spells it.
pub(super) fn at(time: Timestamp) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// What refers to something else.
pub(super) fn id(id: impl std::fmt::Display) -> Value {
    json!({ "id": id.to_string() })
}

/// A value of an enumeration as the API spells it.
pub(super) fn name(value: &impl ActiveEnum<Value = String>) -> String {
    value.to_value().to_ascii_uppercase()
}
