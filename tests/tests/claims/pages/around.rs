//! A page about one message.

use serde_json::json;
use tests::{World, claims};

use super::listing::messages;

claims![
    the_message_stands_on_the_page_about_it,
    at_the_ends_of_the_thread_the_page_says_so,
    a_tombstone_can_be_looked_at_too,
    a_page_about_a_message_of_another_thread_shows_nothing_of_it,
];

async fn the_message_stands_on_the_page_about_it(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let sent: Vec<_> = alice.send_many(&thread, 240).await.into_iter().map(|sent| sent.id).collect();
    let listing = messages(&bob, &thread, sent.clone());
    for about in [0, 1, 60, 120, 180, 238, 239] {
        let arguments = format!("around: \"{}\"", sent[about]);
        let page = listing.page(&arguments).await;
        assert!((2..=100).contains(&page.names.len()), "{} messages", page.names.len());
        let from = sent.iter().position(|id| *id == page.names[0]).unwrap();
        listing.is_slice(&page, from, from + page.names.len(), &arguments);
        let place = page.names.iter().position(|id| *id == sent[about]).expect("the message is on its page");
        // Both sides are there, as far as there is something on both.
        assert!(place > 0 || about == 0, "nothing before number {about}");
        assert!(place + 1 < page.names.len() || about == 239, "nothing after number {about}");
        // And the page can be gone on from, both ways.
        if page.has_previous {
            let before = listing.page(&format!("last: 1, before: \"{}\"", page.cursors[0])).await;
            listing.is_slice(&before, from - 1, from, "the page before it");
        }
        if page.has_next {
            let to = from + page.names.len();
            let after = listing.page(&format!("first: 1, after: \"{}\"", page.cursors.last().unwrap())).await;
            listing.is_slice(&after, to, to + 1, "the page after it");
        }
    }
}

async fn at_the_ends_of_the_thread_the_page_says_so(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let sent: Vec<_> = alice.send_many(&thread, 3).await.into_iter().map(|sent| sent.id).collect();
    let listing = messages(&bob, &thread, sent.clone());
    for id in &sent {
        let arguments = format!("around: \"{id}\"");
        listing.is_slice(&listing.page(&arguments).await, 0, 3, &arguments);
    }
}

async fn a_tombstone_can_be_looked_at_too(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let sent = alice.send_many(&thread, 5).await;
    alice.delete(&sent[2]).await;
    let listing = messages(&bob, &thread, sent.iter().map(|sent| sent.id.clone()).collect());
    let arguments = format!("around: \"{}\"", sent[2].id);
    listing.is_slice(&listing.page(&arguments).await, 0, 5, &arguments);
}

async fn a_page_about_a_message_of_another_thread_shows_nothing_of_it(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let group = world.group(&alice, &[&bob]).await;
    alice.send(&thread, "here").await;
    let elsewhere = alice.send(&group, "elsewhere").await;
    let document = "query($t: ID!, $m: ID!) { thread(id: $t) { messages(around: $m) { nodes { content } } } }";
    let answer = bob.graphql(document, json!({ "t": thread, "m": elsewhere.id })).await;
    assert!(!answer.json.to_string().contains("elsewhere"), "{}", answer.json);
}
