//! All the systems at once, on two nodes: what each promises holds while the others work.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::{FutureExt, LocalBoxFuture, join_all};
use serde_json::{Value, json};
use tests::endpoint::Endpoint;
use tests::mint::uri;
use tests::{Answer, Engine, Line, Nats, Nodes, Sent, Subscription, User, World, eventually, postgres_claims};
use tokio::time::Instant;

use crate::crash::{messages_after, nothing_is_lost, nothing_is_missing};

postgres_claims![heavy_all_systems_at_once_keep_what_they_promise];

/// For how long all of them work.
const LASTS: Duration = Duration::from_secs(60);

/// Where it all happens, and what was acknowledged.
struct Scene {
    until: Instant,
    group: String,
    /// One that is put away and taken back all the time.
    busy: String,
    lobby: String,
    birds: String,
    sent: Mutex<Vec<(Sent, String)>>,
    chirps: Mutex<BTreeSet<String>>,
    mints: Mutex<BTreeSet<String>>,
    done: AtomicUsize,
    refused: AtomicUsize,
}

impl Scene {
    fn goes_on(&self) -> bool {
        Instant::now() < self.until
    }

    /// Whether a change was made; else it has to have been refused by one of these codes.
    fn made(&self, answer: &Answer, mutation: &str, refusals: &[&str]) -> bool {
        self.done.fetch_add(1, Ordering::Relaxed);
        assert_eq!(answer.error_code(), None, "{mutation}: {}", answer.json);
        let errors = answer.user_errors(mutation);
        let unexpected: Vec<_> = errors.iter().filter(|error| !refusals.contains(&error.code.as_str())).collect();
        assert!(unexpected.is_empty(), "{mutation}: {unexpected:?}");
        self.refused.fetch_add(usize::from(!errors.is_empty()), Ordering::Relaxed);
        errors.is_empty()
    }
}

async fn heavy_all_systems_at_once_keep_what_they_promise(_: Engine) {
    let endpoint = Endpoint::start().await;
    let own = endpoint.settings();
    let own = own.iter().map(|(name, value)| (*name, value.as_str()));
    let settings: Vec<_> =
        own.chain([("LINNET_LOBBY", "on"), ("LINNET_ASSISTANT_ANSWERS_PER_HOUR", "100000")]).collect();
    let nodes = Nodes::start_with(Nats::start().await, &settings).await;
    let Nodes { a, b, .. } = &nodes;
    let people = a.crowd("person", 8).await;
    let guests = [b.guest("gus").await, a.guest("gil").await];
    let root = b.user("root").await;
    b.grant_admin("root").await;
    let members: Vec<&User> = people.iter().collect();
    let lobby = a.anonymous.graphql("{ lobby { id } }", Value::Null).await.text("/lobby/id");
    let scene = Scene {
        until: Instant::now() + LASTS,
        group: a.group(&people[0], &members[1..6]).await,
        busy: a.group(&people[0], &members[1..3]).await,
        lobby,
        birds: people[0].collection(true, None).await,
        sent: Mutex::default(),
        chirps: Mutex::default(),
        mints: Mutex::default(),
        done: AtomicUsize::new(0),
        refused: AtomicUsize::new(0),
    };
    let start = people[0].event_cursor(&scene.group).await;
    let feed = people[0].feed_cursor().await;
    let sockets = [a.socket(&people[0]).await, b.socket(&people[5]).await];
    let (mut logs, mut posts, mut feeds) = (Vec::new(), Vec::new(), Vec::new());
    for socket in &sockets {
        logs.push(socket.lines(&scene.group, Some(&start)).await);
        posts.push(socket.posts(&scene.group, Some(&start)).await);
        feeds.push(socket.chirps(Some(&feed)).await);
    }
    let mut acts: Vec<LocalBoxFuture<'_, ()>> = Vec::new();
    for (number, person) in people.iter().enumerate() {
        let here = if number % 2 == 0 { a.here(person) } else { b.here(person) };
        match number {
            0..=3 => acts.push(talk(&scene, here).boxed_local()),
            4 | 5 => acts.push(read(&scene, here).boxed_local()),
            6 => acts.push(chirp(&scene, here).boxed_local()),
            _ => acts.push(mint(&scene, here).boxed_local()),
        }
    }
    acts.push(put_away_and_take_back(&scene, b.here(&people[0]), a.here(&people[1])).boxed_local());
    acts.extend(guests.iter().map(|guest| visit(&scene, guest).boxed_local()));
    acts.push(come_and_go(&scene, b).boxed_local());
    acts.push(keep_in_order(&scene, a, &root).boxed_local());
    acts.push(ask_the_assistant(&scene, a, b.here(&people[6])).boxed_local());
    join_all(acts).await;
    let (done, refused) = (scene.done.load(Ordering::Relaxed), scene.refused.load(Ordering::Relaxed));
    eprintln!("{done} changes in a minute, {refused} of them refused");
    streams_told_everything(&scene, &people[0], &start, &mut logs, &mut posts).await;
    the_feed_told_everything(&scene, &mut feeds).await;
    everything_was_minted(&scene, a, &people[7]).await;
    for person in &people[..6] {
        let (on_a, on_b) = (a.here(person).unread(&scene.group).await, b.here(person).unread(&scene.group).await);
        assert_eq!(on_a, on_b, "{}", person.username);
        person.mark_read(&scene.group, &person.event_cursor(&scene.group).await).await.ok("/threadMarkRead");
        assert_eq!(b.here(person).unread(&scene.group).await, 0);
    }
    nothing_is_missing(a).await;
    tests::job::all_done(&a.database).await;
    assert_eq!(a.database.number("SELECT COUNT(*) FROM failed_jobs").await, 0);
}

