//! Administrators: how an account becomes one's, whom they suspend, and what they see and don't.

mod leaving;

use std::process::Output;

use futures_util::future::join;
use serde_json::{Value, json};
use tests::account::{PASSWORD, SESSION};
use tests::id::absent;
use tests::{Answer, Events, Frame, User, World, claims};

claims![
    whoever_runs_the_server_makes_administrators,
    the_last_administrator_goes_only_if_that_is_said,
    a_suspended_account_is_out_everywhere,
    a_lifted_suspension_lets_in_again,
    only_administrators_suspend,
    nobody_suspends_themselves,
    of_two_administrators_who_suspend_each_other_one_stays,
    who_is_no_administrator_any_more_does_nothing_on_an_open_socket,
    administrators_read_the_log_of_anybody,
    administrators_read_nothing_that_others_keep_to_themselves,
];

const LOG: &str = "query($user: ID, $first: Int, $after: Cursor) { viewer { administration { \
    auditLog(userId: $user, first: $first, after: $after) { nodes { id action userId user { username } actor { username } ipAddress } \
    pageInfo { hasNextPage endCursor } } } } }";

async fn suspend(user: &User, id: &str) -> Answer {
    user.mutate("userSuspend", json!({ "id": id }), "user { id } suspendedAt").await
}

async fn unsuspend(user: &User, id: &str) -> Answer {
    user.mutate("userUnsuspend", json!({ "id": id }), "user { id }").await
}

/// Two accounts, the first of which is an administrator's.
async fn administrator_and(world: &World, other: &str) -> [User; 2] {
    let users = world.users(["root", other]).await;
    world.grant_admin("root").await;
    users
}

async fn administers(user: &User) -> bool {
    let answer = user.graphql("{ viewer { administration { __typename } } }", Value::Null).await;
    !answer.ok("/viewer/administration").is_null()
}

#[track_caller]
fn said(output: &Output, success: bool, words: &str) {
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.success(), success, "{text}");
    assert!(text.contains(words), "{text}");
}

