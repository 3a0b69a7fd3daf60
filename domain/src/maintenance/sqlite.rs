//! A file of SQLite, in slices.

use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseConnection, FromQueryResult};

use super::slice::Slices;
use super::{Space, space};
use crate::error::{Error, Result};
use crate::infra::db::Db;

/// Rows of an index that are looked at to see how large it is.
const SAMPLE: u32 = 400;
/// How often emptying the write-ahead log is tried, and for how long it may keep others from writing each time.
const TRIES: u32 = 20;
const PATIENCE: Duration = Duration::from_millis(50);

#[derive(FromQueryResult)]
struct Named {
    name: String,
}

#[derive(FromQueryResult)]
struct Checkpoint {
    busy: i64,
}

pub(super) async fn maintain(db: &Db, mut tell: impl FnMut(String)) -> Result<()> {
    let mut slices = Slices::new();
    // First, since pages that nothing is in come of it.
    if is_searched(db).await? {
        merge(db, &mut slices).await?;
        tell("The index of the search is in one piece.".into());
    }
    let before = space(db).await?;
    if before.is_incremental() {
        shrink(db, before, &mut slices).await?;
        let after = space(db).await?;
        tell(format!("{} given back, {} in use.", size(before.bytes() - after.bytes()), size(after.bytes())));
    } else {
        let unused = size(before.unused());
        tell(format!(
            "{unused} can't be given back: the file was made by a version that did not let it shrink. `linnet maintain --full` \
             changes that, while the server is stopped."
        ));
    }
    let analysed = analyse(db, &mut slices).await?;
    tell(format!("{analysed} tables analysed."));
    tell(match empty_log(db).await? {
        true => "The write-ahead log is empty.".into(),
        false => "The write-ahead log is in use, and was not emptied; what could be is in the file.".into(),
    });
    tell(format!("Nobody was kept from writing for longer than {} ms at a time.", slices.longest().as_millis()));
    Ok(())
}

/// Whether there is an index for the search, as every file has that is migrated.
async fn is_searched(db: &Db) -> Result<bool> {
    let sql = "SELECT name FROM sqlite_master WHERE name = 'message_search_terms'";
    Ok(db.one::<Named>(sql, []).await?.is_some())
}

/// Brings the parts of the search's index together, which leaves out what was taken away since.
async fn merge(db: &Db, slices: &mut Slices) -> Result<()> {
    let mut has_more = slices.merge(db, true).await?;
    while has_more {
        has_more = slices.merge(db, false).await?;
    }
    Ok(())
}

/// Gives back the pages that nothing is in. Those that become free meanwhile are for the next time.
async fn shrink(db: &Db, before: Space, slices: &mut Slices) -> Result<()> {
    let mut now = before;
    let needed = before.pages - before.free_pages;
    while now.free_pages > 0 && now.pages > needed {
        slices.give_back(db).await?;
        // What is in the file need not stay in the log. This waits for nobody, and nobody for it.
        checkpoint(&db.writer(), "PASSIVE").await?;
        let next = space(db).await?;
        if next.pages >= now.pages && next.free_pages >= now.free_pages {
            break;
        }
        now = next;
    }
    Ok(())
}

/// Lets the planner know how large the tables are and how many values their indexes have: how many tables.
async fn analyse(db: &Db, slices: &mut Slices) -> Result<usize> {
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
    let tables: Vec<Named> = db.all(sql, []).await?;
    db.writer().execute_unprepared(&format!("PRAGMA analysis_limit = {SAMPLE}")).await?;
    for table in &tables {
        slices.run(db, &format!("ANALYZE \"{}\"", table.name.replace('"', "\"\""))).await?;
    }
    db.writer().execute_unprepared("PRAGMA optimize").await?;
    Ok(tables.len())
}

/// Moves all of the write-ahead log into the file and cuts it off, if there comes a moment in which nobody reads what is before its end.
async fn empty_log(db: &Db) -> Result<bool> {
    let writer = db.writer();
    // Most of the work keeps nobody waiting.
    checkpoint(&writer, "PASSIVE").await?;
    writer.execute_unprepared(&format!("PRAGMA busy_timeout = {}", PATIENCE.as_millis())).await?;
    for _ in 0..TRIES {
        if checkpoint(&writer, "TRUNCATE").await? {
            return Ok(true);
        }
        tokio::time::sleep(PATIENCE * 2).await;
    }
    Ok(false)
}

/// Whether all of the log was moved.
async fn checkpoint(on: &DatabaseConnection, how: &str) -> Result<bool> {
    let statement = crate::infra::db::Engine::Sqlite.sql(format!("PRAGMA wal_checkpoint({how})"), []);
    let row = Checkpoint::find_by_statement(statement).one(on).await?;
    Ok(row.ok_or_else(|| Error::internal("SQLite told nothing of its log"))?.busy == 0)
}

fn size(bytes: i64) -> String {
    format!("{:.1} MiB", bytes.max(0) as f64 / (1024.0 * 1024.0))
}
