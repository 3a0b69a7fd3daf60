//! Addresses: proved by who reads their mail, and changed by who does.

use std::time::Duration;

use futures_util::future::join;
use serde_json::{Value, json};
use tests::account::SESSION;
use tests::mail::PROVE;
use tests::{Answer, Client, Engine, Smtp, User, World, claims, eventually};

use super::{OTHER, OWN, VIEWER, audited, sign_in, viewer};

claims![
    an_address_is_proved_by_the_code_that_went_there,
    a_code_that_nobody_made_proves_nothing,
    only_the_newest_code_is_good,
    a_code_is_good_for_a_day,
    mails_to_prove_an_address_are_limited,
    strangers_keep_nobody_from_proving_an_address,
    sign_ups_again_and_again_fill_no_letter_box,
    who_has_nothing_to_prove_gets_no_mail,
    an_address_that_was_given_up_is_not_proved_after_all,
    an_address_is_changed_once_the_new_one_is_proved,
    a_change_takes_the_password,
    whether_an_address_is_taken_is_told_to_its_owner_only,
    of_two_who_prove_an_address_one_has_it,
    a_code_for_an_address_that_is_no_longer_wanted_is_of_no_use,
    the_address_that_was_asked_for_last_is_the_one_to_prove,
    codes_are_not_in_the_database,
];

const TO_CHANGE: &str = "Your email address is to be changed";
const CHANGED: &str = "Your email address was changed";
const IN_USE: &str = "Your email address was given for another account";

async fn verify(client: &Client, code: &str) -> Answer {
    client.mutate("accountVerifyEmail", json!({ "token": code }), "user { id }").await
}

async fn send(user: &User, input: Value) -> Answer {
    user.mutate("accountVerifyEmailSend", input, "email").await
}

async fn change(user: &User, email: &str, password: &str) -> Answer {
    user.mutate("accountChangeEmail", json!({ "email": email, "password": password }), VIEWER).await
}

async fn an_address_is_proved_by_the_code_that_went_there(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    assert!(viewer(&alice).await["emailVerifiedAt"].is_null());
    let code = world.server.mail_to(&alice.email(), PROVE, 1).await.code();
    // Whoever reads the mail need not be signed in there.
    assert_eq!(verify(&world.anonymous, &code).await.text("/accountVerifyEmail/user/id"), alice.id);
    let proved = viewer(&alice).await;
    assert!(proved["emailVerifiedAt"].is_string() && proved["email"] == alice.email(), "{proved}");
    assert_eq!(audited(&world, &alice, "email_verify", false).await, 1);
    // A code is good for one proof.
    verify(&alice, &code).await.refused("accountVerifyEmail", "WRONG_CREDENTIALS", &["token"]);
    let code = world.server.mail_to(&bob.email(), PROVE, 1).await.code();
    let answers = join(verify(&bob, &code), verify(&bob, &code)).await;
    let proved =
        [answers.0, answers.1].iter().filter(|answer| answer.user_errors("accountVerifyEmail").is_empty()).count();
    assert_eq!((proved, audited(&world, &bob, "email_verify", true).await), (1, 1));
}

async fn a_code_that_nobody_made_proves_nothing(world: World) {
    let alice = world.user("alice").await;
    world.server.mail_to(&alice.email(), PROVE, 1).await;
    for code in
        ["", "lnv_", "lnv_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", &alice.token, "\u{0}", &"x".repeat(9_000)]
    {
        verify(&alice, code).await.refused("accountVerifyEmail", "WRONG_CREDENTIALS", &["token"]);
    }
    assert!(viewer(&alice).await["emailVerifiedAt"].is_null());
}

async fn only_the_newest_code_is_good(world: World) {
    let alice = world.user("alice").await;
    let first = world.server.mail_to(&alice.email(), PROVE, 1).await.code();
    assert_eq!(send(&alice, json!({})).await.text("/accountVerifyEmailSend/email"), alice.email());
    let second = world.server.mail_to(&alice.email(), PROVE, 2).await.code();
    assert_ne!(first, second);
    verify(&alice, &first).await.refused("accountVerifyEmail", "WRONG_CREDENTIALS", &["token"]);
    verify(&alice, &second).await.ok("/accountVerifyEmail/user/id");
}

