//! Signing in to an account that was imported: by the password that it had, which is hashed anew by that.

use futures_util::future::{join, join_all};
use serde_json::{Value, json};
use tests::account::{PASSWORD, SESSION};
use tests::import::{vector, vectors};
use tests::mail::RESET;
use tests::{Answer, World, claims};

claims![
    the_first_sign_in_hashes_the_password_anew,
    a_wrong_password_changes_nothing,
    what_bcrypt_does_not_look_at_is_not_taken_for_the_password,
    a_password_with_a_nul_is_none,
    all_who_sign_in_at_once_are_in,
    a_reset_ends_an_imported_password,
    of_a_first_sign_in_and_a_reset_the_reset_stays,
    whatever_asks_for_a_password_takes_an_imported_one,
    while_imported_ones_are_left_all_attempts_take_alike,
    an_import_is_told_in_no_log,
];

async fn sign_in(world: &World, login: &str, password: &str) -> Answer {
    let input = json!({ "login": login, "password": password });
    world.anonymous.mutate("sessionCreate", input, SESSION).await
}

fn is_argon(hash: &str) -> bool {
    hash.starts_with("$argon2id$") && hash.contains("m=19456,t=2,p=1")
}

async fn the_first_sign_in_hashes_the_password_anew(world: World) {
    let vectors = vectors();
    let names: Vec<_> = (0..vectors.len()).map(|number| format!("user{number}")).collect();
    let accounts: Vec<_> = names.iter().zip(&vectors).map(|(name, one)| (name.as_str(), one.hash.as_str())).collect();
    world.import_all(&accounts).await;
    for (name, vector) in names.iter().zip(&vectors) {
        assert_eq!(world.password_hash(name).await, vector.hash, "no password is hashed by the import");
        sign_in(&world, name, &vector.password).await.ok("/sessionCreate/user/id");
        let kept = world.password_hash(name).await;
        // What bcrypt does not see to its end stays as it is.
        assert_eq!(is_argon(&kept), vector.password.len() < 72, "{}: {kept}", vector.name);
        sign_in(&world, &format!("{name}@example.org"), &vector.password).await.ok("/sessionCreate/user/id");
        assert_eq!(world.password_hash(name).await, kept, "{}", vector.name);
    }
    sign_in(&world, "user0", "not the password").await.refused_with("sessionCreate", "WRONG_CREDENTIALS");
    // A sign-up beside them is what it always was.
    let alice = world.user("alice").await;
    assert_eq!(world.anonymous.sign_in("alice").await.id, alice.id);
}

async fn a_wrong_password_changes_nothing(world: World) {
    let vector = vector("cost 6");
    world.import_all(&[("ann", &vector.hash)]).await;
    for wrong in ["not the password", "", &vector.password[1..], &format!("{} ", vector.password), &"x".repeat(300)] {
        sign_in(&world, "ann", wrong).await.refused("sessionCreate", "WRONG_CREDENTIALS", &["login"]);
    }
    sign_in(&world, "ann", &vector.hash).await.refused_with("sessionCreate", "WRONG_CREDENTIALS");
    assert_eq!(world.password_hash("ann").await, vector.hash);
    let answer = sign_in(&world, "ann", &vector.password).await;
    let ann = world.anonymous.signed_in("sessionCreate", &answer);
    tests::eventually("the failures to be in the log", async || {
        let failures = ann.audited().await.into_iter().filter(|action| action == "SIGN_IN_FAILURE").count();
        (failures == 6).then_some(())
    })
    .await;
}

async fn what_bcrypt_does_not_look_at_is_not_taken_for_the_password(world: World) {
    let (whole, cut, less) = (vector("73 bytes"), vector("72 bytes"), vector("71 bytes"));
    assert_eq!((whole.password.len(), cut.password.len(), less.password.len()), (73, 72, 71));
    world.import_all(&[("ann", &whole.hash), ("bob", &cut.hash), ("cec", &less.hash)]).await;
    // As the system that they come from had it: what is behind is not looked at, and none of it is kept, mistyped or cut.
    let longer = format!("{}and whatever else", cut.password);
    for (name, typed) in [("ann", &cut.password), ("bob", &longer), ("ann", &whole.password), ("bob", &cut.password)] {
        sign_in(&world, name, typed).await.ok("/sessionCreate/user/id");
    }
    assert_eq!(world.password_hash("ann").await, whole.hash);
    assert_eq!(world.password_hash("bob").await, cut.hash);
    sign_in(&world, "cec", &cut.password).await.refused_with("sessionCreate", "WRONG_CREDENTIALS");
    sign_in(&world, "cec", &less.password).await.ok("/sessionCreate/user/id");
    assert!(is_argon(&world.password_hash("cec").await));
}

