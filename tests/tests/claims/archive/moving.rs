//! What is moved, when, and back again.

use std::process::Stdio;
use std::time::Duration;

use futures_util::future::{join, join_all};
use tests::job::all_done;
use tests::{Engine, Nodes, Server, World, claims, eventually, within};

use super::{PATIENT, Talk, move_all, places, tend};

claims![
    nothing_is_moved_unless_an_operator_says_so,
    threads_go_when_nothing_was_said_for_long,
    a_thread_with_nothing_more_to_move_is_not_looked_at_again,
    archived_threads_go_sooner,
    taking_a_thread_back_moves_them_again,
    a_thread_that_was_taken_back_stays_for_as_long_as_one_in_which_something_was_said,
    archived_again_halfway_a_thread_goes_as_a_whole,
    a_sweep_by_hand_ends_and_leaves_what_may_not_go_as_it_is,
    a_long_sweep_lets_others_come_first,
    messages_are_sent_while_threads_are_moved,
    taking_the_migration_back_brings_everything_back,
];

const DAY: Duration = Duration::from_secs(24 * 3600);

async fn with_times(engine: Engine, untouched: &str, archived: &str) -> World {
    let times = [("LINNET_ARCHIVE_UNTOUCHED_DAYS", untouched), ("LINNET_ARCHIVE_ARCHIVED_DAYS", archived)];
    World::start_with(engine, &[&PATIENT[..], &times].concat()).await
}

async fn nothing_is_moved_unless_an_operator_says_so(engine: Engine) {
    let world = World::start_with(engine, &PATIENT).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    alice.send_many(&thread, 3).await;
    alice.archive(&thread).await;
    world.server.advance_clock(3000 * DAY).await;
    tend(&world.server, &world.database).await;
    let output = world.command(&["archive"]).await;
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("archive_untouched_days"));
    assert_eq!(places(&world.database).await, [3, 0]);
}

async fn threads_go_when_nothing_was_said_for_long(engine: Engine) {
    let world = with_times(engine, "30", "0").await;
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let threads = [world.direct(&alice, &bob).await, world.direct(&alice, &carol).await];
    for thread in &threads {
        alice.send_many(thread, 3).await;
        alice.archive(thread).await;
    }
    alice.unarchive(&threads[1]).await;
    world.server.advance_clock(29 * DAY).await;
    tend(&world.server, &world.database).await;
    assert_eq!(places(&world.database).await, [6, 0]);
    world.server.advance_clock(2 * DAY).await;
    tend(&world.server, &world.database).await;
    assert_eq!(places(&world.database).await, [0, 6], "archived or not, they are untouched");
    // What is said there later goes by the same rule.
    alice.send(&threads[1], "again").await;
    tend_later(&world, 1).await;
    assert_eq!(places(&world.database).await, [0, 7], "by the database's clock it was said long ago");
}

/// Looks again after so many days.
async fn tend_later(world: &World, days: u32) {
    world.server.advance_clock(days * DAY).await;
    tend(&world.server, &world.database).await;
}

async fn a_thread_with_nothing_more_to_move_is_not_looked_at_again(engine: Engine) {
    let world = with_times(engine, "30", "0").await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let to_look_at =
        async || world.database.number("SELECT COUNT(*) FROM threads WHERE move_look_at IS NOT NULL").await;
    world.group(&alice, &[&bob]).await;
    assert_eq!(to_look_at().await, 0, "nothing was said anywhere");
    let sent = alice.send(&thread, "hello").await;
    assert_eq!(to_look_at().await, 1);
    tend_later(&world, 31).await;
    assert_eq!((places(&world.database).await, to_look_at().await), ([0, 1], 0));
    alice.edit(&sent, "edited").await;
    bob.react(&sent, "👍").await;
    assert_eq!(to_look_at().await, 0, "there is nothing more to move");
    alice.send(&thread, "again").await;
    assert_eq!(to_look_at().await, 1);
    // One in which something is said is looked at when it could go, and not before.
    world.database.execute("UPDATE threads SET activity_at = '2999-01-01T00:00:00+00:00' WHERE moved_seq > 0").await;
    tend_later(&world, 1).await;
    world.server.record_statements().await;
    tend_later(&world, 1).await;
    let looks = world.server.statements().await;
    let locked = looks.iter().filter(|statement| statement.sql.contains("SELECT archived_at, activity_at")).count();
    assert_eq!((locked, places(&world.database).await), (0, [1, 1]));
}

async fn archived_threads_go_sooner(engine: Engine) {
    let world = with_times(engine, "0", "7").await;
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let threads = [world.direct(&alice, &bob).await, world.direct(&alice, &carol).await];
    for thread in &threads {
        alice.send_many(thread, 3).await;
    }
    tend(&world.server, &world.database).await;
    alice.archive(&threads[0]).await;
    tend_later(&world, 6).await;
    assert_eq!(places(&world.database).await, [6, 0]);
    tend_later(&world, 2).await;
    assert_eq!(places(&world.database).await, [3, 3]);
    assert_eq!(bob.history(&threads[0]).await.len(), 3);
}

