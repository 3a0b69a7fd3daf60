//! Lists of accounts, in which the two do not find each other.

use serde_json::{Value, json};
use tests::{Answer, User, World, claims};

claims![
    neither_finds_the_other,
    pages_are_exact_whoever_is_left_out,
    who_is_hidden_is_still_known_by_name_and_by_what_they_wrote,
];

async fn neither_finds_the_other(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    bob.update_profile(json!({ "displayName": "Robert" })).await.ok("/profileUpdate/user");
    alice.block(&bob).await;
    let all = ["alice", "bob", "carol"];
    for (user, hidden) in [(&alice, "bob"), (&bob, "alice"), (&carol, "")] {
        let left: Vec<_> = all.into_iter().filter(|name| *name != hidden).collect();
        assert_eq!(found(user, None).await, left, "as {} sees it", user.username);
    }
    for search in ["bob", "b", "Robert"] {
        assert!(found(&alice, Some(search)).await.is_empty(), "{search}");
        assert_eq!(found(&carol, Some(search)).await, ["bob"], "{search}");
    }
    assert!(found(&bob, Some("ali")).await.is_empty());
    alice.unblock(&bob).await;
    assert_eq!(found(&alice, Some("rob")).await, ["bob"]);
    assert_eq!(found(&bob, Some("ali")).await, ["alice"]);
}

/// Every third is left out, by a block of theirs or one of the viewer's: at the ends of pages and of the list, too.
async fn pages_are_exact_whoever_is_left_out(world: World) {
    let viewer = world.user("viewer").await;
    let crowd = world.crowd("person", 9).await;
    for (number, person) in crowd.iter().enumerate() {
        person.update_profile(json!({ "displayName": format!("Name {number}") })).await.ok("/profileUpdate/user");
        match number % 6 {
            0 => viewer.block(person).await,
            3 => person.block(&viewer).await,
            _ => {}
        }
    }
    for search in ["person", "name"] {
        let all = found(&viewer, Some(search)).await;
        assert_eq!(all.len(), 6, "{all:?}");
        for size in 1..=6 {
            let (mut seen, mut arguments) = (Vec::new(), format!("first: {size}"));
            while seen.len() < all.len() {
                let page = page(&viewer, Some(search), &arguments).await;
                assert_eq!(
                    page.ok("/users/pageInfo/hasPreviousPage"),
                    &json!(!seen.is_empty()),
                    "{search} {arguments}"
                );
                seen.extend(names(&page));
                assert_eq!(
                    page.ok("/users/pageInfo/hasNextPage"),
                    &json!(seen.len() < all.len()),
                    "{search} {arguments}"
                );
                arguments = format!("first: {size}, after: \"{}\"", page.text("/users/pageInfo/endCursor"));
            }
            assert_eq!(seen, all);
            let page = page(&viewer, Some(search), &format!("last: {size}")).await;
            assert_eq!(names(&page), all[all.len() - size..]);
            assert_eq!(page.ok("/users/pageInfo/hasPreviousPage"), &json!(size < all.len()));
            assert_eq!(page.ok("/users/pageInfo/hasNextPage"), false);
        }
    }
}

async fn who_is_hidden_is_still_known_by_name_and_by_what_they_wrote(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let room = world.room_of(&alice, &[&bob]).await;
    let sent = alice.send(&room, "hello").await;
    alice.block(&bob).await;
    let document = "query($id: ID!, $name: String!) { node(id: $id) { id } \
        by: user(by: { username: $name }) { id } user(by: { id: $id }) { id } }";
    let answer = bob.graphql(document, json!({ "id": alice.id, "name": "alice" })).await;
    for pointer in ["/node/id", "/by/id", "/user/id"] {
        assert_eq!(answer.ok(pointer), alice.id.as_str());
    }
    assert_eq!(bob.message(&sent.id, "sender { id }").await["sender"]["id"], alice.id.as_str());
}

async fn page(user: &User, search: Option<&str>, arguments: &str) -> Answer {
    let document = format!(
        "query($search: String) {{ users(search: $search, {arguments}) {{ nodes {{ username }} \
         pageInfo {{ hasNextPage hasPreviousPage endCursor }} }} }}"
    );
    user.graphql(&document, json!({ "search": search })).await
}

fn names(page: &Answer) -> Vec<String> {
    let name = |node: &Value| node["username"].as_str().unwrap().to_owned();
    page.list("/users/nodes").iter().map(name).collect()
}

async fn found(user: &User, search: Option<&str>) -> Vec<String> {
    names(&page(user, search, "first: 100").await)
}
