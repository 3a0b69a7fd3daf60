//! Whether the space that a file of SQLite no longer needs can be given back.

use super::Finding;
use crate::error::Result;
use crate::infra::db::{Db, Engine};
use crate::maintenance::space;

/// PostgreSQL sees to it by itself.
pub(super) async fn examine(db: &Db) -> Result<Vec<Finding>> {
    if db.engine() == Engine::Postgres {
        return Ok(Vec::new());
    }
    let space = space(db).await?;
    if space.is_incremental() {
        return Ok(Vec::new());
    }
    let says = format!(
        "The file was made by a version that did not let it shrink; {:.1} MiB of it are unused.",
        space.unused() as f64 / (1024.0 * 1024.0)
    );
    let advice =
        "Stop the server when it suits you, and run `linnet maintain --full` once. Nothing is wrong until then.";
    Ok(vec![Finding::warning("space", says, advice)])
}
