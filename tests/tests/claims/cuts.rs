//! Connections that are cut: 50 times at random, while much is written.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::{join, join_all};
use serde_json::{Value, json};
use tests::{Chance, Frame, Line, Sent, Socket, Subscription, User, World, claims};
use tokio::time::{Instant, sleep, timeout_at};

claims![heavy_fifty_cuts_lose_double_and_reorder_nothing];

const CUTS: usize = 50;
const IN_THE_BACKLOG: usize = 15;
const SENDERS: usize = 8;
/// Messages of each sender: 2,000 of all.
const MESSAGES: usize = 250;

async fn heavy_fifty_cuts_lose_double_and_reorder_nothing(world: World) {
    fifty_cuts(&world, &world).await;
}

/// Cuts the subscribers, who watch on one node, while others write on the same node or on another.
pub(crate) async fn fifty_cuts(world: &World, watched: &World) {
    let mut chance = Chance::new();
    let [admin, of_events, of_messages] = world.users(["admin", "events", "messages"]).await;
    let senders = world.crowd("sender", SENDERS).await;
    let mut members: Vec<_> = senders.iter().collect();
    members.extend([&of_events, &of_messages]);
    let group = world.group(&admin, &members).await;
    let start = admin.event_cursor(&group).await;

    let load = Load::default();
    let talking: Vec<_> = senders.iter().map(|sender| talk(sender, &group, &load, chance.branch())).collect();
    let talking = async {
        join_all(talking).await;
        load.finished.store(true, Ordering::Relaxed);
    };
    let mut watch = |user, track| Watcher {
        world: watched,
        user,
        group: &group,
        track,
        load: &load,
        chance: chance.branch(),
        seen: Vec::new(),
        start: &start,
        connections: Vec::new(),
        in_a_backlog: 0,
    };
    let (mut events, mut messages) = (watch(&of_events, Track::Events), watch(&of_messages, Track::Messages));
    join(talking, join(events.be_cut(), messages.be_cut())).await;
    let end = admin.event_cursor(&group).await;
    let last = load.posted.lock().unwrap().iter().map(|sent| sent.cursor.clone()).max().unwrap();
    events.read_to(&end).await;
    messages.read_to(&last).await;

    let log = admin.all_lines(&group, Some(&start)).await;
    let rows = world.database.number("SELECT COUNT(*) FROM thread_events").await;
    assert_eq!(i64::try_from(log.len()).unwrap(), rows, "the log by page is the whole log");
    let counted = world.database.number("SELECT last_seq FROM threads").await;
    assert_eq!(rows, counted, "and it has no gap");
    let history: Vec<_> = admin
        .history(&group)
        .await
        .into_iter()
        .map(|(cursor, message)| Line {
            cursor,
            kind: "MessagePosted".to_owned(),
            names: vec![message["id"].as_str().unwrap().to_owned()],
        })
        .collect();
    assert_eq!(history.len(), SENDERS * MESSAGES);
    eprintln!(
        "{} lines; of events: {} cuts, {} in a backlog; of messages: {} cuts, {} in a backlog",
        log.len(),
        events.cuts(),
        events.in_a_backlog,
        messages.cuts(),
        messages.in_a_backlog
    );
    for kind in ["MessageEdited", "MessageDeleted", "ReactionsChanged", "ReceiptsAdvanced"] {
        let times = log.iter().filter(|line| line.kind == kind).count();
        assert!(times >= 50, "only {times} {kind} among the messages");
    }
    assert!(events.cuts() >= CUTS && events.in_a_backlog >= IN_THE_BACKLOG && messages.cuts() >= CUTS);
    events.compare_with(&log);
    messages.compare_with(&history);
}

/// What the senders have done so far, and how far the cutting has come.
#[derive(Default)]
struct Load {
    posted: Mutex<Vec<Sent>>,
    /// Answers that senders got: about so many lines are in the log.
    answers: AtomicUsize,
    finished: AtomicBool,
    cuts: [AtomicUsize; 2],
}

impl Load {
    /// The messages are spread over the time that the cutting takes: their share is that of the cuts.
    fn may_send(&self, number: usize) -> bool {
        let cuts = self.cuts.iter().map(|cuts| cuts.load(Ordering::Relaxed)).min().unwrap_or(0);
        number * CUTS <= cuts * MESSAGES
    }

    fn any_message(&self, chance: &mut Chance) -> Sent {
        chance.pick(&self.posted.lock().unwrap()).clone()
    }
}

/// Sends [`MESSAGES`] messages among edits, deletions, reactions and marks.
async fn talk(sender: &User, group: &str, load: &Load, mut chance: Chance) {
    let mut own: Vec<Sent> = Vec::new();
    let mut number = 0;
    while number < MESSAGES {
        if load.may_send(number) {
            let sent = sender.post(group, &format!("{} {number}", sender.username)).await;
            own.push(sent.clone());
            load.posted.lock().unwrap().push(sent);
            number += 1;
        }
        if !chance.one_in(3) {
            // Refusals are fine here: what was deleted meanwhile is neither edited nor reacted to.
            let any = load.any_message(&mut chance);
            let answer = match chance.below(12) {
                0..3 => sender.try_edit(&chance.pick(&own).id, &format!("edited {number}"), None).await,
                3 => sender.try_delete(&chance.pick(&own).id).await,
                4..8 => sender.try_react(&any.id, chance.pick::<&str>(&["👍", "🎉", "🐘"])).await,
                8 => sender.try_unreact(&any.id, "👍").await,
                9 => sender.try_mark("threadMarkDelivered", group, &any.cursor).await,
                _ => sender.try_mark("threadMarkRead", group, &any.cursor).await,
            };
            answer.data();
        }
        load.answers.fetch_add(1, Ordering::Relaxed);
    }
}