async fn a_password_with_a_nul_is_none(world: World) {
    let vector = vector("2b");
    world.import_all(&[("ann", &vector.hash)]).await;
    let twin = format!("{0}\0{0}", vector.password);
    assert!(twin.len() < 72);
    sign_in(&world, "ann", &twin).await.refused_with("sessionCreate", "WRONG_CREDENTIALS");
    assert_eq!(world.password_hash("ann").await, vector.hash);
    sign_in(&world, "ann", &vector.password).await.ok("/sessionCreate/user/id");
}

async fn all_who_sign_in_at_once_are_in(world: World) {
    let vector = vector("cost 5");
    let names = ["ann", "bob", "cec", "dan"];
    world.import_all(&names.map(|name| (name, vector.hash.as_str()))).await;
    for name in names {
        let answers = join_all((0..4).map(|_| sign_in(&world, name, &vector.password))).await;
        for answer in &answers {
            assert!(world.anonymous.signed_in("sessionCreate", answer).is_signed_in().await);
        }
        assert!(is_argon(&world.password_hash(name).await));
        sign_in(&world, name, &vector.password).await.ok("/sessionCreate/user/id");
    }
}

/// Asks for a reset of an imported account's password, and gives the code.
async fn requested(world: &World, name: &str) -> String {
    let email = format!("{name}@example.org");
    let asked = world.anonymous.mutate("passwordResetRequest", json!({ "email": email }), "").await;
    asked.ok("/passwordResetRequest/errors");
    world.server.mail_to(&email, RESET, 1).await.code()
}

async fn reset(world: &World, code: &str) -> Answer {
    let input = json!({ "token": code, "newPassword": PASSWORD.to_uppercase() });
    world.anonymous.mutate("passwordReset", input, "user { id }").await
}

async fn a_reset_ends_an_imported_password(world: World) {
    let vector = vector("2a");
    world.import_all(&[("ann", &vector.hash)]).await;
    let code = requested(&world, "ann").await;
    reset(&world, &code).await.ok("/passwordReset/user/id");
    assert!(is_argon(&world.password_hash("ann").await));
    sign_in(&world, "ann", &vector.password).await.refused_with("sessionCreate", "WRONG_CREDENTIALS");
    sign_in(&world, "ann", &PASSWORD.to_uppercase()).await.ok("/sessionCreate/user/id");
}

async fn of_a_first_sign_in_and_a_reset_the_reset_stays(world: World) {
    let vector = vector("cost 6");
    let names = ["ann", "bob", "cec"];
    world.import_all(&names.map(|name| (name, vector.hash.as_str()))).await;
    for name in names {
        let code = requested(&world, name).await;
        let (signed_in, done) = join(sign_in(&world, name, &vector.password), reset(&world, &code)).await;
        done.ok("/passwordReset/user/id");
        if signed_in.user_errors("sessionCreate").is_empty() {
            let user = world.anonymous.signed_in("sessionCreate", &signed_in);
            assert!(!user.is_signed_in().await, "a session that the reset found has ended");
        }
        sign_in(&world, name, &vector.password).await.refused_with("sessionCreate", "WRONG_CREDENTIALS");
        sign_in(&world, name, &PASSWORD.to_uppercase()).await.ok("/sessionCreate/user/id");
    }
}

