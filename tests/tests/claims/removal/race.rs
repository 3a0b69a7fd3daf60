//! Removed and writing at the same moment.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::{join_all, join3};
use sea_orm::QueryResult;
use serde_json::{Value, json};
use tests::{Answer, Chance, Line, Sent, Socket, User, World, claims};
use tokio::time::sleep;

use super::{until_refused, until_revoked};

claims![heavy_nothing_of_the_removed_stands_above_their_removal];

const GROUPS: usize = 8;
/// 1,000 removals in all.
const ROUNDS: usize = 125;

async fn heavy_nothing_of_the_removed_stands_above_their_removal(world: World) {
    removals(&world, &world, ROUNDS).await;
}

/// Removes those who write and watch on one node, from the same node or from another, so many times in each group.
pub(crate) async fn removals(world: &World, of_targets: &World, rounds: usize) {
    let mut chance = Chance::new();
    let admins = world.crowd("admin", GROUPS).await;
    let targets = of_targets.crowd("target", GROUPS).await;
    let outcomes = Outcomes::default();
    let scenes = admins.iter().zip(&targets).enumerate().map(|(number, (admin, target))| {
        let chance = chance.branch();
        let outcomes = &outcomes;
        async move {
            let input = json!({ "group": { "title": format!("group {number}"), "participantIds": [target.id] } });
            let group = admin.try_create_thread(input).await.text("/threadCreate/thread/id");
            let socket = of_targets.socket(target).await;
            let last = admin.event_cursor(&group).await;
            Scene { admin, target, group, socket, last, chance, outcomes, out: Vec::new() }.play(rounds).await
        }
    });
    let played = join_all(scenes.collect::<Vec<_>>()).await;
    let (written, refused) = (outcomes.written.into_inner(), outcomes.refused.into_inner());
    eprintln!("at the moment of a removal {written} changes were written and {refused} refused");
    let enough = rounds * GROUPS / 20;
    assert!(written >= enough && refused >= enough, "the race was none: {written} written, {refused} refused");
    for (number, (group, out)) in played.into_iter().enumerate() {
        assert_eq!(out.len(), rounds);
        let log = admins[number].all_events(&group, None).await;
        none_while_out(world, &format!("group {number}"), &targets[number], &log, &out).await;
    }
}

#[derive(Default)]
struct Outcomes {
    written: AtomicUsize,
    refused: AtomicUsize,
    /// By how many microseconds the writers start before the removal, or, below zero, after it.
    lead: AtomicI64,
}

/// By how much the lead changes with each outcome, in microseconds.
const STEP: i64 = 500;

impl Outcomes {
    /// Counts a change that came before the removal: the next ones start later.
    fn written(&self) {
        self.written.fetch_add(1, Ordering::Relaxed);
        self.lead.fetch_sub(STEP, Ordering::Relaxed);
    }

    /// Counts a change that came after the removal: the next ones start earlier. Thus the race stays open on every machine, however
    /// long either takes there.
    fn refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
        self.lead.fetch_add(STEP, Ordering::Relaxed);
    }
}

/// A group of two, of whom one is removed and taken back again and again.
struct Scene<'a> {
    admin: &'a User,
    target: &'a User,
    group: String,
    socket: Socket,
    /// Where the target goes on reading.
    last: String,
    chance: Chance,
    outcomes: &'a Outcomes,
    /// From where to where the target was out.
    out: Vec<(String, String)>,
}

