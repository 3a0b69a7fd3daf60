//! The server killed, as by a power cut.

use std::pin::pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::{Either, join, join_all, select};
use serde_json::json;
use tests::{Chance, Frame, Line, Sent, User, World, claims, eventually};
use tokio::time::sleep;

use super::{messages_after, nothing_is_lost, nothing_is_missing};

claims![heavy_what_was_acknowledged_survives_kill_9];

const ROUNDS: usize = 20;
const SENDERS: usize = 6;

async fn heavy_what_was_acknowledged_survives_kill_9(world: World) {
    kills(&world, &world, ROUNDS).await;
}

/// Kills the node that is written to, so many times, while somebody watches on it or on another.
pub(crate) async fn kills(world: &World, watched: &World, rounds: usize) {
    let mut chance = Chance::new();
    let alone = std::ptr::eq(world, watched);
    let [admin, reader] = world.users(["admin", "reader"]).await;
    let senders = world.crowd("sender", SENDERS).await;
    let members: Vec<_> = senders.iter().chain([&reader]).collect();
    let groups = [world.group(&admin, &members).await, world.group(&admin, &members).await];
    let start = admin.event_cursor(&groups[0]).await;
    let mut acknowledged: [Vec<(Sent, String)>; 2] = Default::default();
    let mut streamed: Vec<Line> = Vec::new();
    let mut retried = 0;

    for round in 0..rounds {
        let shift = Shift::default();
        let sending = senders.iter().map(|sender| sender_of(sender, &groups, round, &shift, chance.branch()));
        let sending: Vec<_> = sending.collect();
        let enough = 10 + chance.below(120);
        let hair = Duration::from_micros(chance.below(5_000) as u64);
        let killing = async {
            eventually("enough answers", async || (shift.written.lock().unwrap().len() >= enough).then_some(())).await;
            sleep(hair).await;
            world.server.kill9();
            shift.killed.store(true, Ordering::Relaxed);
        };
        let after = streamed.last().map_or_else(|| start.clone(), |line| line.cursor.clone());
        let socket = watched.socket(&reader).await;
        let mut events = socket.lines(&groups[0], Some(&after)).await;
        let reading = async {
            loop {
                match events.next().await {
                    Frame::Next(payload) => {
                        let frame = &payload["data"]["threadEvents"];
                        if !matches!(frame["__typename"].as_str(), Some("CaughtUp" | "Heartbeat")) {
                            streamed.push(Line::of(frame));
                        }
                    }
                    Frame::Lost(_) if alone => return,
                    other => panic!("killed, a node says nothing more, and the other goes on; not {other:?}"),
                }
            }
        };
        let working = async { join(join_all(sending), killing).await.0 };
        let unanswered = if alone {
            join(working, reading).await.0
        } else {
            match select(pin!(working), pin!(reading)).await {
                Either::Left((unanswered, _)) => unanswered,
                Either::Right(_) => unreachable!("of another node's stream there is no end"),
            }
        };
        world.server.launch();
        world.server.ready().await;

        // Whoever got no answer asks again with the same key.
        let unanswered: Vec<_> = unanswered.into_iter().flatten().collect();
        assert!(!unanswered.is_empty(), "nobody was in the middle of sending in round {round}");
        for (sender, group, key) in unanswered {
            let answer =
                sender.try_send_with(json!({ "threadId": groups[group], "content": key, "clientKey": key })).await;
            let sent = Sent { id: answer.text("/messageSend/message/id"), cursor: answer.text("/messageSend/cursor") };
            shift.written.lock().unwrap().push((group, sent, key));
            retried += 1;
        }
        nothing_is_missing(world).await;
        for (place, group) in groups.iter().enumerate() {
            let old = acknowledged[place].iter().map(|(sent, _)| sent.cursor.clone()).max();
            let new = shift.written_to(place);
            nothing_is_lost(&messages_after(&reader, group, old.as_deref()).await, &new);
            acknowledged[place].extend(new);
        }
    }

    let mut total = 0;
    for (group, acknowledged) in groups.iter().zip(&acknowledged) {
        let history = messages_after(&reader, group, None).await;
        nothing_is_lost(&history, acknowledged);
        // All that anybody tried was tried until it was acknowledged.
        assert_eq!(history.len(), acknowledged.len(), "there is nothing that nobody sent");
        total += history.len();
    }
    eprintln!("{total} messages over {rounds} kills, {retried} of them sent again");
    // The reader's stream, from kill to kill, was the log.
    let log = reader.all_lines(&groups[0], Some(&start)).await;
    let socket = watched.socket(&reader).await;
    let after = streamed.last().map_or_else(|| start.clone(), |line| line.cursor.clone());
    let rest = socket.lines(&groups[0], Some(&after)).await.until("CaughtUp").await;
    streamed.extend(Line::of_all(&rest));
    assert_eq!(streamed, log);
}

/// What happened between two kills.
#[derive(Default)]
struct Shift {
    /// In which group, where, and under which key, which is also the text.
    written: Mutex<Vec<(usize, Sent, String)>>,
    killed: AtomicBool,
}

impl Shift {
    fn written_to(&self, group: usize) -> Vec<(Sent, String)> {
        let written = self.written.lock().unwrap();
        written.iter().filter(|(to, ..)| *to == group).map(|(_, sent, key)| (sent.clone(), key.clone())).collect()
    }
}

/// Sends until no answer comes, and gives what was not answered.
async fn sender_of<'a>(
    sender: &'a User,
    groups: &[String; 2],
    round: usize,
    shift: &Shift,
    mut chance: Chance,
) -> Option<(&'a User, usize, String)> {
    for number in 0.. {
        let group = chance.below(2);
        let key = format!("{} {round} {number}", sender.username);
        let input = json!({ "threadId": groups[group], "content": key, "clientKey": key });
        match sender.try_mutate("messageSend", input, "message { id } cursor").await {
            Ok(answer) => {
                let sent =
                    Sent { id: answer.text("/messageSend/message/id"), cursor: answer.text("/messageSend/cursor") };
                shift.written.lock().unwrap().push((group, sent, key));
                if shift.killed.load(Ordering::Relaxed) {
                    return None;
                }
            }
            Err(_) => return Some((sender, group, key)),
        }
    }
    None
}
