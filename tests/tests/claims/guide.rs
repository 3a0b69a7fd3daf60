//! The guide for operators, `docs/operators.md`, says what there is.

use std::collections::BTreeSet;
use std::path::Path;

use tests::engine::workspace;
use tests::{World, claims};

claims![whatever_metrics_show_is_in_the_guide];

fn guide() -> String {
    std::fs::read_to_string(workspace().join("docs/operators.md")).expect("there is a guide for operators")
}

/// The metrics that have a row in a table of the guide.
fn rows() -> BTreeSet<String> {
    let guide = guide();
    let rows = guide.lines().filter_map(|line| line.strip_prefix("| `linnet_")?.split_once('`'));
    rows.filter(|(_, rest)| rest.split('|').filter(|cell| cell.trim().len() > 10).count() >= 2)
        .map(|(name, _)| format!("linnet_{}", name.split('{').next().unwrap_or(name)))
        .collect()
}

/// The metrics that the code counts: its texts that are a name of one and nothing else.
fn counted() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut directories = vec![workspace().join("api/src"), workspace().join("domain/src")];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => directories.push(path),
                false => names.extend(names_in(&path)),
            }
        }
    }
    names
}

fn names_in(file: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let texts = text.split('"').skip(1);
    let is_name =
        |text: &&str| text.starts_with("linnet_") && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    texts.filter(is_name).map(str::to_owned).collect()
}

#[test]
fn every_metric_has_a_row_in_the_guide_and_every_row_a_metric() {
    let (counted, rows) = (counted(), rows());
    assert!(counted.len() >= 15, "{counted:?}");
    let missing: Vec<_> = counted.difference(&rows).collect();
    let stale: Vec<_> = rows.difference(&counted).collect();
    assert!(missing.is_empty() && stale.is_empty(), "without a row: {missing:?}, without a metric: {stale:?}");
}

async fn whatever_metrics_show_is_in_the_guide(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let room = world.room_of(&alice, &[&bob]).await;
    let socket = world.socket(&bob).await;
    let start = bob.event_cursor(&room).await;
    let mut stream = socket.messages(&room, Some(&start)).await;
    alice.send(&room, "hello").await;
    stream.next().await;
    world.anonymous.graphql("{ nothing }", serde_json::Value::Null).await.failed("INVALID");
    let answer = world.server.http().get(world.server.at("/metrics")).send().await.unwrap();
    let text = answer.text().await.unwrap();
    let shown: BTreeSet<_> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).map(str::to_owned).collect();
    assert!(shown.len() >= 10, "{shown:?}");
    let rows = rows();
    let missing: Vec<_> = shown.difference(&rows).collect();
    assert!(missing.is_empty(), "without a row: {missing:?}");
}
