//! What is kept of answers: for whoever asks the same again, and for whoever pays.

use std::time::Duration;

use serde_json::{Value, json};
use tests::endpoint::TOKENS;
use tests::{Endpoint, Engine, Reply, User, World, claims, eventually};

claims![
    the_same_question_is_answered_from_the_cache_in_its_thread_and_not_in_another,
    what_is_cached_is_as_the_document_has_it_and_expires,
    what_is_cached_goes_with_what_was_said,
    what_was_deleted_while_it_was_answered_is_not_kept,
    what_attempts_took_that_failed_is_written_down,
    costs_are_told_per_model_and_day_to_administrators_alone,
];

/// Each question stands for itself, so that it can be the same again.
const ALONE: (&str, &str) = ("LINNET_ASSISTANT_CONTEXT_MESSAGES", "1");

/// Tokens that outlive a clock that is moved.
const PATIENT: (&str, &str) = ("LINNET_ACCESS_TOKEN_MINUTES", "100000");

async fn ask(user: &User, thread: &str, question: &str) -> String {
    let sent = user.send(thread, question).await;
    user.answered(&sent.id).await
}

async fn cached(world: &World) -> i64 {
    world.database.number("SELECT COUNT(*) FROM ai_cache").await
}

async fn the_same_question_is_answered_from_the_cache_in_its_thread_and_not_in_another(engine: Engine) {
    let endpoint = Endpoint::start().await;
    let world = endpoint.world(engine, &[ALONE]).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let assistant = world.assistant().await;
    let (hers, his) = (alice.talk_to(&assistant).await, bob.talk_to(&assistant).await);
    endpoint.then(Reply::Says("for Alice alone".to_owned()));
    assert_eq!(ask(&alice, &hers, "What is it?").await, "for Alice alone");
    assert_eq!(ask(&alice, &hers, "What is it?").await, "for Alice alone");
    assert_eq!(endpoint.asked().len(), 1);
    assert_eq!(ask(&bob, &his, "What is it?").await, "You said: What is it?", "nothing of a thread is told in another");
    assert_eq!(ask(&alice, &hers, "What is it ?").await, "You said: What is it ?", "another question");
    assert_eq!(endpoint.asked().len(), 3);
    // Another prompt of the operator's, and another model, are other questions.
    for (setting, value) in [("LINNET_ASSISTANT_PROMPT", "Be kind."), ("LINNET_ASSISTANT_MODEL", "parrot-2")] {
        world.server.set(setting, value);
        world.server.restart().await;
        let before = endpoint.asked().len();
        assert_eq!(ask(&alice, &hers, "What is it?").await, "You said: What is it?");
        assert_eq!(ask(&alice, &hers, "What is it?").await, "You said: What is it?");
        assert_eq!(endpoint.asked().len(), before + 1);
    }
    world.server.set("LINNET_ASSISTANT_CACHE_DAYS", "0");
    world.server.restart().await;
    let before = endpoint.asked().len();
    ask(&alice, &hers, "What is it?").await;
    assert_eq!(endpoint.asked().len(), before + 1, "nothing is kept");
}

async fn what_is_cached_is_as_the_document_has_it_and_expires(engine: Engine) {
    let endpoint = Endpoint::start().await;
    let settings = [
        ALONE,
        PATIENT,
        ("LINNET_ASSISTANT_INPUT_PRICE", "2000000"),
        ("LINNET_ASSISTANT_OUTPUT_PRICE", "10000000"),
        ("LINNET_ASSISTANT_CACHE_DAYS", "1"),
    ];
    let world = endpoint.world(engine, &settings).await;
    let alice = world.user("alice").await;
    let thread = alice.talk_to(&world.assistant().await).await;
    let question = format!("{}?", "ä".repeat(300));
    ask(&alice, &thread, &question).await;
    let (input, output) = TOKENS;
    let row = world
        .database
        .rows("SELECT model, prompt_hash, prompt_summary, tokens_used, cost_estimate FROM ai_cache")
        .await;
    let text = |column: &str| row[0].try_get::<String>("", column).unwrap();
    let number = |column: &str| row[0].try_get::<i64>("", column).unwrap();
    assert_eq!((row.len(), text("model").as_str()), (1, "parrot-1"));
    assert_eq!(text("prompt_summary"), "ä".repeat(200));
    let hash = text("prompt_hash");
    assert!(hash.len() == 64 && hash.bytes().all(|digit| digit.is_ascii_hexdigit()), "SHA-256, not {hash}");
    assert_eq!((number("tokens_used"), number("cost_estimate")), (input + output, 2 * input + 10 * output));
    ask(&alice, &thread, &question).await;
    assert_eq!(endpoint.asked().len(), 1);
    world.server.advance_clock(Duration::from_hours(25)).await;
    ask(&alice, &thread, &question).await;
    assert_eq!(endpoint.asked().len(), 2, "what has expired is not told");
    assert_eq!(cached(&world).await, 1, "it is in the place of what it was before");
    world.server.advance_clock(Duration::from_hours(25)).await;
    world.server.remove_expired().await;
    eventually("what has expired to be removed", async || (cached(&world).await == 0).then_some(())).await;
}

