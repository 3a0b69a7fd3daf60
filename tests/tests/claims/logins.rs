//! Logins that nobody has, because nobody could: refused as any other, and at little cost.

use std::time::{Duration, Instant};

use serde_json::json;
use tests::account::{PASSWORD, SESSION};
use tests::{World, claims};

claims![a_login_of_any_length_is_a_wrong_one];

/// Long enough for a busy machine, and far less than what it takes to look closely at each character.
const AT_ONCE: Duration = Duration::from_secs(5);

async fn a_login_of_any_length_is_a_wrong_one(world: World) {
    world.user("alice").await;
    let mutate = async |login: &str| {
        let input = json!({ "login": login, "password": PASSWORD });
        world.anonymous.mutate("sessionCreate", input, SESSION).await
    };
    let nobody = mutate("nobody").await;
    nobody.refused_with("sessionCreate", "WRONG_CREDENTIALS");
    let logins = [
        "x".repeat(900_000),
        // Each becomes eighteen characters when it is normalised.
        "\u{fdfa}".repeat(300_000),
        // Marks that have to be put in order.
        "\u{301}\u{316}".repeat(200_000),
        format!("alice{}", " ".repeat(900_000)),
        format!("{}@example.org", "x".repeat(900_000)),
        "x".repeat(2_000),
        "\u{fdfa}".repeat(600),
        "x".repeat(1_001),
        "x".repeat(1_000),
        "x".repeat(300),
    ];
    for login in logins {
        let begun = Instant::now();
        let answer = mutate(&login).await;
        let took = begun.elapsed();
        answer.refused_with("sessionCreate", "WRONG_CREDENTIALS");
        assert_eq!(answer, nobody, "{} bytes of {:.10} are told from a wrong login", login.len(), login);
        assert!(took < AT_ONCE, "{} bytes of {:.10} took {took:?}", login.len(), login);
    }
    assert_eq!(world.anonymous.sign_in("alice").await.username, "alice");
}