async fn a_code_is_good_for_a_day(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let [of_alice, of_bob] = [
        world.server.mail_to(&alice.email(), PROVE, 1).await.code(),
        world.server.mail_to(&bob.email(), PROVE, 1).await.code(),
    ];
    world.server.advance_clock(Duration::from_secs(23 * 3600)).await;
    verify(&world.anonymous, &of_alice).await.ok("/accountVerifyEmail/user/id");
    world.server.advance_clock(Duration::from_secs(2 * 3600)).await;
    verify(&world.anonymous, &of_bob).await.refused("accountVerifyEmail", "EXPIRED", &["token"]);
    let bob = world.anonymous.sign_in("bob").await;
    send(&bob, json!({})).await.ok("/accountVerifyEmailSend/email");
    let code = world.server.mail_to(&bob.email(), PROVE, 2).await.code();
    verify(&world.anonymous, &code).await.ok("/accountVerifyEmail/user/id");
}

async fn mails_to_prove_an_address_are_limited(engine: Engine) {
    let settings = [("LINNET_RATE_LIMITS", "on"), ("LINNET_MAILS_PER_HOUR", "3")];
    let world = World::start_with(engine, &settings).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    for _ in 0..3 {
        send(&alice, json!({})).await.ok("/accountVerifyEmailSend/email");
    }
    let refused = send(&alice, json!({})).await;
    refused.failed("RATE_LIMITED");
    let wait = refused.json["errors"][0]["extensions"]["retryAfterMs"].as_u64().unwrap();
    assert!(wait > 60_000, "{wait} ms");
    send(&bob, json!({})).await.ok("/accountVerifyEmailSend/email");
    world.server.mail_to(&alice.email(), PROVE, 4).await;
    world.server.mail_to(&bob.email(), PROVE, 2).await;
}

/// Somebody's requests for a mail to who has forgotten a password, as many as there may be.
async fn exhaust(world: &World, email: &str) {
    let request = async || world.anonymous.mutate("passwordResetRequest", json!({ "email": email }), "").await;
    for _ in 0..3 {
        request().await.ok("/passwordResetRequest/errors");
    }
    request().await.failed("RATE_LIMITED");
}

async fn strangers_keep_nobody_from_proving_an_address(engine: Engine) {
    let settings = [("LINNET_RATE_LIMITS", "on"), ("LINNET_MAILS_PER_HOUR", "3")];
    let world = World::start_with(engine, &settings).await;
    exhaust(&world, "ALICE@example.org").await;
    let alice = world.user("alice").await;
    send(&alice, json!({})).await.ok("/accountVerifyEmailSend/email");
    // What is asked for of another's address is a stranger's wish again.
    exhaust(&world, "new@example.org").await;
    change(&alice, "new@example.org", OWN).await.failed("RATE_LIMITED");
}

async fn sign_ups_again_and_again_fill_no_letter_box(engine: Engine) {
    let settings =
        [("LINNET_RATE_LIMITS", "on"), ("LINNET_MAILS_PER_HOUR", "3"), ("LINNET_CREDENTIALS_PER_MINUTE", "50")];
    let world = World::start_with(engine, &settings).await;
    for number in 0..4 {
        let name = format!("mallory{number}");
        let input = json!({ "username": name, "email": "victim@example.org", "password": OWN });
        let answer = world.anonymous.mutate("accountCreate", input, SESSION).await;
        if number == 3 {
            answer.failed("RATE_LIMITED");
            break;
        }
        let mallory = world.anonymous.signed_in("accountCreate", &answer);
        let input = json!({ "currentPassword": OWN, "newPassword": OTHER });
        mallory.mutate("accountChangePassword", input, VIEWER).await.ok("/accountChangePassword/viewer");
        mallory.mutate("accountDelete", json!({ "password": OTHER }), "deletedId").await.ok("/accountDelete/deletedId");
    }
    let guest = world.guest("visitor").await;
    let input = json!({ "email": "Victim@example.org", "password": OWN });
    guest.mutate("accountUpgrade", input, VIEWER).await.failed("RATE_LIMITED");
    assert!(world.server.mails_to("victim@example.org", "Your password was changed").is_empty());
}

