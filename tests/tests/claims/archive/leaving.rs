//! People who leave, or take everything along, and what they have in the archive.

use serde_json::{Value, json};
use tests::job::all_done;
use tests::{World, claims};

use super::{Talk, move_all, places};

claims![
    an_account_deleted_later_leaves_nothing_in_the_archive,
    exports_have_what_was_moved,
    an_export_pages_on_across_the_seam,
];

async fn an_account_deleted_later_leaves_nothing_in_the_archive(world: World) {
    let talk = Talk::begin(&world).await;
    move_all(&world).await;
    let [alice, bob, _] = &talk.users;
    let own = format!(
        "SELECT (SELECT COUNT(*) FROM archived_messages m JOIN users u ON u.id = m.sender_id WHERE u.username = '{0}') \
         + (SELECT COUNT(*) FROM archived_reactions r JOIN users u ON u.id = r.user_id WHERE u.username = '{0}')",
        bob.username
    );
    assert!(world.database.number(&own).await > 10);
    let before = alice.message(&talk.sent[0].id, "reactions { emoji count }").await;
    assert_eq!(before["reactions"], json!([{ "emoji": "👍", "count": 2 }, { "emoji": "🎉", "count": 1 }]));
    let socket = world.socket(alice).await;
    let end = alice.event_cursor(&talk.group).await;
    let mut events = socket.events_of(&talk.group, Some(&end), Some(&["REACTIONS_CHANGED"])).await;
    events.until("CaughtUp").await;
    bob.mutate("accountDelete", json!({ "password": tests::account::PASSWORD }), "deletedId")
        .await
        .ok("/accountDelete");
    all_done(&world.database).await;
    assert_eq!(events.event().await["__typename"], "ReactionsChanged");
    assert_eq!(world.database.number("SELECT COUNT(*) FROM users").await, 2);
    assert_eq!(places(&world.database).await, [0, 20], "what others have read stays");
    let left =
        "SELECT COUNT(*) FROM archived_messages WHERE sender_id IS NULL AND client_key IS NULL AND send_hash IS NULL";
    assert_eq!(world.database.number(left).await, 7);
    let after = alice.message(&talk.sent[1].id, "content sender { id } reactions { emoji count }").await;
    assert_eq!((&after["content"], &after["sender"]), (&json!("message 1"), &Value::Null));
    assert_eq!(after["reactions"], json!([{ "emoji": "👍", "count": 1 }, { "emoji": "🎉", "count": 1 }]));
}

async fn exports_have_what_was_moved(world: World) {
    let mut talk = Talk::begin(&world).await;
    let export = async |talk: &Talk| {
        let mut exports = Vec::new();
        for user in &talk.users {
            let mut export = user.export(&world.server).await;
            let kept: Vec<_> = ["messages", "reactions"].map(|part| export[part].take()).into();
            assert!(kept.iter().all(|list| list.as_array().is_some_and(|list| list.len() > 5)), "{kept:?}");
            exports.push(kept);
        }
        exports
    };
    let before = export(&talk).await;
    move_all(&world).await;
    assert_eq!(export(&talk).await, before);
    talk.go_on(9).await;
    let across = export(&talk).await;
    move_all(&world).await;
    assert_eq!(export(&talk).await, across);
}

async fn an_export_pages_on_across_the_seam(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let mut sent = alice.send_many(&thread, 130).await;
    move_all(&world).await;
    sent.extend(alice.send_many(&thread, 130).await);
    let export = alice.export(&world.server).await;
    let exported: Vec<_> = export["messages"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect();
    assert_eq!(
        exported,
        sent.into_iter().map(|sent| json!(sent.id)).collect::<Vec<_>>(),
        "each once, the oldest first"
    );
}