/// Which of the two streams of a thread.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Track {
    Events,
    Messages,
}

/// What came on one connection, and from where it was asked to go on.
struct Connection {
    after: String,
    lines: Vec<Line>,
    caught_up: bool,
}

/// A subscriber whose connections are cut.
struct Watcher<'a> {
    world: &'a World,
    user: &'a User,
    group: &'a str,
    track: Track,
    load: &'a Load,
    chance: Chance,
    /// What the client has taken note of; it goes on from the last of it.
    seen: Vec<Line>,
    start: &'a str,
    connections: Vec<Connection>,
    in_a_backlog: usize,
}

impl Watcher<'_> {
    fn cuts(&self) -> usize {
        self.load.cuts[self.track as usize].load(Ordering::Relaxed)
    }

    /// Connects and is cut again and again, at random, until that was often enough.
    async fn be_cut(&mut self) {
        while self.cuts() < CUTS || (self.track == Track::Events && self.in_a_backlog < IN_THE_BACKLOG) {
            assert!(self.cuts() < 4 * CUTS, "only {} of {} cuts were in a backlog", self.in_a_backlog, self.cuts());
            let backlog = self.chance.one_in(2);
            if backlog {
                self.stay_away().await;
            }
            let (socket, mut stream) = self.connect().await;
            self.read_a_little(&mut stream, backlog).await;
            socket.cut().await;
            self.take_the_rest(&mut stream);
            self.load.cuts[self.track as usize].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until much has been written.
    async fn stay_away(&mut self) {
        let enough = self.load.answers.load(Ordering::Relaxed) + 40 + self.chance.below(120);
        while self.load.answers.load(Ordering::Relaxed) < enough && !self.load.finished.load(Ordering::Relaxed) {
            sleep(Duration::from_millis(2)).await;
        }
    }

    async fn connect(&mut self) -> (Socket, Subscription) {
        let after = self.seen.last().map_or_else(|| self.start.to_owned(), |line| line.cursor.clone());
        let socket = self.world.socket(self.user).await;
        let stream = match self.track {
            Track::Events => socket.lines(self.group, Some(&after)).await,
            Track::Messages => socket.posts(self.group, Some(&after)).await,
        };
        self.connections.push(Connection { after, lines: Vec::new(), caught_up: false });
        (socket, stream)
    }

    /// Takes note of some frames: of a backlog a few, else what comes in a random time.
    async fn read_a_little(&mut self, stream: &mut Subscription, backlog: bool) {
        let (most, time) =
            if backlog { (1 + self.chance.below(12), 2_000) } else { (usize::MAX, self.chance.below(80)) };
        let end = Instant::now() + Duration::from_millis(time as u64);
        let mut noted = 0;
        while noted < most {
            let Ok(frame) = timeout_at(end, stream.next()).await else { return };
            if let Some(line) = self.connections.last_mut().unwrap().take(&frame) {
                self.seen.push(line);
                noted += 1;
            }
        }
    }

    /// What came before the cut and was not taken note of has to be right as well; it comes again.
    fn take_the_rest(&mut self, stream: &mut Subscription) {
        let connection = self.connections.last_mut().unwrap();
        while let Some(frame) = stream.try_next() {
            connection.take(&frame);
        }
        if !connection.caught_up && !connection.lines.is_empty() {
            self.in_a_backlog += 1;
        }
    }

    /// Reads on to a cursor, on one more connection.
    async fn read_to(&mut self, end: &str) {
        let (_socket, mut stream) = self.connect().await;
        while self.seen.last().is_none_or(|line| line.cursor != end) {
            let frame = stream.next().await;
            let line = self.connections.last_mut().unwrap().take(&frame);
            self.seen.extend(line);
        }
    }

    fn compare_with(&self, log: &[Line]) {
        let track = self.track;
        assert!(log.is_sorted_by(|one, next| one.cursor < next.cursor), "the log goes up");
        let places: HashMap<_, _> =
            log.iter().enumerate().map(|(place, line)| (line.cursor.as_str(), place + 1)).collect();
        for (number, connection) in self.connections.iter().enumerate() {
            let from = match places.get(connection.after.as_str()) {
                Some(place) => *place,
                None if connection.after == self.start => 0,
                None => panic!("connection {number} went on from {}, which is not in the log", connection.after),
            };
            let expected = &log[from..from + connection.lines.len()];
            assert_eq!(connection.lines, expected, "{track:?}, connection {number}, after line {from}");
        }
        assert_eq!(self.seen.len(), log.len());
        assert_eq!(self.seen, log, "{track:?}: all of it, once and in order");
    }
}

impl Connection {
    /// Keeps a frame that is a line of the log, and gives it.
    #[track_caller]
    fn take(&mut self, frame: &Frame) -> Option<Line> {
        let Frame::Next(payload) = frame else { panic!("the stream goes on until it is cut; not {frame:?}") };
        assert_eq!(payload.get("errors"), None, "{payload}");
        let root: &Value = payload["data"].as_object().and_then(|data| data.values().next()).unwrap();
        match root["__typename"].as_str() {
            Some("Heartbeat") => None,
            Some("CaughtUp") => {
                assert!(!self.caught_up, "the backlog is through once");
                let last = self.lines.last().map_or(&self.after, |line| &line.cursor);
                assert_eq!(root["cursor"], json!(last), "it is through where the last line is");
                self.caught_up = true;
                None
            }
            _ => {
                let line = Line::of(root);
                self.lines.push(line.clone());
                Some(line)
            }
        }
    }
}
