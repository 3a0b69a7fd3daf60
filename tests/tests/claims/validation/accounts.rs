//! Inputs of accounts, sessions and profiles.

use serde_json::{Value, json};
use tests::account::{PASSWORD, SESSION};
use tests::{Answer, World, claims};

claims![
    usernames_are_checked,
    a_username_is_taken_whatever_its_case,
    emails_are_checked,
    an_email_is_taken_whatever_its_case,
    passwords_are_checked,
    display_names_are_checked_at_sign_up,
    several_faults_are_told_at_once,
    guests_names_are_checked,
    profile_fields_are_checked,
    blank_logins_are_wrong_credentials_or_blank,
];

async fn usernames_are_checked(world: World) {
    refused(
        &world,
        "username",
        &[
            (json!(""), "BLANK"),
            (json!("   "), "BLANK"),
            (json!("a b"), "INVALID"),
            (json!("alice!"), "INVALID"),
            (json!("älice"), "INVALID"),
            (json!("al.ice"), "INVALID"),
            (json!("alice@example.org"), "INVALID"),
            (json!("a\u{200b}b"), "INVALID"),
            (json!("x".repeat(51)), "TOO_LONG"),
            (json!("x".repeat(10_000)), "TOO_LONG"),
        ],
    )
    .await;
    for (number, good) in ["x", "X-_9", "0", &"y".repeat(50)].iter().enumerate() {
        let mut input = base();
        input["username"] = json!(good);
        input["email"] = json!(format!("good{number}@example.org"));
        assert_eq!(create(&world, input).await.text("/accountCreate/user/username"), *good);
    }
}

async fn a_username_is_taken_whatever_its_case(world: World) {
    world.user("Alice").await;
    world.guest("Visitor").await;
    for name in ["Alice", "alice", "ALICE", "visitor"] {
        let mut input = base();
        input["username"] = json!(name);
        create(&world, input).await.refused("accountCreate", "TAKEN", &["username"]);
        let guest = world.anonymous.mutate("sessionCreateGuest", json!({ "username": name }), SESSION).await;
        guest.refused("sessionCreateGuest", "TAKEN", &["username"]);
    }
}

async fn emails_are_checked(world: World) {
    refused(
        &world,
        "email",
        &[
            (json!(""), "BLANK"),
            (json!("  "), "BLANK"),
            (json!("alice"), "INVALID"),
            (json!("@example.org"), "INVALID"),
            (json!("alice@"), "INVALID"),
            (json!("a lice@example.org"), "INVALID"),
            (json!("alice@example.org\nBcc: everyone@example.org"), "INVALID"),
            (json!("alice@exa mple.org"), "INVALID"),
            (json!(format!("{}@example.org", "x".repeat(1_000))), "TOO_LONG"),
        ],
    )
    .await;
}

async fn an_email_is_taken_whatever_its_case(world: World) {
    world.user("alice").await;
    for email in ["alice@example.org", "ALICE@example.org", "Alice@Example.ORG"] {
        let mut input = base();
        input["email"] = json!(email);
        create(&world, input).await.refused("accountCreate", "TAKEN", &["email"]);
    }
}

async fn passwords_are_checked(world: World) {
    refused(
        &world,
        "password",
        &[
            (json!(""), "INVALID"),
            (json!("seven77"), "INVALID"),
            (json!("x".repeat(257)), "TOO_LONG"),
            (json!("ä".repeat(129)), "TOO_LONG"),
        ],
    )
    .await;
    for (number, good) in ["eight888".to_owned(), "x".repeat(256), "ääää".to_owned()].into_iter().enumerate() {
        let input = json!({ "username": format!("user{number}"), "email": format!("user{number}@example.org"),
            "password": good });
        create(&world, input).await.ok("/accountCreate/user/id");
        let login = json!({ "login": format!("user{number}"), "password": good });
        world.anonymous.mutate("sessionCreate", login, SESSION).await.ok("/sessionCreate/user/id");
    }
}

async fn display_names_are_checked_at_sign_up(world: World) {
    refused(&world, "displayName", &[(json!("   "), "BLANK"), (json!("x".repeat(10_000)), "TOO_LONG")]).await;
}

async fn several_faults_are_told_at_once(world: World) {
    let input = json!({ "username": "a b", "email": "nonsense", "password": "short" });
    let answer = create(&world, input).await;
    let mut paths: Vec<_> = answer.user_errors("accountCreate").into_iter().map(|error| error.path.concat()).collect();
    paths.sort();
    paths.dedup();
    assert_eq!(paths, ["email", "password", "username"]);
}

async fn guests_names_are_checked(world: World) {
    for (name, code) in [
        (String::new(), "BLANK"),
        ("a b".into(), "INVALID"),
        ("x".repeat(51), "TOO_LONG"),
        ("a\u{0}b".into(), "INVALID"),
    ] {
        let answer = world.anonymous.mutate("sessionCreateGuest", json!({ "username": name }), SESSION).await;
        answer.refused("sessionCreateGuest", code, &["username"]);
    }
}

async fn profile_fields_are_checked(world: World) {
    let alice = world.user("alice").await;
    let faults = [
        ("displayName", json!(""), "BLANK"),
        ("displayName", json!("  "), "BLANK"),
        ("displayName", json!("x".repeat(10_000)), "TOO_LONG"),
        ("firstName", json!("x".repeat(10_000)), "TOO_LONG"),
        ("lastName", json!("x".repeat(10_000)), "TOO_LONG"),
        ("bio", json!("x".repeat(100_000)), "TOO_LONG"),
        ("avatarUrl", json!(format!("https://example.org/{}", "x".repeat(10_000))), "TOO_LONG"),
        ("avatarUrl", json!("not a url"), "INVALID"),
        ("avatarUrl", json!("javascript:alert(1)"), "INVALID"),
        ("avatarUrl", json!("data:text/html,<script>alert(1)</script>"), "INVALID"),
    ];
    for (field, value, code) in faults {
        alice.update_profile(json!({ field: value })).await.refused("profileUpdate", code, &[field]);
    }
    let unchanged =
        json!({ "displayName": "alice", "firstName": null, "lastName": null, "avatarUrl": null, "bio": null });
    assert_eq!(alice.update_profile(json!({})).await.ok("/profileUpdate/user/profile"), &unchanged);
}

async fn blank_logins_are_wrong_credentials_or_blank(world: World) {
    world.user("alice").await;
    let sign_in = async |login: &str, password: &str| {
        let input = json!({ "login": login, "password": password });
        world.anonymous.mutate("sessionCreate", input, SESSION).await
    };
    let long = "x".repeat(100_000);
    for (login, password) in [("", PASSWORD), ("alice", ""), (&*long, PASSWORD), ("alice", &*long), ("%", PASSWORD)] {
        let answer = sign_in(login, password).await;
        assert!(!answer.user_errors("sessionCreate").is_empty(), "{}", answer.json);
        assert!(answer.data()["sessionCreate"]["accessToken"].is_null());
    }
}

fn base() -> Value {
    json!({ "username": "newcomer", "email": "newcomer@example.org", "password": PASSWORD })
}

async fn create(world: &World, input: Value) -> Answer {
    world.anonymous.mutate("accountCreate", input, SESSION).await
}

/// Each of the values, in an input that is good otherwise, is refused with its code at its place.
async fn refused(world: &World, field: &str, faults: &[(Value, &str)]) {
    for (value, code) in faults {
        let mut input = base();
        input[field] = value.clone();
        create(world, input).await.refused("accountCreate", code, &[field]);
    }
    create(world, base()).await.ok("/accountCreate/user/id");
}
