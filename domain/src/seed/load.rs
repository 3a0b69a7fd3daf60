//! Rows on their way into one table, some hundred in a statement.

use std::fmt::Write;

use sea_orm::{Statement, Value};

use crate::infra::db::Engine;

/// Rows in one statement. It is always the same number but for the last, so that the statement is prepared once.
const CHUNK: usize = 500;

/// Rows of one table that wait to be inserted.
pub(super) struct Load<const N: usize> {
    engine: Engine,
    table: &'static str,
    columns: [&'static str; N],
    values: Vec<Value>,
}

impl<const N: usize> Load<N> {
    pub(super) fn new(engine: Engine, table: &'static str, columns: [&'static str; N]) -> Self {
        Self { engine, table, columns, values: Vec::with_capacity(CHUNK * N) }
    }

    /// Adds a row, its values in the order of the columns.
    pub(super) fn push(&mut self, row: [Value; N]) {
        self.values.extend(row);
    }

    /// The statements for what has come together; fewer rows than make a whole statement go on waiting.
    pub(super) fn whole(&mut self) -> Vec<Statement> {
        let mut statements = Vec::new();
        while self.values.len() >= CHUNK * N {
            let rest = self.values.split_off(CHUNK * N);
            statements.push(self.statement(rest));
        }
        statements
    }

    /// The statements for everything that waits.
    pub(super) fn rest(&mut self) -> Vec<Statement> {
        let mut statements = self.whole();
        if !self.values.is_empty() {
            statements.push(self.statement(Vec::new()));
        }
        statements
    }

    /// A statement for the rows that wait, which are then those given.
    fn statement(&mut self, waiting: Vec<Value>) -> Statement {
        let values = std::mem::replace(&mut self.values, waiting);
        let rows = values.len() / N;
        let mut sql = format!("INSERT INTO {} ({}) VALUES ", self.table, self.columns.join(", "));
        for row in 0..rows {
            sql.push_str(if row == 0 { "(" } else { ", (" });
            for column in 1..=N {
                let comma = if column == 1 { "" } else { ", " };
                let _ = match self.engine {
                    Engine::Postgres => write!(sql, "{comma}${}", row * N + column),
                    // By place: SQLite looks each name up among all others at every execution.
                    Engine::Sqlite => write!(sql, "{comma}?"),
                };
            }
            sql.push(')');
        }
        self.engine.sql(sql, values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_go_in_whole_statements_and_a_rest() {
        let mut load = Load::new(Engine::Postgres, "t", ["a", "b"]);
        (0..1_201_i64).for_each(|n| load.push([n.into(), (n * 2).into()]));
        let whole = load.whole();
        assert_eq!(whole.len(), 2);
        assert!(whole[0].sql.starts_with("INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4), "));
        assert_eq!(whole[0].sql, whole[1].sql);
        let rest = load.rest();
        let counts: Vec<usize> =
            rest.iter().filter_map(|one| one.values.as_ref()).map(|values| values.0.len()).collect();
        assert_eq!(counts, [402]);
        assert!(load.rest().is_empty());
    }
}
