//! The file of a backup: there when it is whole, never in the place of another, and taken for what it is.

use std::path::Path;

use tests::{Database, Engine, Server, World, claims};

use super::{backup, restore, run, said};

claims![
    a_backup_takes_the_place_of_a_file_only_if_that_is_said,
    a_backup_that_fails_leaves_nothing_behind,
    what_is_no_whole_backup_is_not_restored,
    a_backup_goes_back_to_the_engine_that_it_was_made_of,
    a_database_of_others_is_neither_backed_up_nor_replaced,
];

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

async fn a_backup_takes_the_place_of_a_file_only_if_that_is_said(world: World) {
    let directory = world.database.directory().join("backups");
    std::fs::create_dir(&directory).unwrap();
    let file = directory.join("daily");
    let path = file.to_str().unwrap();
    std::fs::write(&file, "somebody's").unwrap();
    said(&run(&world.server, &["backup", path]).await, false, "is there already");
    assert_eq!(std::fs::read(&file).unwrap(), b"somebody's");
    said(&run(&world.server, &["backup", path, "--force"]).await, true, "has everything");
    assert!(std::fs::read(&file).unwrap().len() > 10_000);
    // Nor in the place of one that leads nowhere.
    let link = directory.join("link");
    std::os::unix::fs::symlink("/nowhere/at/all", &link).unwrap();
    said(&run(&world.server, &["backup", link.to_str().unwrap()]).await, false, "is there already");
    std::fs::remove_file(&link).unwrap();
    assert_eq!(names(&directory), ["daily"], "nothing else is left");
}

async fn a_backup_that_fails_leaves_nothing_behind(engine: Engine) {
    let database = Database::create(engine).await;
    let server = Server::prepare(&database, &[]);
    let directory = database.directory().join("backups");
    std::fs::create_dir(&directory).unwrap();
    let file = directory.join("daily");
    // There is nothing to back up yet, and nothing is made of that.
    said(&run(&server, &["backup", file.to_str().unwrap()]).await, false, "nothing was backed up");
    assert_eq!(names(&directory), [""; 0]);
    server.launch();
    server.ready().await;
    let nowhere = directory.join("nowhere/daily");
    said(&run(&server, &["backup", nowhere.to_str().unwrap()]).await, false, "can't be made");
    assert_eq!(names(&directory), [""; 0]);
}

async fn what_is_no_whole_backup_is_not_restored(world: World) {
    let alice = world.user("alice").await;
    let room = world.room(&alice).await;
    alice.send_many(&room, 40).await;
    let directory = world.database.directory().to_owned();
    let file = backup(&world.server, &directory).await;
    world.server.stop().await;
    let whole = std::fs::read(&file).unwrap();
    let mut changed = whole.clone();
    let middle = changed.len() / 2;
    changed[middle..].fill(0xa5);
    let spoiled = directory.join("spoiled");
    for (what, bytes) in [
        ("nothing", &b""[..]),
        ("a text", b"dear diary"),
        ("cut off", &whole[..whole.len() / 2]),
        ("nearly whole", &whole[..whole.len() - 5_000]),
        ("changed", &changed),
    ] {
        std::fs::write(&spoiled, bytes).unwrap();
        let output = restore(&world.server, &spoiled, &["--force"]).await;
        eprintln!("{what}: {}", String::from_utf8_lossy(&output.stderr).trim());
        said(&output, false, "nothing was restored");
    }
    said(&restore(&world.server, &directory.join("absent"), &["--force"]).await, false, "can't be read");
    // After all that, everything is as it was.
    world.server.launch();
    world.server.ready().await;
    assert_eq!(alice.history(&room).await.len(), 40);
}

async fn a_backup_goes_back_to_the_engine_that_it_was_made_of(world: World) {
    let file = backup(&world.server, world.database.directory()).await;
    let other = match world.database.engine() {
        Engine::Sqlite => Engine::Postgres,
        Engine::Postgres => Engine::Sqlite,
    };
    let database = Database::create(other).await;
    said(&restore(&Server::prepare(&database, &[]), &file, &[]).await, false, "is a backup of");
    assert!(database.columns().await.is_empty());
}

async fn a_database_of_others_is_neither_backed_up_nor_replaced(world: World) {
    let file = backup(&world.server, world.database.directory()).await;
    let database = Database::create(world.database.engine()).await;
    database.execute("CREATE TABLE somebodys (number bigint)").await;
    database.execute("INSERT INTO somebodys VALUES (7)").await;
    let server = Server::prepare(&database, &[]);
    let elsewhere = database.directory().join("theirs");
    said(&run(&server, &["backup", elsewhere.to_str().unwrap()]).await, false, "nothing of Linnet's");
    assert!(!elsewhere.exists());
    said(&restore(&server, &file, &[]).await, false, "nothing was restored");
    said(&restore(&server, &file, &["--force"]).await, false, "not Linnet's");
    assert_eq!(database.number("SELECT number FROM somebodys").await, 7);
}