async fn whatever_asks_for_a_password_takes_an_imported_one(world: World) {
    let vector = vector("2b");
    assert_eq!(vector.password, PASSWORD);
    let users = world.users(["ann", "bob", "cec", "dan"]).await;
    // As if an operator had put the hashes there.
    let set = format!("UPDATE users SET password_hash = '{}'", vector.hash);
    world.database.execute(&set).await;
    let wrong = "not the password";
    let [ann, bob, cec, dan] = &users;
    let cases = [
        (ann, "accountChangeEmail", json!({ "email": "new@example.org" }), "password", "viewer { email }"),
        (
            bob,
            "accountChangePassword",
            json!({ "newPassword": "another long secret" }),
            "currentPassword",
            "viewer { email }",
        ),
        (cec, "accountDeactivate", json!({}), "password", "deactivatedId"),
        (dan, "accountDelete", json!({}), "password", "deletedId"),
    ];
    for (user, mutation, input, field, select) in cases {
        let with = |password: &str| {
            let mut input = input.clone();
            input[field] = Value::from(password);
            input
        };
        user.mutate(mutation, with(wrong), select).await.refused(mutation, "WRONG_CREDENTIALS", &[field]);
        user.mutate(mutation, with(PASSWORD), select).await.ok(&format!("/{mutation}"));
    }
    sign_in(&world, "ann", PASSWORD).await.ok("/sessionCreate/user/id");
    sign_in(&world, "bob", "another long secret").await.ok("/sessionCreate/user/id");
    sign_in(&world, "cec", PASSWORD).await.ok("/sessionCreate/user/id");
}

/// What the processor has done for the server so far, in ticks; whatever else the machine does is not counted.
fn worked(world: &World) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", world.server.id())).unwrap();
    let (_, behind_the_name) = stat.rsplit_once(") ").expect("a name in brackets");
    let fields: Vec<_> = behind_the_name.split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

/// What attempts with a wrong password take of the processor, for each of some logins, which take turns.
async fn work_of<const N: usize>(world: &World, logins: [&str; N]) -> [u64; N] {
    let mut work = [0; N];
    for _ in 0..12 {
        for (login, work) in logins.iter().zip(&mut work) {
            let before = worked(world);
            sign_in(world, login, "not the password").await.refused_with("sessionCreate", "WRONG_CREDENTIALS");
            *work += worked(world) - before;
        }
    }
    work
}

async fn while_imported_ones_are_left_all_attempts_take_alike(world: World) {
    let (cheap, costly) = (vector("2b"), vector("cost 10"));
    world.user("alice").await;
    world.guest("visitor").await;
    let [without] = work_of(&world, ["alice"]).await;
    world.import_all(&[("cheap", &cheap.hash), ("costly", &costly.hash)]).await;
    let logins = ["nobody", "alice", "cheap", "costly", "visitor", "nobody@example.org"];
    let work = work_of(&world, logins).await;
    let (least, most) = (work.iter().min().unwrap(), work.iter().max().unwrap());
    // With either of the two hashes left out they would be apart by much more.
    assert!(most * 4 < least * 5, "{logins:?} take {work:?}");
    assert!(*least > without + without / 4, "{without:?} without, {work:?} with");
    // The statements are the same, too.
    let mut asked = Vec::new();
    for login in ["nobody", "alice", "cheap", "costly"] {
        world.server.record_statements().await;
        sign_in(&world, login, "not the password").await;
        let reads = world.server.statements().await.into_iter().map(|one| one.sql);
        let reads = reads.filter(|sql| sql.starts_with("SELECT") && sql.contains(" user"));
        // That an attempt has failed is noted beside the request, whenever that is.
        asked.push(reads.filter(|sql| !sql.starts_with("SELECT * FROM users WHERE id = $1")).collect::<Vec<_>>());
    }
    asked.dedup();
    assert_eq!(asked.len(), 1, "{asked:#?}");
    // Once all have signed in, it is as it was.
    for (name, vector) in [("cheap", &cheap), ("costly", &costly)] {
        sign_in(&world, name, &vector.password).await.ok("/sessionCreate/user/id");
    }
    let [again] = work_of(&world, ["alice"]).await;
    assert!(again * 5 < least * 4, "{again:?} once none is left, {least:?} before");
}

async fn an_import_is_told_in_no_log(world: World) {
    let vector = vector("2b");
    world.import_all(&[("ann", &vector.hash)]).await;
    sign_in(&world, "ann", &vector.password).await.ok("/sessionCreate/user/id");
    let log = world.server.log();
    assert!(!log.contains(&vector.password) && !log.contains(&vector.hash[7..]), "{log}");
}
