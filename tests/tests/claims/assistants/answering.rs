//! What the assistant answers, where, and how it is seen.

use serde_json::{Value, json};
use tests::job::PAST;
use tests::{Endpoint, Engine, Reply, Server, Subscription, User, claims, eventually};

claims![
    in_a_direct_thread_it_answers_always,
    elsewhere_it_answers_when_mentioned,
    its_answer_is_seen_while_it_is_written_and_stored_as_one_message,
    it_sees_the_last_messages_and_no_others,
    an_answer_that_is_too_long_is_cut_where_all_can_see_it,
    a_worker_killed_over_an_answer_leaves_one,
    a_page_of_questions_takes_no_more_statements_than_one,
    among_people_it_holds_up_no_receipt,
];

async fn in_a_direct_thread_it_answers_always(engine: Engine) {
    let endpoint = Endpoint::start().await;
    let world = endpoint.world(engine, &[]).await;
    let alice = world.user("alice").await;
    let assistant = world.assistant().await;
    let thread = alice.talk_to(&assistant).await;
    assert_eq!(alice.talk_to(&assistant).await, thread, "there is one");
    for question in ["Hello", "@somebody else?"] {
        let sent = alice.send(&thread, question).await;
        let answer = alice.answer_that_is("ANSWERED", &sent.id).await;
        let message = &answer["message"];
        assert_eq!(message["content"], format!("You said: {question}"));
        assert_eq!((&message["sender"]["id"], &message["parent"]), (&json!(assistant), &Value::Null));
        assert_eq!(
            (&answer["attempts"], &answer["failure"], &answer["retryAt"]),
            (&json!(1), &Value::Null, &Value::Null)
        );
        assert_eq!(alice.answer_to(message["id"].as_str().unwrap()).await, Value::Null, "it does not answer itself");
    }
    assert_eq!(alice.history(&thread).await.len(), 4);
    let roles: Vec<_> = alice.participants(&thread).await.iter().map(|one| one["role"].clone()).collect();
    assert_eq!(roles, ["AI", "MEMBER"]);
    let bob = world.user("bob").await;
    let theirs = world.direct(&alice, &bob).await;
    let sent = alice.send(&theirs, "@assistant hello").await;
    assert_eq!(bob.answer_to(&sent.id).await, Value::Null, "it takes no part in it");
    assert_eq!(endpoint.asked().len(), 2);
}

async fn elsewhere_it_answers_when_mentioned(engine: Engine) {
    let endpoint = Endpoint::start().await;
    let world = endpoint.world(engine, &[("LINNET_ASSISTANT_USERNAME", "Helper")]).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let assistant = world.assistant().await;
    let group = world.group(&alice, &[&bob]).await;
    let room = world.room_of(&alice, &[&bob]).await;
    let unheard = bob.send(&room, "@helper, are you there?").await;
    for thread in [&group, &room] {
        alice.add_assistant(thread, &assistant).await;
        let plain = bob.send(thread, "helper, and bob@helper, and @helpers").await;
        let edited = bob.send(thread, "nothing").await;
        bob.edit(&edited, "@helper, what is it?").await;
        let asking = bob.send(thread, "Zoë and @HELPER: hello").await;
        let answer = alice.answer_that_is("ANSWERED", &asking.id).await;
        assert_eq!(answer["message"]["content"], "You said: bob: Zoë and @HELPER: hello");
        assert_eq!(answer["message"]["parent"]["id"], asking.id, "it is seen what it answers");
        // What it says mentions it, and is no question.
        let its = answer["message"]["id"].as_str().unwrap();
        for silent in [&plain.id, &edited.id, its] {
            assert_eq!(alice.answer_to(silent).await, Value::Null);
        }
        let reply = bob.reply(thread, &asking, "@helper once more").await;
        let answer = alice.answer_that_is("ANSWERED", &reply.id).await;
        assert_eq!(answer["message"]["parent"]["id"], asking.id, "replies stay together");
    }
    assert_eq!(bob.answer_to(&unheard.id).await, Value::Null);
    // Whoever makes a group may make it with the assistant.
    let made = alice.try_create_group(&[&bob.id, &assistant]).await.text("/threadCreate/thread/id");
    let asking = bob.send(&made, "@helper hello").await;
    assert_eq!(bob.answered(&asking.id).await, "You said: bob: @helper hello");
    alice.try_remove(&made, &assistant).await.ok("/participantRemove");
    let late = bob.send(&made, "@helper hello").await;
    assert_eq!(bob.answer_to(&late.id).await, Value::Null);
    assert_eq!(endpoint.asked().len(), 5);
}

