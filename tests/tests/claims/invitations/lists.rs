//! The invitations to a group, as its admins see them.

use serde_json::{Value, json};
use tests::{World, claims};

use crate::statements::statements_of;

claims![
    admins_see_who_invites_and_how_many_came,
    invitations_are_walked_from_both_ends,
    invitations_to_twenty_groups_take_as_many_statements_as_to_two,
];

async fn admins_see_who_invites_and_how_many_came(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let made = alice.try_invite(json!({ "threadId": group, "maxUses": 3, "role": "ADMIN" })).await;
    carol.accept(&made.text("/threadInvitationCreate/code")).await;
    let page = alice.invitations(&group, "first: 10").await;
    let mut expected = made.ok("/threadInvitationCreate/threadInvitation").clone();
    expected["useCount"] = json!(1);
    assert_eq!(page["nodes"], json!([expected]));
    assert_eq!(
        (&expected["createdBy"]["id"], &expected["maxUses"], &expected["role"]),
        (&json!(alice.id), &json!(3), &json!("ADMIN"))
    );
    assert!(!page.to_string().contains("lni_"), "the code is nowhere");
    // It was an admin who came, so she sees it, too; members do not.
    assert_eq!(carol.invitations(&group, "first: 10").await["nodes"], page["nodes"]);
    assert_eq!(bob.invitations(&group, "first: 10").await["nodes"], json!([]));
}

async fn invitations_are_walked_from_both_ends(world: World) {
    let alice = world.user("alice").await;
    let group = world.group(&alice, &[]).await;
    let mut latest = Vec::new();
    for _ in 0..7 {
        let made = alice.try_invite(json!({ "threadId": group })).await;
        latest.insert(0, made.ok("/threadInvitationCreate/threadInvitation/id").clone());
    }
    for (from, next, more, end) in
        [("first", "after", "hasNextPage", "endCursor"), ("last", "before", "hasPreviousPage", "startCursor")]
    {
        let (mut walked, mut arguments) = (Vec::new(), format!("{from}: 3"));
        loop {
            let page = alice.invitations(&group, &arguments).await;
            let ids: Vec<Value> = page["nodes"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect();
            let at = if from == "first" { walked.len() } else { 0 };
            walked.splice(at..at, ids);
            if page["pageInfo"][more] != true {
                break;
            }
            arguments = format!("{from}: 3, {next}: {}", page["pageInfo"][end]);
        }
        assert_eq!(walked, latest, "{from}");
    }
}

async fn invitations_to_twenty_groups_take_as_many_statements_as_to_two(world: World) {
    let alice = world.user("alice").await;
    for _ in 0..20 {
        alice.invite(&world.group(&alice, &[]).await).await;
    }
    let document = "query($first: Int!) { viewer { threads(first: $first) { nodes { invitations(first: 3) { nodes { \
        useCount createdBy { username } } } } } } }";
    let mut counts = Vec::new();
    for first in [2, 20] {
        let (answer, statements) = statements_of(&world, &alice, document, json!({ "first": first })).await;
        counts.push(statements.len());
        let threads = answer.list("/viewer/threads/nodes");
        assert_eq!(threads.len(), first);
        assert!(threads.iter().all(|one| one["invitations"]["nodes"][0]["createdBy"]["username"] == "alice"));
    }
    assert_eq!(counts[0], counts[1]);
}
