//! What is remembered: found out once for all who ask, on whatever node, and not for ever.

use std::time::Duration;

use futures_util::future::{join, join_all};
use tests::job::PAST;
use tests::{Engine, World, claims, eventually};

claims![
    of_many_who_ask_one_finds_out,
    what_was_remembered_is_found_out_anew_when_its_time_is_over,
    who_finds_nothing_out_leaves_it_to_the_next,
    what_a_killed_node_was_finding_out_is_found_out_by_the_next,
    nobody_gives_back_the_lock_of_another,
    what_has_expired_is_taken_away,
    metrics_tell_where_it_was_found,
];

/// How long finding out takes: long enough for all to have asked meanwhile.
const WHILE: u64 = 300;

async fn world(engine: Engine) -> World {
    let world = World::start(engine).await;
    world.database.count_jobs().await;
    world
}

async fn of_many_who_ask_one_finds_out(engine: Engine) {
    let world = world(engine).await;
    let answers = join_all((1..=50).map(|value| world.server.remember("a key", WHILE, value))).await;
    let found_out = world.database.counted().await;
    assert_eq!(found_out.len(), 1, "{found_out:?}");
    assert!(answers.iter().all(|answer| *answer == Some(found_out[0])), "{answers:?}");
    // Of another key another one does.
    assert_eq!(world.server.remember("another key", 0, 99).await, Some(99));
    // And it outlives the server.
    world.server.restart().await;
    assert_eq!(world.server.remember("a key", 0, 100).await, Some(found_out[0]));
    assert_eq!(world.database.counted().await.len(), 2);
}

async fn what_was_remembered_is_found_out_anew_when_its_time_is_over(engine: Engine) {
    let world = world(engine).await;
    assert_eq!(world.server.remember("a key", 0, 1).await, Some(1));
    world.server.advance_clock(Duration::from_secs(590)).await;
    assert_eq!(world.server.remember("a key", 0, 2).await, Some(1));
    world.server.advance_clock(Duration::from_secs(20)).await;
    // What is in memory is trusted for some seconds more.
    let anew = async || (world.server.remember("a key", 0, 3).await == Some(3)).then_some(());
    eventually("it to be found out anew", anew).await;
    assert_eq!(world.database.counted().await, [1, 3]);
}

async fn who_finds_nothing_out_leaves_it_to_the_next(engine: Engine) {
    let world = world(engine).await;
    let (failing, next) = join(world.server.remember("a key", WHILE, -1), async {
        tokio::time::sleep(Duration::from_millis(WHILE / 3)).await;
        world.server.remember("a key", 0, 5).await
    })
    .await;
    assert!(next == Some(5) && [None, Some(5)].contains(&failing), "{failing:?} and {next:?}");
    assert_eq!(world.database.counted().await, [5]);
    assert_eq!(world.database.number("SELECT COUNT(*) FROM cache_locks").await, 0, "it was given back");
}

async fn what_a_killed_node_was_finding_out_is_found_out_by_the_next(engine: Engine) {
    let world = world(engine).await;
    // Nobody waits for its answer, which never comes.
    let asking = world.server.http().post(world.server.at("/test/remember"));
    let asked = serde_json::json!({ "key": "a key", "lifetimeMs": 600_000, "takesMs": 600_000, "value": 1 });
    let asking = tokio::spawn(asking.json(&asked).send());
    let locks = "SELECT COUNT(*) FROM cache_locks WHERE key = 'remember:a key'";
    let taken = async || (world.database.number(locks).await == 1).then_some(());
    eventually("it to begin", taken).await;
    world.server.kill9();
    assert!(asking.await.unwrap().is_err());
    world.server.restart().await;
    world.database.execute(&format!("UPDATE cache_locks SET expiration = '{PAST}'")).await;
    assert_eq!(world.server.remember("a key", 0, 2).await, Some(2));
    assert_eq!(world.database.counted().await, [2]);
}

async fn nobody_gives_back_the_lock_of_another(engine: Engine) {
    let world = world(engine).await;
    let (found, ()) = join(world.server.remember("a key", WHILE, 1), async {
        let taken = async || (world.database.number("SELECT COUNT(*) FROM cache_locks").await == 1).then_some(());
        eventually("it to begin", taken).await;
        let owner = match engine {
            Engine::Sqlite => "randomblob(16)",
            Engine::Postgres => "gen_random_uuid()",
        };
        world.database.execute(&format!("UPDATE cache_locks SET owner = {owner}")).await;
    })
    .await;
    assert_eq!(found, Some(1));
    assert_eq!(world.database.number("SELECT COUNT(*) FROM cache_locks").await, 1, "it is another's");
}

async fn what_has_expired_is_taken_away(engine: Engine) {
    let world = world(engine).await;
    world.server.remember("a key", 0, 1).await;
    world.server.look_for_recurring_work().await;
    let kept = async || {
        let rows = "SELECT (SELECT COUNT(*) FROM cache) * 100 + (SELECT COUNT(*) FROM cache_locks)";
        world.database.number(rows).await
    };
    tests::job::all_done(&world.database).await;
    assert_eq!(kept().await, 104, "a value, and the locks of the work that comes back");
    world.server.advance_clock(Duration::from_hours(2)).await;
    world.server.remove_expired().await;
    eventually("what has expired to go", async || (kept().await == 0).then_some(())).await;
}

async fn metrics_tell_where_it_was_found(engine: Engine) {
    let world = world(engine).await;
    for value in 1..=4 {
        world.server.remember("a key", 0, value).await;
    }
    let metrics = world.server.metrics().await;
    let count = |found| metrics.sum("linnet_cache_total", &[("found", found)]);
    assert_eq!([count("miss"), count("memory")].map(|count| count as i64), [1, 3]);
    world.server.restart().await;
    world.server.remember("a key", 0, 5).await;
    let metrics = world.server.metrics().await;
    assert_eq!(metrics.sum("linnet_cache_total", &[("found", "database")]) as i64, 1);
}

mod nodes {
    use futures_util::future::join_all;
    use tests::Nodes;

    tests::postgres_claims![of_many_who_ask_two_nodes_one_finds_out];

    async fn of_many_who_ask_two_nodes_one_finds_out(nodes: Nodes) {
        nodes.a.database.count_jobs().await;
        for round in 0..5 {
            let key = format!("key {round}");
            let ask = |value: i32| {
                let node = if value % 2 == 0 { &nodes.a } else { &nodes.b };
                node.server.remember(&key, super::WHILE, value)
            };
            let answers = join_all((100 * round..100 * round + 40).map(ask)).await;
            let found_out = nodes.a.database.counted().await;
            assert_eq!(found_out.len(), usize::try_from(round).unwrap() + 1, "{found_out:?}");
            let value = answers[0];
            assert!(value.is_some() && answers.iter().all(|answer| *answer == value), "{answers:?}");
        }
    }
}