async fn its_answer_is_seen_while_it_is_written_and_stored_as_one_message(engine: Engine) {
    let endpoint = Endpoint::start().await;
    let world = endpoint.world(engine, &[]).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let assistant = world.assistant().await;
    let thread = world.group(&alice, &[&bob]).await;
    alice.add_assistant(&thread, &assistant).await;
    let socket = world.socket(&bob).await;
    let mut events = socket.events(&thread, None).await;
    events.until("CaughtUp").await;
    let mut signals = socket.signals(&thread).await;
    next(&mut signals, "Presence").await;
    endpoint.then(Reply::Slowly(["One", ", two", ", three."].map(str::to_owned).to_vec()));
    let sent = alice.send(&thread, "@assistant count").await;
    let begun = next(&mut signals, "AnswerChanged").await;
    assert_eq!((&begun["questionId"], &begun["status"]), (&json!(sent.id), &json!("ANSWERING")));
    for so_far in ["One", "One, two", "One, two, three."] {
        assert_eq!(alice.answer_to(&sent.id).await["status"], "ANSWERING", "no part of it is stored");
        endpoint.let_through(1);
        if so_far.ends_with('.') {
            break;
        }
        let signal = next(&mut signals, "AnswerWriting").await;
        assert_eq!((&signal["text"], &signal["user"]["id"]), (&json!(so_far), &json!(assistant)));
        assert_eq!((&signal["questionId"], signal["at"].is_string()), (&json!(sent.id), true));
    }
    loop {
        let ended = next(&mut signals, "AnswerChanged").await;
        assert_eq!(ended["questionId"], sent.id);
        if ended["status"] == "ANSWERED" {
            break;
        }
    }
    let posted = async |events: &mut Subscription| loop {
        let event = events.event().await;
        if event["__typename"] == "MessagePosted" {
            return event["message"]["content"].clone();
        }
    };
    assert_eq!(posted(&mut events).await, "@assistant count");
    assert_eq!(posted(&mut events).await, "One, two, three.");
    let marker = alice.send(&thread, "a marker").await;
    let rest = events.until_cursor(&marker.cursor).await;
    assert_eq!(rest.iter().filter(|event| event["__typename"] == "MessagePosted").count(), 1, "the marker alone");
    assert_eq!(bob.answered(&sent.id).await, "One, two, three.");
}

/// The next signal of this kind.
async fn next(signals: &mut Subscription, kind: &str) -> Value {
    loop {
        let signal = signals.value().await;
        if signal["__typename"] == kind {
            return signal;
        }
    }
}

async fn it_sees_the_last_messages_and_no_others(engine: Engine) {
    let endpoint = Endpoint::start().await;
    let settings = [
        ("LINNET_ASSISTANT_CONTEXT_MESSAGES", "4"),
        ("LINNET_ASSISTANT_CONTEXT_CHARACTERS", "60"),
        ("LINNET_ASSISTANT_PROMPT", "Be brief."),
    ];
    let world = endpoint.world(engine, &settings).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let assistant = world.assistant().await;
    let other = world.group(&alice, &[&bob]).await;
    alice.send(&other, "a secret of another thread").await;
    let group = world.group(&alice, &[&bob]).await;
    alice.add_assistant(&group, &assistant).await;
    alice.send(&group, "too long ago").await;
    bob.send(&group, "one").await;
    let deleted = bob.send(&group, "taken back").await;
    bob.delete(&deleted).await;
    alice.send(&group, "two").await;
    let first = bob.send(&group, "@assistant three?").await;
    bob.answered(&first.id).await;
    let asked = &endpoint.asked()[0];
    assert_eq!(
        asked.said(),
        ["system: Be brief.", "user: bob: one", "user: alice: two", "user: bob: @assistant three?"]
    );
    assert_eq!(asked.authorization.as_deref(), Some(&*format!("Bearer {}", tests::endpoint::KEY)));
    assert_eq!((&asked.body["model"], &asked.body["stream"]), (&json!("parrot-1"), &json!(true)));
    // What it said itself it is told as its own; and what does not fit any more is left out.
    let second = bob.send(&group, "@assistant four?").await;
    bob.answered(&second.id).await;
    let said = endpoint.asked()[1].said();
    assert_eq!(
        said,
        ["system: Be brief.", "assistant: You said: bob: @assistant three?", "user: bob: @assistant four?"]
    );
    let long = bob.send(&group, &format!("@assistant {}", "x".repeat(100))).await;
    bob.answered(&long.id).await;
    let said = endpoint.asked()[2].said();
    assert_eq!(said[1..], [format!("user: bob: @assistant {}", "x".repeat(44))], "as much of a question as fits");
    // In a direct thread nobody needs to be told who speaks.
    let direct = alice.talk_to(&assistant).await;
    let sent = alice.send(&direct, "just me").await;
    alice.answered(&sent.id).await;
    assert_eq!(endpoint.asked()[3].said(), ["system: Be brief.", "user: just me"]);
}

