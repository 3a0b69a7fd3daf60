//! A database of PostgreSQL: what its autovacuum does, too, but now.

use std::time::Instant;

use sea_orm::{ConnectionTrait, FromQueryResult};

use crate::error::Result;
use crate::infra::db::Db;

#[derive(FromQueryResult)]
struct Table {
    name: String,
}

pub(super) async fn maintain(db: &Db, mut tell: impl FnMut(String)) -> Result<()> {
    let sql = "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables \
               WHERE schemaname = current_schema() ORDER BY tablename";
    let tables: Vec<Table> = db.all(sql, []).await?;
    let begun = Instant::now();
    for table in &tables {
        db.writer().execute_unprepared("SET statement_timeout = 0").await?;
        // To cut off the end of a table, PostgreSQL would lock it against everybody for a moment.
        let sql = format!("VACUUM (ANALYZE, TRUNCATE FALSE) {}", table.name);
        db.writer().execute_unprepared(&sql).await?;
    }
    tell(format!("{} tables vacuumed and analysed in {:.1} s.", tables.len(), begun.elapsed().as_secs_f64()));
    Ok(())
}
