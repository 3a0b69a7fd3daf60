//! Devices: recognised by an id that the client keeps, listed, renamed, and forgotten with their sessions.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::account::{PASSWORD, SESSION};
use tests::id::{absent, with_prefix};
use tests::{Engine, Socket, User, World, claims, eventually};

claims![
    a_device_is_recognised_by_the_id_that_its_client_keeps,
    whoever_signs_up_or_comes_as_a_guest_has_a_device_too,
    the_same_id_is_another_device_of_another_account,
    a_known_device_keeps_its_name_and_takes_a_new_push_token,
    a_device_is_renamed_and_stops_receiving,
    a_device_that_is_removed_ends_its_sessions,
    a_device_of_another_is_not_found,
    what_a_client_says_of_its_device_is_checked,
    sign_ins_at_once_on_one_new_device_make_one,
    what_a_client_keeps_is_stored_as_a_hash_only,
    when_a_device_was_last_used_is_written,
    devices_are_paged,
    a_new_device_is_told_to_the_accounts_address,
    an_address_that_nobody_has_proved_is_told_of_no_device,
    a_device_that_is_not_used_makes_room_for_a_new_one,
    on_more_devices_than_there_may_be_the_one_unseen_for_the_longest_is_signed_out,
];

const LIST: &str = "query($first: Int, $after: Cursor) { viewer { devices(first: $first, after: $after) { \
    nodes { id name platform receivesPush lastSeenAt createdAt isCurrent } pageInfo { hasNextPage endCursor } } \
    session { id device { id name isCurrent } } \
    sessions { nodes { id device { id name isCurrent } } } } }";

/// A device as a client says it.
fn device(number: usize) -> Value {
    json!({ "id": format!("kept-by-its-client-{number}"), "name": format!("Telephone {number}"), "platform": "test" })
}

