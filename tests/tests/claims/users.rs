//! Users and profiles: how people find each other.

use serde_json::{Value, json};
use tests::{User, World, claims};

claims![
    users_are_listed_by_username,
    an_exact_match_is_the_best,
    search_finds_the_display_name_whatever_case_and_accents,
    a_new_profile_shows_what_was_given_at_sign_up,
    profile_fields_change_one_by_one,
    a_profile_field_is_taken_away_with_null,
    private_things_hang_off_viewer_alone,
    a_changed_name_is_everywhere_at_once,
];

async fn users_are_listed_by_username(world: World) {
    let users = world.users(["delta", "Bravo", "alpha", "Charlie", "echo_2", "echo-1"]).await;
    let names = found(&users[0], "first: 100").await;
    let mut expected: Vec<_> = users.iter().map(|user| user.username.clone()).collect();
    expected.sort_by_key(|name| name.to_lowercase());
    assert_eq!(names, expected);
}

async fn an_exact_match_is_the_best(world: World) {
    let [user, ..] = world.users(["anna", "annabel", "hanna", "annamaria", "bob"]).await;
    let names = found(&user, "first: 10, search: \"anna\"").await;
    assert_eq!(names.first().map(String::as_str), Some("anna"));
    for name in ["annabel", "annamaria"] {
        assert!(names.iter().any(|found| found == name), "{name} begins with it: {names:?}");
    }
    assert!(!names.iter().any(|found| found == "bob"), "{names:?}");
    assert!(found(&user, "first: 10, search: \"nothing like it\"").await.is_empty());
}

async fn search_finds_the_display_name_whatever_case_and_accents(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    bob.update_profile(json!({ "displayName": "Zoë Ångström" })).await.ok("/profileUpdate/user");
    for search in ["Zoë", "zoe", "ZOE", "zoë å", "Zoe Angstrom"] {
        let names = found(&alice, &format!("first: 10, search: \"{search}\"")).await;
        assert_eq!(names, ["bob"], "{search}");
    }
    for search in ["%", "_", "\\\\", "'"] {
        let names = found(&alice, &format!("first: 10, search: \"{search}\"")).await;
        assert!(names.is_empty(), "{search} is no wildcard: {names:?}");
    }
}

async fn a_new_profile_shows_what_was_given_at_sign_up(world: World) {
    let alice = world.user("alice").await;
    let input = json!({ "username": "bob", "email": "bob@example.org", "password": tests::account::PASSWORD,
        "displayName": "Bob B." });
    let bob = world.anonymous.mutate("accountCreate", input, tests::account::SESSION).await;
    let bob = world.anonymous.signed_in("accountCreate", &bob);
    let guest = world.guest("visitor").await;
    let profile = "profile { displayName firstName lastName avatarUrl bio } kind";
    for (user, name, kind) in [(&alice, "alice", "HUMAN"), (&bob, "Bob B.", "HUMAN"), (&guest, "visitor", "GUEST")] {
        let document = format!("query($id: ID!) {{ user(by: {{ id: $id }}) {{ {profile} }} }}");
        let answer = alice.graphql(&document, json!({ "id": user.id })).await;
        let expected = json!({ "profile": { "displayName": name, "firstName": null, "lastName": null, "avatarUrl": null,
            "bio": null }, "kind": kind });
        assert_eq!(answer.ok("/user"), &expected);
    }
}

async fn profile_fields_change_one_by_one(world: World) {
    let alice = world.user("alice").await;
    let mut expected =
        json!({ "displayName": "alice", "firstName": null, "lastName": null, "avatarUrl": null, "bio": null });
    let changes = [
        ("displayName", "Alice A."),
        ("firstName", "Alice"),
        ("lastName", "Ähm"),
        ("avatarUrl", "https://example.org/alice.png"),
        ("bio", "Two\nlines ☕"),
    ];
    for (field, value) in changes {
        let answer = alice.update_profile(json!({ field: value })).await;
        expected[field] = json!(value);
        assert_eq!(answer.ok("/profileUpdate/user/profile"), &expected);
    }
    assert_eq!(alice.update_profile(json!({})).await.ok("/profileUpdate/user/profile"), &expected);
}

async fn a_profile_field_is_taken_away_with_null(world: World) {
    let alice = world.user("alice").await;
    let all = json!({ "firstName": "A", "lastName": "B", "avatarUrl": "https://example.org/a.png", "bio": "C" });
    alice.update_profile(all).await.ok("/profileUpdate/user");
    let none = json!({ "firstName": null, "lastName": null, "avatarUrl": null, "bio": null });
    let answer = alice.update_profile(none.clone()).await;
    let mut expected = none;
    expected["displayName"] = json!("alice");
    assert_eq!(answer.ok("/profileUpdate/user/profile"), &expected);
}

async fn private_things_hang_off_viewer_alone(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let answer = bob.graphql("{ viewer { email user { id } session { id isCurrent } } }", json!({})).await;
    let expected = json!({ "viewer": { "email": "bob@example.org", "user": { "id": bob.id },
        "session": { "id": bob.session, "isCurrent": true } } });
    assert_eq!(answer.data(), &expected);
    let document = "query($id: ID!) { user(by: { id: $id }) { id email } }";
    let refused = alice.graphql(document, json!({ "id": bob.id })).await;
    assert!(refused.json["errors"][0].is_object(), "a public profile has no email: {}", refused.json);
    assert!(!refused.json.to_string().contains("bob@"), "{}", refused.json);
}

async fn a_changed_name_is_everywhere_at_once(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    bob.send(&thread, "hello").await;
    let document = "query($id: ID!) { thread(id: $id) { \
        messages(last: 1) { nodes { sender { profile { displayName } } } } \
        participants(first: 2) { nodes { user { username profile { displayName } } } } } }";
    for name in ["Bob the First", "Bob the Second"] {
        bob.update_profile(json!({ "displayName": name })).await.ok("/profileUpdate/user");
        let answer = alice.graphql(document, json!({ "id": thread })).await;
        assert_eq!(answer.ok("/thread/messages/nodes/0/sender/profile/displayName"), name);
        let participants = answer.list("/thread/participants/nodes");
        let of_bob = participants.iter().find(|one| one["user"]["username"] == "bob").unwrap();
        assert_eq!(of_bob["user"]["profile"]["displayName"], name);
    }
}

async fn found(user: &User, arguments: &str) -> Vec<String> {
    let answer = user.graphql(&format!("{{ users({arguments}) {{ nodes {{ username }} }} }}"), Value::Null).await;
    answer.list("/users/nodes").iter().map(|node| node["username"].as_str().unwrap().to_owned()).collect()
}
