//! How the database got its shape: two files of SQL per migration, applied in order, each in a transaction of its own.
//!
//! Imports nothing of ours: a migration says what the schema was on its day, and must go on saying so when the code has
//! moved on. The SQL is written once; [`dialect`] spells the few type names that the two engines do not share.

pub use sea_orm_migration::MigrationStatus;
pub use sea_orm_migration::prelude::*;

mod dialect;

/// One migration, as `sql/NAME.up.sql` and `sql/NAME.down.sql` have it.
struct Script {
    name: &'static str,
    up: &'static str,
    down: &'static str,
}

macro_rules! scripts {
    ($($name:literal),+ $(,)?) => {
        vec![$(Box::new(Script {
            name: $name,
            up: include_str!(concat!("sql/", $name, ".up.sql")),
            down: include_str!(concat!("sql/", $name, ".down.sql")),
        })),+]
    };
}

/// All migrations, oldest first.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        scripts![
            "m20261120_000001_accounts",
            "m20261120_000002_messaging",
            "m20261121_000003_audit",
            "m20261121_000004_jobs",
            "m20261121_000005_account_tokens",
            "m20261121_000006_devices",
            "m20261121_000007_wallets",
            "m20261121_000008_people",
            "m20261121_000009_imports",
            "m20261121_000010_upkeep",
            "m20261121_000012_exports",
            "m20261121_000013_departures",
            "m20261121_000020_feed",
            "m20261121_000021_jobs",
            "m20261121_000022_tokens",
            "m20261121_000023_assistants",
            "m20261121_000024_archive",
            "m20261121_000025_uploads",
            "m20261121_000026_mentions",
            "m20261121_000027_search",
            "m20261121_000028_invitations",
            "m20261121_000029_minting",
            "m20261121_000030_retained",
            "m20261121_000031_bans",
            "m20261122_000032_room",
            "m20261122_000033_places",
        ]
    }
}

impl MigrationName for Script {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Script {
    // SeaORM uses none on SQLite unless asked; a migration killed half way must leave nothing behind.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, self.up).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, self.down).await
    }
}
