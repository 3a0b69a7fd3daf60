//! Whether the database has the shape that this version expects, by the names of the migrations applied to it.

use sea_orm::FromQueryResult;

use super::Finding;
use crate::error::Result;
use crate::infra::db::{Db, Engine};

/// The table in which migrations that are applied are kept.
const MIGRATIONS: &str = "seaql_migrations";

#[derive(FromQueryResult)]
struct Named {
    name: String,
}

/// The migrations that are applied, beside those that this version brings.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Schema {
    expected: usize,
    /// Brought, and not applied.
    missing: Vec<String>,
    /// Applied, and not brought.
    unknown: Vec<String>,
    /// Whether there are any tables besides the list of migrations.
    has_tables: bool,
}

impl Schema {
    /// Whether any of Linnet's migrations is applied.
    pub(crate) fn is_ours(&self) -> bool {
        self.missing.len() < self.expected
    }

    /// Whether nobody has used the database yet.
    pub(crate) fn is_empty(&self) -> bool {
        !self.has_tables && self.unknown.is_empty() && !self.is_ours()
    }

    /// Reads which migrations are applied, and compares them with those that this version brings.
    pub(crate) async fn read(db: &Db, expected: &[String]) -> Result<Self> {
        let sql = match db.engine() {
            Engine::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
            Engine::Postgres => "SELECT tablename::text AS name FROM pg_tables WHERE schemaname = current_schema()",
        };
        let tables: Vec<Named> = db.all(sql, []).await?;
        let known = tables.iter().any(|table| table.name == MIGRATIONS);
        let sql = format!("SELECT version AS name FROM {MIGRATIONS} ORDER BY version");
        let applied: Vec<Named> = if known { db.all(sql, []).await? } else { Vec::new() };
        let applied: Vec<String> = applied.into_iter().map(|row| row.name).collect();
        Ok(Self::compare(expected, &applied, tables.len() > usize::from(known)))
    }

    fn compare(expected: &[String], applied: &[String], has_tables: bool) -> Self {
        let without = |these: &[String], those: &[String]| -> Vec<String> {
            these.iter().filter(|name| !those.contains(name)).cloned().collect()
        };
        Self {
            expected: expected.len(),
            missing: without(expected, applied),
            unknown: without(applied, expected),
            has_tables,
        }
    }

    /// The verdict.
    pub(super) fn finding(&self) -> Finding {
        let up = "Start the server (which migrates, unless told not to) or run `linnet migrate up`.";
        match self {
            empty if empty.is_empty() => Finding::warning("schema", "The database is empty.", up),
            foreign if !foreign.is_ours() => {
                let says = "The database has tables, but they are not Linnet's.";
                Finding::problem("schema", says, "Give Linnet a database of its own.")
            }
            Self { unknown, missing, .. } if !unknown.is_empty() && !missing.is_empty() => {
                let says = format!(
                    "The database has migrations that this version does not know ({}), and lacks some of its own ({}).",
                    unknown.join(", "),
                    missing.join(", ")
                );
                Finding::problem(
                    "schema",
                    says,
                    "Find out which version made it, and run that one, or restore a backup.",
                )
            }
            Self { unknown, .. } if !unknown.is_empty() => {
                let says = format!("The database was made by a newer version: it has {}.", unknown.join(", "));
                Finding::problem("schema", says, "Run that version, or let it take its migrations back first.")
            }
            Self { missing, expected, .. } if !missing.is_empty() => {
                let applied = expected - missing.len();
                let says =
                    format!("{applied} of {expected} migrations are applied; {} is missing.", missing.join(", "));
                Finding::problem("schema", says, up)
            }
            Self { expected, .. } => Finding::ok("schema", format!("All {expected} migrations are applied.")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_schema_is_judged_by_the_names_of_its_migrations() {
        let expected = names(&["m1", "m2"]);
        let judged = |applied: &[&str], has_tables| {
            let finding = Schema::compare(&expected, &names(applied), has_tables).finding();
            (finding.level, finding.says)
        };
        assert_eq!(judged(&["m1", "m2"], true), (Level::Ok, "All 2 migrations are applied.".into()));
        assert_eq!(judged(&[], false), (Level::Warning, "The database is empty.".into()));
        let foreign = (Level::Problem, "The database has tables, but they are not Linnet's.".into());
        assert_eq!(judged(&[], true), foreign);
        assert_eq!(judged(&["another"], true), foreign);
        assert_eq!(judged(&["m1"], true), (Level::Problem, "1 of 2 migrations are applied; m2 is missing.".into()));
        assert!(judged(&["m1", "m2", "m3"], true).1.contains("newer version: it has m3"));
        assert!(judged(&["m1", "m3"], true).1.contains("does not know (m3), and lacks some of its own (m2)"));
    }
}
