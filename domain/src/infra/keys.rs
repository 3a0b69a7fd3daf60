//! Many keys in one statement, with a text that does not depend on how many: so a prepared statement serves them all.
//!
//! PostgreSQL takes arrays and JSON records, SQLite takes JSON; the few functions here hide which.

use std::fmt::Write;

use entity::id::TypedId;
use sea_orm::sea_query::{ArrayType, Value};

use super::db::Engine;

/// The type of a key's column.
#[derive(Clone, Copy)]
pub enum Column {
    /// A UUID.
    Id,
    /// A 64-bit number.
    Number,
    /// A text.
    Text,
}

/// One value of a key.
pub enum Key {
    /// A UUID as 32 hexadecimal digits.
    Id(String),
    /// A 64-bit number.
    Number(i64),
    /// A text.
    Text(String),
    /// NULL.
    Nothing,
}

impl<I: TypedId> From<I> for Key {
    fn from(id: I) -> Self {
        Self::Id(id.uuid().simple().to_string())
    }
}

impl Key {
    /// An id that may be none.
    pub fn of<I: TypedId>(id: Option<I>) -> Self {
        id.map_or(Self::Nothing, Self::from)
    }

    fn json(self) -> serde_json::Value {
        match self {
            Self::Id(text) | Self::Text(text) => text.into(),
            Self::Number(number) => number.into(),
            Self::Nothing => serde_json::Value::Null,
        }
    }
}

impl Engine {
    /// A condition: the column before it is one of the ids bound at `$n`.
    pub fn among(self, n: usize) -> String {
        match self {
            Self::Postgres => format!("= ANY(${n})"),
            Self::Sqlite => format!("IN (SELECT unhex(value) FROM json_each(${n}))"),
        }
    }

    /// The value that [`Engine::among`] expects.
    pub fn ids<I: TypedId>(self, ids: impl IntoIterator<Item = I>) -> Value {
        let ids = ids.into_iter();
        match self {
            Self::Postgres => {
                Value::Array(ArrayType::Uuid, Some(Box::new(ids.map(|id| Value::from(id.uuid())).collect())))
            }
            Self::Sqlite => {
                let list: Vec<_> = ids.map(|id| serde_json::Value::from(id.uuid().simple().to_string())).collect();
                serde_json::Value::from(list).to_string().into()
            }
        }
    }

    /// A table `w(hash)` with a row for each of the hashes bound at `$n`.
    pub fn each_hash(self, n: usize) -> String {
        match self {
            Self::Postgres => format!("unnest(${n}::bytea[]) AS w(hash)"),
            Self::Sqlite => format!("(SELECT unhex(value) AS hash FROM json_each(${n})) AS w"),
        }
    }

    /// The value that [`Engine::each_hash`] expects.
    pub fn hashes(self, hashes: impl IntoIterator<Item = Vec<u8>>) -> Value {
        let hashes = hashes.into_iter();
        match self {
            Self::Postgres => Value::Array(ArrayType::Bytes, Some(Box::new(hashes.map(Value::from).collect()))),
            Self::Sqlite => {
                let list: Vec<_> = hashes.map(|hash| serde_json::Value::from(hex::encode(hash))).collect();
                serde_json::Value::from(list).to_string().into()
            }
        }
    }

    /// A common table expression `want(columns…)` that reads the keys bound at `$n`.
    pub fn want(self, columns: &[(&str, Column)], n: usize) -> String {
        let mut sql = String::from("want AS ");
        sql.push_str(match self {
            Self::Postgres => "MATERIALIZED (SELECT * FROM json_to_recordset(",
            Self::Sqlite => "MATERIALIZED (SELECT ",
        });
        match self {
            Self::Postgres => {
                let _ = write!(sql, "${n}::text::json) AS keys(");
            }
            Self::Sqlite => {}
        }
        for (index, (name, kind)) in columns.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            let _ = match (self, kind) {
                (Self::Postgres, Column::Id) => write!(sql, "{comma}{name} uuid"),
                (Self::Postgres, Column::Number) => write!(sql, "{comma}{name} bigint"),
                (Self::Postgres, Column::Text) => write!(sql, "{comma}{name} text"),
                (Self::Sqlite, Column::Id) => write!(sql, "{comma}unhex(value ->> '{name}') AS {name}"),
                (Self::Sqlite, _) => write!(sql, "{comma}value ->> '{name}' AS {name}"),
            };
        }
        match self {
            Self::Postgres => sql.push_str("))"),
            Self::Sqlite => {
                let _ = write!(sql, " FROM json_each(${n}))");
            }
        }
        sql
    }

    /// The value that [`Engine::want`] expects: a row for each key, its values in the order of `columns`.
    pub fn keys<const N: usize>(
        self,
        columns: &[(&str, Column); N],
        rows: impl IntoIterator<Item = [Key; N]>,
    ) -> Value {
        let rows = rows.into_iter().map(|row| {
            let pairs = columns.iter().zip(row).map(|((name, _), key)| ((*name).to_owned(), key.json()));
            serde_json::Value::Object(pairs.collect())
        });
        serde_json::Value::Array(rows.collect()).to_string().into()
    }

    /// A join that looks a table up for each row on its left. PostgreSQL may think that those are many, and read all of the table
    /// once instead; it has no statistics of keys that are given.
    pub(crate) fn join_each(self, table: &str, condition: &str) -> String {
        // SQLite keeps to the order of these.
        self.each("CROSS JOIN", table, condition, "")
    }

    /// As [`Engine::join_each`]; what is not there is NULL.
    pub(crate) fn left_join_each(self, table: &str, condition: &str) -> String {
        self.each("LEFT JOIN", table, condition, " ON TRUE")
    }

    fn each(self, join: &str, table: &str, condition: &str, on: &str) -> String {
        match self {
            Engine::Postgres => {
                let alias = table.rsplit(' ').next().unwrap_or(table);
                format!("{join} LATERAL (SELECT * FROM {table} WHERE {condition} OFFSET 0) {alias}{on}")
            }
            Engine::Sqlite => format!("{join} {table} ON {condition}"),
        }
    }

    /// The first `limit` rows of `table t` for each row of `want w`: LATERAL on PostgreSQL, a correlated list of row
    /// numbers on SQLite, which has no LATERAL. `condition` relates `t` to `w`; `limit` may name a column of `w`.
    pub fn first_of_each(self, table: &str, condition: &str, order: &str, limit: &str) -> String {
        match self {
            Self::Postgres => format!(
                "want w CROSS JOIN LATERAL (SELECT * FROM {table} t WHERE {condition} ORDER BY {order} LIMIT {limit}) t"
            ),
            Self::Sqlite => format!(
                "want w CROSS JOIN {table} t ON t.rowid IN \
                 (SELECT t.rowid FROM {table} t WHERE {condition} ORDER BY {order} LIMIT {limit})"
            ),
        }
    }
}
