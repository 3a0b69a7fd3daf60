//! How the database got its shape: one file per migration, applied in order, each in a transaction of its own.
//!
//! Imports nothing of ours: a migration says what the schema was on its day, and must go on saying so when the code has
//! moved on. The SQL is written once; [`dialect`] spells the few type names that the two engines do not share.

pub use sea_orm_migration::MigrationStatus;
pub use sea_orm_migration::prelude::*;

mod dialect;
mod m20261120_000001_accounts;
mod m20261120_000002_messaging;
mod m20261121_000003_audit;

/// All migrations, oldest first.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261120_000001_accounts::Migration),
            Box::new(m20261120_000002_messaging::Migration),
            Box::new(m20261121_000003_audit::Migration),
        ]
    }
}