async fn what_is_cached_goes_with_what_was_said(engine: Engine) {
    let endpoint = Endpoint::start().await;
    let world = endpoint.world(engine, &[ALONE]).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let assistant = world.assistant().await;
    let thread = alice.talk_to(&assistant).await;
    let sent = alice.send(&thread, "a secret").await;
    alice.answered(&sent.id).await;
    assert_eq!(cached(&world).await, 1);
    alice.delete(&sent).await;
    assert_eq!(cached(&world).await, 0, "what was taken back is not kept elsewhere");
    let (direct, group) = (bob.talk_to(&assistant).await, world.group(&alice, &[&bob]).await);
    alice.add_assistant(&group, &assistant).await;
    ask(&bob, &direct, "my secret").await;
    ask(&bob, &group, "@assistant my secret").await;
    ask(&alice, &thread, "still here").await;
    bob.leave(&group).await;
    assert_eq!(cached(&world).await, 3);
    bob.mutate("accountDelete", json!({ "password": tests::account::PASSWORD }), "").await.ok("/accountDelete");
    eventually("what the account said to be gone", async || (cached(&world).await == 1).then_some(())).await;
    let sql = "SELECT COUNT(*) FROM ai_cache WHERE prompt_summary = 'still here'";
    assert_eq!(world.database.number(sql).await, 1);
}

async fn what_was_deleted_while_it_was_answered_is_not_kept(engine: Engine) {
    let endpoint = Endpoint::start().await;
    let world = endpoint.world(engine, &[]).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    alice.add_assistant(&group, &world.assistant().await).await;
    let secret = bob.send(&group, "a secret").await;
    endpoint.then(Reply::Slowly(vec!["It is a secret.".to_owned()]));
    let sent = alice.send(&group, "@assistant what does Bob say?").await;
    endpoint.asked_times(1).await;
    bob.delete(&secret).await;
    endpoint.let_through(1);
    assert_eq!(alice.answered(&sent.id).await, "It is a secret.");
    assert_eq!(cached(&world).await, 0, "what was taken back is not kept elsewhere");
    ask(&alice, &group, "@assistant and now?").await;
    assert_eq!(cached(&world).await, 1);
}

async fn what_attempts_took_that_failed_is_written_down(engine: Engine) {
    let endpoint = Endpoint::start().await;
    let settings = [
        ALONE,
        ("LINNET_ASSISTANT_STALL_SECONDS", "1"),
        ("LINNET_ASSISTANT_ATTEMPTS", "1"),
        ("LINNET_ASSISTANT_PROMPT", ""),
        ("LINNET_ASSISTANT_INPUT_PRICE", "1000000"),
        ("LINNET_ASSISTANT_OUTPUT_PRICE", "1000000"),
    ];
    let world = endpoint.world(engine, &settings).await;
    let alice = world.user("alice").await;
    let thread = alice.talk_to(&world.assistant().await).await;
    let half = "half of it, as it were, and".to_owned();
    let estimate = |text: &str| text.len().div_ceil(4) as i64;
    let (input, output) = (estimate("hello"), estimate(&half));
    let (mut inputs, mut outputs) = (0, 0);
    for (reply, took) in [
        (Reply::CutsOff(half.clone()), (input, output)),
        (Reply::Stalls(half.clone()), (input, output)),
        (Reply::Says(" ".to_owned()), TOKENS),
        (Reply::Refuses(429, None), (0, 0)),
        (Reply::Refuses(500, None), (0, 0)),
    ] {
        endpoint.then(reply);
        let sent = alice.send(&thread, "hello").await;
        alice.answer_that_is("FAILED", &sent.id).await;
        (inputs, outputs) = (inputs + took.0, outputs + took.1);
        let sum = async |column: &str| {
            world.database.number(&format!("SELECT CAST(SUM({column}) AS BIGINT) FROM assistant_costs")).await
        };
        assert_eq!((sum("input_tokens").await, sum("output_tokens").await), (inputs, outputs));
        assert_eq!(sum("micro_dollars").await, inputs + outputs);
    }
}

