//! Many rows of a table in one statement, with a text that does not depend on how many: one prepared statement, and one plan, whether a
//! transaction writes one row or some hundred. PostgreSQL takes JSON records, SQLite takes JSON; what hides which is here.

use std::fmt::Write;

use chrono::SecondsFormat;
use sea_orm::{ActiveModelTrait, EntityTrait, IdenStatic, IntoActiveModel, Iterable, Statement, Value};
use serde_json::Value as Json;

use super::db::Engine;

/// A statement that inserts rows of one table, with what follows it: `ON CONFLICT …`, or nothing. None for no rows.
pub(crate) fn insert<E>(engine: Engine, rows: impl IntoIterator<Item = E::Model>, then: &str) -> Option<Statement>
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel>,
    E::ActiveModel: ActiveModelTrait<Entity = E>,
{
    let columns: Vec<&'static str> = E::Column::iter().map(|column| column.as_str()).collect();
    let rows = rows.into_iter().map(|row| values::<E>(row.into_active_model()));
    let (rows, json) = json(engine, &columns, rows)?;
    let names = columns.join(", ");
    // SQLite would take what follows a SELECT for the condition of a join.
    let sql = format!(
        "INSERT INTO {} ({names}) SELECT {names} FROM ({rows}) AS given WHERE TRUE {then}",
        E::default().table_name()
    );
    Some(engine.sql(sql, [json]))
}

/// A statement that writes these columns of rows of one table, which are found by their first column. None for no rows.
pub(crate) fn update<E>(
    engine: Engine,
    columns: &[E::Column],
    rows: impl IntoIterator<Item = E::Model>,
) -> Option<Statement>
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel>,
    E::ActiveModel: ActiveModelTrait<Entity = E>,
{
    let names: Vec<&'static str> = columns.iter().map(|column| column.as_str()).collect();
    let rows = rows.into_iter().map(|row| {
        let mut row = row.into_active_model();
        columns.iter().filter_map(|column| row.take(*column).into_value()).collect()
    });
    let (rows, json) = json(engine, &names, rows)?;
    let (key, written) = names.split_first()?;
    let set: Vec<String> = written.iter().map(|name| format!("{name} = given.{name}")).collect();
    let table = E::default().table_name().to_owned();
    // Of rows in JSON PostgreSQL thinks that there are a hundred, for which it would read all of a table that is not large. A condition
    // that each of them meets makes it think of one, and look each up.
    let each = if engine == Engine::Postgres { format!(" WHERE num_nulls(r.{key}) = 0") } else { String::new() };
    let sql =
        format!("UPDATE {table} AS t SET {} FROM ({rows}{each}) AS given WHERE t.{key} = given.{key}", set.join(", "));
    Some(engine.sql(sql, [json]))
}

/// Statements that each write a table by one value: on SQLite in their order; on PostgreSQL all in one, which is sent, and answered, once,
/// and in which no order holds. There, what one of them writes the others do not see; foreign keys are looked at after all of them.
pub(crate) fn together(engine: Engine, statements: Vec<Statement>) -> Vec<Statement> {
    if engine == Engine::Sqlite || statements.len() < 2 {
        return statements;
    }
    let (mut sql, mut values) = (String::from("WITH "), Vec::new());
    for (n, statement) in (1..).zip(statements) {
        let comma = if n == 1 { "" } else { ", " };
        let _ = write!(sql, "{comma}write{n} AS ({})", statement.sql.replace("$1", &format!("${n}")));
        values.extend(statement.values.into_iter().flat_map(|values| values.0));
    }
    sql.push_str(" SELECT 1");
    vec![engine.sql(sql, values)]
}

fn values<E: EntityTrait>(mut row: E::ActiveModel) -> Vec<Value>
where
    E::ActiveModel: ActiveModelTrait<Entity = E>,
{
    E::Column::iter().filter_map(|column| row.take(column).into_value()).collect()
}

/// What reads the rows bound at `$1`, and what to bind. The types are those of the values: a column has one, NULL or not.
fn json(engine: Engine, columns: &[&str], rows: impl Iterator<Item = Vec<Value>>) -> Option<(String, Value)> {
    let mut rows = rows.peekable();
    let types: Vec<Type> = rows.peek()?.iter().map(Type::of).collect();
    let mut sql = String::from("SELECT ");
    for (index, (name, kind)) in columns.iter().zip(&types).enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        let _ = match engine {
            Engine::Postgres => write!(sql, "{comma}r.{name}"),
            Engine::Sqlite => write!(sql, "{comma}{} AS {name}", kind.read(name)),
        };
    }
    sql.push_str(match engine {
        Engine::Postgres => " FROM json_to_recordset($1::text::json) AS r(",
        Engine::Sqlite => " FROM json_each($1)",
    });
    if engine == Engine::Postgres {
        for (index, (name, kind)) in columns.iter().zip(&types).enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            let _ = write!(sql, "{comma}{name} {}", kind.name());
        }
        sql.push(')');
    }
    let rows = rows.map(|row| {
        let pairs = columns.iter().zip(row).map(|(name, value)| ((*name).to_owned(), written(engine, value)));
        Json::Object(pairs.collect())
    });
    Some((sql, Json::Array(rows.collect()).to_string().into()))
}

/// What a column holds.
enum Type {
    Bool,
    Small,
    Int,
    Big,
    Text,
    Bytes,
    Id,
    Time,
    Json,
}

impl Type {
    fn of(value: &Value) -> Self {
        match value {
            Value::Bool(_) => Self::Bool,
            Value::SmallInt(_) => Self::Small,
            Value::Int(_) => Self::Int,
            Value::BigInt(_) => Self::Big,
            Value::Bytes(_) => Self::Bytes,
            Value::Uuid(_) => Self::Id,
            Value::ChronoDateTimeUtc(_) => Self::Time,
            Value::Json(_) => Self::Json,
            _ => Self::Text,
        }
    }

    /// PostgreSQL's name of it.
    fn name(&self) -> &'static str {
        match self {
            Self::Bool => "boolean",
            Self::Small => "smallint",
            Self::Int => "integer",
            Self::Big => "bigint",
            Self::Text => "text",
            Self::Bytes => "bytea",
            Self::Id => "uuid",
            Self::Time => "timestamptz",
            Self::Json => "jsonb",
        }
    }

    /// What reads it out of SQLite's `json_each`.
    fn read(&self, name: &str) -> String {
        match self {
            Self::Bytes | Self::Id => format!("unhex(value ->> '{name}')"),
            _ => format!("value ->> '{name}'"),
        }
    }
}

/// A value within the JSON; times on SQLite, which are texts there, as the driver spells them.
fn written(engine: Engine, value: Value) -> Json {
    match value {
        Value::Bool(Some(value)) => value.into(),
        Value::SmallInt(Some(value)) => value.into(),
        Value::Int(Some(value)) => value.into(),
        Value::BigInt(Some(value)) => value.into(),
        Value::String(Some(value)) => value.into(),
        Value::Bytes(Some(value)) if engine == Engine::Postgres => format!("\\x{}", hex::encode(&*value)).into(),
        Value::Bytes(Some(value)) => hex::encode(&*value).into(),
        Value::Uuid(Some(value)) => value.simple().to_string().into(),
        Value::ChronoDateTimeUtc(Some(value)) => value.to_rfc3339_opts(SecondsFormat::AutoSi, false).into(),
        Value::Json(Some(value)) if engine == Engine::Postgres => *value,
        Value::Json(Some(value)) => value.to_string().into(),
        _ => Json::Null,
    }
}
