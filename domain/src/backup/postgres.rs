//! A database of PostgreSQL, by its own programs: `pg_dump`, which takes what is there at one moment while everybody goes on, and
//! `pg_restore` with `psql`, all in one transaction.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use sea_orm::FromQueryResult;

use super::program::{self, Place};
use super::{admit, another_epoch, run};
use crate::doctor::Schema;
use crate::error::{Error, Result};
use crate::infra::db::{Db, Options, SCHEMA_LOCK};

/// How long it may take until a server that was just stopped is gone from PostgreSQL's list.
const GONE: Duration = Duration::from_secs(3);

#[derive(FromQueryResult)]
struct Server {
    major: i64,
    schema: String,
}

#[derive(FromQueryResult)]
struct Number {
    number: i64,
}

async fn server(db: &Db) -> Result<Server> {
    let sql = "SELECT current_setting('server_version_num')::bigint / 10000 AS major, current_schema()::text AS schema";
    db.one(sql, []).await?.ok_or_else(|| Error::internal("PostgreSQL told nothing of itself"))
}

/// Writes everything of the schema into an empty file.
pub(super) async fn take(db: &Db, url: &str, into: &Path) -> Result<()> {
    let (place, server, into) = (Place::of(url)?, server(db).await?, into.to_owned());
    run(move || {
        let version = program::version("pg_dump")?;
        if version < server.major {
            return Err(Error::internal(format!(
                "`pg_dump` is of version {version}, and the server of {}: install PostgreSQL's client programs of the server's version",
                server.major
            )));
        }
        let mut command = place.command("pg_dump");
        command.args(["--format=custom", "--no-owner", "--no-privileges", "--no-password"]);
        command.arg(format!("--schema=\"{}\"", server.schema.replace('"', "\"\"")));
        command.arg("--file").arg(into);
        program::start("pg_dump", &mut command)?.end()
    })
    .await
}

/// Puts a dump in the place of what is there. Nothing has happened until the last statement.
pub(super) async fn restore(options: &Options, migrations: &[String], file: &Path, replace: bool) -> Result<()> {
    let place = Place::of(&options.url)?;
    admit(&applied(&place, file).await?, migrations)?;
    let db = Db::connect(&Options { max_connections: 1, ..options.clone() }).await?;
    alone(&db).await?;
    let there = Schema::read(&db, migrations).await?;
    if !there.is_empty() {
        if !there.is_ours() {
            return Err(Error::internal("the database has tables that are not Linnet's: give Linnet one of its own"));
        }
        if !replace {
            let why = "the database is not empty: `--force` puts the backup in its place, and what is there is gone";
            return Err(Error::internal(why));
        }
    }
    let had = match there.is_ours() {
        true => db.one::<Number>("SELECT log_epoch AS number FROM instance", []).await.ok().flatten(),
        false => None,
    };
    let epoch = another_epoch(&[had.map(|had| had.number)]);
    let schema = server(&db).await?.schema;
    let file = file.to_owned();
    run(move || {
        let mut psql = place.command("psql");
        psql.args(["--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1", "--file=-"]);
        let mut psql = program::start("psql", psql.stdin(Stdio::piped()))?;
        let Some(mut input) = psql.input() else { return Err(Error::internal("`psql` takes no input")) };
        let mut dump = place.command("pg_restore");
        dump.args(["--no-owner", "--no-privileges", "--exit-on-error", "--file=-"]);
        dump.arg(format!("--schema={schema}"));
        program::file(&mut dump, &file);
        let mut dump = program::start("pg_restore", dump.stdout(Stdio::piped()))?;
        let poured = input.write_all(before(replace).as_bytes()).and_then(|()| dump.pour(&mut input));
        let dumped = dump.end();
        // Without its last statement, what it was told is as if it had not been.
        if poured.is_ok() && dumped.is_ok() {
            _ = input.write_all(after(&schema, epoch).as_bytes());
        }
        drop(input);
        let restored = psql.end();
        // Of two that failed, the one that stopped listening says why.
        restored.and(dumped)?;
        poured.map(drop).map_err(Error::internal)
    })
    .await
}

/// What the transaction begins with: nobody else changes the schema meanwhile, and nothing is there.
fn before(replace: bool) -> String {
    let empty = match replace {
        // What belongs to an extension goes with that one only.
        true => {
            "FOR one IN SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables \
             WHERE schemaname = current_schema() LOOP EXECUTE 'DROP TABLE IF EXISTS ' || one.name || ' CASCADE'; END LOOP; \
             FOR one IN SELECT p.oid::regprocedure::text AS name FROM pg_proc p \
             WHERE p.pronamespace = current_schema()::regnamespace \
             AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e') \
             LOOP EXECUTE 'DROP ROUTINE IF EXISTS ' || one.name || ' CASCADE'; END LOOP;"
        }
        false => {
            "FOR one IN SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema() \
             LOOP RAISE EXCEPTION 'the database is not empty any more'; END LOOP;"
        }
    };
    format!(
        "SET client_min_messages = warning;\nBEGIN;\nSET LOCAL statement_timeout = 0;\n\
         SELECT pg_advisory_xact_lock({SCHEMA_LOCK});\n\
         DO $linnet$ DECLARE one record; BEGIN {empty} END $linnet$;\n"
    )
}

/// What it ends with. The log is another one now: by a name that it has not had in the backup either.
fn after(schema: &str, epoch: u32) -> String {
    let (table, next) = (format!("\"{}\".instance", schema.replace('"', "\"\"")), epoch.wrapping_add(1));
    format!("UPDATE {table} SET log_epoch = CASE log_epoch WHEN {epoch} THEN {next} ELSE {epoch} END;\nCOMMIT;\n")
}

/// The migrations that a dump has.
async fn applied(place: &Place, file: &Path) -> Result<Vec<String>> {
    let (place, file) = (place.clone(), file.to_owned());
    run(move || {
        let mut command = place.command("pg_restore");
        command.args(["--data-only", "--table=seaql_migrations", "--file=-"]);
        program::file(&mut command, &file);
        let said = program::said("pg_restore", &mut command)?;
        let rows = said.lines().skip_while(|line| !line.starts_with("COPY ")).skip(1);
        let names = rows.take_while(|line| *line != "\\.").filter_map(|line| line.split('\t').next());
        Ok(names.map(str::to_owned).collect())
    })
    .await
}

/// Refuses while nodes are connected.
async fn alone(db: &Db) -> Result<()> {
    let sql = "SELECT count(*) AS number FROM pg_stat_activity WHERE datname = current_database() \
               AND application_name = 'linnet' AND pid <> pg_backend_pid()";
    let begun = std::time::Instant::now();
    loop {
        let open = db.one::<Number>(sql, []).await?.map_or(0, |row| row.number);
        if open == 0 {
            return Ok(());
        }
        if begun.elapsed() > GONE {
            return Err(Error::internal(format!("{open} connections of Linnet's are open: stop all nodes first")));
        }
        tokio::time::sleep(GONE / 30).await;
    }
}
