//! Posting, changing and taking back.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::id::absent;
use tests::{World, claims};

claims![
    a_chirp_is_posted_changed_and_deleted,
    a_chirp_has_1_to_255_characters_as_people_count,
    a_chirp_sent_again_with_its_key_is_the_first_one,
    a_key_that_comes_twice_at_once_posts_once,
    a_chirp_is_changed_by_its_author_alone,
    of_two_changes_of_one_version_one_is_told_so,
    an_administrator_deletes_a_chirp_and_the_audit_log_tells,
    a_guest_and_the_anonymous_post_nothing,
    a_key_that_reads_reads_and_one_that_writes_posts,
    a_key_of_an_administrator_deletes_nobody_elses,
    whoever_is_suspended_has_said_what_they_said,
];

async fn a_chirp_is_posted_changed_and_deleted(world: World) {
    let alice = world.user("alice").await;
    let answer = alice.try_chirp(json!({ "message": "Hello, everybody" })).await;
    let posted = answer.ok("/chirpCreate/chirp").clone();
    assert_eq!((&posted["message"], &posted["version"]), (&json!("Hello, everybody"), &json!(1)));
    assert_eq!(posted["author"], json!({ "id": alice.id, "username": "alice" }));
    assert_eq!(posted["createdAt"], posted["updatedAt"]);
    let id = posted["id"].as_str().unwrap();
    assert!(id.starts_with("chp_"));
    let answer = alice.try_update_chirp(json!({ "id": id, "message": "Hello again" })).await;
    let changed = answer.ok("/chirpUpdate/chirp").clone();
    assert_eq!((&changed["message"], &changed["version"]), (&json!("Hello again"), &json!(2)));
    assert_eq!((&changed["id"], &changed["createdAt"]), (&posted["id"], &posted["createdAt"]));
    assert_ne!(changed["updatedAt"], posted["updatedAt"]);
    assert_eq!(node(&world, id).await["message"], "Hello again");
    // Saying the same is no change.
    let before = answer.text("/chirpUpdate/cursor");
    let answer = alice.try_update_chirp(json!({ "id": id, "message": "Hello again" })).await;
    assert_eq!(answer.ok("/chirpUpdate/chirp"), &changed);
    assert_eq!(answer.text("/chirpUpdate/cursor"), before);
    assert_eq!(alice.try_delete_chirp(id).await.ok("/chirpDelete/deletedId"), id);
    assert_eq!(node(&world, id).await, Value::Null);
    assert!(world.anonymous.feed_messages("first: 5").await.is_empty());
    alice.try_delete_chirp(id).await.refused("chirpDelete", "NOT_FOUND", &["id"]);
    let answer = alice.try_update_chirp(json!({ "id": id, "message": "again" })).await;
    answer.refused("chirpUpdate", "NOT_FOUND", &["id"]);
    alice.try_delete_chirp(&absent(id)).await.refused("chirpDelete", "NOT_FOUND", &["id"]);
    alice.try_delete_chirp(&alice.id).await.refused("chirpDelete", "INVALID", &["id"]);
}

/// A chirp by its id alone, as anybody asks for it.
async fn node(world: &World, id: &str) -> Value {
    let document = "query($id: ID!) { node(id: $id) { ... on Chirp { message author { username } } } \
        nodes(ids: [$id]) { ... on Chirp { message author { username } } } }";
    let answer = world.anonymous.graphql(document, json!({ "id": id })).await;
    assert_eq!(answer.ok("/node"), answer.ok("/nodes/0"));
    answer.ok("/node").clone()
}