/// Says something, says it otherwise, and takes some of it back.
async fn talk(scene: &Scene, person: User) {
    let mut number = 0;
    while scene.goes_on() {
        let text = format!("{} {number}", person.username);
        let answer = person.try_send(&scene.group, &text).await;
        assert!(scene.made(&answer, "messageSend", &[]));
        let sent = Sent { id: answer.text("/messageSend/message/id"), cursor: answer.text("/messageSend/cursor") };
        match number % 8 {
            1 => {
                scene.made(&person.try_react(&sent.id, "🐦").await, "reactionAdd", &[]);
            }
            3 => {
                scene.made(&person.try_edit(&sent.id, &text, None).await, "messageEdit", &[]);
            }
            5 => {
                scene.made(&person.try_type(&scene.group).await, "typingSignal", &[]);
            }
            _ => {}
        }
        scene.sent.lock().unwrap().push((sent, text));
        number += 1;
    }
}

/// Reads the newest page, marks it read, and replies now and then.
async fn read(scene: &Scene, person: User) {
    let mut number = 0;
    while scene.goes_on() {
        let page = person.page(&scene.group, "last: 30").await;
        let edges = page.list("/thread/messages/edges");
        if let Some(last) = edges.last() {
            let cursor = last["cursor"].as_str().unwrap();
            scene.made(&person.mark_read(&scene.group, cursor).await, "threadMarkRead", &[]);
        }
        if number % 5 == 4 && !edges.is_empty() {
            let text = format!("{} replies {number}", person.username);
            let input = json!({ "threadId": scene.group, "content": text, "parentId": edges[0]["node"]["id"] });
            let answer = person.try_send_with(input).await;
            assert!(scene.made(&answer, "messageSend", &[]));
            let sent = Sent { id: answer.text("/messageSend/message/id"), cursor: answer.text("/messageSend/cursor") };
            scene.sent.lock().unwrap().push((sent, text));
        }
        number += 1;
    }
}

