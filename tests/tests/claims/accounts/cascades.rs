//! What goes with what: the rows of Chirper's "Key Relationships" and of ChatAI's "Cascade Behavior Summary", one claim for each that
//! is about something that there is. A claim says where it was decided otherwise.
//!
//! Accounts are deleted by their owners. Nobody deletes a thread, and a message that is deleted leaves its place: of those rows the
//! cascade is the database's own, which an operator may rely on, and that is what is shown.

use serde_json::{Value, json};
use tests::mail::RESET;
use tests::{Sent, User, World, claims};

use super::deletion::deleted;

claims![
    chirper_2_sessions_go_with_their_account,
    chirper_3_a_password_reset_goes_with_the_account_of_its_address,
    chatai_1_a_conversation_stays_without_who_made_it,
    chatai_2_participations_go_with_their_account,
    chatai_3_messages_stay_without_their_sender,
    chatai_4_reactions_go_with_their_account,
    chatai_5_participants_go_with_their_conversation,
    chatai_6_messages_go_with_their_conversation,
    chatai_7_reactions_go_with_their_message,
];

async fn count(world: &World, table: &str) -> i64 {
    world.database.number(&format!("SELECT COUNT(*) FROM {table}")).await
}

/// Alice made a group with Bob, wrote in it, and reacted to what he wrote, as he did to what she wrote.
async fn conversation(world: &World) -> ([User; 2], String, [Sent; 2]) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let (hers, his) = (alice.send(&group, "hello").await, bob.send(&group, "hello yourself").await);
    alice.react(&his, "👍").await;
    bob.react(&hers, "🎉").await;
    ([alice, bob], group, [hers, his])
}

/// Chirper: "users → sessions: One-to-many relationship (indexed for performance)". It says nothing of deletion; here they go, with
/// their tokens.
async fn chirper_2_sessions_go_with_their_account(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let again = world.anonymous.sign_in("alice").await;
    assert_eq!((count(&world, "user_sessions").await, count(&world, "refresh_tokens").await), (3, 3));
    deleted(&world, &alice).await;
    assert_eq!((count(&world, "user_sessions").await, count(&world, "refresh_tokens").await), (1, 1));
    assert!(!alice.is_signed_in().await && !again.is_signed_in().await && bob.is_signed_in().await);
}

/// Chirper: "users → password_reset_tokens: One-to-one relationship via email".
async fn chirper_3_a_password_reset_goes_with_the_account_of_its_address(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    for (user, twice) in [(&alice, 2), (&bob, 1)] {
        for number in 1..=twice {
            let request = json!({ "email": user.email() });
            world.anonymous.mutate("passwordResetRequest", request, "").await.ok("/passwordResetRequest/errors");
            world.server.mail_to(&user.email(), RESET, number).await;
        }
    }
    assert_eq!(count(&world, "password_reset_tokens").await, 2, "one for each address");
    let code = world.server.mail_to(&alice.email(), RESET, 2).await.code();
    deleted(&world, &alice).await;
    assert_eq!(count(&world, "password_reset_tokens").await, 1);
    let input = json!({ "token": code, "newPassword": "another long secret" });
    let answer = world.anonymous.mutate("passwordReset", input, "user { id }").await;
    answer.refused("passwordReset", "WRONG_CREDENTIALS", &["token"]);
}

/// ChatAI: `users` → `conversations`, created_by: SET NULL.
async fn chatai_1_a_conversation_stays_without_who_made_it(world: World) {
    let ([alice, bob], group, _) = conversation(&world).await;
    assert_eq!(bob.thread(&group).await["createdBy"]["id"], alice.id.as_str());
    deleted(&world, &alice).await;
    let thread = bob.thread(&group).await;
    assert_eq!((&thread["id"], &thread["createdBy"]), (&json!(group), &Value::Null));
}

/// ChatAI: `users` → `participants`, user_id: CASCADE. They leave first, as anybody would: so counts and streams are right, and
/// somebody else becomes the group's admin.
async fn chatai_2_participations_go_with_their_account(world: World) {
    let ([alice, bob], group, _) = conversation(&world).await;
    deleted(&world, &alice).await;
    assert_eq!(count(&world, "thread_participants").await, 1);
    let there = bob.participants(&group).await;
    assert_eq!((there.len(), &there[0]["user"]["id"], &there[0]["role"]), (1, &json!(bob.id), &json!("ADMIN")));
    assert_eq!(bob.thread(&group).await["participantCount"], 1);
}

