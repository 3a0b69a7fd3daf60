//! Refresh tokens: rotated on use; a used one that comes back late ends its family.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::account::SESSION;
use tests::{Answer, Engine, User, World, claims};

claims![
    refreshing_gives_new_tokens_of_the_same_session,
    two_tabs_that_refresh_at_once_both_go_on,
    a_used_token_works_again_within_ten_seconds,
    a_used_token_gives_few_others,
    a_token_that_many_use_at_once_gives_few_others,
    refreshing_counts_as_a_change,
    a_used_token_that_comes_back_later_ends_the_family,
    another_familys_tokens_stay,
    a_token_that_nobody_made_gives_nothing,
    of_a_revoked_session_nothing_can_be_refreshed,
];

async fn refreshing_gives_new_tokens_of_the_same_session(world: World) {
    let alice = world.user("alice").await;
    let mut tokens = vec![alice.token.clone(), alice.refresh_token.clone()];
    let mut current = alice.clone();
    for _ in 0..3 {
        let next = world.anonymous.refresh(&current.refresh_token).await;
        assert_eq!((&next.id, &next.session), (&alice.id, &alice.session));
        assert!(works(&next).await);
        tokens.extend([next.token.clone(), next.refresh_token.clone()]);
        current = next;
    }
    let all = tokens.len();
    tokens.sort();
    tokens.dedup();
    assert_eq!(tokens.len(), all, "every token is a new one");
}

async fn two_tabs_that_refresh_at_once_both_go_on(world: World) {
    let alice = world.user("alice").await;
    let mut tabs = vec![alice.clone(), alice.clone()];
    for _ in 0..5 {
        // The second tab still has the token that the first one uses.
        let shared = tabs[0].refresh_token.clone();
        tabs = join_all((0..2).map(|_| world.anonymous.refresh(&shared))).await;
        for tab in &tabs {
            assert!(works(tab).await);
            assert_eq!(tab.session, alice.session);
        }
        assert_ne!(tabs[0].token, tabs[1].token);
    }
    assert_eq!(alice.audited().await, ["ACCOUNT_CREATE"], "nobody is taken for a thief");
}

async fn a_used_token_works_again_within_ten_seconds(world: World) {
    let alice = world.user("alice").await;
    let first = world.anonymous.refresh(&alice.refresh_token).await;
    // Two tabs, or an answer that got lost.
    since_used(&world, 8).await;
    let second = world.anonymous.refresh(&alice.refresh_token).await;
    for user in [&first, &second] {
        assert!(works(user).await);
        assert_eq!(user.session, alice.session);
    }
    assert!(works(&world.anonymous.refresh(&second.refresh_token).await).await);
}

async fn a_used_token_gives_few_others(world: World) {
    let alice = world.user("alice").await;
    let first = world.anonymous.refresh(&alice.refresh_token).await;
    let answers = join_all((0..30).map(|_| refresh(&world, &alice.refresh_token))).await;
    let (given, none): (Vec<_>, Vec<_>) =
        answers.iter().partition(|answer| answer.user_errors("sessionRefresh").is_empty());
    assert_eq!((given.len(), none.len()), (7, 23), "with the first, eight");
    none.iter().for_each(|answer| refused(answer));
    assert_eq!(world.database.number("SELECT COUNT(*) FROM refresh_tokens").await, 9);
    // The others have them, and nobody is taken for a thief.
    assert!(works(&alice).await && works(&first).await);
    assert!(works(&world.anonymous.refresh(&first.refresh_token).await).await);
    assert_eq!(alice.audited().await, ["ACCOUNT_CREATE"]);
}

async fn a_token_that_many_use_at_once_gives_few_others(world: World) {
    let alice = world.user("alice").await;
    let answers = join_all((0..30).map(|_| refresh(&world, &alice.refresh_token))).await;
    let given = answers.iter().filter(|answer| answer.user_errors("sessionRefresh").is_empty()).count();
    assert_eq!(given, 8);
    assert!(works(&alice).await);
    assert_eq!(alice.audited().await, ["ACCOUNT_CREATE"]);
}