/// The devices that a user sees.
async fn devices(user: &User) -> Vec<Value> {
    user.graphql(LIST, json!({})).await.list("/viewer/devices/nodes").clone()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

async fn a_device_is_recognised_by_the_id_that_its_client_keeps(world: World) {
    let alice = world.user("alice").await;
    let first = world.anonymous.sign_in_on("alice", device(1)).await;
    let again = world.anonymous.sign_in_on("alice", device(1)).await;
    let other = world.anonymous.sign_in_on("alice", device(2)).await;
    let answer = again.graphql(LIST, json!({})).await;
    let known = answer.list("/viewer/devices/nodes");
    let names: Vec<_> = known.iter().map(|one| (text(&one["name"]), one["isCurrent"] == true)).collect();
    assert_eq!(names, [("Telephone 2", false), ("Telephone 1", true)]);
    assert!(text(&known[0]["id"]).starts_with("dev_") && !answer.json.to_string().contains("kept-by-its-client"));
    let sessions = answer.list("/viewer/sessions/nodes");
    let on: Vec<_> = sessions.iter().map(|one| (text(&one["id"]), one["device"]["id"].as_str())).collect();
    let (one, two) = (known[1]["id"].as_str(), known[0]["id"].as_str());
    assert_eq!(on, [(&*other.session, two), (&*again.session, one), (&*first.session, one), (&*alice.session, None)]);
    assert_eq!(
        answer.ok("/viewer/session"),
        &json!({ "id": again.session, "device": { "id": one, "name": "Telephone 1", "isCurrent": true } })
    );
    let lines = alice.audited().await;
    assert_eq!(lines.iter().filter(|line| *line == "DEVICE_ADD").count(), 2, "{lines:?}");
    // Whoever refreshes is on the device still.
    let refreshed = world.anonymous.refresh(&first.refresh_token).await;
    assert_eq!(refreshed.graphql(LIST, json!({})).await.ok("/viewer/session/device/id").as_str(), one);
}

async fn whoever_signs_up_or_comes_as_a_guest_has_a_device_too(world: World) {
    let select = format!("{SESSION} s: session {{ device {{ name platform isCurrent }} }}");
    let sign_up =
        json!({ "username": "alice", "email": "alice@example.org", "password": PASSWORD, "device": device(1) });
    let sign_in = json!({ "login": "alice", "password": PASSWORD, "device": device(1) });
    let come = json!({ "username": "visitor", "device": device(1) });
    for (mutation, input) in [("accountCreate", sign_up), ("sessionCreate", sign_in), ("sessionCreateGuest", come)] {
        let answer = world.anonymous.mutate(mutation, input, &select).await;
        let expected = json!({ "name": "Telephone 1", "platform": "test", "isCurrent": true });
        assert_eq!(answer.ok(&format!("/{mutation}/s/device")), &expected);
        assert_eq!(devices(&world.anonymous.signed_in(mutation, &answer)).await.len(), 1);
    }
}

async fn the_same_id_is_another_device_of_another_account(world: World) {
    world.users(["alice", "bob"]).await;
    let alice = world.anonymous.sign_in_on("alice", device(1)).await;
    let bob = world.anonymous.sign_in_on("bob", device(1)).await;
    let (hers, his) = (devices(&alice).await, devices(&bob).await);
    assert_eq!((hers.len(), his.len()), (1, 1));
    assert_ne!(hers[0]["id"], his[0]["id"]);
}

async fn a_known_device_keeps_its_name_and_takes_a_new_push_token(world: World) {
    world.user("alice").await;
    let alice = world.anonymous.sign_in_on("alice", device(1)).await;
    let id = text(&devices(&alice).await[0]["id"]).to_owned();
    rename(&alice, &id, "Mine").await;
    let mut again = device(1);
    again["pushToken"] = json!("where to push");
    again["name"] = json!("Telephone, again");
    world.anonymous.sign_in_on("alice", again).await;
    let known = devices(&alice).await;
    assert_eq!((known.len(), &known[0]["name"], &known[0]["receivesPush"]), (1, &json!("Mine"), &json!(true)));
    // One that says nothing of it changes nothing of it.
    world.anonymous.sign_in_on("alice", json!({ "id": device(1)["id"], "name": "x" })).await;
    let known = devices(&alice).await;
    assert_eq!((&known[0]["platform"], &known[0]["receivesPush"]), (&json!("test"), &json!(true)));
}

async fn rename(user: &User, id: &str, name: &str) {
    let answer = user.mutate("deviceUpdate", json!({ "id": id, "name": name }), "device { id name }").await;
    assert_eq!(answer.ok("/deviceUpdate/device"), &json!({ "id": id, "name": name }));
}

async fn a_device_is_renamed_and_stops_receiving(world: World) {
    world.user("alice").await;
    let alice = world.anonymous.sign_in_on("alice", device(1)).await;
    let id = text(&devices(&alice).await[0]["id"]).to_owned();
    rename(&alice, &id, "Küche ☎").await;
    for (token, receives) in [(json!("x".repeat(4096)), true), (Value::Null, false)] {
        let input = json!({ "id": id, "pushToken": token });
        let answer = alice.mutate("deviceUpdate", input, "device { name receivesPush isCurrent }").await;
        let expected = json!({ "name": "Küche ☎", "receivesPush": receives, "isCurrent": true });
        assert_eq!(answer.ok("/deviceUpdate/device"), &expected);
    }
    for (input, code, field) in [
        (json!({ "id": id, "name": " " }), "BLANK", "name"),
        (json!({ "id": id, "name": null }), "BLANK", "name"),
        (json!({ "id": id, "name": "x".repeat(101) }), "TOO_LONG", "name"),
        (json!({ "id": id, "name": "a\u{0}b" }), "INVALID", "name"),
        (json!({ "id": id, "pushToken": "x".repeat(4097) }), "TOO_LONG", "pushToken"),
        (json!({ "id": id, "pushToken": "a\u{0}b" }), "INVALID", "pushToken"),
        (json!({ "id": alice.session, "name": "x" }), "INVALID", "id"),
    ] {
        alice.mutate("deviceUpdate", input, "device { id }").await.refused("deviceUpdate", code, &[field]);
    }
}

async fn a_device_that_is_removed_ends_its_sessions(world: World) {
    let alice = world.user("alice").await;
    let on_it =
        [world.anonymous.sign_in_on("alice", device(1)).await, world.anonymous.sign_in_on("alice", device(1)).await];
    let elsewhere = world.anonymous.sign_in_on("alice", device(2)).await;
    let sockets = [world.socket(&on_it[0]).await, world.socket(&on_it[1]).await];
    let stays = world.socket(&elsewhere).await;
    let id = text(&devices(&alice).await[1]["id"]).to_owned();
    let answer = alice.mutate("deviceRemove", json!({ "id": id }), "removedId").await;
    assert_eq!(answer.text("/deviceRemove/removedId"), id);
    for (user, socket) in on_it.iter().zip(&sockets) {
        assert_eq!(socket.closed().await, 4403);
        assert!(!user.is_signed_in().await);
        let refresh = json!({ "refreshToken": user.refresh_token });
        world.anonymous.mutate("sessionRefresh", refresh, SESSION).await.refused_with("sessionRefresh", "EXPIRED");
    }
    assert!(alice.is_signed_in().await && elsewhere.is_signed_in().await);
    stays.subscribe("{ __typename }", Value::Null).await.next().await;
    assert_eq!(devices(&alice).await.len(), 1);
    assert_eq!(alice.audited().await[0], "DEVICE_REMOVE");
    alice.mutate("deviceRemove", json!({ "id": id }), "removedId").await.refused("deviceRemove", "NOT_FOUND", &["id"]);
    // It may come back, and is new then.
    world.anonymous.sign_in_on("alice", device(1)).await;
    assert_eq!(alice.audited().await[..2], ["SIGN_IN", "DEVICE_ADD"]);
    // One may remove what one sits at.
    let own = text(&devices(&elsewhere).await[1]["id"]).to_owned();
    elsewhere.mutate("deviceRemove", json!({ "id": own }), "removedId").await.ok("/deviceRemove/removedId");
    assert!(!elsewhere.is_signed_in().await);
}

async fn a_device_of_another_is_not_found(world: World) {
    let [_, mallory] = world.users(["alice", "mallory"]).await;
    let alice = world.anonymous.sign_in_on("alice", device(1)).await;
    let hers = text(&devices(&alice).await[0]["id"]).to_owned();
    for id in [&hers, &absent(&hers)] {
        let update = json!({ "id": id, "name": "mine", "pushToken": "here" });
        let answer = mallory.mutate("deviceUpdate", update, "device { id }").await;
        answer.refused("deviceUpdate", "NOT_FOUND", &["id"]);
        let answer = mallory.mutate("deviceRemove", json!({ "id": id }), "removedId").await;
        answer.refused("deviceRemove", "NOT_FOUND", &["id"]);
    }
    let wrong = with_prefix("ses", &hers);
    let answer = mallory.mutate("deviceRemove", json!({ "id": wrong }), "removedId").await;
    answer.refused("deviceRemove", "INVALID", &["id"]);
    assert!(devices(&mallory).await.is_empty());
    assert!(alice.is_signed_in().await);
    let known = devices(&alice).await;
    assert_eq!((&known[0]["name"], &known[0]["receivesPush"]), (&json!("Telephone 1"), &json!(false)));
    world.anonymous.mutate("deviceRemove", json!({ "id": hers }), "removedId").await.failed("UNAUTHENTICATED");
}

async fn what_a_client_says_of_its_device_is_checked(world: World) {
    let alice = world.user("alice").await;
    let sessions = world.database.number("SELECT COUNT(*) FROM user_sessions").await;
    for (change, code, field) in [
        (json!({ "id": "" }), "BLANK", "id"),
        (json!({ "id": "short" }), "INVALID", "id"),
        (json!({ "id": "x".repeat(201) }), "TOO_LONG", "id"),
        (json!({ "id": "with a nul in it \u{0}" }), "INVALID", "id"),
        (json!({ "name": "" }), "BLANK", "name"),
        (json!({ "name": "x".repeat(101) }), "TOO_LONG", "name"),
        (json!({ "platform": "x".repeat(51) }), "TOO_LONG", "platform"),
        (json!({ "platform": "a\u{0}b" }), "INVALID", "platform"),
        (json!({ "pushToken": "x".repeat(4097) }), "TOO_LONG", "pushToken"),
    ] {
        let mut wrong = device(1);
        wrong.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let sign_in = json!({ "login": "alice", "password": PASSWORD, "device": wrong });
        let sign_up = json!({ "username": "bob", "email": "bob@example.org", "password": PASSWORD, "device": wrong });
        let come = json!({ "username": "bob", "device": wrong });
        for (mutation, input) in [("sessionCreate", sign_in), ("accountCreate", sign_up), ("sessionCreateGuest", come)]
        {
            let answer = world.anonymous.mutate(mutation, input, SESSION).await;
            let errors = answer.user_errors(mutation);
            assert_eq!(
                (errors[0].code.as_str(), &errors[0].path[..]),
                (code, &["device".to_owned(), field.to_owned()][..])
            );
        }
    }
    assert_eq!(world.database.number("SELECT COUNT(*) FROM user_sessions").await, sessions);
    // A wrong password makes no device.
    let input = json!({ "login": "alice", "password": "not the password", "device": device(1) });
    world.anonymous.mutate("sessionCreate", input, SESSION).await.refused_with("sessionCreate", "WRONG_CREDENTIALS");
    assert!(devices(&alice).await.is_empty());
}

async fn sign_ins_at_once_on_one_new_device_make_one(world: World) {
    let alice = world.user("alice").await;
    for number in 0..3 {
        join_all((0..4).map(|_| world.anonymous.sign_in_on("alice", device(number)))).await;
    }
    assert_eq!(devices(&alice).await.len(), 3);
    let lines = alice.audited().await;
    assert_eq!(lines.iter().filter(|line| *line == "DEVICE_ADD").count(), 3, "{lines:?}");
}

async fn what_a_client_keeps_is_stored_as_a_hash_only(world: World) {
    world.user("alice").await;
    world.anonymous.sign_in_on("alice", device(1)).await;
    let kept = device(1)["id"].as_str().unwrap().to_owned();
    let rows = world.database.rows("SELECT * FROM user_devices").await;
    assert_eq!(rows.len(), 1);
    for column in rows[0].column_names() {
        let text: Option<String> = rows[0].try_get("", &column).ok();
        let bytes: Option<Vec<u8>> = rows[0].try_get("", &column).ok();
        let stored = text.map(String::into_bytes).or(bytes).unwrap_or_default();
        assert!(!stored.windows(kept.len()).any(|window| window == kept.as_bytes()), "{column} has it");
    }
    assert!(!world.server.log().contains(&kept));
}

async fn when_a_device_was_last_used_is_written(world: World) {
    let elsewhere = world.user("alice").await;
    let alice = world.anonymous.sign_in_on("alice", device(1)).await;
    let last = async || text(&devices(&elsewhere).await[0]["lastSeenAt"]).to_owned();
    let socket = Socket::connect(&world.server, Some(&alice.token)).await;
    for how in ["by a request", "by a refresh", "on a socket that has been open"] {
        let before = last().await;
        world.server.advance_clock(Duration::from_secs(90)).await;
        match how {
            "by a request" => drop(devices(&alice).await),
            "by a refresh" => drop(alice.refresh(&alice.refresh_token).await),
            _ => drop(socket.subscribe("{ viewer { user { id } } }", json!({})).await.value().await),
        }
        eventually(how, async || (last().await > before).then_some(())).await;
    }
}

async fn devices_are_paged(world: World) {
    let alice = world.user("alice").await;
    for number in 0..5 {
        world.anonymous.sign_in_on("alice", device(number)).await;
    }
    let all: Vec<_> = devices(&alice).await.iter().map(|one| one["id"].clone()).collect();
    let (mut walked, mut after) = (Vec::new(), Value::Null);
    loop {
        let page = alice.graphql(LIST, json!({ "first": 2, "after": after })).await;
        walked.extend(page.list("/viewer/devices/nodes").iter().map(|one| one["id"].clone()));
        after = page.ok("/viewer/devices/pageInfo/endCursor").clone();
        if page.ok("/viewer/devices/pageInfo/hasNextPage") == false {
            break;
        }
    }
    assert_eq!((walked.len(), walked), (5, all));
}

const SUBJECT: &str = "A new device signed in to your account";

async fn an_address_that_nobody_has_proved_is_told_of_no_device(world: World) {
    let alice = world.user("alice").await;
    world.anonymous.sign_in_on("alice", device(1)).await;
    world.prove(&alice).await;
    world.anonymous.sign_in_on("alice", device(2)).await;
    let told = world.server.mail_to(&alice.email(), SUBJECT, 1).await;
    assert!(told.text.contains("Telephone 2"), "{told:?}");
    eventually("all to be sent", async || {
        (world.database.number("SELECT COUNT(*) FROM jobs").await == 0).then_some(())
    })
    .await;
    assert_eq!(world.server.mails_to(&alice.email(), SUBJECT).len(), 1);
}

async fn a_new_device_is_told_to_the_accounts_address(world: World) {
    let sign_up =
        json!({ "username": "alice", "email": "alice@example.org", "password": PASSWORD, "device": device(1) });
    let answer = world.anonymous.mutate("accountCreate", sign_up, SESSION).await;
    let alice = world.anonymous.signed_in("accountCreate", &answer);
    world.prove(&alice).await;
    let mut other = device(2);
    other["name"] = json!("A telephone\r\n\r\nthat says more");
    world.anonymous.sign_in_on("alice", other.clone()).await;
    let mail = world.server.mail_to("alice@example.org", SUBJECT, 1).await;
    assert!(mail.text.contains("alice") && mail.text.contains("from 127.0.0.1"), "{}", mail.text);
    assert!(mail.text.contains("    A telephone that says more"), "on one line: {}", mail.text);
    // One that is known is not told again, nor was the one that the account was made on, nor is any told of a guest.
    world.anonymous.sign_in_on("alice", device(1)).await;
    world.anonymous.sign_in_on("alice", other).await;
    let come = json!({ "username": "visitor", "device": device(1) });
    world.anonymous.mutate("sessionCreateGuest", come, SESSION).await.ok("/sessionCreateGuest/session");
    world.anonymous.sign_in_on("alice", device(3)).await;
    world.server.mail_to("alice@example.org", SUBJECT, 2).await;
    assert_eq!(world.server.mails().iter().filter(|mail| mail.subject() == SUBJECT).count(), 2);
    assert_eq!(devices(&alice).await.len(), 3);
}

/// A server that lets an account have three devices.
async fn with_three(engine: Engine) -> World {
    World::start_with(engine, &[("LINNET_ACCOUNT_DEVICES", "3")]).await
}

async fn names(user: &User) -> Vec<String> {
    devices(user).await.iter().map(|one| text(&one["name"]).to_owned()).collect()
}

async fn a_device_that_is_not_used_makes_room_for_a_new_one(engine: Engine) {
    let world = with_three(engine).await;
    let alice = world.user("alice").await;
    let mut on = Vec::new();
    for number in 1..=3 {
        on.push(world.anonymous.sign_in_on("alice", device(number)).await);
    }
    // The first is seen last, and the second has no session open.
    world.anonymous.sign_in_on("alice", device(1)).await;
    on[1].revoke_session(None).await.ok("/sessionRevoke/revokedId");
    on[2].revoke_session(None).await.ok("/sessionRevoke/revokedId");
    world.anonymous.sign_in_on("alice", device(4)).await;
    assert_eq!(names(&alice).await, ["Telephone 4", "Telephone 3", "Telephone 1"]);
    assert!(on[0].is_signed_in().await, "nobody is signed out");
    let log = alice.audit_log().await;
    let removed: Vec<_> = log.iter().filter(|line| line["action"] == "DEVICE_REMOVE").collect();
    assert_eq!((removed.len(), &removed[0]["actor"]), (1, &Value::Null), "nobody did it, but it was done");
    // One that is known takes no room.
    world.anonymous.sign_in_on("alice", device(3)).await;
    assert_eq!(names(&alice).await, ["Telephone 4", "Telephone 3", "Telephone 1"]);
}

async fn on_more_devices_than_there_may_be_the_one_unseen_for_the_longest_is_signed_out(engine: Engine) {
    let world = with_three(engine).await;
    let alice = world.user("alice").await;
    let mut on = Vec::new();
    for number in 1..=3 {
        on.push(world.anonymous.sign_in_on("alice", device(number)).await);
    }
    let socket = Socket::connect(&world.server, Some(&on[0].token)).await;
    world.anonymous.sign_in_on("alice", device(4)).await;
    assert_eq!(socket.closed().await, 4403);
    assert!(!on[0].is_signed_in().await && on[1].is_signed_in().await && on[2].is_signed_in().await);
    assert_eq!(names(&alice).await, ["Telephone 4", "Telephone 3", "Telephone 2"]);
    let log = alice.audit_log().await;
    let removed: Vec<_> = log.iter().filter(|line| line["action"] == "DEVICE_REMOVE").collect();
    assert_eq!((removed.len(), &removed[0]["actor"]), (1, &Value::Null));
    // However many come at once, all of them are let in, and three stay.
    let came = join_all((5..=9).map(|number| world.anonymous.sign_in_on("alice", device(number)))).await;
    let here = join_all(came.iter().map(User::is_signed_in)).await.into_iter().filter(|is_here| *is_here).count();
    assert_eq!((here, names(&alice).await.len()), (3, 3));
    assert!(alice.is_signed_in().await, "a session without a device is not one of them");
}
