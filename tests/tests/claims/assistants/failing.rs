//! What becomes of questions that the assistant can't answer, or may not.

use std::time::Duration;

use serde_json::{Value, json};
use tests::{Endpoint, Engine, Reply, claims, eventually};

claims![
    an_endpoint_that_fails_leaves_a_state_that_can_be_retried,
    an_endpoint_that_fails_for_a_moment_is_asked_again,
    an_endpoint_that_is_not_there_is_told_from_one_that_refuses,
    twenty_answers_an_hour,
    an_attempt_of_the_hour_counts_whatever_becomes_of_it,
    only_who_has_asked_or_an_admin_asks_once_more,
    what_is_no_question_any_more_is_not_answered,
    who_has_gone_is_not_answered,
    where_it_may_not_write_it_says_so,
    an_answer_that_is_not_wanted_any_more_is_broken_off,
];

const STALL: (&str, &str) = ("LINNET_ASSISTANT_STALL_SECONDS", "1");
/// Tokens that outlive a clock that is moved.
const PATIENT: (&str, &str) = ("LINNET_ACCESS_TOKEN_MINUTES", "100000");
const ONCE: (&str, &str) = ("LINNET_ASSISTANT_ATTEMPTS", "1");

async fn an_endpoint_that_fails_leaves_a_state_that_can_be_retried(engine: Engine) {
    let endpoint = Endpoint::start().await;
    let world = endpoint.world(engine, &[STALL, ONCE]).await;
    let alice = world.user("alice").await;
    let thread = alice.talk_to(&world.assistant().await).await;
    let socket = world.socket(&alice).await;
    for (reply, failure) in [
        (Reply::Refuses(500, None), "BROKEN"),
        (Reply::Refuses(429, Some(60)), "BUSY"),
        (Reply::Refuses(401, None), "REFUSED"),
        (Reply::CutsOff("half of".to_owned()), "CUT_OFF"),
        (Reply::Stalls("half of".to_owned()), "STALLED"),
        (Reply::Says(" ".to_owned()), "EMPTY"),
    ] {
        let before = alice.history(&thread).await.len();
        let mut signals = socket.signals(&thread).await;
        signals.value().await;
        endpoint.then(reply);
        let sent = alice.send(&thread, "hello").await;
        let failed = alice.answer_that_is("FAILED", &sent.id).await;
        assert_eq!((&failed["failure"], &failed["attempts"]), (&json!(failure), &json!(1)), "{failed}");
        assert_eq!((&failed["message"], &failed["retryAt"]), (&Value::Null, &Value::Null));
        loop {
            let signal = signals.value().await;
            if signal["__typename"] == "AnswerChanged" && signal["status"] == "FAILED" {
                assert_eq!(signal["questionId"], sent.id);
                break;
            }
        }
        socket.complete(&signals);
        assert_eq!(alice.history(&thread).await.len(), before + 1, "half an answer is none");
        let again = alice.ask_again(&sent.id).await;
        // It may have been begun by the time it is shown.
        assert_ne!(again.ok("/assistantRetry/message/assistantAnswer/status"), "FAILED");
        assert_eq!(alice.answered(&sent.id).await, "You said: hello");
        assert_eq!(alice.answer_to(&sent.id).await["failure"], Value::Null);
        alice.ask_again(&sent.id).await.refused("assistantRetry", "CONFLICT", &["messageId"]);
    }
    assert_eq!(endpoint.asked().len(), 12);
    assert_eq!(world.database.number("SELECT COUNT(*) FROM jobs WHERE kind = 'answer_message'").await, 0);
}

