//! What becomes of invitations when those who made them are no longer there to invite.

use serde_json::{Value, json};
use tests::account::PASSWORD;
use tests::{User, World, claims, eventually};

claims![
    an_invitation_is_good_while_its_maker_manages_the_group,
    an_invitation_rests_while_its_maker_is_suspended,
    an_invitation_goes_with_the_account_that_made_it,
    what_has_ended_is_removed,
];

async fn is_good(user: &User, code: &str) -> bool {
    user.preview(code).await != Value::Null
}

async fn an_invitation_is_good_while_its_maker_manages_the_group(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob]).await;
    alice.set_role(&group, &bob, "ADMIN").await;
    let code = bob.invite(&group).await;
    assert!(is_good(&carol, &code).await);
    alice.set_role(&group, &bob, "MEMBER").await;
    assert!(!is_good(&carol, &code).await);
    carol.try_accept(&code).await.refused("threadInvitationAccept", "NOT_FOUND", &["code"]);
    alice.set_role(&group, &bob, "ADMIN").await;
    assert!(is_good(&carol, &code).await);
    bob.leave(&group).await;
    carol.try_accept(&code).await.refused("threadInvitationAccept", "NOT_FOUND", &["code"]);
    alice.add(&group, &bob).await;
    alice.set_role(&group, &bob, "ADMIN").await;
    carol.accept(&code).await;
}

async fn an_invitation_rests_while_its_maker_is_suspended(world: World) {
    let [alice, bob, carol, ada] = world.users(["alice", "bob", "carol", "ada"]).await;
    world.grant_admin("ada").await;
    let group = world.group(&alice, &[&bob]).await;
    let code = alice.invite(&group).await;
    ada.mutate("userSuspend", json!({ "id": alice.id }), "").await.ok("/userSuspend");
    assert!(!is_good(&carol, &code).await);
    carol.try_accept(&code).await.refused("threadInvitationAccept", "NOT_FOUND", &["code"]);
    ada.mutate("userUnsuspend", json!({ "id": alice.id }), "").await.ok("/userUnsuspend");
    carol.accept(&code).await;
}

async fn an_invitation_goes_with_the_account_that_made_it(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let code = alice.invite(&group).await;
    alice.mutate("accountDelete", json!({ "password": PASSWORD }), "").await.data();
    carol.try_accept(&code).await.refused("threadInvitationAccept", "NOT_FOUND", &["code"]);
    let left = async || {
        let count = world.database.number("SELECT COUNT(*) FROM thread_invitations").await;
        (count == 0).then_some(())
    };
    eventually("the invitation to be gone", left).await;
    carol.try_accept(&code).await.refused("threadInvitationAccept", "NOT_FOUND", &["code"]);
}

async fn what_has_ended_is_removed(world: World) {
    let alice = world.user("alice").await;
    let group = world.group(&alice, &[]).await;
    alice.invite(&group).await;
    let past = "UPDATE thread_invitations SET expires_at = '2001-01-01T00:00:00+00:00'";
    world.database.execute(past).await;
    alice.invite(&group).await;
    world.server.remove_expired().await;
    let left = async || {
        let left = alice.invitations(&group, "first: 10").await;
        (left["nodes"].as_array().unwrap().len() == 1).then_some(())
    };
    eventually("what has ended to be gone", left).await;
}
