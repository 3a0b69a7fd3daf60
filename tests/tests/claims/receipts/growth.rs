//! A thread that has grown past 32 members shares no receipts any more.

use futures_util::future::join_all;
use tests::{User, World, claims};

use super::status::statuses;

claims![heavy_past_32_members_earlier_messages_keep_their_status_and_later_ones_stay_sent];

async fn heavy_past_32_members_earlier_messages_keep_their_status_and_later_ones_stay_sent(world: World) {
    let alice = world.user("alice").await;
    let crowd = world.crowd("member", 32).await;
    let (first, last) = (&crowd[..31], &crowd[31]);
    let group = world.group(&alice, &first.iter().collect::<Vec<_>>()).await;
    assert_eq!(alice.thread(&group).await["sharesReceipts"], true, "32 members share");
    let sent = alice.send_many(&group, 3).await;
    join_all(first.iter().map(|user| user.mark_delivered(&group, &sent[1].cursor))).await;
    all_read(first, &group, &sent[0].cursor).await;
    let before = ["READ", "DELIVERED", "SENT"];
    assert_eq!(statuses(&alice, &group).await, before);

    alice.add(&group, last).await;
    assert_eq!(alice.thread(&group).await["sharesReceipts"], false, "33 do not");
    assert_eq!(statuses(&alice, &group).await, before);
    let start = alice.event_cursor(&group).await;
    let later = alice.send(&group, "later").await;
    all_read(&crowd, &group, &later.cursor).await;
    assert_eq!(statuses(&alice, &group).await, [&before[..], &["SENT"]].concat());
    let second = alice.message(&sent[1].id, "statusTimestamps { delivered read }").await;
    let times = &second["statusTimestamps"];
    assert!(times["delivered"].is_string() && times["read"].is_null(), "its times keep what they had too: {times}");
    assert_eq!(first[0].unread(&group).await, 0, "what one has read is one's own as before");
    let frames = alice.all_events(&group, Some(&start)).await;
    assert_eq!(frames.len(), 1, "marks move the log no more: {frames:?}");

    alice.remove(&group, last).await;
    alice.remove(&group, &first[30]).await;
    assert_eq!(alice.thread(&group).await["sharesReceipts"], false, "nor do 31 that once were more");
    let last = alice.send(&group, "last").await;
    all_read(&first[..30], &group, &last.cursor).await;
    assert_eq!(statuses(&alice, &group).await, [&before[..], &["SENT", "SENT"]].concat());
    let message = alice.message(&last.id, "receipts { user { id } }").await;
    assert_eq!(message["receipts"], serde_json::json!([]));
}

async fn all_read(users: &[User], group: &str, cursor: &str) {
    join_all(users.iter().map(|user| user.mark_read(group, cursor))).await;
}
