//! Making codes, and ending them.

use std::collections::HashSet;

use serde_json::{Value, json};
use tests::id::{MALFORMED, absent, with_prefix};
use tests::{Engine, World, claims};

use super::{CODE, counted, disable, make, number, try_make};

claims![
    a_code_is_made_or_chosen,
    a_code_is_unique_whatever_the_case,
    a_code_has_its_bounds,
    only_accounts_make_codes,
    a_code_is_ended_by_its_owner_alone,
    who_asks_for_many_codes_is_not_told_which_are_taken,
];

async fn a_code_is_made_or_chosen(world: World) {
    let alice = world.user("alice").await;
    let answer = try_make(&alice, json!({})).await;
    let code = answer.ok("/referralCodeCreate/referralCode");
    assert!(code["id"].as_str().unwrap().starts_with("rfc_"), "{code}");
    for (field, expected) in [("maxUses", json!(null)), ("useCount", json!(0)), ("expiresAt", json!(null))] {
        assert_eq!(code[field], expected, "{field}");
    }
    assert!(code["disabledAt"].is_null() && code["createdAt"].is_string(), "{code}");
    let mut made = HashSet::new();
    for _ in 0..5 {
        let (_, code) = make(&alice, json!({})).await;
        assert!(code.len() >= 10 && code.chars().all(|letter| letter.is_ascii_alphanumeric()), "{code}");
        made.insert(code);
    }
    assert_eq!(made.len(), 5);
    let input = json!({ "code": "Bring-a_Friend", "maxUses": 7, "expiresAt": "2999-12-31T23:59:59.5Z" });
    let answer = try_make(&alice, input).await;
    let code = answer.ok("/referralCodeCreate/referralCode");
    assert_eq!((&code["code"], &code["maxUses"]), (&json!("Bring-a_Friend"), &json!(7)));
    assert_eq!(code["expiresAt"], "2999-12-31T23:59:59.500000Z");
    assert_eq!(counted(&alice).await.len(), 7);
}

async fn a_code_is_unique_whatever_the_case(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let (id, _) = make(&alice, json!({ "code": "Friends" })).await;
    for (user, code) in [(&alice, "Friends"), (&bob, "FRIENDS"), (&bob, "friends")] {
        try_make(user, json!({ "code": code })).await.refused("referralCodeCreate", "TAKEN", &["code"]);
    }
    disable(&alice, &id).await.ok("/referralCodeDisable/referralCode/id");
    try_make(&bob, json!({ "code": "friends" })).await.refused("referralCodeCreate", "TAKEN", &["code"]);
    assert_eq!(number(&world, "referral_codes").await, 1);
}

async fn a_code_has_its_bounds(world: World) {
    let alice = world.user("alice").await;
    for (field, value, code) in [
        ("code", json!(""), "BLANK"),
        ("code", json!("abc"), "INVALID"),
        ("code", json!("a code"), "INVALID"),
        ("code", json!("códe"), "INVALID"),
        ("code", json!("code\u{0}"), "INVALID"),
        ("code", json!("x".repeat(33)), "TOO_LONG"),
        ("maxUses", json!(0), "INVALID"),
        ("maxUses", json!(-1), "INVALID"),
        ("maxUses", json!(1_000_001), "INVALID"),
        ("expiresAt", json!("2020-01-01T00:00:00Z"), "INVALID"),
        ("expiresAt", json!("0000-01-01T00:00:00Z"), "INVALID"),
    ] {
        let answer = try_make(&alice, json!({ (field): value })).await;
        let errors = answer.user_errors("referralCodeCreate");
        assert!(errors.iter().all(|error| error.path == [field]), "{field} {value}: {errors:?}");
        assert!(errors.iter().any(|error| error.code == code), "{field} {value}: {errors:?}");
    }
    assert_eq!(number(&world, "referral_codes").await, 0);
    for code in ["abcd", &"x".repeat(32)] {
        make(&alice, json!({ "code": code, "maxUses": 1_000_000 })).await;
    }
}

async fn only_accounts_make_codes(world: World) {
    let guest = world.guest("visitor").await;
    try_make(&guest, json!({})).await.refused("referralCodeCreate", "FORBIDDEN", &[]);
    try_make(&world.anonymous, json!({})).await.failed("UNAUTHENTICATED");
    assert_eq!(number(&world, "referral_codes").await, 0);
}

async fn a_code_is_ended_by_its_owner_alone(world: World) {
    let [alice, mallory] = world.users(["alice", "mallory"]).await;
    let (id, _) = make(&alice, json!({})).await;
    for id in [&id, &absent(&id)] {
        disable(&mallory, id).await.refused("referralCodeDisable", "NOT_FOUND", &["id"]);
    }
    for id in MALFORMED.into_iter().map(str::to_owned).chain([with_prefix("usr", &id)]) {
        disable(&alice, &id).await.refused("referralCodeDisable", "INVALID", &["id"]);
    }
    disable(&world.anonymous, &id).await.failed("UNAUTHENTICATED");
    let codes = format!(
        "{{ viewer {{ referralCodes {{ nodes {{ {} }} }} }} }}",
        &CODE["referralCode { ".len()..CODE.len() - 2]
    );
    let own = alice.graphql(&codes, Value::Null).await;
    assert!(own.ok("/viewer/referralCodes/nodes/0/disabledAt").is_null());
    assert!(mallory.graphql(&codes, Value::Null).await.list("/viewer/referralCodes/nodes").is_empty());
    let ended = disable(&alice, &id).await.text("/referralCodeDisable/referralCode/disabledAt");
    world.server.advance_clock(std::time::Duration::from_secs(60)).await;
    let again = disable(&alice, &id).await.text("/referralCodeDisable/referralCode/disabledAt");
    assert_eq!(again, ended, "once ended it stays so");
}

async fn who_asks_for_many_codes_is_not_told_which_are_taken(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_RATE_LIMITS", "on")]).await;
    let alice = world.user("alice").await;
    make(&alice, json!({ "code": "friends" })).await;
    let mut refused = 0;
    for _ in 0..30 {
        let answer = try_make(&alice, json!({ "code": "friends" })).await;
        refused += i32::from(answer.error_code() == Some("RATE_LIMITED"));
    }
    assert!(refused >= 10, "{refused} of 30");
    // One that is made tells nothing.
    make(&alice, json!({})).await;
}
