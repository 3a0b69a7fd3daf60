//! Pages of replies: any cursor of the thread marks a place among them, and the page knows what lies on either side.

use serde_json::{Value, json};
use tests::{Sent, User, World, claims};

claims![pages_of_replies_know_what_lies_on_either_side];

async fn pages_of_replies_know_what_lies_on_either_side(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let start = alice.event_cursor(&thread).await;
    let before = alice.send(&thread, "before").await;
    let parent = alice.send(&thread, "a question").await;
    let lonely = alice.send(&thread, "another").await;
    let mut replies = Vec::new();
    // Cursors of the thread, and before how many of the replies each stands.
    let mut places = vec![(start, 0), (before.cursor, 0), (parent.cursor.clone(), 0), (lonely.cursor.clone(), 0)];
    for number in 1..=5 {
        let reply = bob.reply(&thread, &parent, "an answer").await;
        places.push((alice.send(&thread, "in between").await.cursor, number));
        places.push((alice.react(&reply, "👍").await, number));
        replies.push(reply);
    }
    for (cursor, place) in &places {
        for size in [1, 2, 5, 100] {
            let forward = format!("first: {size}, after: \"{cursor}\"");
            is_slice(&alice, &parent, &forward, &replies, *place, (place + size).min(5)).await;
            let backward = format!("last: {size}, before: \"{cursor}\"");
            is_slice(&alice, &parent, &backward, &replies, place.saturating_sub(size), *place).await;
        }
        for arguments in [format!("first: 2, after: \"{cursor}\""), format!("last: 2, before: \"{cursor}\"")] {
            is_slice(&alice, &lonely, &arguments, &[], 0, 0).await;
        }
    }
    for (place, reply) in replies.iter().enumerate() {
        let forward = format!("first: 2, after: \"{}\"", reply.cursor);
        is_slice(&alice, &parent, &forward, &replies, place + 1, (place + 3).min(5)).await;
        let backward = format!("last: 2, before: \"{}\"", reply.cursor);
        is_slice(&alice, &parent, &backward, &replies, place.saturating_sub(2), place).await;
    }
    for (size, to) in [(1, 1), (2, 2), (5, 5), (6, 5)] {
        is_slice(&alice, &parent, &format!("first: {size}"), &replies, 0, to).await;
        is_slice(&alice, &parent, &format!("last: {size}"), &replies, 5 - to, 5).await;
    }
}

/// Fails the test unless this page of the parent's replies is that part of them, and says what lies on either side.
async fn is_slice(user: &User, parent: &Sent, arguments: &str, replies: &[Sent], from: usize, to: usize) {
    let select = format!(
        "replies({arguments}) {{ edges {{ cursor node {{ id }} }} \
         pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }}"
    );
    let page = user.message(&parent.id, &select).await["replies"].clone();
    let shown: Vec<Value> =
        replies[from..to].iter().map(|reply| json!({ "cursor": reply.cursor, "node": { "id": reply.id } })).collect();
    assert_eq!(page["edges"], json!(shown), "{arguments}");
    let info = json!({
        "hasPreviousPage": from > 0,
        "hasNextPage": to < replies.len(),
        "startCursor": shown.first().map(|edge| &edge["cursor"]),
        "endCursor": shown.last().map(|edge| &edge["cursor"]),
    });
    assert_eq!(page["pageInfo"], info, "{arguments}");
}
