//! What speaks by a key reads, changes threads if it may write, and never manages the account.

use serde_json::{Value, json};
use tests::client::mutation_document;
use tests::{Transport, World, claims};

use super::inputs::of_all_mutations;

claims![
    a_key_reads_what_its_owner_reads,
    a_reading_key_changes_nothing,
    a_writing_key_does_everything_in_threads,
    a_writing_key_does_nothing_else,
    what_is_of_the_account_is_not_shown_to_keys,
    a_request_is_refused_as_a_whole,
];

/// Changes in threads: all that a key that writes may do.
const MESSAGING: [&str; 28] = [
    "assistantRetry",
    "attachmentUploadCreate",
    "chirpCreate",
    "chirpUpdate",
    "chirpDelete",
    "threadCreate",
    "threadUpdate",
    "threadArchive",
    "threadJoin",
    "threadLeave",
    "threadMute",
    "threadUnmute",
    "participantAdd",
    "participantRemove",
    "participantSetRole",
    "roomBanCreate",
    "roomBanDelete",
    "threadInvitationCreate",
    "threadInvitationAccept",
    "threadInvitationRevoke",
    "threadMarkRead",
    "threadMarkDelivered",
    "messageSend",
    "messageEdit",
    "messageDelete",
    "reactionAdd",
    "reactionRemove",
    "typingSignal",
];

async fn a_key_reads_what_its_owner_reads(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let private = world.group(&bob, &[]).await;
    for scopes in [&["READ"][..], &["WRITE"], &["READ", "WRITE"]] {
        let key = alice.create_key(scopes).await.user;
        let own = json!({ "query": "{ viewer { user { id } session { id } threads { nodes { id } } } }" });
        for transport in Transport::ALL {
            let answer = transport.ask(&world.server, Some(&key.token), own.clone()).await;
            let expected =
                json!({ "user": { "id": alice.id }, "session": null, "threads": { "nodes": [{ "id": thread }] } });
            assert_eq!(answer.ok("/viewer"), &expected, "{transport:?}");
        }
        let hidden = key.graphql("query($id: ID!) { thread(id: $id) { id } }", json!({ "id": private })).await;
        assert!(hidden.ok("/thread").is_null());
        let socket = world.socket(&key).await;
        let mut stream = socket.messages(&thread, Some(&bob.event_cursor(&thread).await)).await;
        let mut inbox = socket.inbox(None).await;
        inbox.until("InboxCaughtUp").await;
        let sent = bob.send(&thread, "hello").await;
        assert_eq!(stream.value().await["cursor"], sent.cursor.as_str());
        assert_eq!(inbox.event().await["thread"]["id"], thread.as_str());
    }
}

async fn a_reading_key_changes_nothing(world: World) {
    let alice = world.user("alice").await;
    let key = alice.create_key(&["READ"]).await.user;
    for (mutation, input) in of_all_mutations() {
        let request = json!({ "query": mutation_document(&mutation, ""), "variables": { "input": input } });
        let answer = Transport::Http.ask(&world.server, Some(&key.token), request).await;
        answer.failed("FORBIDDEN");
        assert_eq!((answer.status, answer.json.get("data")), (403, None), "{mutation}");
    }
    let room = alice.create_room("A room").await;
    for transport in Transport::ALL {
        let input = json!({ "threadId": room, "content": "hello" });
        let request = json!({ "query": mutation_document("messageSend", ""), "variables": { "input": input } });
        transport.ask(&world.server, Some(&key.token), request).await.failed("FORBIDDEN");
    }
    assert!(alice.history(&room).await.is_empty());
}