async fn an_endpoint_that_fails_for_a_moment_is_asked_again(engine: Engine) {
    let endpoint = Endpoint::start().await;
    let world = endpoint.world(engine, &[STALL]).await;
    let alice = world.user("alice").await;
    let thread = alice.talk_to(&world.assistant().await).await;
    endpoint.then(Reply::Refuses(429, Some(1)));
    endpoint.then(Reply::CutsOff("half of".to_owned()));
    let sent = alice.send(&thread, "hello").await;
    assert_eq!(alice.answered(&sent.id).await, "You said: hello");
    assert_eq!(alice.answer_to(&sent.id).await["attempts"], 3);
    assert_eq!(endpoint.asked().len(), 3);
    // One that says nothing would say nothing once more.
    endpoint.then(Reply::Says(" ".to_owned()));
    let sent = alice.send(&thread, "hello").await;
    let failed = alice.answer_that_is("FAILED", &sent.id).await;
    assert_eq!((&failed["failure"], &failed["attempts"]), (&json!("EMPTY"), &json!(1)));
    // Nor is one waited for that is away for long.
    endpoint.then(Reply::Refuses(503, Some(3600)));
    let sent = alice.send(&thread, "hello").await;
    let failed = alice.answer_that_is("FAILED", &sent.id).await;
    assert_eq!((&failed["failure"], &failed["attempts"]), (&json!("BUSY"), &json!(1)));
    // One that says when to come again is not asked before.
    endpoint.then(Reply::Refuses(503, Some(250)));
    let sent = alice.send(&thread, "hello").await;
    let waits = alice.answer_that_is("QUEUED", &sent.id).await;
    if waits["failure"].is_null() {
        eventually("the first attempt to fail", async || {
            (alice.answer_to(&sent.id).await["failure"] == "BUSY").then_some(())
        })
        .await;
    }
    let sql = "SELECT COUNT(*) FROM jobs j JOIN assistant_answers a ON a.question_id = j.id \
               WHERE j.available_at > j.created_at AND j.reserved_at IS NULL";
    eventually("the job to wait", async || (world.database.number(sql).await == 1).then_some(())).await;
    assert_eq!(endpoint.asked().len(), 6);
}

async fn an_endpoint_that_is_not_there_is_told_from_one_that_refuses(engine: Engine) {
    let endpoint = Endpoint::start().await;
    let settings = [ONCE, ("LINNET_ASSISTANT_ENDPOINT", "http://127.0.0.1:9/v1")];
    let world = endpoint.world(engine, &settings).await;
    let alice = world.user("alice").await;
    let thread = alice.talk_to(&world.assistant().await).await;
    let sent = alice.send(&thread, "hello").await;
    assert_eq!(alice.answer_that_is("FAILED", &sent.id).await["failure"], "UNREACHABLE");
    let log = world.server.log();
    assert!(log.contains("the endpoint can't be reached") && !log.contains(tests::endpoint::KEY), "{log}");
}

async fn twenty_answers_an_hour(engine: Engine) {
    let endpoint = Endpoint::start().await;
    let world = endpoint.world(engine, &[("LINNET_ASSISTANT_ANSWERS_PER_HOUR", "2"), PATIENT]).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let assistant = world.assistant().await;
    let thread = alice.talk_to(&assistant).await;
    for number in 0..2 {
        let sent = alice.send(&thread, &format!("question {number}")).await;
        alice.answered(&sent.id).await;
    }
    let third = alice.send(&thread, "one too many").await;
    let put_off = alice.answer_that_is("LIMITED", &third.id).await;
    let retry_at = put_off["retryAt"].as_str().expect("when to come again").to_owned();
    assert!(put_off["updatedAt"].as_str().unwrap() < retry_at.as_str(), "{put_off}");
    assert_eq!((&put_off["failure"], &put_off["message"]), (&Value::Null, &Value::Null));
    let elsewhere = bob.talk_to(&assistant).await;
    let sent = bob.send(&elsewhere, "hello").await;
    assert_eq!(bob.answered(&sent.id).await, "You said: hello", "another thread has its own");
    alice.ask_again(&third.id).await.ok("/assistantRetry/message");
    alice.answer_that_is("LIMITED", &third.id).await;
    assert_eq!(endpoint.asked().len(), 3);
    world.server.advance_clock(Duration::from_secs(3601)).await;
    alice.ask_again(&third.id).await.ok("/assistantRetry/message");
    assert_eq!(alice.answered(&third.id).await, "You said: one too many");
}