async fn who_has_nothing_to_prove_gets_no_mail(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let guest = world.guest("visitor").await;
    let code = world.server.mail_to(&alice.email(), PROVE, 1).await.code();
    world.server.mail_to(&bob.email(), PROVE, 1).await;
    verify(&alice, &code).await.ok("/accountVerifyEmail/user/id");
    for input in [json!({}), json!({ "email": alice.email() }), json!({ "email": bob.email() }), json!({ "email": "" })]
    {
        send(&alice, input).await.refused("accountVerifyEmailSend", "NOT_FOUND", &["email"]);
    }
    send(&guest, json!({})).await.refused("accountVerifyEmailSend", "FORBIDDEN", &[]);
    let anonymous = world.anonymous.mutate("accountVerifyEmailSend", json!({}), "email").await;
    anonymous.failed("UNAUTHENTICATED");
    change(&guest, "new@example.org", OWN).await.refused("accountChangeEmail", "FORBIDDEN", &[]);
    let input = json!({ "email": "new@example.org", "password": OWN });
    world.anonymous.mutate("accountChangeEmail", input, VIEWER).await.failed("UNAUTHENTICATED");
    assert_eq!(world.database.number("SELECT COUNT(*) FROM jobs").await, 0);
    assert_eq!(world.server.mails().len(), 2);
}

async fn an_address_that_was_given_up_is_not_proved_after_all(world: World) {
    let alice = world.user("alice").await;
    let old = alice.email();
    world.server.mail_to(&old, PROVE, 1).await;
    change(&alice, "new@example.org", OWN).await.ok("/accountChangeEmail/viewer");
    let code = world.server.mail_to("new@example.org", PROVE, 1).await.code();
    // The one line proves the other address, and who asks in the next is whom the request began with.
    let document = "mutation($code: String!, $old: String!) { accountVerifyEmail(input: {token: $code}) { user { id } } \
        accountVerifyEmailSend(input: {email: $old}) { email errors { code path message } } }";
    let answer = alice.graphql(document, json!({ "code": code, "old": old })).await;
    assert_eq!(answer.data()["accountVerifyEmail"]["user"]["id"], alice.id);
    answer.refused("accountVerifyEmailSend", "NOT_FOUND", &["email"]);
    let now = viewer(&alice).await;
    assert_eq!((&now["email"], &now["pendingEmail"]), (&json!("new@example.org"), &Value::Null));
    assert_eq!(world.database.number("SELECT COUNT(*) FROM email_verification_tokens").await, 0);
}

async fn an_address_is_changed_once_the_new_one_is_proved(world: World) {
    let alice = world.user("alice").await;
    let (old, new) = (alice.email(), "Alice@New.example");
    world.prove(&alice).await;
    let answer = change(&alice, new, OWN).await;
    let asked = answer.ok("/accountChangeEmail/viewer");
    assert_eq!((&asked["email"], &asked["pendingEmail"]), (&json!(old), &json!(new)));
    let told = world.server.mail_to(&old, TO_CHANGE, 1).await;
    assert!(told.text.contains(new), "{told:?}");
    let code = world.server.mail_to(new, PROVE, 1).await.code();
    // Until then the old one is the account's.
    assert_eq!(viewer(&alice).await, *asked);
    sign_in(&world.anonymous, new, OWN).await.refused_with("sessionCreate", "WRONG_CREDENTIALS");
    sign_in(&world.anonymous, &old, OWN).await.ok("/sessionCreate/user/id");
    assert_eq!(send(&alice, json!({})).await.text("/accountVerifyEmailSend/email"), new);
    let newer = world.server.mail_to(new, PROVE, 2).await.code();
    verify(&world.anonymous, &code).await.refused("accountVerifyEmail", "WRONG_CREDENTIALS", &["token"]);
    assert_eq!(verify(&world.anonymous, &newer).await.text("/accountVerifyEmail/user/id"), alice.id);
    let now = viewer(&alice).await;
    assert_eq!((&now["email"], &now["pendingEmail"]), (&json!(new), &Value::Null));
    assert!(now["emailVerifiedAt"].is_string());
    assert!(world.server.mail_to(&old, CHANGED, 1).await.text.contains(new));
    sign_in(&world.anonymous, &old, OWN).await.refused_with("sessionCreate", "WRONG_CREDENTIALS");
    sign_in(&world.anonymous, "alice@new.EXAMPLE", OWN).await.ok("/sessionCreate/user/id");
    assert_eq!(audited(&world, &alice, "email_change_request", true).await, 1);
    assert_eq!(audited(&world, &alice, "email_change", false).await, 1);
    // Who comes now may have the old one.
    let input = json!({ "username": "other", "email": old, "password": OWN });
    world.anonymous.mutate("accountCreate", input, "user { id }").await.ok("/accountCreate/user/id");
}

