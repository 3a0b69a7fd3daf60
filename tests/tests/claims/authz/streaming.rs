//! Every subscription, by everybody, while all happens that streams tell of.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::deadline::DEADLINE;
use tests::socket::Control;
use tests::{Engine, Frame, Socket, Subscription, claims};
use tokio::time::sleep;

use super::canary;
use super::matrix::{Matrix, Role, Roles};
use super::people::{Caller, People, Place};
use super::route::is_something;
use super::sdl::Sdl;

claims![everybody_streams_what_the_matrix_says_and_nothing_else];

const PLACES: [&str; 3] = ["group", "direct", "room"];

/// A type or the subscriptions, a field, and where.
type Field = (String, String, &'static str);

/// One stream of one who watches.
struct Watch {
    role: Role,
    subscription: &'static str,
    place: &'static str,
    stream: Subscription,
}

/// Who has seen what.
#[derive(Default)]
struct Seen(BTreeMap<Field, Roles>);

async fn everybody_streams_what_the_matrix_says_and_nothing_else(engine: Engine) {
    let (sdl, matrix) = (Sdl::read(), Matrix::read());
    let people = People::meet(engine).await;
    let mut places = Vec::new();
    for name in PLACES {
        places.push(people.place_in_use(name).await);
    }
    let outdated = cursors(&people, &places).await;
    people.suspend().await;
    people.begin_another_epoch().await;
    let batch = &people.world.server.begin_batch(&[-1], None).await;
    let birds = people.olive.collection(false, None).await;
    let mints = &people.olive.request_mints(&birds, 1).await;
    let mint = people.olive.mint_batch(mints).await["mints"]["nodes"][0]["id"].as_str().expect("a mint").to_owned();
    let progress = Progress { batch, mints, mint: &mint };
    let begun = Instant::now();
    let stage = Stage { sdl: &sdl, matrix: &matrix, people: &people, places: &places, progress, begun };
    let current = cursors(&people, &places).await;
    let mut watches = Vec::new();
    let mut sockets = Vec::new();
    for caller in &people.callers {
        let Some(socket) = enter(&people, caller).await else { continue };
        for after in [&outdated, &current] {
            watches.extend(stage.watch(caller, &socket, after).await);
        }
        sockets.push(socket);
    }
    let mut seen = Seen::default();
    stage.until_seen(&mut watches, &mut seen, Act::Busy).await;
    stage.until_seen(&mut watches, &mut seen, Act::Quiet).await;
    people.empty(places[0].thread()).await;
    stage.until_seen(&mut watches, &mut seen, Act::Emptied).await;
    let unexpected = seen.0.iter().flat_map(|((kind, field, place), roles)| {
        let may = matrix.may(kind, field, place);
        roles
            .iter()
            .filter(move |role| !may.contains(role))
            .map(move |role| format!("{role:?} sees {kind}.{field} in {place}"))
    });
    let unexpected: Vec<_> = unexpected.collect();
    assert!(unexpected.is_empty(), "{unexpected:#?}");
}

/// What streams tell of while something happens, while nothing does, and when everybody was removed.
#[derive(Clone, Copy, PartialEq)]
enum Act {
    Busy,
    Quiet,
    Emptied,
}

impl Act {
    fn of(kind: &str) -> Self {
        match kind {
            "Heartbeat" | "InboxHeartbeat" => Self::Quiet,
            "AccessRevoked" | "InboxThreadRemoved" => Self::Emptied,
            _ => Self::Busy,
        }
    }
}

/// From where each stream is to go on: of each place the first line of its log, of each account its inbox, and of the feed.
struct Cursors {
    feed: String,
    logs: BTreeMap<&'static str, String>,
    inboxes: BTreeMap<Role, String>,
}

async fn cursors(people: &People, places: &[Place]) -> Cursors {
    let mut logs = BTreeMap::new();
    for place in places {
        let log = people.olive.all_events(place.thread(), None).await;
        logs.insert(place.name, log[0]["cursor"].as_str().expect("a cursor").to_owned());
    }
    let mut inboxes = BTreeMap::new();
    for caller in people.callers.iter().filter(|caller| caller.user.is_some()) {
        let Some(socket) = enter(people, caller).await else { continue };
        let mut inbox = socket.inbox(None).await;
        inboxes.insert(caller.role, inbox.event().await["cursor"].as_str().expect("a cursor").to_owned());
    }
    Cursors { feed: people.olive.feed_cursor().await, logs, inboxes }
}

/// A socket of theirs; none if they are not let in.
async fn enter(people: &People, caller: &Caller) -> Option<Socket> {
    let socket = Socket::open(&people.world.server).await;
    let token = caller.user.as_ref().map(|user| format!("Bearer {}", user.token));
    socket.say(json!({ "type": "connection_init", "payload": { "authorization": token } }));
    match socket.control().await {
        Control::Message(answer) if answer["type"] == "connection_ack" => Some(socket),
        Control::Closed(4401 | 4403, _) => None,
        other => panic!("{:?} is answered with {other:?}", caller.role),
    }
}

struct Stage<'a> {
    sdl: &'a Sdl,
    matrix: &'a Matrix,
    people: &'a People,
    places: &'a [Place],
    progress: Progress<'a>,
    begun: Instant,
}