async fn an_attempt_of_the_hour_counts_whatever_becomes_of_it(engine: Engine) {
    let endpoint = Endpoint::start().await;
    let world = endpoint.world(engine, &[("LINNET_ASSISTANT_ANSWERS_PER_HOUR", "3"), PATIENT, ONCE]).await;
    let alice = world.user("alice").await;
    let thread = alice.talk_to(&world.assistant().await).await;
    // Deleted while it is answered.
    endpoint.then(Reply::Slowly(vec!["too late".to_owned()]));
    let deleted = alice.send(&thread, "never mind").await;
    endpoint.asked_times(1).await;
    alice.delete(&deleted).await;
    let broken_off = "SELECT COUNT(*) FROM assistant_answers WHERE status = 'failed'";
    eventually("the answer to be broken off", async || (world.database.number(broken_off).await == 1).then_some(()))
        .await;
    alice.ask_again(&deleted.id).await.refused("assistantRetry", "CONFLICT", &["messageId"]);
    // Asked for once more and once more.
    for _ in 0..3 {
        endpoint.then(Reply::Refuses(500, None));
    }
    let sent = alice.send(&thread, "hello").await;
    alice.answer_that_is("FAILED", &sent.id).await;
    alice.ask_again(&sent.id).await.ok("/assistantRetry/message");
    endpoint.asked_times(3).await;
    alice.answer_that_is("FAILED", &sent.id).await;
    alice.ask_again(&sent.id).await.ok("/assistantRetry/message");
    alice.answer_that_is("LIMITED", &sent.id).await;
    let another = alice.send(&thread, "and now?").await;
    alice.answer_that_is("LIMITED", &another.id).await;
    assert_eq!(endpoint.asked().len(), 3);
    world.server.advance_clock(Duration::from_secs(3601)).await;
    endpoint.then(Reply::Says("At last.".to_owned()));
    alice.ask_again(&another.id).await.ok("/assistantRetry/message");
    alice.answer_that_is("FAILED", &another.id).await;
    alice.ask_again(&another.id).await.ok("/assistantRetry/message");
    assert_eq!(alice.answered(&another.id).await, "At last.");
    // What is long past is not kept.
    world.server.advance_clock(Duration::from_hours(26)).await;
    world.server.remove_expired().await;
    let kept = "SELECT COUNT(*) FROM assistant_attempts";
    eventually("attempts to be forgotten", async || (world.database.number(kept).await == 0).then_some(())).await;
}

async fn only_who_has_asked_or_an_admin_asks_once_more(engine: Engine) {
    let endpoint = Endpoint::start().await;
    let world = endpoint.world(engine, &[ONCE]).await;
    let [alice, bob, carol, mallory] = world.users(["alice", "bob", "carol", "mallory"]).await;
    let group = world.group(&alice, &[&bob, &carol]).await;
    alice.add_assistant(&group, &world.assistant().await).await;
    let plain = bob.send(&group, "hello").await;
    bob.ask_again(&plain.id).await.refused("assistantRetry", "CONFLICT", &["messageId"]);
    for asker in [&bob, &alice] {
        endpoint.then(Reply::Refuses(500, None));
        let sent = bob.send(&group, "@assistant hello").await;
        bob.answer_that_is("FAILED", &sent.id).await;
        carol.ask_again(&sent.id).await.refused("assistantRetry", "FORBIDDEN", &["messageId"]);
        mallory.ask_again(&sent.id).await.refused("assistantRetry", "NOT_FOUND", &["messageId"]);
        let anonymous = world.anonymous.mutate("assistantRetry", json!({ "messageId": sent.id }), "").await;
        anonymous.failed("UNAUTHENTICATED");
        asker.ask_again(&sent.id).await.ok("/assistantRetry/message");
        bob.answered(&sent.id).await;
    }
    // Two at once ask once.
    endpoint.then(Reply::Refuses(500, None));
    let sent = bob.send(&group, "@assistant hello").await;
    bob.answer_that_is("FAILED", &sent.id).await;
    let asked = endpoint.asked().len();
    let both = futures_util::future::join(alice.ask_again(&sent.id), bob.ask_again(&sent.id)).await;
    let refused = [both.0, both.1].iter().filter(|answer| !answer.user_errors("assistantRetry").is_empty()).count();
    bob.answered(&sent.id).await;
    assert!(refused <= 1);
    assert_eq!(endpoint.asked().len(), asked + 1);
    assert_eq!(bob.answer_to(&sent.id).await["attempts"], 1);
}

async fn what_is_no_question_any_more_is_not_answered(engine: Engine) {
    let endpoint = Endpoint::start().await;
    let world = endpoint.world(engine, &[("LINNET_JOB_WORKERS", "0")]).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let assistant = world.assistant().await;
    let group = world.group(&alice, &[&bob]).await;
    alice.add_assistant(&group, &assistant).await;
    let deleted = alice.send(&group, "@assistant never mind").await;
    assert_eq!(alice.answer_to(&deleted.id).await["status"], "QUEUED");
    alice.delete(&deleted).await;
    assert_eq!(alice.answer_to(&deleted.id).await, Value::Null);
    let orphaned = bob.send(&group, "@assistant who am I?").await;
    bob.mutate("accountDelete", json!({ "password": tests::account::PASSWORD }), "").await.ok("/accountDelete");
    let settings = endpoint.settings();
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let _worker = world.worker(&settings);
    eventually("the questions to be dropped", async || {
        (world.database.number("SELECT COUNT(*) FROM jobs WHERE kind = 'answer_message'").await == 0).then_some(())
    })
    .await;
    assert_eq!(alice.answer_to(&orphaned.id).await, Value::Null);
    assert_eq!(endpoint.asked().len(), 0);
    assert_eq!(alice.history(&group).await.len(), 2);
}