async fn taking_a_thread_back_moves_them_again(engine: Engine) {
    let world = with_times(engine, "30", "7").await;
    let talk = Talk::begin(&world).await;
    let [alice, ..] = &talk.users;
    alice.archive(&talk.group).await;
    tend_later(&world, 8).await;
    assert_eq!(places(&world.database).await, [0, 20]);
    let counted =
        async || world.database.number("SELECT COALESCE((SELECT message_count FROM archived_threads), 0)").await;
    assert_eq!(counted().await, 20);
    alice.unarchive(&talk.group).await;
    let before = talk.as_seen().await;
    all_done(&world.database).await;
    assert_eq!((places(&world.database).await, counted().await), ([20, 0], 0));
    assert_eq!(talk.as_seen().await, before);
    for table in ["archived_threads", "archived_revisions", "archived_attachments", "archived_reactions"] {
        assert_eq!(world.database.number(&format!("SELECT COUNT(*) FROM {table}")).await, 0, "{table}");
    }
}

async fn a_thread_that_was_taken_back_stays_for_as_long_as_one_in_which_something_was_said(engine: Engine) {
    let world = with_times(engine, "30", "7").await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    alice.send_many(&thread, 3).await;
    tend_later(&world, 31).await;
    assert_eq!(places(&world.database).await, [0, 3]);
    // Not archived, so there is nothing to take back; but archived it may be, and taken back.
    alice.archive(&thread).await;
    alice.unarchive(&thread).await;
    all_done(&world.database).await;
    assert_eq!(places(&world.database).await, [3, 0]);
    tend_later(&world, 29).await;
    assert_eq!(places(&world.database).await, [3, 0]);
    tend_later(&world, 2).await;
    assert_eq!(places(&world.database).await, [0, 3]);
    // Archived again before they are back, they stay where they are.
    world.server.set("LINNET_JOB_WORKERS", "0");
    world.server.restart().await;
    alice.archive(&thread).await;
    alice.unarchive(&thread).await;
    alice.archive(&thread).await;
    world.server.set("LINNET_JOB_WORKERS", "2");
    world.server.restart().await;
    all_done(&world.database).await;
    assert_eq!(places(&world.database).await, [0, 3]);
}

async fn archived_again_halfway_a_thread_goes_as_a_whole(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_JOB_WORKERS", "0")]).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    alice.send_many(&thread, 300).await;
    move_all(&world).await;
    alice.archive(&thread).await;
    alice.unarchive(&thread).await;
    // It comes back from its end; whoever brings it is killed over it.
    let mut child = world.server.command(&["archive", "--days", "30"]).stdout(Stdio::null()).spawn().unwrap();
    eventually("something to come back", async || (places(&world.database).await[0] > 0).then_some(())).await;
    child.kill().unwrap();
    child.wait().unwrap();
    let [in_use, archived] = places(&world.database).await;
    assert!(in_use > 0 && archived > 0, "{in_use} in use, {archived} in the archive");
    alice.archive(&thread).await;
    move_all(&world).await;
    assert_eq!(places(&world.database).await, [0, 300]);
}

async fn a_sweep_by_hand_ends_and_leaves_what_may_not_go_as_it_is(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let old = world.direct(&alice, &carol).await;
    alice.send_many(&old, 2).await;
    world.database.execute("UPDATE threads SET activity_at = '2020-01-01T00:00:00+00:00'").await;
    for other in [&bob, &carol] {
        alice.send_many(&world.group(&alice, &[other]).await, 2).await;
    }
    for days in ["8", "400"] {
        let mut command = tokio::process::Command::from(world.server.command(&["archive", "--days", days]));
        let output = within("the sweep to end", command.kill_on_drop(true).output()).await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(places(&world.database).await, [4, 2]);
        let postponed = "SELECT COUNT(*) FROM threads WHERE move_look_at > activity_at";
        assert_eq!(world.database.number(postponed).await, 0, "when the settings have them go is not changed");
    }
}

async fn a_long_sweep_lets_others_come_first(engine: Engine) {
    let world = with_times(engine, "30", "0").await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    for _ in 0..40 {
        alice.send(&world.group(&alice, &[&bob]).await, "hello").await;
    }
    world.server.advance_clock(31 * DAY).await;
    world.server.look_for_recurring_work().await;
    let moved = async || {
        let left = world.database.number("SELECT COUNT(*) FROM jobs").await;
        (left == 0 && places(&world.database).await == [0, 40]).then_some(())
    };
    let turns = world.server.turns("move_messages", "all messages to be moved", moved).await;
    assert!(turns > 1.5, "it was done in {turns} turns");
    assert_eq!(world.database.number("SELECT COUNT(*) FROM failed_jobs").await, 0);
}