/// ChatAI: `users` → `messages`, sender_id: SET NULL (preserve messages if sender deleted).
async fn chatai_3_messages_stay_without_their_sender(world: World) {
    let ([alice, bob], _, [hers, his]) = conversation(&world).await;
    deleted(&world, &alice).await;
    let select = "content sender { id }";
    assert_eq!(bob.message(&hers.id, select).await, json!({ "content": "hello", "sender": null }));
    let own = json!({ "content": "hello yourself", "sender": { "id": bob.id } });
    assert_eq!(bob.message(&his.id, select).await, own);
}

/// ChatAI: `users` → `message_reactions`, user_id: CASCADE. They are taken back first, so that whoever watches sees them go.
async fn chatai_4_reactions_go_with_their_account(world: World) {
    let ([alice, bob], _, [hers, his]) = conversation(&world).await;
    deleted(&world, &alice).await;
    let select = "reactions { emoji count }";
    assert_eq!(bob.message(&his.id, select).await["reactions"], json!([]));
    assert_eq!(bob.message(&hers.id, select).await["reactions"], json!([{ "emoji": "🎉", "count": 1 }]));
    assert_eq!(count(&world, "message_reactions").await, 1);
}

/// ChatAI: `conversations` → `participants`, conversation_id: CASCADE. Decided otherwise: nobody deletes a conversation, it is
/// archived, and left. Should an operator delete its row, what hangs on it goes.
async fn chatai_5_participants_go_with_their_conversation(world: World) {
    let ([alice, bob], group, _) = conversation(&world).await;
    let other = world.direct(&alice, &bob).await;
    alice.archive(&group).await;
    assert_eq!(bob.participants(&group).await.len(), 2, "an archived one keeps them");
    world.database.execute("DELETE FROM threads WHERE kind = 'group'").await;
    assert_eq!(count(&world, "thread_participants").await, 2);
    assert_eq!(
        (alice.thread(&group).await, bob.thread(&other).await["participantCount"].clone()),
        (Value::Null, json!(2))
    );
}

/// ChatAI: `conversations` → `messages`, conversation_id: CASCADE. Decided otherwise, as above.
async fn chatai_6_messages_go_with_their_conversation(world: World) {
    let ([alice, bob], group, [hers, his]) = conversation(&world).await;
    let other = world.direct(&alice, &bob).await;
    let stays = alice.send(&other, "and this stays").await;
    alice.archive(&group).await;
    assert_eq!(bob.history(&group).await.len(), 2, "an archived one keeps them");
    world.database.execute("DELETE FROM threads WHERE kind = 'group'").await;
    assert_eq!((count(&world, "messages").await, count(&world, "message_reactions").await), (1, 0));
    for gone in [&hers, &his] {
        assert_eq!(bob.message(&gone.id, "content").await, Value::Null);
    }
    assert_eq!(bob.message(&stays.id, "content").await["content"], "and this stays");
}

/// ChatAI: `messages` → `message_reactions`, message_id: CASCADE. A message that is deleted keeps its place, and nothing else.
async fn chatai_7_reactions_go_with_their_message(world: World) {
    let ([alice, bob], _, [hers, his]) = conversation(&world).await;
    alice.delete(&hers).await;
    let left = bob.message(&hers.id, "content deletedAt reactions { emoji }").await;
    assert_eq!((&left["content"], &left["reactions"]), (&Value::Null, &json!([])));
    assert!(left["deletedAt"].is_string(), "{left}");
    assert_eq!(count(&world, "message_reactions").await, 1);
    assert_eq!(bob.message(&his.id, "reactions { emoji }").await["reactions"], json!([{ "emoji": "👍" }]));
    // And where the row itself goes.
    world.database.execute("DELETE FROM messages").await;
    assert_eq!(count(&world, "message_reactions").await, 0);
}