async fn an_answer_that_is_too_long_is_cut_where_all_can_see_it(engine: Engine) {
    let endpoint = Endpoint::start().await;
    let world = endpoint.world(engine, &[("LINNET_MESSAGE_LENGTH", "20")]).await;
    let alice = world.user("alice").await;
    let thread = alice.talk_to(&world.assistant().await).await;
    for (said, stored) in [
        ("exactly twenty chars", "exactly twenty chars".to_owned()),
        ("ä".repeat(21).as_str(), format!("{}…", "ä".repeat(19))),
        ("\u{0} between \u{0} ", "between".to_owned()),
        (&"word ".repeat(10_000), "word word word word…".to_owned()),
    ] {
        endpoint.then(Reply::Says(said.to_owned()));
        let sent = alice.send(&thread, "say it").await;
        assert_eq!(alice.answered(&sent.id).await, stored);
    }
}

async fn a_worker_killed_over_an_answer_leaves_one(engine: Engine) {
    let endpoint = Endpoint::start().await;
    let world = endpoint.world(engine, &[("LINNET_JOB_WORKERS", "0")]).await;
    let alice = world.user("alice").await;
    let thread = alice.talk_to(&world.assistant().await).await;
    let settings = endpoint.settings();
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let worker = Server::prepare(&world.database, &settings);
    let again = async || {
        let sql = format!("UPDATE jobs SET available_at = '{PAST}'");
        world.database.execute(&sql).await;
        worker.launch_as(worker.command(&["worker"]));
    };
    let only_one = async |user: &User, sent: &str| {
        user.answered(sent).await;
        eventually("the job to be gone", async || {
            (world.database.number("SELECT COUNT(*) FROM jobs WHERE kind = 'answer_message'").await == 0).then_some(())
        })
        .await;
        let history = user.history(&thread).await;
        history.iter().filter(|(_, message)| message["sender"]["id"] != user.id).count()
    };
    // In the middle of the answer.
    endpoint.then(Reply::Slowly(vec!["half of".to_owned(), " it".to_owned()]));
    let sent = alice.send(&thread, "hello").await;
    worker.launch_as(worker.command(&["worker"]));
    endpoint.asked_times(1).await;
    assert_eq!(alice.answer_that_is("ANSWERING", &sent.id).await["attempts"], 1);
    worker.kill9();
    assert_eq!(alice.answer_to(&sent.id).await["status"], "ANSWERING");
    again().await;
    assert_eq!(only_one(&alice, &sent.id).await, 1);
    assert_eq!(alice.answer_to(&sent.id).await["attempts"], 2);
    worker.kill9();
    // After the answer, and before the end of the job: it is begun once more.
    let sql = "INSERT INTO jobs (id, queue, kind, payload, attempts, available_at, created_at) VALUES (\
               (SELECT question_id FROM assistant_answers), 'assistant', 'answer_message', '{\"question_id\":\"ID\"}', 1, 'AT', 'AT')";
    world.database.execute(&sql.replace("ID", &sent.id).replace("AT", PAST)).await;
    again().await;
    assert_eq!(only_one(&alice, &sent.id).await, 1, "what was answered stays so");
    assert_eq!(endpoint.asked().len(), 2);
    worker.stop().await;
}

async fn a_page_of_questions_takes_no_more_statements_than_one(engine: Engine) {
    let endpoint = Endpoint::start().await;
    let world = endpoint.world(engine, &[]).await;
    let alice = world.user("alice").await;
    let thread = alice.talk_to(&world.assistant().await).await;
    let ask = "query($id: ID!) { thread(id: $id) { messages(last: 50) { nodes { id \
        assistantAnswer { status message { content sender { username } } } } } } }";
    let mut counts = Vec::new();
    for number in 0..6 {
        let sent = alice.send(&thread, &format!("question {number}")).await;
        alice.answered(&sent.id).await;
        world.server.record_statements().await;
        alice.graphql(ask, json!({ "id": thread })).await.ok("/thread");
        let statements = world.server.statements().await;
        let statements = statements.iter().filter(|one| !one.sql.contains("jobs") && one.sql.contains("FROM"));
        counts.push(statements.count());
    }
    assert_eq!(counts[1], counts[5], "{counts:?}");
}

async fn among_people_it_holds_up_no_receipt(engine: Engine) {
    let endpoint = Endpoint::start().await;
    let world = endpoint.world(engine, &[]).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let assistant = world.assistant().await;
    let group = world.group(&alice, &[&bob]).await;
    alice.add_assistant(&group, &assistant).await;
    let status = async |id: &str| alice.message(id, "status").await["status"].clone();
    let sent = alice.send(&group, "for Bob").await;
    assert_eq!(status(&sent.id).await, "SENT");
    bob.mark_read(&group, &sent.cursor).await;
    assert_eq!(status(&sent.id).await, "READ");
    bob.leave(&group).await;
    assert_eq!(status(&sent.id).await, "READ", "it does not go back");
    // Where there is nobody else, it has read what it answers.
    let direct = alice.talk_to(&assistant).await;
    endpoint.then(Reply::Slowly(vec!["There.".to_owned()]));
    let sent = alice.send(&direct, "for you").await;
    assert_eq!(status(&sent.id).await, "SENT");
    endpoint.let_through(1);
    alice.answered(&sent.id).await;
    assert_eq!(status(&sent.id).await, "READ");
}
