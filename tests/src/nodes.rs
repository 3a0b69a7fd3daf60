//! Two nodes on one PostgreSQL, with a NATS between them.

use std::sync::Arc;

use futures_util::future::join;

use crate::{Database, Engine, Nats, World};

/// Two servers that share a database and a NATS.
pub struct Nodes {
    /// The node that most is asked of.
    pub a: World,
    /// The node that most is watched on.
    pub b: World,
    /// What carries hints between them. After the nodes, so that they do not see it go.
    pub nats: Nats,
}

impl Nodes {
    /// Two nodes on an empty database.
    pub async fn start() -> Self {
        Self::start_with(Nats::start().await, &[]).await
    }

    /// The same with a NATS that runs, or does not yet, and further settings of both nodes.
    pub async fn start_with(nats: Nats, environment: &[(&str, &str)]) -> Self {
        let database = Arc::new(Database::create(Engine::Postgres).await);
        let url = nats.url();
        let mut settings = vec![("LINNET_NATS_URL", url.as_str())];
        settings.extend(environment);
        let (a, b) = join(World::on(database.clone(), &settings), World::on(database, &settings)).await;
        Self { a, b, nats }
    }
}