async fn chirp(scene: &Scene, person: User) {
    let mut number = 0;
    while scene.goes_on() {
        let answer = person.try_chirp(json!({ "message": format!("chirp {number}") })).await;
        assert!(scene.made(&answer, "chirpCreate", &[]));
        let id = answer.text("/chirpCreate/chirp/id");
        if number % 10 == 9 {
            assert!(scene.made(&person.try_delete_chirp(&id).await, "chirpDelete", &[]));
        }
        scene.chirps.lock().unwrap().insert(id);
        let day = format!("2026-11-{:02}", number % 30 + 1);
        let entry = json!({ "entryDate": day, "title": "a day", "content": "chirped" });
        scene.made(&person.try_write_diary(entry).await, "diaryEntryCreate", &[]);
        number += 1;
    }
}

/// Asks for tokens, alone and together, and takes some back while there is time.
async fn mint(scene: &Scene, person: User) {
    let mut number = 0;
    while scene.goes_on() {
        let input = json!({ "collectionId": scene.birds, "metadataUri": uri(number) });
        let answer = person.try_mint(input).await;
        if scene.made(&answer, "mintRequest", &["TOO_LONG"]) {
            let id = answer.text("/mintRequest/mint/id");
            if number % 4 == 3 {
                scene.made(&person.cancel_mint(&id).await, "mintCancel", &["CONFLICT"]);
            }
            scene.mints.lock().unwrap().insert(id);
        }
        if number % 20 == 10 {
            let input = json!({ "collectionId": scene.birds, "metadataUris": (0..20).map(uri).collect::<Vec<_>>() });
            scene.made(&person.try_mints(input).await, "mintBatchRequest", &["TOO_LONG"]);
        }
        number += 1;
    }
}

/// One puts a thread away and takes it back, while another writes into it.
async fn put_away_and_take_back(scene: &Scene, admin: User, member: User) {
    let mut away = false;
    while scene.goes_on() {
        away = !away;
        scene.made(&admin.try_archive(&scene.busy, away).await, "threadArchive", &[]);
        for _ in 0..3 {
            scene.made(&member.try_send(&scene.busy, "still there?").await, "messageSend", &["ARCHIVED"]);
        }
    }
    scene.made(&admin.try_archive(&scene.busy, false).await, "threadArchive", &[]);
}

/// A guest comes into the lobby, says something, and goes.
async fn visit(scene: &Scene, guest: &User) {
    while scene.goes_on() {
        scene.made(&guest.try_join(&scene.lobby).await, "threadJoin", &[]);
        scene.made(&guest.try_send(&scene.lobby, "hello").await, "messageSend", &[]);
        scene.made(&guest.try_leave(&scene.lobby).await, "threadLeave", &[]);
    }
}

/// Accounts are made, sign out, and are deleted.
async fn come_and_go(scene: &Scene, node: &World) {
    let mut number = 0;
    while scene.goes_on() {
        let name = format!("passer-{number}");
        let person = node.user(&name).await;
        let last = person.try_chirp(json!({ "message": "here for a moment" })).await;
        scene.made(&last, "chirpCreate", &[]);
        scene.chirps.lock().unwrap().insert(last.text("/chirpCreate/chirp/id"));
        let input = json!({ "password": tests::account::PASSWORD });
        assert!(scene.made(&person.mutate("accountDelete", input, "deletedId").await, "accountDelete", &[]));
        number += 1;
    }
}

/// Asks, and is answered.
async fn ask_the_assistant(scene: &Scene, node: &World, person: User) {
    let thread = person.talk_to(&node.assistant().await).await;
    let mut number = 0;
    while scene.goes_on() {
        let question = format!("question {number}");
        let answer = person.try_send(&thread, &question).await;
        assert!(scene.made(&answer, "messageSend", &[]));
        let answered = person.answered(&answer.text("/messageSend/message/id")).await;
        assert!(answered.contains(&question), "{answered}");
        number += 1;
    }
    let history = messages_after(&person, &thread, None).await;
    assert_eq!(history.len(), 2 * number, "each question has one answer");
}

