//! The row of groups.

use serde_json::json;
use tests::{User, World, claims};

claims![
    members_read_all_of_its_history,
    strangers_read_nothing,
    members_write,
    strangers_do_not_write,
    the_creator_is_the_first_admin,
    admins_manage,
    a_member_manages_nothing,
    a_stranger_manages_nothing,
    a_role_gives_and_takes_the_right_to_manage,
    a_guest_is_neither_added_nor_makes_one,
];

async fn members_read_all_of_its_history(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let before = bob.send(&group, "before carol").await;
    alice.add(&group, &carol).await;
    let after = alice.send(&group, "after carol").await;
    for user in [&alice, &bob, &carol] {
        let history: Vec<_> = user.history(&group).await.into_iter().map(|(cursor, _)| cursor).collect();
        assert_eq!(history, [before.cursor.clone(), after.cursor.clone()]);
        assert_eq!(user.message(&before.id, "content").await["content"], "before carol");
        assert_eq!(user.participants(&group).await.len(), 3);
        let frames = user.all_events(&group, None).await;
        assert!(frames.iter().any(|frame| frame["cursor"] == before.cursor.as_str()), "{frames:?}");
    }
    let mut stream = world.socket(&carol).await.messages(&group, Some(&before.cursor)).await;
    assert_eq!(stream.value().await["node"]["content"], "after carol");
}