impl Scene<'_> {
    async fn play(mut self, rounds: usize) -> (String, Vec<(String, String)>) {
        let mut old = self.target.send(&self.group, "the first").await;
        for _ in 0..rounds {
            old = self.round(old).await;
        }
        (self.group, self.out)
    }

    /// Removes the target while it writes; gives a message of the target's for the next round.
    async fn round(&mut self, old: Sent) -> Sent {
        let (admin, target, group) = (self.admin, self.target, self.group.as_str());
        // The replayed removals of the rounds before do not end the streams.
        let mut events = self.socket.lines(group, Some(&self.last)).await;
        let mut messages = self.socket.posts(group, Some(&self.last)).await;
        events.until("CaughtUp").await;
        // Unread, so that a send is also a mark.
        let start = admin.post(group, "a question").await.cursor;
        messages.until_cursor(&start).await;
        // Either may be the first by a hair.
        let lead = self.outcomes.lead.load(Ordering::Relaxed) + self.chance.below(3_000) as i64 - 1_500;
        let wait = async |micros: i64| sleep(Duration::from_micros(micros.max(0) as u64)).await;
        let kind = self.chance.below(8);
        let (removed, first, second) = join3(
            async {
                wait(lead).await;
                admin.remove(group, target).await
            },
            async {
                wait(-lead).await;
                write(target, group, &old, 0).await
            },
            async {
                wait(-lead).await;
                write(target, group, &old, kind).await
            },
        )
        .await;
        let secret = admin.post(group, "a secret").await;
        for (answer, mutation) in [first, second] {
            match answer.data()[mutation]["cursor"].as_str() {
                Some(cursor) => {
                    // A mark may point further than its own event; what the log has of it is looked at in the end.
                    let mark = mutation == "threadMarkRead";
                    assert!(mark || *cursor < *removed, "{mutation} at {cursor} stands above the removal at {removed}");
                    self.outcomes.written();
                }
                None => {
                    answer.refused_with(mutation, "NOT_FOUND");
                    self.outcomes.refused();
                }
            }
        }
        let lines = Line::of_all(&until_revoked(&mut events).await);
        assert!(lines.iter().all(|line| line.cursor <= removed), "shown above {removed}: {lines:?}");
        assert!(lines.iter().all(|line| !line.names.contains(&secret.id)), "{lines:?}");
        let edges = Line::of_all(&until_refused(&mut messages).await);
        assert!(edges.iter().all(|edge| edge.cursor < removed), "shown above {removed}: {edges:?}");
        let back = admin.add(group, target).await;
        assert_eq!((events.try_next(), messages.try_next()), (None, None), "nothing comes after the end");
        self.out.push((removed, back));
        self.last = start;
        target.post(group, "back again").await
    }
}

/// One change of the target's.
async fn write(target: &User, group: &str, old: &Sent, kind: usize) -> (Answer, &'static str) {
    let (mutation, input) = match kind {
        0..4 => ("messageSend", json!({ "threadId": group, "content": "now or never" })),
        4 => ("messageEdit", json!({ "id": old.id, "content": "edited" })),
        5 => ("reactionAdd", json!({ "messageId": old.id, "emoji": "👍" })),
        6 => ("messageDelete", json!({ "id": old.id })),
        _ => ("threadMarkRead", json!({ "threadId": group, "upTo": old.cursor })),
    };
    (target.mutate(mutation, input, "cursor").await, mutation)
}

/// Looks at the whole log of a group, by page and in the database: while the target was out there is nothing of theirs.
async fn none_while_out(world: &World, title: &str, target: &User, log: &[Value], out: &[(String, String)]) {
    let sql = format!(
        "SELECT e.seq, u.username, CAST(e.data AS TEXT) AS data \
         FROM thread_events e JOIN threads t ON t.id = e.thread_id LEFT JOIN users u ON u.id = e.actor_id \
         WHERE t.title = '{title}' ORDER BY e.seq"
    );
    let text = |row: &QueryResult, column| row.try_get::<Option<String>>("", column).unwrap().unwrap_or_default();
    let rows: Vec<_> =
        world.database.rows(&sql).await.iter().map(|row| (text(row, "username"), text(row, "data"))).collect();
    assert_eq!(rows.len(), log.len(), "the log by page is the whole log");
    let (mut is_out, mut times) = (false, 0);
    for (frame, (actor, data)) in log.iter().zip(rows) {
        let line = Line::of(frame);
        if line.kind == "ParticipantChanged" && frame["user"]["id"] == target.id {
            match frame["change"].as_str() {
                Some("LEFT") => (is_out, times) = (true, times + 1),
                Some("JOINED") => is_out = false,
                _ => {}
            }
            continue;
        }
        assert!(out.iter().any(|(from, to)| *from < line.cursor && line.cursor < *to) == is_out, "{line:?}");
        if is_out {
            assert!(
                actor != target.username && !data.contains(&target.id),
                "{frame} with {data} is of one who was out"
            );
            assert_ne!(frame["message"]["sender"]["id"], json!(target.id), "{frame} is of one who was out");
        }
    }
    assert_eq!(times, out.len());
}
