//! Scalars that are more than a number or a text.

use async_graphql::{Context, InputValueError, InputValueResult, Result, Scalar, ScalarType, Value};
use chrono::SecondsFormat;
use domain::{Timestamp, diary, moment};

use super::budget::Budget;

/// A point in time, in UTC with microseconds, as RFC 3339 has it: `2026-11-20T10:00:00.123456Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DateTime(pub(crate) Timestamp);

/// A point in time, in UTC with microseconds, as RFC 3339 has it: `2026-11-20T10:00:00.123456Z`.
#[Scalar(name = "DateTime", specified_by_url = "https://scalars.graphql.org/andimarek/date-time.html")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = value else { return Err(InputValueError::expected_type(value)) };
        let named = moment::parse(&text);
        Ok(Self(named.ok_or_else(|| InputValueError::custom("It must be a date and time as RFC 3339 has it."))?))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_rfc3339_opts(SecondsFormat::Micros, true))
    }
}

/// A day of the calendar, wherever it is spent, as RFC 3339 has it: `2026-11-20`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Date(pub(crate) entity::Date);

/// A day of the calendar, wherever it is spent, as RFC 3339 has it: `2026-11-20`.
#[Scalar(name = "Date", specified_by_url = "https://ibm.github.io/graphql-specs/custom-scalars/date.html")]
impl ScalarType for Date {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = value else { return Err(InputValueError::expected_type(value)) };
        let day = diary::parse_day(&text);
        Ok(Self(
            day.ok_or_else(|| InputValueError::custom("It must be a day as RFC 3339 has it, such as 2026-11-20."))?,
        ))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

impl From<Timestamp> for DateTime {
    fn from(at: Timestamp) -> Self {
        Self(at)
    }
}

/// An opaque position in a list. All cursors of one thread (of its message edges, its frames, its payloads and
/// `Thread.eventCursor`) are of one kind and of one length, and sort as strings in the order of the thread's log: compare
/// them to place a read line or to drop what you have. They are refused where they don't belong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cursor(pub(crate) String);

/// An opaque position in a list. All cursors of one thread (of its message edges, its frames, its payloads and
/// `Thread.eventCursor`) are of one kind and of one length, and sort as strings in the order of the thread's log: compare
/// them to place a read line or to drop what you have. They are refused where they don't belong.
#[Scalar(name = "Cursor")]
impl ScalarType for Cursor {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) => Ok(Self(text)),
            other => Err(InputValueError::expected_type(other)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

/// Any JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Json(pub(crate) serde_json::Value);

/// Any JSON value.
#[Scalar(name = "JSON", specified_by_url = "https://www.rfc-editor.org/rfc/rfc8259")]
impl ScalarType for Json {
    fn parse(value: Value) -> InputValueResult<Self> {
        Ok(Self(value.into_json()?))
    }

    fn to_value(&self) -> Value {
        Value::from_json(self.0.clone()).unwrap_or_default()
    }
}

impl Json {
    /// A value that counts towards what the answer may have.
    pub(crate) fn within(ctx: &Context<'_>, value: Option<&serde_json::Value>) -> Result<Option<Self>> {
        let Some(value) = value else { return Ok(None) };
        Budget::spend(ctx, serde_json::to_string(value).map_or(0, |text| text.len()))?;
        Ok(Some(Self(value.clone())))
    }
}

/// A count as GraphQL's 32-bit `Int`.
pub(crate) fn int(count: i64) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
