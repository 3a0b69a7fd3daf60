//! Wallets: connecting them, signing in and up with them, and what is refused.

mod challenges;
mod connecting;
mod flow;
mod forged;
mod managing;
mod signing_in;
mod signing_up;

use tests::{Engine, World};

/// A server that takes wallets.
async fn taking_wallets(engine: Engine) -> World {
    World::start_with(engine, &tests::wallet::settings()).await
}

/// The same, where further settings hold.
async fn taking_wallets_with(engine: Engine, more: &[(&'static str, &'static str)]) -> World {
    World::start_with(engine, &[&tests::wallet::settings()[..], more].concat()).await
}

/// How many lines of the audit log tell of this.
async fn audited(world: &World, action: &str) -> i64 {
    world.database.number(&format!("SELECT COUNT(*) FROM audit_log WHERE action = '{action}'")).await
}
