//! Signing up and in.

use serde_json::{Value, json};
use tests::account::{PASSWORD, SESSION};
use tests::{Frame, Socket, World, claims};

claims![
    who_signs_up_is_signed_in,
    one_signs_in_with_username_or_email_whatever_the_case,
    a_guest_is_signed_in_with_a_name_only,
    wrong_credentials_all_answer_alike,
    a_guest_has_no_password_to_sign_in_with,
    a_wrong_token_is_not_taken_for_no_token,
    a_socket_with_a_wrong_token_is_refused,
    a_socket_without_a_token_is_anonymous,
    sessions_are_apart,
    secrets_are_stored_as_hashes_only,
];

async fn who_signs_up_is_signed_in(world: World) {
    let input =
        json!({ "username": "Alice", "email": "alice@example.org", "password": PASSWORD, "displayName": "Alice A." });
    let answer = world.anonymous.mutate("accountCreate", input, SESSION).await;
    let alice = world.anonymous.signed_in("accountCreate", &answer);
    let payload = answer.ok("/accountCreate");
    assert!(alice.id.starts_with("usr_") && alice.id.len() == 30, "{}", alice.id);
    assert!(alice.session.starts_with("ses_") && alice.session.len() == 30, "{}", alice.session);
    assert_eq!(payload["user"]["username"], "Alice");
    assert_eq!(payload["user"]["kind"], "HUMAN");
    assert_eq!(payload["user"]["profile"]["displayName"], "Alice A.");
    assert_eq!(payload["session"]["isCurrent"], true);
    assert!(payload["accessTokenExpiresAt"].is_string());
    assert!(alice.token.len() >= 32 && alice.refresh_token.len() >= 32 && alice.token != alice.refresh_token);
    let document = "{ viewer { email emailVerifiedAt user { id } session { id isCurrent ipAddress } } }";
    let viewer = alice.graphql(document, Value::Null).await;
    assert_eq!(viewer.ok("/viewer/email"), "alice@example.org");
    assert!(viewer.ok("/viewer/emailVerifiedAt").is_null());
    assert_eq!(viewer.ok("/viewer/user/id"), alice.id.as_str());
    assert_eq!(viewer.ok("/viewer/session/id"), alice.session.as_str());
    assert_eq!(viewer.ok("/viewer/session/ipAddress"), "127.0.0.1");
}

async fn one_signs_in_with_username_or_email_whatever_the_case(world: World) {
    let alice = world.user("Alice").await;
    for login in ["Alice", "alice", "ALICE", "Alice@example.org", "alice@EXAMPLE.org"] {
        let again = world.anonymous.sign_in(login).await;
        assert_eq!(again.id, alice.id, "{login}");
        assert_ne!(again.session, alice.session);
        assert_ne!(again.token, alice.token);
    }
}

async fn a_guest_is_signed_in_with_a_name_only(world: World) {
    let guest = world.guest("visitor").await;
    let viewer = guest.graphql("{ viewer { email user { id username kind } } }", Value::Null).await;
    let expected = json!({ "email": null, "user": { "id": guest.id, "username": "visitor", "kind": "GUEST" } });
    assert_eq!(viewer.ok("/viewer"), &expected);
}

async fn wrong_credentials_all_answer_alike(world: World) {
    world.user("alice").await;
    world.guest("visitor").await;
    let mut answers = Vec::new();
    let wrong = "not the password";
    for login in ["alice", "alice@example.org", "nobody", "nobody@example.org", "visitor"] {
        let input = json!({ "login": login, "password": wrong });
        let answer = world.anonymous.mutate("sessionCreate", input, SESSION).await;
        let errors = answer.user_errors("sessionCreate");
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert_eq!(errors[0].code, "WRONG_CREDENTIALS");
        answer.refused_with("sessionCreate", "WRONG_CREDENTIALS");
        answers.push(answer);
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "an unknown name answers as a wrong password: {answers:?}");
}

async fn a_guest_has_no_password_to_sign_in_with(world: World) {
    world.guest("visitor").await;
    for password in [PASSWORD, "visitor-visitor", "        "] {
        let input = json!({ "login": "visitor", "password": password });
        let answer = world.anonymous.mutate("sessionCreate", input, SESSION).await;
        answer.refused_with("sessionCreate", "WRONG_CREDENTIALS");
    }
}

