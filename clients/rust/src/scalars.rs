//! Scalars of the schema that Rust has no type for, and those that others have.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A text of the server's, which is not looked into.
macro_rules! opaque {
    ($(#[$documentation:meta])* $name:ident) => {
        $(#[$documentation])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// As the server writes it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

opaque! {
    /// What something is known by: `thr_…`, `msg_…`.
    Id
}

opaque! {
    /// A position in a list or a stream. Those of one thread sort in the order of its log.
    Cursor
}

/// A point in time.
pub type DateTime = chrono::DateTime<chrono::Utc>;

/// A day of the calendar.
pub type Date = chrono::NaiveDate;

/// What a client may keep with a message.
pub type Json = serde_json::Value;

/// [`Json`], as graphql_client calls it unless it is told to go by the names of Rust.
pub type JSON = Json;
