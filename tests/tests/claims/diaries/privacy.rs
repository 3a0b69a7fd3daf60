//! Nobody but its owner comes to an entry, whoever they are and whatever they ask.

use serde_json::{Value, json};
use tests::id::{MALFORMED, absent, with_prefix};
use tests::{Answer, Client, User, World, claims};

claims![
    nobody_else_reads_changes_or_deletes_an_entry,
    an_administrator_is_nobody_else,
    node_takes_no_entry_not_even_of_its_owner,
    no_type_but_the_viewer_leads_to_a_diary,
    guests_and_the_anonymous_have_none,
    an_entry_is_in_no_log,
];

const CANARY: &str = "canary in the diary";

async fn entry(owner: &User) -> String {
    let input = json!({ "title": format!("{CANARY} 1"), "content": format!("{CANARY} 2"), "mood": format!("{CANARY} 3"),
        "entryDate": "2026-11-20" });
    owner.try_write_diary(input).await.text("/diaryEntryCreate/diaryEntry/id")
}

/// Tries everything that takes an entry's id, and everything that lists, as somebody else.
async fn comes_to_nothing(other: &User, id: &str) {
    let nobodys = absent(id);
    let same = |of_this: &Answer, of_none: &Answer| {
        assert_eq!(of_this.json.to_string().replace(id, "ID"), of_none.json.to_string().replace(&nobodys, "ID"));
        assert!(!of_this.json.to_string().contains("canary"), "{}", of_this.json);
    };
    let document = "query($id: ID!) { viewer { diaryEntry(id: $id) { title content mood entryDate } } }";
    let read = async |id: &str| other.graphql(document, json!({ "id": id })).await;
    assert_eq!(read(id).await.data(), &json!({ "viewer": { "diaryEntry": null } }));
    let edit = async |id: &str| other.try_edit_diary(json!({ "id": id, "title": "mine" })).await;
    edit(id).await.refused("diaryEntryUpdate", "NOT_FOUND", &["id"]);
    same(&edit(id).await, &edit(&nobodys).await);
    other.try_delete_diary(id).await.refused("diaryEntryDelete", "NOT_FOUND", &["id"]);
    same(&other.try_delete_diary(id).await, &other.try_delete_diary(&nobodys).await);
    for arguments in ["first: 100", "first: 100, month: \"2026-11\"", "first: 100, search: \"canary\""] {
        assert!(other.diary_titles(arguments).await.is_empty(), "{arguments}");
    }
}

async fn nobody_else_reads_changes_or_deletes_an_entry(world: World) {
    let [alice, mallory] = world.users(["alice", "mallory"]).await;
    // Whom she talks to, and who has blocked or is blocked, is all the same.
    world.direct(&alice, &mallory).await;
    let id = entry(&alice).await;
    let before = alice.diary_entry(&id).await;
    comes_to_nothing(&mallory, &id).await;
    // A cursor of hers leads nowhere but into the asker's own.
    let cursor = alice.diary("first: 1").await.text("/viewer/diaryEntries/pageInfo/startCursor");
    for arguments in [format!("first: 9, after: \"{cursor}\""), format!("last: 9, before: \"{cursor}\"")] {
        let page = mallory.diary(&arguments).await;
        assert_eq!(page.list("/viewer/diaryEntries/edges").len(), 0);
        let info = page.ok("/viewer/diaryEntries/pageInfo");
        assert_eq!(
            (&info["hasNextPage"], &info["hasPreviousPage"]),
            (&json!(false), &json!(false)),
            "not even that it is"
        );
    }
    assert_eq!(alice.diary_entry(&id).await, before);
}

async fn an_administrator_is_nobody_else(world: World) {
    let [alice, root] = world.users(["alice", "root"]).await;
    let id = entry(&alice).await;
    world.database.execute("UPDATE users SET is_admin = true WHERE username = 'root'").await;
    let root = world.anonymous.sign_in(&root.username).await;
    comes_to_nothing(&root, &id).await;
}