async fn a_chirp_has_1_to_255_characters_as_people_count(world: World) {
    let alice = world.user("alice").await;
    for text in ["a".to_owned(), "ä".repeat(255), "🐘".repeat(255), "  two words ".to_owned()] {
        let sent = alice.chirp(&text).await;
        assert_eq!(node(&world, &sent.id).await["message"], text);
    }
    let sent = alice.chirp("short").await;
    for (text, code) in [
        (String::new(), "BLANK"),
        (" \n\t".into(), "BLANK"),
        ("ä".repeat(256), "TOO_LONG"),
        ("a".repeat(100_000), "TOO_LONG"),
        ("a\0".into(), "INVALID"),
    ] {
        alice.try_chirp(json!({ "message": text })).await.refused("chirpCreate", code, &["message"]);
        let answer = alice.try_update_chirp(json!({ "id": sent.id, "message": text })).await;
        answer.refused("chirpUpdate", code, &["message"]);
    }
    for (key, code) in [(String::new(), "BLANK"), ("k".repeat(101), "TOO_LONG"), ("k\0".into(), "INVALID")] {
        let answer = alice.try_chirp(json!({ "message": "hello", "clientKey": key })).await;
        answer.refused("chirpCreate", code, &["clientKey"]);
    }
    assert_eq!(world.database.number("SELECT COUNT(*) FROM chirps").await, 5, "what is refused is not posted");
}

async fn a_chirp_sent_again_with_its_key_is_the_first_one(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let input = json!({ "message": "once", "clientKey": "a key" });
    let first = alice.try_chirp(input.clone()).await;
    assert_eq!(first.ok("/chirpCreate/chirp/clientKey"), "a key");
    let again = alice.try_chirp(input.clone()).await;
    assert_eq!(again.ok("/chirpCreate"), first.ok("/chirpCreate"));
    // It is the first one still when that says something else by now, and the key is its author's alone.
    let id = first.text("/chirpCreate/chirp/id");
    alice.try_update_chirp(json!({ "id": id, "message": "changed" })).await.ok("/chirpUpdate/chirp");
    let again = alice.try_chirp(input.clone()).await;
    assert_eq!((again.text("/chirpCreate/chirp/id"), again.text("/chirpCreate/chirp/message")), (id, "changed".into()));
    let other = alice.try_chirp(json!({ "message": "twice", "clientKey": "a key" })).await;
    other.refused("chirpCreate", "CONFLICT", &["clientKey"]);
    let of_bob = bob.try_chirp(input).await;
    assert_ne!(of_bob.text("/chirpCreate/chirp/id"), first.text("/chirpCreate/chirp/id"));
    let keys = "{ chirps(first: 5) { nodes { clientKey author { username } } } }";
    let seen = bob.graphql(keys, Value::Null).await;
    let seen = seen.list("/chirps/nodes").iter().map(|node| node["clientKey"].is_string());
    assert_eq!(seen.collect::<Vec<_>>(), [true, false], "a key is shown to its author alone");
}

async fn a_key_that_comes_twice_at_once_posts_once(world: World) {
    let alice = world.user("alice").await;
    let input = json!({ "message": "once", "clientKey": "a key" });
    let answers = join_all((0..16).map(|_| alice.try_chirp(input.clone()))).await;
    let first = answers[0].ok("/chirpCreate").clone();
    assert!(answers.iter().all(|answer| answer.ok("/chirpCreate") == &first));
    assert_eq!(world.database.number("SELECT COUNT(*) FROM chirp_events").await, 1);
}

async fn a_chirp_is_changed_by_its_author_alone(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let sent = alice.chirp("mine").await;
    let answer = bob.try_update_chirp(json!({ "id": sent.id, "message": "his" })).await;
    answer.refused("chirpUpdate", "FORBIDDEN", &["id"]);
    bob.try_delete_chirp(&sent.id).await.refused("chirpDelete", "FORBIDDEN", &["id"]);
    world.grant_admin("bob").await;
    let answer = bob.try_update_chirp(json!({ "id": sent.id, "message": "his" })).await;
    answer.refused("chirpUpdate", "FORBIDDEN", &["id"]);
    assert_eq!(node(&world, &sent.id).await["message"], "mine");
}

async fn of_two_changes_of_one_version_one_is_told_so(world: World) {
    let alice = world.user("alice").await;
    let sent = alice.chirp("first").await;
    let change = |number: usize| {
        let input = json!({ "id": sent.id, "message": format!("change {number}"), "expectedVersion": 1 });
        alice.try_update_chirp(input)
    };
    let answers = join_all((0..8).map(change)).await;
    let made = answers.iter().filter(|answer| answer.user_errors("chirpUpdate").is_empty()).count();
    assert_eq!(made, 1);
    for answer in answers.iter().filter(|answer| !answer.user_errors("chirpUpdate").is_empty()) {
        answer.refused("chirpUpdate", "CONFLICT", &["expectedVersion"]);
    }
    assert_eq!(world.database.number("SELECT CAST(version AS BIGINT) FROM chirps").await, 2);
}

