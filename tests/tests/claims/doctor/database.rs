//! What the doctor says of the database, and whether it lets a server be run on it.

use tests::{Database, Engine, Server, World, claims};

claims![
    of_a_fresh_database_the_doctor_says_how_to_make_it,
    of_a_database_that_is_as_it_should_be_the_doctor_has_nothing_to_say,
    of_a_database_that_is_half_migrated_the_doctor_says_what_is_missing,
    of_a_newer_database_the_doctor_says_that_it_is_one,
    of_a_database_of_others_the_doctor_says_that_it_is_not_ours,
    of_a_database_that_lost_its_row_the_doctor_says_so,
];

/// What the doctor says, and whether it lets a server be run.
pub(super) async fn examined(server: &Server) -> (String, bool) {
    let mut command = server.command(&["doctor"]);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!said.contains("panicked"), "{said}");
    (said, output.status.success())
}

/// Fails the test unless there is a finding of this level about this, and what it says and advises has these words.
#[track_caller]
pub(super) fn finds(said: &str, finding: &str, words: &[&str]) {
    let lines: Vec<_> = said.lines().collect();
    let place = lines.iter().position(|line| line.starts_with(finding));
    let place = place.unwrap_or_else(|| panic!("there is no `{finding}` in:\n{said}"));
    let advice = lines.get(place + 1).filter(|line| line.contains('→')).copied().unwrap_or_default();
    let told = format!("{} {advice}", lines[place]);
    assert!(words.iter().all(|word| told.contains(word)), "{words:?} is not in: {told}");
}

async fn of_a_fresh_database_the_doctor_says_how_to_make_it(engine: Engine) {
    let database = Database::create(engine).await;
    let (said, may_run) = examined(&Server::prepare(&database, &[])).await;
    match engine {
        Engine::Sqlite => finds(&said, "warning  database:", &["There is no database", "linnet migrate up"]),
        Engine::Postgres => finds(&said, "warning  schema:", &["empty", "linnet migrate up"]),
    }
    assert!(may_run, "a server makes what it needs:\n{said}");
    assert!(engine == Engine::Postgres || !database.directory().join("linnet.db").exists(), "looking makes nothing");
    let server = Server::start(&database, &[]).await;
    finds(&examined(&server).await.0, "ok       schema:", &["migrations are applied"]);
}

async fn of_a_database_that_is_as_it_should_be_the_doctor_has_nothing_to_say(world: World) {
    let (said, may_run) = examined(&world.server).await;
    assert!(may_run && !said.contains("warning") && !said.contains("PROBLEM"), "{said}");
    for subject in ["configuration", "database", "durability", "schema", "instance", "writing"] {
        finds(&said, &format!("ok       {subject}:"), &[]);
    }
}

async fn of_a_database_that_is_half_migrated_the_doctor_says_what_is_missing(world: World) {
    let last = world.database.rows("SELECT version FROM seaql_migrations ORDER BY version DESC LIMIT 1").await;
    let last: String = last[0].try_get_by_index(0).unwrap();
    world.server.stop().await;
    assert!(world.command(&["migrate", "down", "--yes"]).await.status.success());
    let (said, may_run) = examined(&world.server).await;
    assert!(!may_run);
    finds(&said, "PROBLEM  schema:", &[&last, "missing", "linnet migrate up"]);
    assert!(world.command(&["migrate", "up"]).await.status.success());
    assert!(examined(&world.server).await.1);
}

async fn of_a_newer_database_the_doctor_says_that_it_is_one(world: World) {
    let newer = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m29991231_000001_later', 0)";
    world.database.execute(newer).await;
    let (said, may_run) = examined(&world.server).await;
    assert!(!may_run);
    finds(&said, "PROBLEM  schema:", &["newer version", "m29991231_000001_later", "Run that version"]);
    // A server does not begin on it either.
    world.server.expect_errors();
    world.server.stop().await;
    world.server.launch();
    assert!(!world.server.ended().await.success());
}

async fn of_a_database_of_others_the_doctor_says_that_it_is_not_ours(engine: Engine) {
    let database = Database::create(engine).await;
    database.execute("CREATE TABLE somebodys (number integer)").await;
    let (said, may_run) = examined(&Server::prepare(&database, &[])).await;
    assert!(!may_run);
    finds(&said, "PROBLEM  schema:", &["not Linnet's", "a database of its own"]);
    assert_eq!(database.columns().await.len(), 1, "looking makes nothing");
}

async fn of_a_database_that_lost_its_row_the_doctor_says_so(world: World) {
    world.database.execute("DELETE FROM instance").await;
    let (said, may_run) = examined(&world.server).await;
    assert!(!may_run);
    finds(&said, "PROBLEM  instance:", &["lost its row", "restore a backup"]);
}