async fn a_change_takes_the_password(world: World) {
    let alice = world.user("alice").await;
    for password in [OTHER, "", &"x".repeat(300)] {
        let answer = change(&alice, "new@example.org", password).await;
        answer.refused("accountChangeEmail", "WRONG_CREDENTIALS", &["password"]);
    }
    for (email, code) in [
        ("nonsense", "INVALID"),
        ("", "BLANK"),
        ("new@example.org\nBcc: all@example.org", "INVALID"),
        ("ALICE@example.org", "CONFLICT"),
    ] {
        let answer = change(&alice, email, OWN).await;
        assert_eq!(answer.user_errors("accountChangeEmail")[0].code, code, "{}", answer.json);
    }
    assert!(viewer(&alice).await["pendingEmail"].is_null());
    let noted = async || (audited(&world, &alice, "sign_in_failure", true).await == 3).then_some(());
    eventually("the failures to be written down", noted).await;
}

async fn whether_an_address_is_taken_is_told_to_its_owner_only(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let free = change(&alice, "free@example.org", OWN).await;
    world.server.mail_to("free@example.org", PROVE, 1).await;
    let taken = change(&alice, &bob.email(), OWN).await;
    let with_address = |answer: &Answer, address: &str| answer.json.to_string().replace(address, "…");
    assert_eq!(with_address(&taken, &bob.email()), with_address(&free, "free@example.org"));
    assert_eq!(viewer(&alice).await["pendingEmail"], bob.email());
    let told = world.server.mail_to(&bob.email(), IN_USE, 1).await;
    assert!(told.text.contains("alice") && !told.text.contains("lnv_"), "{told:?}");
    assert_eq!(send(&alice, json!({})).await.text("/accountVerifyEmailSend/email"), bob.email());
    world.server.mail_to(&bob.email(), IN_USE, 2).await;
    assert_eq!(world.server.mails_to(&bob.email(), PROVE).len(), 1, "bob's own, of the sign-up");
}

async fn of_two_who_prove_an_address_one_has_it(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let new = "both@example.org";
    for user in [&alice, &bob] {
        world.prove(user).await;
    }
    for user in [&alice, &bob] {
        change(user, new, OWN).await.ok("/accountChangeEmail/viewer");
        world.server.mail_to(&user.email(), TO_CHANGE, 1).await;
    }
    world.server.mail_to(new, PROVE, 2).await;
    let codes: Vec<_> = world.server.mails_to(new, PROVE).iter().map(|mail| mail.code()).collect();
    let answers = join(verify(&world.anonymous, &codes[0]), verify(&world.anonymous, &codes[1])).await;
    let mut outcomes: Vec<_> = [answers.0, answers.1]
        .iter()
        .map(|answer| answer.user_errors("accountVerifyEmail").first().map(|error| error.code.clone()))
        .collect();
    outcomes.sort();
    assert_eq!(outcomes, [None, Some("TAKEN".to_owned())]);
    let holders = world.database.number(&format!("SELECT COUNT(*) FROM users WHERE email = '{new}'")).await;
    assert_eq!(holders, 1);
}

