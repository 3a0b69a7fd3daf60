//! How the index comes to be: with each message, and for those of before by a job.

use serde_json::{Value, json};
use tests::{Engine, User, World, claims, eventually};

claims![
    messages_of_before_are_put_in_by_a_job_that_may_be_killed,
    what_changes_meanwhile_is_found_as_it_is_then,
    maintenance_keeps_what_is_found,
    a_backup_brings_the_index_along,
    what_is_a_lot_for_the_index_is_sent_and_edited_and_put_in_by_the_job,
    what_the_index_holds_of_a_message_is_bounded,
];

/// Texts of so many characters that are a lot of words and of beginnings of words, none of them like another's.
fn heavy(length: usize) -> [String; 3] {
    let mut number: u32 = 1;
    let mut next = |of: u32| {
        number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (number >> 8) % of
    };
    let letter = |code: u32| char::from_u32(code).expect("a letter");
    let mut of = |letters: usize, make: &dyn Fn(u32) -> u32, count: u32| -> String {
        let each = (0..length).map(|at| if at % (letters + 1) == letters { ' ' } else { letter(make(next(count))) });
        each.collect()
    };
    [
        of(11, &|nth| 0xac00 + nth, 11_172),
        of(12, &|nth| 0x10428 + nth, 40),
        // One character that is eighteen, in four words.
        "\u{fdfa}".repeat(length),
    ]
}

