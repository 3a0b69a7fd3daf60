//! PostgreSQL's own programs, on whose help its backups rest: what is said if they are not there, or too old.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tests::{World, postgres_claims};

use super::said;

postgres_claims![
    without_the_programs_of_postgresql_it_is_said_what_to_install,
    a_pg_dump_that_is_older_than_the_server_is_not_tried,
];

/// `linnet backup` where only the programs of one directory are found.
async fn backup_with(world: &World, programs: &Path) -> std::process::Output {
    let file = world.database.directory().join("backup");
    let mut command = world.server.command(&["backup", file.to_str().unwrap()]);
    command.env("PATH", programs);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    assert!(!file.exists());
    output
}

async fn without_the_programs_of_postgresql_it_is_said_what_to_install(world: World) {
    let programs = world.database.directory().join("programs");
    std::fs::create_dir(&programs).unwrap();
    said(&backup_with(&world, &programs).await, false, "`pg_dump` is not on the PATH: install");
}

async fn a_pg_dump_that_is_older_than_the_server_is_not_tried(world: World) {
    let programs = world.database.directory().join("programs");
    std::fs::create_dir(&programs).unwrap();
    let program = programs.join("pg_dump");
    std::fs::write(&program, "#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24'\n").unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let output = backup_with(&world, &programs).await;
    said(&output, false, "`pg_dump` is of version 9, and the server of");
}