async fn an_administrator_deletes_a_chirp_and_the_audit_log_tells(world: World) {
    let [alice, ada] = world.users(["alice", "ada"]).await;
    world.grant_admin("ada").await;
    let sent = alice.chirp("buy cheap seeds").await;
    ada.delete_chirp(&sent).await;
    assert!(world.anonymous.feed_messages("first: 5").await.is_empty());
    let line = alice.audit_log().await.remove(0);
    assert_eq!((&line["action"], &line["actor"]["id"]), (&json!("CHIRP_DELETE"), &json!(ada.id)));
    assert!(line["ipAddress"].is_null(), "from where is the administrator's to know");
    // One's own is nobody else's business.
    let own = alice.chirp("mine").await;
    alice.delete_chirp(&own).await;
    let of_ada = ada.chirp("of the administrator").await;
    ada.delete_chirp(&of_ada).await;
    let deletions = "SELECT COUNT(*) FROM audit_log WHERE action = 'chirp_delete'";
    assert_eq!(world.database.number(deletions).await, 1);
}

async fn a_guest_and_the_anonymous_post_nothing(world: World) {
    let alice = world.user("alice").await;
    let guest = world.guest("visitor").await;
    let sent = alice.chirp("hello").await;
    guest.try_chirp(json!({ "message": "hello" })).await.refused("chirpCreate", "FORBIDDEN", &[]);
    guest.try_delete_chirp(&sent.id).await.refused("chirpDelete", "FORBIDDEN", &["id"]);
    for (mutation, input) in [
        ("chirpCreate", json!({ "message": "hello" })),
        ("chirpUpdate", json!({ "id": sent.id, "message": "hello" })),
        ("chirpDelete", json!({ "id": sent.id })),
    ] {
        world.anonymous.mutate(mutation, input, "cursor").await.failed("UNAUTHENTICATED");
    }
    assert_eq!(guest.feed_messages("first: 5").await, ["hello"]);
    assert_eq!(world.anonymous.feed_messages("first: 5").await, ["hello"]);
}

async fn a_key_that_reads_reads_and_one_that_writes_posts(world: World) {
    let alice = world.user("alice").await;
    let (reads, writes) = (alice.create_key(&["READ"]).await, alice.create_key(&["READ", "WRITE"]).await);
    let sent = writes.user.chirp("by a program").await;
    assert_eq!(reads.user.feed_messages("first: 5").await, ["by a program"]);
    reads.user.try_chirp(json!({ "message": "no" })).await.failed("FORBIDDEN");
    reads.user.try_delete_chirp(&sent.id).await.failed("FORBIDDEN");
    writes.user.update_chirp(&sent, "changed by a program").await;
    writes.user.delete_chirp(&sent).await;
}

async fn a_key_of_an_administrator_deletes_nobody_elses(world: World) {
    let [alice, ada] = world.users(["alice", "ada"]).await;
    world.grant_admin("ada").await;
    let key = ada.create_key(&["READ", "WRITE"]).await;
    let sent = alice.chirp("hello").await;
    key.user.try_delete_chirp(&sent.id).await.refused("chirpDelete", "FORBIDDEN", &["id"]);
    assert_eq!(alice.feed_messages("first: 5").await, ["hello"]);
}

async fn whoever_is_suspended_has_said_what_they_said(world: World) {
    let [alice, ada] = world.users(["alice", "ada"]).await;
    world.grant_admin("ada").await;
    alice.chirp("hello").await;
    ada.mutate("userSuspend", json!({ "id": alice.id }), "suspendedAt").await.ok("/userSuspend/suspendedAt");
    assert_eq!(world.anonymous.feed_messages("first: 5").await, ["hello"]);
    alice.try_chirp(json!({ "message": "again" })).await.failed("UNAUTHENTICATED");
}