async fn strangers_read_nothing(world: World) {
    let [alice, bob, mallory] = world.users(["alice", "bob", "mallory"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let sent = alice.send(&group, "among us").await;
    let read = "query($t: ID!, $m: ID!) { thread(id: $t) { id } node(id: $m) { id } nodes(ids: [$t, $m]) { id } }";
    for client in [&*mallory, &world.anonymous] {
        let answer = client.graphql(read, json!({ "t": group, "m": sent.id })).await;
        assert_eq!(answer.data(), &json!({ "thread": null, "node": null, "nodes": [null, null] }));
    }
    let socket = world.socket(&mallory).await;
    socket.messages(&group, None).await.failed("NOT_FOUND").await;
    socket.events(&group, None).await.failed("NOT_FOUND").await;
    socket.signals(&group).await.failed("NOT_FOUND").await;
}

async fn members_write(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    for (user, other) in [(&alice, &bob), (&bob, &alice)] {
        let sent = user.send(&group, "mine").await;
        user.edit(&sent, "mine, edited").await;
        other.react(&sent, "👍").await;
        other.reply(&group, &sent, "a reply").await;
        other.mark_read(&group, &sent.cursor).await;
        user.try_type(&group).await.ok("/typingSignal");
        assert_eq!(user.thread(&group).await["viewerState"]["canSend"], true);
    }
}

async fn strangers_do_not_write(world: World) {
    let [alice, bob, mallory] = world.users(["alice", "bob", "mallory"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let sent = alice.send(&group, "among us").await;
    mallory.try_send(&group, "me too").await.refused("messageSend", "NOT_FOUND", &["threadId"]);
    mallory.try_edit(&sent.id, "changed", None).await.refused("messageEdit", "NOT_FOUND", &["id"]);
    mallory.try_delete(&sent.id).await.refused("messageDelete", "NOT_FOUND", &["id"]);
    mallory.try_react(&sent.id, "👍").await.refused("reactionAdd", "NOT_FOUND", &["messageId"]);
    mallory.try_type(&group).await.refused("typingSignal", "NOT_FOUND", &["threadId"]);
    for mark in ["threadMarkRead", "threadMarkDelivered"] {
        mallory.try_mark(mark, &group, &sent.cursor).await.refused(mark, "NOT_FOUND", &["threadId"]);
    }
    assert_eq!(alice.history(&group).await.len(), 1);
}

async fn the_creator_is_the_first_admin(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    assert_eq!(role(&alice, &group, &alice).await, "ADMIN");
    assert_eq!(role(&alice, &group, &bob).await, "MEMBER");
    let own = alice.thread(&group).await;
    assert_eq!(own["viewerState"]["role"], "ADMIN");
    assert_eq!(own["viewerState"]["canManage"], true);
    assert_eq!(own["createdBy"]["id"], alice.id.as_str());
    let others = bob.thread(&group).await;
    assert_eq!(others["viewerState"]["role"], "MEMBER");
    assert_eq!(others["viewerState"]["canManage"], false);
}

async fn admins_manage(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob]).await;
    alice.try_set_title(&group, Some("Tuesday")).await.ok("/threadUpdate/cursor");
    assert_eq!(bob.thread(&group).await["title"], "Tuesday");
    alice.add(&group, &carol).await;
    assert_eq!(carol.thread(&group).await["participantCount"], 3);
    alice.set_role(&group, &carol, "ADMIN").await;
    assert_eq!(role(&bob, &group, &carol).await, "ADMIN");
    alice.remove(&group, &bob).await;
    assert!(bob.thread(&group).await.is_null());
    alice.archive(&group).await;
    assert!(carol.thread(&group).await["archivedAt"].is_string());
    carol.unarchive(&group).await;
    assert!(alice.thread(&group).await["archivedAt"].is_null());
}

async fn a_member_manages_nothing(world: World) {
    let [alice, bob, carol, dave] = world.users(["alice", "bob", "carol", "dave"]).await;
    let group = world.group(&alice, &[&bob, &carol]).await;
    manages_nothing(&bob, &group, &carol, &dave, "FORBIDDEN").await;
    bob.try_set_role(&group, &bob.id, "ADMIN").await.refused("participantSetRole", "FORBIDDEN", &["threadId"]);
    untouched(&alice, &group, &bob, &carol).await;
}

async fn a_stranger_manages_nothing(world: World) {
    let [alice, bob, carol, mallory] = world.users(["alice", "bob", "carol", "mallory"]).await;
    let group = world.group(&alice, &[&bob, &carol]).await;
    manages_nothing(&mallory, &group, &carol, &mallory, "NOT_FOUND").await;
    mallory.try_join(&group).await.refused("threadJoin", "NOT_FOUND", &["id"]);
    mallory.try_leave(&group).await.refused("threadLeave", "NOT_FOUND", &["id"]);
    untouched(&alice, &group, &bob, &carol).await;
}

async fn a_role_gives_and_takes_the_right_to_manage(world: World) {
    let [alice, bob, carol, dave] = world.users(["alice", "bob", "carol", "dave"]).await;
    let group = world.group(&alice, &[&bob, &carol]).await;
    alice.set_role(&group, &bob, "ADMIN").await;
    assert_eq!(bob.thread(&group).await["viewerState"]["canManage"], true);
    bob.add(&group, &dave).await;
    bob.remove(&group, &dave).await;
    bob.try_set_title(&group, Some("Bob's")).await.ok("/threadUpdate/cursor");
    bob.set_role(&group, &carol, "ADMIN").await;
    carol.set_role(&group, &bob, "MEMBER").await;
    assert_eq!(bob.thread(&group).await["viewerState"]["canManage"], false);
    manages_nothing(&bob, &group, &carol, &dave, "FORBIDDEN").await;
}

async fn a_guest_is_neither_added_nor_makes_one(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let guest = world.guest("visitor").await;
    let group = world.group(&alice, &[&bob]).await;
    alice.try_add(&group, &guest.id).await.refused("participantAdd", "FORBIDDEN", &["userId"]);
    let with_guest = alice.try_create_group(&[&bob.id, &guest.id]).await;
    with_guest.refused("threadCreate", "FORBIDDEN", &["group", "participantIds", "1"]);
    guest.try_create_group(&[&bob.id]).await.refused_with("threadCreate", "FORBIDDEN");
    assert!(guest.thread(&group).await.is_null());
}

/// `user` tries everything that admins may; each is refused with `code`.
async fn manages_nothing(user: &User, group: &str, member: &User, outsider: &User, code: &str) {
    user.try_set_title(group, Some("mine")).await.refused("threadUpdate", code, &["id"]);
    user.try_archive(group, true).await.refused("threadArchive", code, &["id"]);
    user.try_archive(group, false).await.refused("threadArchive", code, &["id"]);
    user.try_add(group, &outsider.id).await.refused("participantAdd", code, &["threadId"]);
    user.try_remove(group, &member.id).await.refused("participantRemove", code, &["threadId"]);
    user.try_set_role(group, &member.id, "ADMIN").await.refused("participantSetRole", code, &["threadId"]);
}

async fn untouched(admin: &User, group: &str, bob: &User, carol: &User) {
    let thread = admin.thread(group).await;
    assert_eq!(thread["title"], "A group");
    assert!(thread["archivedAt"].is_null());
    assert_eq!(thread["participantCount"], 3);
    assert_eq!(role(admin, group, bob).await, "MEMBER");
    assert_eq!(role(admin, group, carol).await, "MEMBER");
}

async fn role(asker: &User, group: &str, of: &User) -> String {
    let participants = asker.participants(group).await;
    let found = participants.iter().find(|participant| participant["user"]["id"] == of.id.as_str());
    found.expect("takes part")["role"].as_str().expect("a role").to_owned()
}