/// What has a progress that can be watched.
struct Progress<'a> {
    /// A batch of jobs.
    batch: &'a str,
    /// Tokens that Olive has asked for.
    mints: &'a str,
    /// One of them.
    mint: &'a str,
}

impl Stage<'_> {
    /// Begins all subscriptions as one of them.
    async fn watch(&self, caller: &Caller, socket: &Socket, after: &Cursors) -> Vec<Watch> {
        let mut watches = Vec::new();
        let mut begin = async |subscription, place, arguments: String, selection: &str| {
            let document = format!("subscription {{ {subscription}{arguments} {{ {selection} }} }}");
            let stream = socket.subscribe(&document, Value::Null).await;
            watches.push(Watch { role: caller.role, subscription, place, stream });
        };
        for place in self.places {
            let (id, after) = (json!(place.thread()), json!(after.logs[place.name]));
            let from = format!("(threadId: {id}, after: {after})");
            begin("threadEvents", place.name, from.clone(), &self.frames("ThreadFrame")).await;
            begin("messageAdded", place.name, from, "node { content metadata }").await;
            begin("threadSignals", place.name, format!("(threadId: {id})"), &self.frames("ThreadSignal")).await;
        }
        let from = format!("(after: {})", json!(after.feed));
        begin("chirpEvents", "own", from, &self.frames("ChirpFrame")).await;
        let after = after.inboxes.get(&caller.role).map(|after| format!("(after: {})", json!(after)));
        begin("inboxChanges", "own", after.unwrap_or_default(), &self.frames("InboxFrame")).await;
        let Progress { batch, mints, mint } = self.progress;
        for (subscription, id, field) in [
            ("jobBatchProgress", batch, "name"),
            ("mintBatchProgress", mints, "total"),
            ("mintProgress", mint, "status"),
        ] {
            begin(subscription, "own", format!("(id: {})", json!(id)), field).await;
        }
        watches
    }

    /// All fields of all types of frames.
    fn frames(&self, interface: &str) -> String {
        let mut selection = "__typename".to_owned();
        for kind in self.sdl.implementing(interface) {
            let fields = self.sdl.fields(kind).map(|field| format!("{field}{}", self.sdl.selection(kind, field)));
            selection += &format!(" ... on {kind} {{ {} }}", fields.collect::<Vec<_>>().join(" "));
        }
        selection
    }

    /// Lets an act go on until everybody has seen of it what they may see; and some more, for others to see.
    async fn until_seen(&self, watches: &mut [Watch], seen: &mut Seen, act: Act) {
        let expected: BTreeSet<_> =
            self.expected().into_iter().filter(|((kind, ..), _)| Act::of(kind) == act).collect();
        let start = Instant::now();
        loop {
            match act {
                // Inboxes say where they stand when they have looked.
                Act::Quiet => self.people.world.server.look_at_inboxes().await,
                _ => self.happen().await,
            }
            watches.iter_mut().for_each(|watch| self.read(watch, seen));
            let missing: Vec<_> = expected.iter().filter(|(field, role)| !seen.has(field, *role)).collect();
            if missing.is_empty() {
                break;
            }
            assert!(start.elapsed() < DEADLINE, "not seen by those who may: {missing:?}");
            sleep(Duration::from_millis(20)).await;
        }
        for _ in 0..3 {
            self.happen().await;
            watches.iter_mut().for_each(|watch| self.read(watch, seen));
        }
    }

    /// Everything that the matrix says is seen by streams.
    fn expected(&self) -> BTreeSet<(Field, Role)> {
        let mut kinds: Vec<&str> = vec!["Subscription"];
        for interface in ["ThreadFrame", "ThreadSignal", "InboxFrame", "ChirpFrame"] {
            kinds.extend(self.sdl.implementing(interface));
        }
        let mut expected = BTreeSet::new();
        for kind in kinds {
            for field in self.sdl.fields(kind) {
                for place in PLACES.into_iter().chain(["own"]) {
                    let is_here = match kind {
                        "Subscription" => {
                            (["inboxChanges", "chirpEvents"].contains(&field) || field.ends_with("Progress"))
                                == (place == "own")
                        }
                        "CaughtUp" | "Heartbeat" | "StreamReset" => true,
                        "InboxThread" | "InboxThreadRemoved" => place != "own",
                        // Both of the two look on all the time.
                        "Presence" if (field, place) == ("lastSeenAt", "direct") => false,
                        _ => (kind.starts_with("Inbox") || kind.starts_with("Chirp")) == (place == "own"),
                    };
                    let roles = if is_here { self.matrix.may(kind, field, place) } else { Roles::new() };
                    let field = (kind.to_owned(), field.to_owned(), place);
                    expected.extend(roles.into_iter().map(|role| (field.clone(), role)));
                }
            }
        }
        expected
    }

    /// A message, somebody who types, and one who comes and goes; and something in the feed.
    async fn happen(&self) {
        let People { world, olive, mia, tim, .. } = self.people;
        let said = olive.chirp(&canary::canary("Chirp", "message", "own")).await;
        olive.update_chirp(&said, &canary::canary("Chirp", "message", "own").to_uppercase()).await;
        let taken_back = olive.chirp("taken back").await;
        olive.delete_chirp(&taken_back).await;
        for place in self.places {
            if self.people.is_empty(place.thread()) {
                continue;
            }
            // Who comes back soon has not been gone: now and then they stay away for long enough to be told so.
            let is_here = self.begun.elapsed().as_secs() % 20 < 5;
            let passer_by = if place.name == "direct" { mia } else { tim };
            let socket = world.socket(passer_by).await;
            let signals = if is_here { Some(socket.signals(place.thread()).await) } else { None };
            for user in [olive, mia] {
                user.send(place.thread(), &canary::canary("Message", "content", place.name)).await;
                user.try_type(place.thread()).await.ok("/typingSignal");
            }
            if let Some(signals) = signals {
                socket.complete(&signals);
            }
            if place.name != "direct" {
                olive.send(place.thread(), "@assistant say something").await;
            }
        }
    }

    /// Takes down what has come on a stream.
    fn read(&self, watch: &mut Watch, seen: &mut Seen) {
        while let Some(frame) = watch.stream.try_next() {
            let payload = match frame {
                Frame::Next(payload) => payload,
                Frame::Error(errors) => {
                    match errors.pointer("/0/extensions/code").and_then(Value::as_str) {
                        // Told to those only who may read on.
                        Some("STREAM_RESET" | "ACCESS_REVOKED") => seen.subscribed(watch),
                        Some("UNAUTHENTICATED" | "FORBIDDEN" | "NOT_FOUND") => {}
                        _ => panic!("{:?} on {} has {errors}", watch.role, watch.subscription),
                    }
                    continue;
                }
                Frame::Complete => continue,
                other => panic!("{:?} on {} has {other:?}", watch.role, watch.subscription),
            };
            canary::look(self.matrix, watch.role, watch.subscription, &payload.to_string());
            assert!(payload.get("errors").is_none(), "{payload}");
            let frame = &payload["data"][watch.subscription];
            seen.subscribed(watch);
            let Some(kind) = frame["__typename"].as_str() else { continue };
            let place = self.place_of(frame).unwrap_or(watch.place);
            for field in self.sdl.fields(kind).filter(|field| is_something(&frame[*field])) {
                seen.add((kind.to_owned(), field.to_owned(), place), watch.role);
            }
        }
    }

    /// Of which thread a frame of the inbox is.
    fn place_of(&self, frame: &Value) -> Option<&'static str> {
        let id = frame.pointer("/thread/id").or(frame.get("threadId"))?;
        let place = self.places.iter().chain([&self.people.closed]).find(|place| id == place.thread());
        Some(place.map_or("elsewhere", |place| place.name))
    }
}

impl Seen {
    fn subscribed(&mut self, watch: &Watch) {
        self.add(("Subscription".to_owned(), watch.subscription.to_owned(), watch.place), watch.role);
    }

    fn add(&mut self, field: Field, role: Role) {
        self.0.entry(field).or_default().insert(role);
    }

    fn has(&self, field: &Field, role: Role) -> bool {
        self.0.get(field).is_some_and(|roles| roles.contains(&role))
    }
}