async fn refreshing_counts_as_a_change(engine: Engine) {
    let settings = [("LINNET_RATE_LIMITS", "on"), ("LINNET_WRITES_PER_MINUTE", "3")];
    let world = World::start_with(engine, &settings).await;
    let alice = world.user("alice").await;
    let mut current = alice.clone();
    for _ in 0..3 {
        current = world.anonymous.refresh(&current.refresh_token).await;
    }
    refresh(&world, &current.refresh_token).await.failed("RATE_LIMITED");
    assert_eq!(world.database.number("SELECT COUNT(*) FROM refresh_tokens WHERE used_at IS NULL").await, 1);
}

async fn a_used_token_that_comes_back_later_ends_the_family(world: World) {
    let alice = world.user("alice").await;
    let thief = world.anonymous.refresh(&alice.refresh_token).await;
    let thief = world.anonymous.refresh(&thief.refresh_token).await;
    assert!(works(&thief).await);
    since_used(&world, 11).await;
    refused(&refresh(&world, &alice.refresh_token).await);
    refused(&refresh(&world, &thief.refresh_token).await);
    thief.graphql("{ viewer { email } }", Value::Null).await.failed("UNAUTHENTICATED");
    alice.graphql("{ viewer { email } }", Value::Null).await.failed("UNAUTHENTICATED");
    // Nobody knows who it was, but that it was, and from where, is written down once.
    refused(&refresh(&world, &alice.refresh_token).await);
    let log = world.anonymous.sign_in("alice").await.audit_log().await;
    let actions: Vec<_> = log.iter().map(|line| line["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["SIGN_IN", "TOKEN_REUSE", "ACCOUNT_CREATE"]);
    assert_eq!((&log[1]["actor"], &log[1]["ipAddress"]), (&Value::Null, &json!("127.0.0.1")));
}

async fn another_familys_tokens_stay(world: World) {
    let alice = world.user("alice").await;
    let other = world.anonymous.sign_in("alice").await;
    world.anonymous.refresh(&alice.refresh_token).await;
    since_used(&world, 11).await;
    refused(&refresh(&world, &alice.refresh_token).await);
    assert!(works(&other).await);
    assert!(works(&world.anonymous.refresh(&other.refresh_token).await).await);
}

async fn a_token_that_nobody_made_gives_nothing(world: World) {
    let alice = world.user("alice").await;
    for token in ["", "nonsense", &alice.token, &alice.session, &"x".repeat(100_000)] {
        refused(&refresh(&world, token).await);
    }
    assert!(works(&alice).await);
}

async fn of_a_revoked_session_nothing_can_be_refreshed(world: World) {
    let alice = world.user("alice").await;
    alice.revoke_session(None).await.ok("/sessionRevoke/revokedId");
    refused(&refresh(&world, &alice.refresh_token).await);
}

/// Makes every used token one that was used so many seconds earlier: the database's clock says when that was.
async fn since_used(world: &World, seconds: u32) {
    let earlier = match world.database.engine() {
        Engine::Sqlite => format!("strftime('%Y-%m-%dT%H:%M:%f+00:00', used_at, '-{seconds} seconds')"),
        Engine::Postgres => format!("used_at - interval '{seconds} seconds'"),
    };
    world.database.execute(&format!("UPDATE refresh_tokens SET used_at = {earlier} WHERE used_at IS NOT NULL")).await;
}

async fn refresh(world: &World, token: &str) -> Answer {
    world.anonymous.mutate("sessionRefresh", json!({ "refreshToken": token }), SESSION).await
}

#[track_caller]
fn refused(answer: &Answer) {
    let errors = answer.user_errors("sessionRefresh");
    assert_eq!(errors.len(), 1, "{}", answer.json);
    assert_eq!(errors[0].path, ["refreshToken"]);
    for field in ["session", "user", "accessToken", "refreshToken"] {
        assert!(answer.data()["sessionRefresh"][field].is_null(), "{}", answer.json);
    }
}

async fn works(user: &User) -> bool {
    let answer = user.graphql("{ viewer { user { id } } }", Value::Null).await;
    answer.error_code().is_none() && answer.ok("/viewer/user/id") == user.id.as_str()
}
