//! The audit log as an account's owner reads it.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::account::SESSION;
use tests::{World, claims, eventually};

claims![
    what_is_done_to_an_account_is_in_its_log,
    who_failed_to_sign_in_is_nobody_known,
    one_reads_ones_own_log_only,
    the_log_is_paged_from_either_end,
    the_log_is_only_ever_added_to,
];

async fn what_is_done_to_an_account_is_in_its_log(world: World) {
    let alice = world.user("alice").await;
    let again = world.anonymous.sign_in("alice").await;
    alice.revoke_session(Some(&again.session)).await.ok("/sessionRevoke/revokedId");
    // What changes nothing is no line.
    alice.revoke_session(Some(&again.session)).await.ok("/sessionRevoke/revokedId");
    let log = alice.audit_log().await;
    let actions: Vec<_> = log.iter().map(|line| line["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["SESSION_REVOKE", "SIGN_IN", "ACCOUNT_CREATE"]);
    let me = json!({ "id": alice.id });
    for line in &log {
        assert_eq!((&line["userId"], &line["user"], &line["actor"]), (&json!(alice.id), &me, &me), "{line}");
        assert_eq!(line["ipAddress"], "127.0.0.1", "{line}");
    }
    assert!(log.windows(2).all(|two| two[0]["createdAt"].as_str() >= two[1]["createdAt"].as_str()), "{log:?}");
}

async fn who_failed_to_sign_in_is_nobody_known(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let input = json!({ "login": "alice", "password": "not the password" });
    // Whoever is signed in while they guess is not said to be the one who guessed, and does not read it either.
    bob.mutate("sessionCreate", input, SESSION).await.refused_with("sessionCreate", "WRONG_CREDENTIALS");
    let line = eventually("the failure to be written", async || {
        alice.audit_log().await.into_iter().find(|line| line["action"] == "SIGN_IN_FAILURE")
    })
    .await;
    assert_eq!((&line["actor"], &line["ipAddress"]), (&Value::Null, &json!("127.0.0.1")));
    assert_eq!(bob.audited().await, ["ACCOUNT_CREATE"]);
}

async fn one_reads_ones_own_log_only(world: World) {
    let [alice, mallory] = world.users(["alice", "mallory"]).await;
    let guest = world.guest("visitor").await;
    for user in [&alice, &mallory, &guest] {
        let log = user.audit_log().await;
        assert!(!log.is_empty() && log.iter().all(|line| line["userId"] == user.id.as_str()), "{log:?}");
    }
    // A cursor of another's log is a place in one's own, at which there is only one's own.
    let page = "query($before: Cursor, $after: Cursor) { viewer { \
        auditLog(before: $before, after: $after) { nodes { userId } pageInfo { startCursor } } } }";
    let cursor = alice.graphql(page, json!({})).await.text("/viewer/auditLog/pageInfo/startCursor");
    for side in ["before", "after"] {
        let answer = mallory.graphql(page, json!({ side: cursor })).await;
        assert!(!answer.data().to_string().contains(&alice.id), "{}", answer.json);
    }
    assert_eq!(world.anonymous.graphql(page, json!({})).await.data(), &json!({ "viewer": null }));
}

async fn the_log_is_paged_from_either_end(world: World) {
    let alice = world.user("alice").await;
    join_all((0..6).map(|_| world.anonymous.sign_in("alice"))).await;
    let page = "query($first: Int, $after: Cursor, $last: Int, $before: Cursor) { viewer { \
        auditLog(first: $first, after: $after, last: $last, before: $before) { edges { cursor node { id } } \
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }";
    let ask = async |arguments: Value| {
        let answer = alice.graphql(page, arguments).await;
        let ids: Vec<_> = answer.list("/viewer/auditLog/edges").iter().map(|edge| edge["node"]["id"].clone()).collect();
        (ids, answer.ok("/viewer/auditLog/pageInfo").clone())
    };
    let (all, _) = ask(json!({ "first": 100 })).await;
    assert_eq!(all.len(), 7);
    let (mut walked, mut after) = (Vec::new(), Value::Null);
    loop {
        let (ids, info) = ask(json!({ "first": 3, "after": after })).await;
        walked.extend(ids);
        after = info["endCursor"].clone();
        if info["hasNextPage"] == false {
            break;
        }
    }
    assert_eq!(walked, all);
    let (mut walked, mut before) = (Vec::new(), Value::Null);
    loop {
        let (ids, info) = ask(json!({ "last": 2, "before": before })).await;
        walked.splice(0..0, ids);
        before = info["startCursor"].clone();
        if info["hasPreviousPage"] == false {
            break;
        }
    }
    assert_eq!(walked, all);
    for arguments in [json!({ "first": 0 }), json!({ "first": 101 }), json!({ "first": 1, "last": 1 })] {
        alice.graphql(page, arguments).await.failed("INVALID");
    }
    let users = alice.graphql("{ users(first: 1) { pageInfo { endCursor } } }", Value::Null).await;
    alice.graphql(page, json!({ "after": users.text("/users/pageInfo/endCursor") })).await.failed("INVALID");
}

async fn the_log_is_only_ever_added_to(world: World) {
    world.server.record_statements().await;
    let alice = world.user("alice").await;
    let again = world.anonymous.sign_in("alice").await;
    alice.revoke_session(Some(&again.session)).await.ok("/sessionRevoke/revokedId");
    alice.audit_log().await;
    let statements = world.server.statements().await;
    let of_log: Vec<_> = statements.iter().filter(|one| one.sql.contains("audit_log")).collect();
    assert!(of_log.len() >= 4, "{of_log:?}");
    let plain = |sql: &str| sql.starts_with("INSERT") || sql.starts_with("SELECT");
    assert!(of_log.iter().all(|one| plain(&one.sql)), "{of_log:?}");
}
