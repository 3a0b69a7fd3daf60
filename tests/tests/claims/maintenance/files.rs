//! Files of SQLite: new ones shrink in slices, older ones once they were written anew.

use std::process::Output;

use tests::{Database, Engine, Server, World, claim, claims};

claims![what_cannot_be_maintained_is_said];

#[track_caller]
fn said(output: &Output, success: bool, words: &str) {
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.success(), success, "{text}");
    assert!(text.contains(words), "{text}");
}

#[test]
fn an_older_file_shrinks_once_it_was_written_anew() {
    claim::run(Engine::Sqlite, async |engine: Engine| {
        let database = Database::create(engine).await;
        // As a version made it that did not know better.
        database.execute("PRAGMA auto_vacuum = NONE").await;
        database.execute("CREATE TABLE early (number integer)").await;
        database.execute("DROP TABLE early").await;
        let world = World::on(database, &[]).await;
        let alice = world.user("alice").await;
        let room = world.room(&alice).await;
        let sent = alice.send_many(&room, 3).await;
        assert_eq!(world.database.number("PRAGMA auto_vacuum").await, 0);
        said(&world.command(&["maintain"]).await, true, "linnet maintain --full");
        said(&world.command(&["doctor"]).await, true, "warning  space");
        said(&world.command(&["maintain", "--full"]).await, false, "stop the server first");
        world.server.stop().await;
        said(&world.command(&["maintain", "--full"]).await, true, "written anew");
        assert_eq!(world.database.number("PRAGMA auto_vacuum").await, 2);
        world.server.launch();
        world.server.ready().await;
        let found: Vec<_> = alice.history(&room).await.into_iter().map(|(cursor, _)| cursor).collect();
        assert_eq!(found, sent.into_iter().map(|sent| sent.cursor).collect::<Vec<_>>());
        said(&world.command(&["maintain"]).await, true, "given back");
        let doctor = world.command(&["doctor"]).await;
        assert!(!String::from_utf8_lossy(&doctor.stdout).contains("space"));
    });
}

#[test]
fn a_new_file_shrinks_from_the_beginning() {
    claim::run(Engine::Sqlite, async |world: World| {
        assert_eq!(world.database.number("PRAGMA auto_vacuum").await, 2);
    });
}

async fn what_cannot_be_maintained_is_said(engine: Engine) {
    let database = Database::create(engine).await;
    let server = Server::prepare(&database, &[]);
    let output = server.command(&["maintain", "--full"]).output().unwrap();
    match engine {
        Engine::Sqlite => said(&output, false, "there is no database"),
        Engine::Postgres => said(&output, false, "VACUUM FULL"),
    }
}