async fn who_has_gone_is_not_answered(engine: Engine) {
    let endpoint = Endpoint::start().await;
    let world = endpoint.world(engine, &[("LINNET_JOB_WORKERS", "0")]).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    alice.add_assistant(&group, &world.assistant().await).await;
    let sent = bob.send(&group, "@assistant what did they say?").await;
    alice.try_remove(&group, &bob.id).await.ok("/participantRemove");
    let settings = endpoint.settings();
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let _worker = world.worker(&settings);
    assert_eq!(alice.answer_that_is("FAILED", &sent.id).await["failure"], "CLOSED");
    assert_eq!(endpoint.asked().len(), 0);
}

async fn an_answer_that_is_not_wanted_any_more_is_broken_off(engine: Engine) {
    let endpoint = Endpoint::start().await;
    let world = endpoint.world(engine, &[]).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let root = world.administrator("root").await;
    let assistant = world.assistant().await;
    let cases = ["archived", "without it", "without who asks", "it is suspended", "who asks is suspended"];
    for (number, case) in cases.into_iter().enumerate() {
        let group = world.group(&alice, &[&bob]).await;
        alice.add_assistant(&group, &assistant).await;
        // Of which it says nothing more by itself.
        endpoint.then(Reply::Slowly(vec!["too late".to_owned()]));
        let sent = bob.send(&group, "@assistant hello").await;
        endpoint.asked_times(number + 1).await;
        match case {
            "archived" => drop(alice.archive(&group).await),
            "without it" => drop(alice.try_remove(&group, &assistant).await.ok("/participantRemove")),
            "without who asks" => drop(alice.try_remove(&group, &bob.id).await.ok("/participantRemove")),
            _ => {
                let id = if case == "it is suspended" { &assistant } else { &bob.id };
                root.mutate("userSuspend", json!({ "id": id }), "").await.ok("/userSuspend");
            }
        }
        assert_eq!(alice.answer_that_is("FAILED", &sent.id).await["failure"], "CLOSED", "{case}");
        root.mutate("userUnsuspend", json!({ "id": assistant }), "").await.ok("/userUnsuspend");
        assert_eq!(alice.history(&group).await.len(), 1, "{case}");
    }
    let direct = alice.talk_to(&assistant).await;
    endpoint.then(Reply::Slowly(vec!["too late".to_owned()]));
    let sent = alice.send(&direct, "hello").await;
    endpoint.asked_times(cases.len() + 1).await;
    alice.mutate("userBlock", json!({ "id": assistant }), "").await.ok("/userBlock");
    assert_eq!(alice.answer_that_is("FAILED", &sent.id).await["failure"], "CLOSED", "blocked");
}

async fn where_it_may_not_write_it_says_so(engine: Engine) {
    let endpoint = Endpoint::start().await;
    let world = endpoint.world(engine, &[]).await;
    let alice = world.user("alice").await;
    let root = world.administrator("root").await;
    let assistant = world.assistant().await;
    // Archived, or without it, while it was about to answer.
    for closing in ["archived", "removed"] {
        let group = world.group(&alice, &[]).await;
        alice.add_assistant(&group, &assistant).await;
        let asked = endpoint.asked().len();
        endpoint.then(Reply::Slowly(vec!["too late".to_owned()]));
        let sent = alice.send(&group, "@assistant hello").await;
        endpoint.asked_times(asked + 1).await;
        match closing {
            "archived" => drop(alice.archive(&group).await),
            _ => drop(alice.try_remove(&group, &assistant).await),
        }
        endpoint.let_through(1);
        assert_eq!(alice.answer_that_is("FAILED", &sent.id).await["failure"], "CLOSED", "{closing}");
        assert_eq!(alice.history(&group).await.len(), 1);
    }
    let direct = alice.talk_to(&assistant).await;
    root.mutate("userSuspend", json!({ "id": assistant }), "").await.ok("/userSuspend");
    let sent = alice.send(&direct, "hello").await;
    assert_eq!(alice.answer_that_is("FAILED", &sent.id).await["failure"], "CLOSED", "it is suspended");
    root.mutate("userUnsuspend", json!({ "id": assistant }), "").await.ok("/userUnsuspend");
    alice.ask_again(&sent.id).await.ok("/assistantRetry/message");
    assert_eq!(alice.answered(&sent.id).await, "You said: hello");
}