async fn costs_are_told_per_model_and_day_to_administrators_alone(engine: Engine) {
    let endpoint = Endpoint::start().await;
    let settings = [
        ALONE,
        PATIENT,
        ("LINNET_ASSISTANT_INPUT_PRICE", "150000"),
        ("LINNET_ASSISTANT_OUTPUT_PRICE", "600001"),
        ("LINNET_ASSISTANT_ATTEMPTS", "1"),
    ];
    let world = endpoint.world(engine, &settings).await;
    let alice = world.user("alice").await;
    let root = world.administrator("root").await;
    let thread = alice.talk_to(&world.assistant().await).await;
    let document = "{ viewer { administration { assistantCosts(first: 20) { nodes { \
        day model answers cachedAnswers failedAttempts inputTokens outputTokens microDollars } } } } }";
    let costs = async || {
        let answer = root.graphql(document, Value::Null).await;
        answer.list("/viewer/administration/assistantCosts/nodes").clone()
    };
    assert_eq!(costs().await, [Value::Null; 0]);
    ask(&alice, &thread, "What is it?").await;
    ask(&alice, &thread, "What is it?").await;
    endpoint.then(Reply::Refuses(500, None));
    let sent = alice.send(&thread, "And now?").await;
    alice.answer_that_is("FAILED", &sent.id).await;
    let (input, output) = TOKENS;
    let today = &costs().await;
    let [day] = &today[..] else { panic!("one day, not {today:?}") };
    let each = (input * 150_000 + output * 600_001 + 999_999) / 1_000_000;
    let expected = json!({
        "day": day["day"], "model": "parrot-1", "answers": 2, "cachedAnswers": 1, "failedAttempts": 1,
        "inputTokens": input as f64, "outputTokens": output as f64, "microDollars": each as f64,
    });
    assert_eq!(day, &expected);
    // The next day, and another model, have their own.
    world.server.advance_clock(Duration::from_hours(24)).await;
    ask(&alice, &thread, "Tomorrow?").await;
    world.server.set("LINNET_ASSISTANT_MODEL", "parrot-2");
    world.server.restart().await;
    ask(&alice, &thread, "Another?").await;
    let all = costs().await;
    let of = |row: &Value| (row["day"].as_str().unwrap().to_owned(), row["model"].as_str().unwrap().to_owned());
    let places: Vec<_> = all.iter().map(of).collect();
    let mut sorted = places.clone();
    sorted.sort_by(|one, other| other.cmp(one));
    assert_eq!((places.len(), &places), (3, &sorted), "the latest day first");
    // Page by page it is the same list.
    let paged = "query($after: Cursor) { viewer { administration { assistantCosts(first: 1, after: $after) { \
        nodes { day model } pageInfo { hasNextPage endCursor } } } } }";
    let (mut walked, mut after) = (Vec::new(), Value::Null);
    loop {
        let page = root.graphql(paged, json!({ "after": after })).await;
        let page = page.ok("/viewer/administration/assistantCosts");
        walked.extend(page["nodes"].as_array().unwrap().iter().map(of));
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
    assert_eq!(walked, places);
    let answer = alice.graphql(document, Value::Null).await;
    assert_eq!(answer.ok("/viewer/administration"), &Value::Null);
}