/// Makes a database one that had no search yet: its messages are in no index, and the job of the migration waits, held up for now.
async fn of_before(world: &World) {
    world.server.stop().await;
    let since = "SELECT COUNT(*) FROM seaql_migrations WHERE version >= 'm20261121_000027_search'";
    let since = world.database.number(since).await.to_string();
    for arguments in [&["migrate", "down", &since, "--yes"][..], &["migrate", "up"]] {
        let output = world.server.command(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let late = "2100-01-01T00:00:00+00:00";
    let held = format!("UPDATE jobs SET available_at = '{late}' WHERE kind = 'index_messages'");
    world.database.execute(&held).await;
    assert_eq!(world.database.number("SELECT COUNT(*) FROM jobs WHERE kind = 'index_messages'").await, 1);
    world.server.launch();
    world.server.ready().await;
}

async fn let_go(world: &World) {
    let past = tests::job::PAST;
    world.database.execute(&format!("UPDATE jobs SET available_at = '{past}' WHERE kind = 'index_messages'")).await;
}

async fn is_complete(user: &User) -> bool {
    let page = user.search_with(json!({ "query": "needle" })).await;
    page.ok("/viewer/messageSearch/isComplete") == &Value::Bool(true)
}

async fn complete(world: &World, user: &User) {
    let through = async || {
        let_go(world).await;
        is_complete(user).await.then_some(())
    };
    eventually("all to be in the index", through).await;
}

async fn messages_of_before_are_put_in_by_a_job_that_may_be_killed(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let mut expected = Vec::new();
    for number in 0..4 {
        let group = world.group(&alice, &[&bob]).await;
        for nth in 0..40 {
            let sent = bob.send(&group, &format!("needle {number} {nth}")).await;
            if nth % 10 == 9 {
                bob.delete(&sent).await;
            }
        }
        if number < 2 {
            assert!(world.command(&["archive", "--days", "0"]).await.status.success());
        }
        bob.send(&group, &format!("needle {number} last")).await;
        expected.push(37);
    }
    assert!(is_complete(&alice).await);
    let before = alice.search("needle").await;
    of_before(&world).await;
    let alice = world.anonymous.sign_in("alice").await;
    assert_eq!(alice.search("needle").await, [""; 0]);
    assert!(!is_complete(&alice).await, "and it says so");
    let_go(&world).await;
    for _ in 0..3 {
        world.server.kill9();
        world.server.launch();
        world.server.ready().await;
        let_go(&world).await;
    }
    complete(&world, &alice).await;
    assert_eq!(alice.search("needle").await, before);
    let total: i64 = expected.iter().sum();
    assert_eq!(world.database.number("SELECT COUNT(*) FROM message_search").await, total);
}

async fn what_changes_meanwhile_is_found_as_it_is_then(world: World) {
    let alice = world.user("alice").await;
    let room = alice.create_room("A room").await;
    let mut sent = Vec::new();
    for number in 0..6 {
        sent.push(alice.send(&room, &format!("needle {number}")).await);
    }
    of_before(&world).await;
    let alice = world.anonymous.sign_in("alice").await;
    alice.delete(&sent[1]).await;
    alice.edit(&sent[2], "needle twice 2").await;
    alice.send(&room, "needle 6").await;
    assert_eq!(alice.search("needle").await, ["needle 6", "needle twice 2"]);
    complete(&world, &alice).await;
    let all = ["needle 6", "needle 5", "needle 4", "needle 3", "needle twice 2", "needle 0"];
    assert_eq!(alice.search("needle").await, all);
}

async fn maintenance_keeps_what_is_found(world: World) {
    let alice = world.user("alice").await;
    let room = alice.create_room("A room").await;
    for number in 0..60 {
        let sent = alice.send(&room, &format!("needle {number}")).await;
        if number % 2 == 0 {
            alice.delete(&sent).await;
        }
    }
    let before = alice.search("needle").await;
    assert_eq!(before.len(), 30);
    let output = world.command(&["maintain"]).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(alice.search("needle").await, before);
    if world.database.engine() == Engine::Sqlite {
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(said.contains("search"), "{said}");
        world
            .database
            .execute("INSERT INTO message_search_terms (message_search_terms) VALUES ('integrity-check')")
            .await;
    }
}

async fn a_backup_brings_the_index_along(world: World) {
    let alice = world.user("alice").await;
    let room = alice.create_room("A room").await;
    alice.send(&room, "needle of before").await;
    let file = world.server.data().join("linnet.backup");
    let file = file.to_str().unwrap();
    let output = world.command(&["backup", file]).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    alice.send(&room, "needle of afterwards").await;
    world.server.stop().await;
    let output = world.server.command(&["restore", file, "--force"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    world.server.launch();
    world.server.ready().await;
    let alice = world.anonymous.sign_in("alice").await;
    assert_eq!(alice.search("needle").await, ["needle of before"]);
    alice.send(&room, "needle of today").await;
    assert_eq!(alice.search("needle").await, ["needle of today", "needle of before"]);
}

async fn what_is_a_lot_for_the_index_is_sent_and_edited_and_put_in_by_the_job(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_MESSAGE_LENGTH", "20000")]).await;
    let alice = world.user("alice").await;
    let room = alice.create_room("A room").await;
    let texts = heavy(11_900).map(|text| format!("needle {text}"));
    for text in &texts {
        alice.send(&room, text).await;
        let short = alice.send(&room, "short").await;
        alice.edit(&short, text).await;
    }
    let expected: Vec<_> = texts.iter().rev().flat_map(|text| [text, text]).collect();
    assert!(alice.search("needle").await.iter().eq(expected.iter().copied()));
    of_before(&world).await;
    let alice = world.anonymous.sign_in("alice").await;
    complete(&world, &alice).await;
    assert!(alice.search("needle").await.iter().eq(expected.iter().copied()));
    assert_eq!(world.database.number("SELECT COUNT(*) FROM jobs").await, 0);
    assert_eq!(world.database.number("SELECT COUNT(*) FROM failed_jobs").await, 0);
}

async fn what_the_index_holds_of_a_message_is_bounded(world: World) {
    let alice = world.user("alice").await;
    let room = alice.create_room("A room").await;
    let mut count = 0;
    for text in heavy(100_000) {
        let letters: Vec<char> = text.chars().collect();
        for part in letters.chunks(4000) {
            alice.send(&room, part.iter().collect::<String>().trim()).await;
            count += 1;
        }
    }
    // PostgreSQL has each term in the entry and in its index.
    let (bytes, most) = match world.database.engine() {
        Engine::Sqlite => ("SELECT SUM(LENGTH(block)) FROM message_search_terms_data", 100_000),
        Engine::Postgres => ("SELECT pg_total_relation_size('message_search')", 300_000),
    };
    let each = world.database.number(bytes).await / count;
    assert!(each < most, "{each} bytes a message");
}