/// An operator looks at everything, has the database maintained, makes backups, and moves to the archive whatever there is.
async fn keep_in_order(scene: &Scene, node: &World, root: &User) {
    let file = node.database.directory().join("backup");
    let document = "{ system { database { sizeBytes connections indexes(first: 5) { name } } pool { inUse } } \
        viewer { administration { jobQueues { queue waiting running failed } jobBatches(first: 3) { nodes { pending } } } } }";
    while scene.goes_on() {
        let answer = root.graphql(document, Value::Null).await;
        assert!(answer.json.get("errors").is_none(), "{}", answer.json);
        for arguments in [
            &["maintain"][..],
            &["backup", file.to_str().unwrap(), "--force"],
            &["doctor"],
            &["archive", "--days", "0"],
        ] {
            let output = node.command(arguments).await;
            assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }
}

/// Both nodes have streamed the log of the group, each line once and in its order, and nothing that was acknowledged is lost.
async fn streams_told_everything(
    scene: &Scene,
    reader: &User,
    start: &str,
    logs: &mut [Subscription],
    posts: &mut [Subscription],
) {
    let sent = scene.sent.lock().unwrap().clone();
    let end = reader.event_cursor(&scene.group).await;
    let last = sent.iter().map(|(sent, _)| sent.cursor.clone()).max().unwrap();
    let log = reader.all_lines(&scene.group, Some(start)).await;
    assert!(log.is_sorted_by(|one, next| one.cursor < next.cursor), "there is one order");
    let posted: Vec<_> = log.iter().filter(|line| line.kind == "MessagePosted").cloned().collect();
    assert_eq!(posted.len(), sent.len());
    for (lines, posts) in logs.iter_mut().zip(posts) {
        let told = lines.until_cursor(&end).await;
        let told: Vec<_> = Line::of_all(&told).into_iter().filter(|line| line.kind != "CaughtUp").collect();
        assert_eq!(told, log);
        assert_eq!(Line::of_all(&posts.until_cursor(&last).await), posted);
    }
    nothing_is_lost(&messages_after(reader, &scene.group, None).await, &sent);
}

/// Both nodes have streamed the feed: each chirp once.
async fn the_feed_told_everything(scene: &Scene, feeds: &mut [Subscription]) {
    let acknowledged = scene.chirps.lock().unwrap().clone();
    for feed in feeds {
        let mut told = BTreeSet::new();
        // What was taken back before it was read is not shown any more.
        let mut gone = BTreeSet::new();
        while told.union(&gone).count() < acknowledged.len() {
            let frame = feed.event().await;
            if let Some(id) = frame.pointer("/chirp/id").and_then(Value::as_str) {
                assert!(frame["__typename"] != "ChirpPosted" || told.insert(id.to_owned()), "{id} is told once");
            }
            gone.extend(frame["chirpId"].as_str().map(str::to_owned));
        }
        assert_eq!(told.union(&gone).cloned().collect::<BTreeSet<_>>(), acknowledged);
    }
}

/// What was not taken back is there, each token once.
async fn everything_was_minted(scene: &Scene, node: &World, person: &User) {
    let mints = scene.mints.lock().unwrap().clone();
    for id in &mints {
        let mint = person.ended_mint(id).await;
        assert_eq!(mint["status"] == "MINTED", mint["nft"].is_object(), "{mint}");
        assert!(mint["status"] == "MINTED" || mint["status"] == "CANCELLED", "{mint}");
    }
    let pending = "SELECT COUNT(*) FROM minting_queue_items WHERE status IN ('queued', 'submitted')";
    eventually("everything to be minted", async || (node.database.number(pending).await == 0).then_some(())).await;
    let numbers = node.database.token_numbers().await;
    assert_eq!(numbers, (1..=numbers.len() as i64).collect::<Vec<_>>());
    assert!(numbers.len() > mints.len() / 2, "{} of {}", numbers.len(), mints.len());
}