async fn a_code_for_an_address_that_is_no_longer_wanted_is_of_no_use(world: World) {
    let alice = world.user("alice").await;
    let old = world.server.mail_to(&alice.email(), PROVE, 1).await.code();
    change(&alice, "second@example.org", OWN).await.ok("/accountChangeEmail/viewer");
    let second = world.server.mail_to("second@example.org", PROVE, 1).await.code();
    change(&alice, "third@example.org", OWN).await.ok("/accountChangeEmail/viewer");
    let third = world.server.mail_to("third@example.org", PROVE, 1).await.code();
    for code in [old, second] {
        verify(&alice, &code).await.refused("accountVerifyEmail", "WRONG_CREDENTIALS", &["token"]);
    }
    verify(&alice, &third).await.ok("/accountVerifyEmail/user/id");
    assert_eq!(viewer(&alice).await["email"], "third@example.org");
}

async fn the_address_that_was_asked_for_last_is_the_one_to_prove(engine: Engine) {
    let mut smtp = Smtp::prepare();
    let world = World::start_with(engine, &[("LINNET_SMTP_URL", &smtp.url())]).await;
    let alice = world.user("alice").await;
    world.database.execute("UPDATE users SET email_verified_at = created_at").await;
    change(&alice, "new@example.org", OWN).await.ok("/accountChangeEmail/viewer");
    assert_eq!(viewer(&alice).await["pendingEmail"], "new@example.org");
    // All of the mails are asked for before any of them can leave.
    smtp.launch().await;
    let left = async || {
        world.database.execute("UPDATE jobs SET available_at = created_at WHERE reserved_at IS NULL").await;
        (world.database.number("SELECT COUNT(*) FROM jobs").await == 0).then_some(())
    };
    eventually("all to have left", left).await;
    let mails = smtp.mails();
    let mut sent: Vec<_> = mails.iter().map(|mail| (mail.header("To"), mail.subject())).collect();
    sent.sort_unstable();
    assert_eq!(sent, [("alice@example.org", TO_CHANGE), ("new@example.org", PROVE)]);
    let code = mails.iter().find(|mail| mail.subject() == PROVE).unwrap().code();
    verify(&world.anonymous, &code).await.ok("/accountVerifyEmail/user/id");
    assert_eq!(viewer(&alice).await["email"], "new@example.org");
    // To name the address that one has gives up a change.
    let bob = world.user("bob").await;
    change(&bob, "newer@example.org", OWN).await.ok("/accountChangeEmail/viewer");
    send(&bob, json!({ "email": bob.email() })).await.ok("/accountVerifyEmailSend/email");
    assert!(viewer(&bob).await["pendingEmail"].is_null());
}

async fn codes_are_not_in_the_database(world: World) {
    let alice = world.user("alice").await;
    let code = world.server.mail_to(&alice.email(), PROVE, 1).await.code();
    let tables = ["jobs", "failed_jobs", "email_verification_tokens", "audit_log"];
    for table in tables {
        let as_text = match world.database.engine() {
            Engine::Postgres => format!("SELECT COUNT(*) FROM {table} t WHERE t::text LIKE '%{code}%'"),
            Engine::Sqlite => {
                let columns = world.database.rows(&format!("SELECT name FROM pragma_table_info('{table}')")).await;
                let columns: Vec<String> = columns.iter().map(|row| row.try_get("", "name").unwrap()).collect();
                let found = columns.iter().map(|column| format!("instr(coalesce({column}, ''), '{code}')"));
                format!("SELECT COUNT(*) FROM {table} WHERE {} > 0", found.collect::<Vec<_>>().join(" + "))
            }
        };
        assert_eq!(world.database.number(&as_text).await, 0, "{table}");
    }
    assert_eq!(world.database.number("SELECT COUNT(*) FROM email_verification_tokens").await, 1);
}