async fn messages_are_sent_while_threads_are_moved(world: World) {
    let alice = world.user("alice").await;
    let others = world.crowd("other", 4).await;
    let group = world.group(&alice, &others.iter().collect::<Vec<_>>()).await;
    let socket = world.socket(&alice).await;
    let start = alice.event_cursor(&group).await;
    let mut stream = socket.messages(&group, Some(&start)).await;
    let sending = join_all(others.iter().map(async |other| {
        let mut sent = Vec::new();
        for number in 0..60 {
            let one = match sent.last() {
                Some(last) if number % 5 == 0 => other.reply(&group, last, "a reply").await,
                _ => other.send(&group, &format!("{number} of {}", other.username)).await,
            };
            other.react(&one, "👍").await;
            if number % 7 == 0 {
                other.edit(sent.first().unwrap_or(&one), &format!("edited for the {number}th time")).await;
            }
            // Whatever moves meanwhile, all that was sent is there.
            if number % 20 == 19 {
                let found: Vec<_> = other.history(&group).await.into_iter().map(|(cursor, _)| cursor).collect();
                assert!(found.is_sorted() && sent.iter().all(|sent: &tests::Sent| found.contains(&sent.cursor)));
            }
            sent.push(one);
        }
        sent
    }));
    let moving = async {
        for _ in 0..8 {
            move_all(&world).await;
        }
    };
    let (sent, ()) = join(sending, moving).await;
    let mut sent: Vec<_> = sent.into_iter().flatten().collect();
    move_all(&world).await;
    assert_eq!(places(&world.database).await, [0, 240]);
    let mut streamed = Vec::new();
    for _ in 0..240 {
        streamed.push(stream.value().await["cursor"].as_str().unwrap().to_owned());
    }
    let history: Vec<_> = alice.history(&group).await.into_iter().map(|(cursor, _)| cursor).collect();
    assert_eq!(streamed, history, "the stream has what the pages have, once and in order");
    sent.sort_by_key(|sent| history.iter().position(|cursor| *cursor == sent.cursor));
    assert_eq!(history, sent.into_iter().map(|sent| sent.cursor).collect::<Vec<_>>());
}

async fn taking_the_migration_back_brings_everything_back(world: World) {
    let talk = Talk::begin(&world).await;
    move_all(&world).await;
    let before = talk.as_seen().await;
    world.server.stop().await;
    let migrate = async |arguments: &[&str]| {
        let output = world.command(&[&["migrate"], arguments].concat()).await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let has_archive = async || world.database.columns().await.iter().any(|(table, _)| table == "archived_messages");
    while has_archive().await {
        migrate(&["down", "--yes"]).await;
    }
    assert_eq!(world.database.number("SELECT COUNT(*) FROM messages").await, 20);
    assert!(world.database.number("SELECT COUNT(*) FROM message_reactions").await > 10);
    migrate(&["up"]).await;
    world.server.launch();
    world.server.ready().await;
    assert_eq!(places(&world.database).await, [20, 0]);
    assert_eq!(talk.as_seen().await, before);
}

mod nodes {
    use super::*;

    tests::postgres_claims![of_two_nodes_one_moves];

    async fn of_two_nodes_one_moves(nodes: Nodes) {
        let settings = |server: &Server| server.set("LINNET_ARCHIVE_UNTOUCHED_DAYS", "1");
        for world in [&nodes.a, &nodes.b] {
            settings(&world.server);
            world.server.set(PATIENT[0].0, PATIENT[0].1);
            world.server.restart().await;
        }
        let [alice, bob] = nodes.a.users(["alice", "bob"]).await;
        let mut threads = Vec::new();
        for _ in 0..6 {
            let thread = nodes.a.group(&alice, &[&bob]).await;
            alice.send_many(&thread, 10).await;
            threads.push(thread);
        }
        for world in [&nodes.a, &nodes.b] {
            world.server.advance_clock(2 * DAY).await;
        }
        join(nodes.a.server.look_for_recurring_work(), nodes.b.server.look_for_recurring_work()).await;
        all_done(&nodes.a.database).await;
        assert_eq!(places(&nodes.a.database).await, [0, 60]);
        let mut done = 0.0;
        for world in [&nodes.a, &nodes.b] {
            let labels = [("kind", "move_messages"), ("outcome", "done")];
            done += world.server.metrics().await.sum("linnet_jobs_total", &labels);
        }
        assert!((done - 1.0).abs() < 0.1, "it was done {done} times");
        let bob = nodes.b.here(&bob);
        for thread in &threads {
            assert_eq!(bob.history(thread).await.len(), 10);
        }
    }
}