async fn whoever_runs_the_server_makes_administrators(world: World) {
    let [alice, bob] = world.users(["Alice", "bob"]).await;
    world.guest("visitor").await;
    assert!(!administers(&alice).await);
    // Beside the server that runs, and on the session that is signed in.
    said(&world.command(&["user", "grant-admin", "aLICE"]).await, true, "is an administrator now");
    assert!(administers(&alice).await && !administers(&bob).await);
    said(&world.command(&["user", "grant-admin", "alice"]).await, true, "already");
    for (name, why) in [("nobody", "no such account"), ("visitor", "person"), ("a\u{1}b", "no such account")] {
        said(&world.command(&["user", "grant-admin", name]).await, false, why);
    }
    said(&world.command(&["user", "grant-admin", "bob"]).await, true, "now");
    said(&world.command(&["user", "revoke-admin", "alice"]).await, true, "no administrator any more");
    said(&world.command(&["user", "revoke-admin", "alice"]).await, true, "was no administrator");
    said(&world.command(&["user", "revoke-admin", "nobody"]).await, false, "no such account");
    assert!(!administers(&alice).await && administers(&bob).await);
    let log = alice.audit_log().await;
    let actions: Vec<_> = log.iter().map(|line| line["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["ADMIN_REVOKE", "ADMIN_GRANT", "ACCOUNT_CREATE"], "what changes nothing is no line");
    assert_eq!((&log[0]["actor"], &log[0]["ipAddress"]), (&Value::Null, &Value::Null));
}

async fn the_last_administrator_goes_only_if_that_is_said(world: World) {
    let [root, alice] = administrator_and(&world, "alice").await;
    said(&world.command(&["user", "revoke-admin", "root"]).await, false, "the last administrator");
    assert!(administers(&root).await);
    // One who may not sign in does not count.
    world.grant_admin("alice").await;
    suspend(&root, &alice.id).await.ok("/userSuspend/user/id");
    said(&world.command(&["user", "revoke-admin", "root"]).await, false, "the last administrator");
    said(&world.command(&["user", "revoke-admin", "root", "--even-the-last"]).await, true, "no administrator any more");
    assert!(!administers(&root).await);
}

async fn a_suspended_account_is_out_everywhere(world: World) {
    let [root, alice] = administrator_and(&world, "alice").await;
    let (again, key) = (world.anonymous.sign_in("alice").await, alice.create_key(&["READ", "WRITE"]).await.user);
    let room = world.room_of(&root, &[&alice]).await;
    let sent = alice.send(&room, "what is written stays").await;
    let sockets = [world.socket(&alice).await, world.socket(&again).await, world.socket(&key).await];
    let mut stream = sockets[0].messages(&room, None).await;
    let of_root = world.socket(&root).await;
    let watch = "subscription { inboxChanges { __typename } }";
    let mut events = Events::ask(&world.server, Some(&key.token), watch, Value::Null).await;
    assert!(matches!(events.next().await, Frame::Next(_)));
    let answer = suspend(&root, &alice.id).await;
    assert_eq!(answer.text("/userSuspend/user/id"), alice.id);
    let since = answer.text("/userSuspend/suspendedAt");
    assert_eq!(stream.closed().await, 4403);
    for socket in &sockets {
        assert_eq!(socket.closed().await, 4403);
    }
    while !matches!(events.next().await, Frame::Complete) {}
    for user in [&alice, &again, &key] {
        assert!(!user.is_signed_in().await);
        assert!(!user.try_send(&room, "hello?").await.json["errors"].is_null());
    }
    for user in [&alice, &again] {
        let refresh = json!({ "refreshToken": user.refresh_token });
        world.anonymous.mutate("sessionRefresh", refresh, SESSION).await.refused_with("sessionRefresh", "EXPIRED");
    }
    // Whether the password is right is not told.
    for password in [PASSWORD, "not the password"] {
        let input = json!({ "login": "alice", "password": password });
        let answer = world.anonymous.mutate("sessionCreate", input, SESSION).await;
        answer.refused("sessionCreate", "WRONG_CREDENTIALS", &["login"]);
    }
    of_root.subscribe("{ __typename }", Value::Null).await.next().await;
    assert_eq!(root.message(&sent.id, "sender { id }").await["sender"]["id"], alice.id.as_str());
    // Once more changes nothing, and says since when.
    assert_eq!(suspend(&root, &alice.id).await.text("/userSuspend/suspendedAt"), since);
    let log = root.graphql(LOG, json!({ "user": alice.id, "first": 3 })).await;
    let lines = log.list("/viewer/administration/auditLog/nodes");
    let suspensions: Vec<_> = lines.iter().filter(|line| line["action"] == "SUSPEND").collect();
    assert_eq!((suspensions.len(), &suspensions[0]["actor"]["username"]), (1, &json!("root")), "{lines:?}");
}

async fn a_lifted_suspension_lets_in_again(world: World) {
    let [root, alice] = administrator_and(&world, "alice").await;
    let key = alice.create_key(&["READ"]).await.user;
    suspend(&root, &alice.id).await.ok("/userSuspend/user/id");
    assert!(!key.is_signed_in().await);
    assert_eq!(unsuspend(&root, &alice.id).await.text("/userUnsuspend/user/id"), alice.id);
    unsuspend(&root, &alice.id).await.ok("/userUnsuspend/user/id");
    let again = world.anonymous.sign_in("alice").await;
    assert!(again.is_signed_in().await && key.is_signed_in().await);
    assert!(!alice.is_signed_in().await, "a session that has ended stays so");
    let refresh = json!({ "refreshToken": alice.refresh_token });
    world.anonymous.mutate("sessionRefresh", refresh, SESSION).await.refused_with("sessionRefresh", "EXPIRED");
    let log = again.audit_log().await;
    let told: Vec<_> = log.iter().map(|line| (line["action"].as_str().unwrap(), &line["ipAddress"])).collect();
    let home = &json!("127.0.0.1");
    // From where an administrator did it is not told to whom it was done.
    let null = &Value::Null;
    assert_eq!(told[..3], [("SIGN_IN", home), ("UNSUSPEND", null), ("SUSPEND", null)]);
    assert_eq!(log[1]["actor"]["id"], root.id.as_str());
}

async fn only_administrators_suspend(world: World) {
    let [root, alice] = administrator_and(&world, "alice").await;
    let [bob, guest] = [world.user("bob").await, world.guest("visitor").await];
    for user in [&bob, &guest, &alice] {
        for id in [&alice.id, &root.id, &absent(&alice.id)] {
            suspend(user, id).await.refused("userSuspend", "FORBIDDEN", &["id"]);
            unsuspend(user, id).await.refused("userUnsuspend", "FORBIDDEN", &["id"]);
        }
    }
    for scopes in [&["READ"][..], &["READ", "WRITE"]] {
        let key = root.create_key(scopes).await.user;
        suspend(&key, &alice.id).await.failed("FORBIDDEN");
        assert!(!administers(&key).await);
    }
    let answer = world.anonymous.mutate("userSuspend", json!({ "id": alice.id }), "user { id }").await;
    answer.failed("UNAUTHENTICATED");
    suspend(&root, &absent(&alice.id)).await.refused("userSuspend", "NOT_FOUND", &["id"]);
    unsuspend(&root, &absent(&alice.id)).await.refused("userUnsuspend", "NOT_FOUND", &["id"]);
    suspend(&root, &alice.session).await.refused("userSuspend", "INVALID", &["id"]);
    assert!(alice.is_signed_in().await && root.is_signed_in().await);
}

async fn nobody_suspends_themselves(world: World) {
    let [root, _] = administrator_and(&world, "alice").await;
    suspend(&root, &root.id).await.refused("userSuspend", "FORBIDDEN", &["id"]);
    assert!(root.is_signed_in().await && administers(&root).await);
}

async fn of_two_administrators_who_suspend_each_other_one_stays(world: World) {
    let [first, second] = administrator_and(&world, "second").await;
    world.grant_admin("second").await;
    let _ = join(suspend(&first, &second.id), suspend(&second, &first.id)).await;
    let (one, other) = (first.is_signed_in().await, second.is_signed_in().await);
    assert!(one != other, "{one} and {other}");
}

async fn who_is_no_administrator_any_more_does_nothing_on_an_open_socket(world: World) {
    let [root, alice] = administrator_and(&world, "alice").await;
    let socket = world.socket(&root).await;
    let ask = async |document: &str| {
        let Frame::Next(payload) = socket.subscribe(document, Value::Null).await.next().await else {
            panic!("an answer is expected")
        };
        payload["data"].clone()
    };
    let look = "{ viewer { administration { auditLog { nodes { id } } } } }";
    assert!(!ask(look).await["viewer"]["administration"].is_null());
    said(&world.command(&["user", "revoke-admin", "root", "--even-the-last"]).await, true, "no administrator any more");
    assert!(ask(look).await["viewer"]["administration"].is_null());
    let suspend =
        format!("mutation {{ userSuspend(input: {{ id: \"{}\" }}) {{ user {{ id }} errors {{ code }} }} }}", alice.id);
    assert_eq!(ask(&suspend).await["userSuspend"], json!({ "user": null, "errors": [{ "code": "FORBIDDEN" }] }));
    assert!(alice.is_signed_in().await);
}

async fn administrators_read_the_log_of_anybody(world: World) {
    let [root, alice] = administrator_and(&world, "alice").await;
    let bob = world.user("bob").await;
    world.anonymous.sign_in("alice").await;
    let read = async |arguments: Value| {
        let answer = root.graphql(LOG, arguments).await;
        answer.list("/viewer/administration/auditLog/nodes").clone()
    };
    let of_alice = read(json!({ "user": alice.id })).await;
    let actions: Vec<_> = of_alice.iter().map(|line| line["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["SIGN_IN", "ACCOUNT_CREATE"]);
    assert!(of_alice.iter().all(|line| line["userId"] == alice.id.as_str() && line["ipAddress"] == "127.0.0.1"));
    let all = read(json!({})).await;
    for user in [&root, &alice, &bob] {
        assert!(all.iter().any(|line| line["userId"] == user.id.as_str()), "{all:?}");
    }
    let (mut walked, mut after) = (Vec::new(), Value::Null);
    loop {
        let page = root.graphql(LOG, json!({ "first": 2, "after": after })).await;
        walked.extend(page.list("/viewer/administration/auditLog/nodes").clone());
        after = page.ok("/viewer/administration/auditLog/pageInfo/endCursor").clone();
        if page.ok("/viewer/administration/auditLog/pageInfo/hasNextPage") == false {
            break;
        }
    }
    assert_eq!(walked, all);
    assert!(read(json!({ "user": absent(&alice.id) })).await.is_empty());
    root.graphql(LOG, json!({ "user": alice.session })).await.failed("INVALID");
    for user in [&alice, &bob] {
        let answer = user.graphql(LOG, json!({ "user": alice.id })).await;
        assert_eq!(answer.data(), &json!({ "viewer": { "administration": null } }));
    }
}

async fn administrators_read_nothing_that_others_keep_to_themselves(world: World) {
    let [root, alice] = administrator_and(&world, "alice").await;
    let bob = world.user("bob").await;
    let (direct, group) = (world.direct(&alice, &bob).await, world.group(&alice, &[&bob]).await);
    for thread in [&direct, &group] {
        let sent = alice.send(thread, "a canary").await;
        for id in [thread, &sent.id] {
            let node = root.graphql("query($id: ID!) { node(id: $id) { id } }", json!({ "id": id })).await;
            assert!(node.ok("/node").is_null(), "{}", node.json);
        }
        let events = root.graphql("query($id: ID!) { thread(id: $id) { id } }", json!({ "id": thread })).await;
        assert!(events.ok("/thread").is_null());
        root.try_send(thread, "hello").await.refused_with("messageSend", "NOT_FOUND");
    }
    let own = "{ viewer { email sessions { nodes { id } } devices { nodes { id } } apiKeys { nodes { id } } \
        auditLog { nodes { userId } } threads { nodes { id } } } }";
    alice.create_key(&["READ"]).await;
    let seen = root.graphql(own, Value::Null).await.data().to_string();
    assert!(!seen.contains(&alice.session) && !seen.contains(&alice.id) && !seen.contains("key_"), "{seen}");
}
