//! The bans of a room, as its admins see them.

use serde_json::{Value, json};
use tests::{World, claims};

use crate::statements::statements_of;

claims![
    admins_see_whom_they_keep_out_and_why,
    bans_are_walked_from_both_ends,
    bans_of_twenty_rooms_take_as_many_statements_as_of_two,
];

async fn admins_see_whom_they_keep_out_and_why(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let room = world.room_of(&alice, &[&bob]).await;
    let input = json!({ "threadId": room, "userId": carol.id, "reason": "Advertised seeds" });
    let made = alice.try_ban(input.clone()).await;
    let ban = made.ok("/roomBanCreate/roomBan");
    let of_alice = json!({ "id": alice.id });
    let expected = (&json!({ "id": carol.id }), &of_alice, &json!("Advertised seeds"), &Value::Null);
    assert_eq!((&ban["user"], &ban["bannedBy"], &ban["reason"], &ban["until"]), expected);
    assert_eq!(alice.bans(&room, "first: 10").await["nodes"], json!([ban]));
    // Asked for again as it is, it stays as it is; otherwise it is set anew.
    assert_eq!(alice.try_ban(input).await.data(), made.data());
    let input = json!({ "threadId": room, "userId": carol.id, "reason": "And once more" });
    let anew = alice.try_ban(input).await;
    assert!(anew.text("/roomBanCreate/cursor") > made.text("/roomBanCreate/cursor"));
    assert_eq!(alice.bans(&room, "first: 10").await["nodes"][0]["reason"], "And once more");
    // Nobody else does.
    for user in [&bob, &world.user("dave").await] {
        assert_eq!(user.bans(&room, "first: 10").await["nodes"], json!([]));
    }
    alice.set_role(&room, &bob, "ADMIN").await;
    assert_eq!(bob.bans(&room, "first: 10").await["nodes"][0]["reason"], "And once more");
}

async fn bans_are_walked_from_both_ends(world: World) {
    let alice = world.user("alice").await;
    let others = world.crowd("other", 7).await;
    let room = world.room(&alice).await;
    for other in &others {
        alice.ban(&room, other).await;
    }
    let latest: Vec<Value> = others.iter().rev().map(|other| json!(other.id)).collect();
    for (from, next, more) in [("first", "after", "hasNextPage"), ("last", "before", "hasPreviousPage")] {
        let (mut walked, mut arguments) = (Vec::new(), format!("{from}: 3"));
        loop {
            let page = alice.bans(&room, &arguments).await;
            let mut ids: Vec<_> =
                page["nodes"].as_array().unwrap().iter().map(|ban| ban["user"]["id"].clone()).collect();
            let end = if from == "first" { "endCursor" } else { "startCursor" };
            if from == "last" {
                ids.extend(std::mem::take(&mut walked));
                walked = ids;
            } else {
                walked.extend(ids);
            }
            if page["pageInfo"][more] != true {
                break;
            }
            arguments = format!("{from}: 3, {next}: {}", page["pageInfo"][end]);
        }
        assert_eq!(walked, latest, "{from}");
    }
}

async fn bans_of_twenty_rooms_take_as_many_statements_as_of_two(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    for _ in 0..20 {
        alice.ban(&world.room(&alice).await, &bob).await;
    }
    let document = "query($first: Int!) { rooms(first: $first) { nodes { bans(first: 3) { nodes { \
        user { username } bannedBy { username } } } } } }";
    let mut counts = Vec::new();
    for first in [2, 20] {
        let (answer, statements) = statements_of(&world, &alice, document, json!({ "first": first })).await;
        counts.push(statements.len());
        let rooms = answer.list("/rooms/nodes");
        assert_eq!(rooms.len(), first);
        assert!(rooms.iter().all(|room| room["bans"]["nodes"][0]["user"]["username"] == "bob"), "{rooms:?}");
    }
    assert_eq!(counts[0], counts[1]);
}