async fn node_takes_no_entry_not_even_of_its_owner(world: World) {
    let [alice, mallory] = world.users(["alice", "mallory"]).await;
    let id = entry(&alice).await;
    let documents = [
        "query($id: ID!) { node(id: $id) { __typename id } }",
        "query($id: ID!) { nodes(ids: [$id]) { __typename id } }",
    ];
    for client in [&*alice, &*mallory, &world.anonymous] {
        for document in documents {
            let [of_this, of_none] = [&id, &absent(&id)].map(|id| (id.clone(), json!({ "id": id })));
            let (this, none) = (client.graphql(document, of_this.1).await, client.graphql(document, of_none.1).await);
            this.failed("INVALID");
            let plain = |answer: &Answer, id: &str| answer.json["errors"][0]["message"].to_string().replace(id, "ID");
            assert_eq!(plain(&this, &of_this.0), plain(&none, &of_none.0));
        }
    }
    for id in MALFORMED.iter().map(ToString::to_string).chain([with_prefix("usr", &id)]) {
        let document = "query($id: ID!) { viewer { diaryEntry(id: $id) { id } } }";
        let answer = alice.graphql(document, json!({ "id": id })).await;
        assert_eq!(answer.error_code(), Some("INVALID"), "{}", answer.json);
        alice.try_delete_diary(&id).await.refused("diaryEntryDelete", "INVALID", &["id"]);
        alice.try_edit_diary(json!({ "id": id })).await.refused("diaryEntryUpdate", "INVALID", &["id"]);
    }
}

/// Asks the schema itself, so that a field added anywhere is seen here.
async fn no_type_but_the_viewer_leads_to_a_diary(world: World) {
    let alice = world.user("alice").await;
    let document = "{ __schema { types { name fields { name type { name ofType { name ofType { name ofType { name } } } } } \
        possibleTypes { name } } } }";
    let answer = alice.graphql(document, Value::Null).await;
    let mut leading = Vec::new();
    for of in answer.list("/__schema/types") {
        let name = of["name"].as_str().unwrap();
        assert!(!of["possibleTypes"].to_string().contains("DiaryEntry"), "{name} may be an entry");
        for field in of["fields"].as_array().into_iter().flatten() {
            if field["type"].to_string().contains("\"DiaryEntry") {
                leading.push(format!("{name}.{}", field["name"].as_str().unwrap()));
            }
        }
    }
    leading.retain(|field| !field.starts_with("DiaryEntry"));
    leading.sort();
    let mutations = ["diaryEntryCreate", "diaryEntryDelete", "diaryEntryUpdate"].map(|name| format!("Mutation.{name}"));
    let expected: Vec<_> =
        mutations.into_iter().chain(["Viewer.diaryEntries", "Viewer.diaryEntry"].map(String::from)).collect();
    assert_eq!(leading, expected);
}

async fn guests_and_the_anonymous_have_none(world: World) {
    let alice = world.user("alice").await;
    let id = entry(&alice).await;
    let guest = world.guest("visitor").await;
    let input = json!({ "title": "t", "content": "c", "entryDate": "2026-11-20" });
    guest.try_write_diary(input.clone()).await.refused("diaryEntryCreate", "FORBIDDEN", &[]);
    guest.try_edit_diary(json!({ "id": id, "title": "t" })).await.refused("diaryEntryUpdate", "FORBIDDEN", &[]);
    guest.try_delete_diary(&id).await.refused("diaryEntryDelete", "FORBIDDEN", &[]);
    assert!(guest.diary_titles("first: 5").await.is_empty());
    assert_eq!(guest.diary_entry(&id).await, Value::Null);
    let anonymous: &Client = &world.anonymous;
    for (mutation, input) in [
        ("diaryEntryCreate", input),
        ("diaryEntryUpdate", json!({ "id": id, "title": "t" })),
        ("diaryEntryDelete", json!({ "id": id })),
    ] {
        anonymous.mutate(mutation, input, "").await.failed("UNAUTHENTICATED");
    }
    let viewer = anonymous.graphql("{ viewer { diaryEntries { nodes { id } } } }", Value::Null).await;
    assert_eq!(viewer.data(), &json!({ "viewer": null }));
}

async fn an_entry_is_in_no_log(world: World) {
    let alice = world.user("alice").await;
    let id = entry(&alice).await;
    alice.diary("first: 5, search: \"canary\"").await;
    alice.try_edit_diary(json!({ "id": id, "content": "canary again" })).await.ok("/diaryEntryUpdate/diaryEntry");
    alice.try_edit_diary(json!({ "id": id, "content": "canary\0" })).await.refused_with("diaryEntryUpdate", "INVALID");
    assert!(!world.server.log().contains("canary"), "{}", world.server.log());
}
