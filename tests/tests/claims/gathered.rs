//! Requests that come at once share the statements that each of them needs.

use futures_util::future::join_all;
use futures_util::poll;
use serde_json::{Value, json};
use tests::{User, World, claims, eventually};

claims![
    those_who_ask_at_once_are_each_told_what_is_theirs,
    those_who_ask_at_once_are_read_for_at_once,
    who_goes_away_while_asking_leaves_nobody_waiting,
];

const OWN: &str = "query($own: ID!, $other: ID!) { viewer { user { username } } own: thread(id: $own) { title messages(last: 1) { \
    nodes { content sender { username } } } } other: thread(id: $other) { title } }";

/// People with a group each, in which each has said their name.
async fn people(world: &World, count: usize) -> Vec<(User, String)> {
    let mut people = Vec::new();
    for user in world.crowd("person", count).await {
        let group = world.group(&user, &[]).await;
        user.send(&group, &user.username).await;
        people.push((user, group));
    }
    people
}

async fn those_who_ask_at_once_are_each_told_what_is_theirs(world: World) {
    let people = people(&world, 12).await;
    let out = &people[3].0;
    let ended = format!(
        "UPDATE user_sessions SET revoked_at = expires_at WHERE user_id = (SELECT id FROM users WHERE username = '{}')",
        out.username
    );
    for round in 0..20 {
        if round == 10 {
            world.database.execute(&ended).await;
        }
        let asked = people.iter().enumerate().map(|(index, (user, own))| {
            let other = &people[(index + 1) % people.len()].1;
            // Another document each time, so that nothing is told again.
            let document = format!("{OWN} # {round}");
            async move { user.graphql(&document, json!({ "own": own, "other": other })).await }
        });
        for ((user, _), answer) in people.iter().zip(join_all(asked).await) {
            if user.username == out.username && round >= 10 {
                assert_eq!(answer.json["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{}", answer.json);
                continue;
            }
            assert_eq!(answer.text("/viewer/user/username"), user.username);
            assert_eq!(answer.text("/own/messages/nodes/0/content"), user.username);
            assert_eq!(answer.text("/own/messages/nodes/0/sender/username"), user.username);
            assert_eq!(answer.data()["other"], Value::Null, "what is not theirs is not there");
        }
    }
}

async fn those_who_ask_at_once_are_read_for_at_once(world: World) {
    let people = people(&world, 24).await;
    let shared = async || {
        world.server.record_statements().await;
        let asked = people.iter().map(|(user, own)| user.graphql(OWN, json!({ "own": own, "other": own })));
        join_all(asked).await.iter().for_each(|answer| _ = answer.data());
        let statements = world.server.statements().await;
        let sessions = statements.iter().filter(|one| one.sql.contains("FROM refresh_tokens")).count();
        (sessions < people.len()).then_some(())
    };
    eventually("a statement that serves more than one request", shared).await;
}

async fn who_goes_away_while_asking_leaves_nobody_waiting(world: World) {
    let people = people(&world, 8).await;
    for _ in 0..50 {
        let mut asked: Vec<_> =
            people.iter().map(|(user, own)| Box::pin(user.graphql(OWN, json!({ "own": own, "other": own })))).collect();
        for one in &mut asked {
            _ = poll!(one);
        }
        tokio::task::yield_now().await;
        // Each second one hangs up in the middle of it.
        let stay = asked.into_iter().enumerate().filter_map(|(index, one)| (index % 2 == 1).then_some(one));
        for (answer, (user, _)) in join_all(stay).await.iter().zip(people.iter().skip(1).step_by(2)) {
            assert_eq!(answer.text("/viewer/user/username"), user.username);
        }
    }
}