async fn a_wrong_token_is_not_taken_for_no_token(world: World) {
    let alice = world.user("alice").await;
    let mut changed = alice.token.clone();
    let last = if changed.pop() == Some('A') { 'B' } else { 'A' };
    changed.push(last);
    changed.replace_range(..1, if changed.starts_with('x') { "y" } else { "x" });
    for token in [changed.as_str(), "nonsense", &alice.refresh_token, &alice.session] {
        let answer =
            world.anonymous.with_token(token).graphql("{ rooms(first: 1) { nodes { id } } }", Value::Null).await;
        answer.failed("UNAUTHENTICATED");
    }
    let body = json!({ "query": "{ rooms(first: 1) { nodes { id } } }" });
    for header in ["Bearer", "Bearer ", "Basic YTpi", &alice.token, "Bearer a b"] {
        let request = world.server.http().post(world.server.at("/graphql")).header("authorization", header);
        let answer: Value = request.json(&body).send().await.unwrap().json().await.unwrap();
        assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{header:?}: {answer}");
    }
}

async fn a_socket_with_a_wrong_token_is_refused(world: World) {
    let alice = world.user("alice").await;
    for authorization in ["Bearer nonsense", "nonsense", &format!("Bearer {}", alice.refresh_token)] {
        let socket = Socket::open(&world.server).await;
        socket.say(json!({ "type": "connection_init", "payload": { "authorization": authorization } }));
        assert_eq!(socket.closed().await, 4403, "{authorization}");
    }
}

async fn a_socket_without_a_token_is_anonymous(world: World) {
    let alice = world.user("alice").await;
    let room = world.room(&alice).await;
    for payload in [json!({ "type": "connection_init" }), json!({ "type": "connection_init", "payload": {} })] {
        let socket = Socket::open(&world.server).await;
        socket.say(payload);
        socket.control().await;
        let mut viewer = socket.subscribe("{ viewer { email } }", Value::Null).await;
        let Frame::Next(payload) = viewer.next().await else { panic!("an answer is expected") };
        assert_eq!((&payload["data"], payload.get("errors")), (&json!({ "viewer": null }), None));
        let mut stream = socket.messages(&room, Some(&alice.event_cursor(&room).await)).await;
        let sent = alice.send(&room, "hello").await;
        assert_eq!(stream.value().await["cursor"], sent.cursor.as_str());
    }
}

async fn sessions_are_apart(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let document = "{ viewer { user { id } session { id } } }";
    let again = world.anonymous.sign_in("alice").await;
    for user in [&alice, &bob, &again] {
        let viewer = user.graphql(document, Value::Null).await;
        assert_eq!(viewer.ok("/viewer"), &json!({ "user": { "id": user.id }, "session": { "id": user.session } }));
    }
}

async fn secrets_are_stored_as_hashes_only(world: World) {
    let alice = world.user("alice").await;
    let rows = world.database.rows("SELECT password_hash FROM users").await;
    let hash: String = rows[0].try_get_by_index(0).unwrap();
    assert!(hash.starts_with("$argon2id$") && hash.contains("m=19456,t=2,p=1"), "{hash}");
    for table in ["users", "user_sessions", "refresh_tokens"] {
        for row in world.database.rows(&format!("SELECT * FROM {table}")).await {
            for column in row.column_names() {
                let text: Option<String> = row.try_get("", &column).ok();
                let bytes: Option<Vec<u8>> = row.try_get("", &column).ok();
                let kept = text.map(String::into_bytes).or(bytes).unwrap_or_default();
                for secret in [&alice.token, &alice.refresh_token, PASSWORD] {
                    let found = kept.windows(secret.len()).any(|window| window == secret.as_bytes());
                    assert!(!found, "{table}.{column} has a secret in it");
                }
            }
        }
    }
    let log = world.server.log();
    assert!(!log.contains(&alice.token) && !log.contains(&alice.refresh_token) && !log.contains(PASSWORD));
}
