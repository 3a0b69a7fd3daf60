//! Backups of other versions: an older one is brought up to this one, a newer one is refused.

use tests::{Database, Engine, Server, World, claims};

use super::{backup, restore, run, said};

claims![a_backup_of_a_newer_version_is_refused, a_backup_of_an_older_version_is_migrated];

async fn a_backup_of_a_newer_version_is_refused(world: World) {
    let alice = world.user("alice").await;
    let newer = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m29991231_000001_later', 0)";
    world.database.execute(newer).await;
    let file = backup(&world.server, world.database.directory()).await;
    world.database.execute("DELETE FROM seaql_migrations WHERE version LIKE 'm2999%'").await;
    world.server.stop().await;
    let output = restore(&world.server, &file, &["--force"]).await;
    said(&output, false, "made by a newer version");
    said(&output, false, "m29991231_000001_later");
    // Nothing has happened to what is there, and an empty one stays empty.
    world.server.launch();
    world.server.ready().await;
    assert!(alice.is_signed_in().await);
    let database = Database::create(world.database.engine()).await;
    said(&restore(&Server::prepare(&database, &[]), &file, &[]).await, false, "made by a newer version");
    assert!(database.columns().await.is_empty());
}

async fn a_backup_of_an_older_version_is_migrated(engine: Engine) {
    let older = Database::create(engine).await;
    let server = Server::prepare(&older, &[]);
    said(&run(&server, &["migrate", "up"]).await, true, "applied");
    said(&run(&server, &["migrate", "down", "2", "--yes"]).await, true, "pending");
    let file = backup(&server, older.directory()).await;
    let database = Database::create(engine).await;
    // It is the restore that migrates, whatever a server may do at its start.
    let server = Server::prepare(&database, &[("LINNET_MIGRATE_AT_START", "false")]);
    said(&restore(&server, &file, &[]).await, true, "The database is as it was");
    let status = run(&server, &["migrate", "status"]).await;
    assert!(!String::from_utf8_lossy(&status.stdout).contains("pending"));
    drop(server);
    let world = World::on(database, &[("LINNET_MIGRATE_AT_START", "false")]).await;
    world.user("alice").await;
}