async fn a_writing_key_does_everything_in_threads(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let key = alice.create_key(&["WRITE"]).await.user;
    let room = key.create_room("A room").await;
    let sent = key.send(&room, "hello").await;
    assert_eq!(key.message(&sent.id, "sender { id }").await["sender"]["id"], alice.id.as_str());
    key.edit(&sent, "hello again").await;
    key.react(&sent, "👍").await;
    key.unreact(&sent, "👍").await;
    key.mark_read(&room, &sent.cursor).await;
    key.mark_delivered(&room, &sent.cursor).await;
    key.try_type(&room).await.ok("/typingSignal");
    key.try_set_title(&room, Some("Another")).await.ok("/threadUpdate/thread");
    key.try_add(&room, &bob.id).await.ok("/participantAdd/participant");
    key.try_set_role(&room, &bob.id, "ADMIN").await.ok("/participantSetRole/participant");
    key.try_remove(&room, &bob.id).await.ok("/participantRemove/removedUserId");
    key.delete(&sent).await;
    key.try_archive(&room, true).await.ok("/threadArchive/thread");
    let other = bob.create_room("Another room").await;
    key.join(&other).await;
    key.try_leave(&other).await.ok("/threadLeave/leftId");
    // Every one of them is let through, as far as the key is concerned.
    for (mutation, input) in of_all_mutations().into_iter().filter(|(name, _)| MESSAGING.contains(&name.as_str())) {
        let answer = key.graphql(&mutation_document(&mutation, ""), json!({ "input": input })).await;
        assert_ne!(answer.error_code(), Some("FORBIDDEN"), "{mutation}: {}", answer.json);
    }
}

async fn a_writing_key_does_nothing_else(world: World) {
    let alice = world.user("alice").await;
    world.grant_admin("alice").await;
    let key = alice.create_key(&["READ", "WRITE"]).await.user;
    let others: Vec<_> =
        of_all_mutations().into_iter().filter(|(name, _)| !MESSAGING.contains(&name.as_str())).collect();
    assert!(others.len() >= 13, "{others:?}");
    for (mutation, input) in others {
        let answer = key.graphql(&mutation_document(&mutation, ""), json!({ "input": input })).await;
        answer.failed("FORBIDDEN");
        assert_eq!(answer.json.get("data"), None, "{mutation}");
    }
    assert!(alice.is_signed_in().await);
}

/// What is listed of an account beside its threads.
const PRIVATE: [&str; 8] =
    ["sessions", "devices", "apiKeys", "wallets", "referralCodes", "blockedUsers", "diaryEntries", "auditLog"];

async fn what_is_of_the_account_is_not_shown_to_keys(world: World) {
    let alice = world.user("alice").await;
    world.grant_admin("alice").await;
    let device = json!({ "id": "an id that a client keeps", "name": "A telephone" });
    let alice = world.anonymous.sign_in_on(&alice.username, device).await;
    for scopes in [&["READ"][..], &["READ", "WRITE"]] {
        let key = alice.create_key(scopes).await.user;
        for field in PRIVATE {
            let answer = key.graphql(&format!("{{ viewer {{ {field} {{ nodes {{ id }} }} }} }}"), Value::Null).await;
            answer.failed("FORBIDDEN");
            assert_eq!(answer.json["data"], json!({ "viewer": null }));
        }
        for field in ["email", "emailVerifiedAt", "pendingEmail"] {
            let answer = key.graphql(&format!("{{ viewer {{ {field} }} }}"), Value::Null).await;
            answer.failed("FORBIDDEN");
            assert_eq!(answer.json["data"], json!({ "viewer": { field: null } }));
        }
        let answer = key.graphql("{ viewer { session { id } administration { __typename } } }", Value::Null).await;
        assert_eq!(answer.ok("/viewer"), &json!({ "session": null, "administration": null }));
    }
}

async fn a_request_is_refused_as_a_whole(world: World) {
    let alice = world.user("alice").await;
    let key = alice.create_key(&["WRITE"]).await.user;
    let document = "mutation { threadCreate(input: { room: { title: \"x\" } }) { thread { id } } \
        hidden: profileUpdate(input: { displayName: \"y\" }) { user { id } } }";
    for document in [document, &document.replace("hidden: ", "...F } fragment F on Mutation { ")] {
        let answer = key.graphql(document, Value::Null).await;
        answer.failed("FORBIDDEN");
        assert_eq!(answer.json.get("data"), None, "{}", answer.json);
    }
    assert_eq!(world.database.number("SELECT COUNT(*) FROM threads").await, 0);
}
