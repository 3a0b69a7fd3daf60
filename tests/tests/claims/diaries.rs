//! Diaries: what people write for themselves alone.

mod privacy;

use serde_json::{Value, json};
use tests::{User, World, claims};

claims![
    an_entry_is_written_changed_and_taken_away,
    entries_stand_by_day_the_latest_first,
    a_diary_is_walked_from_both_ends,
    a_month_is_read_alone,
    a_search_finds_ones_own_words_whatever_case_and_accents,
    a_search_within_a_month_is_paged,
    what_is_too_long_or_blank_is_refused,
    days_are_days_of_the_calendar,
    months_are_months,
    a_diary_goes_with_its_account,
    a_page_takes_as_many_statements_whatever_its_length,
];

async fn an_entry_is_written_changed_and_taken_away(world: World) {
    let alice = world.user("alice").await;
    let input =
        json!({ "title": "A walk", "content": "By the river.\nIt rained.", "mood": "🙂", "entryDate": "2026-11-20" });
    let written = alice.try_write_diary(input.clone()).await.ok("/diaryEntryCreate/diaryEntry").clone();
    for (field, value) in input.as_object().unwrap() {
        assert_eq!(&written[field], value);
    }
    let id = written["id"].as_str().unwrap();
    assert!(id.starts_with("dia_") && written["createdAt"].is_string() && written["createdAt"] == written["updatedAt"]);
    assert_eq!(alice.diary_entry(id).await, written);
    let mut expected = written.clone();
    for (field, value) in [
        ("title", json!("A long walk")),
        ("content", json!("And back.")),
        ("entryDate", json!("2026-11-19")),
        ("mood", Value::Null),
    ] {
        let answer = alice.try_edit_diary(json!({ "id": id, field: value })).await;
        let changed = answer.ok("/diaryEntryUpdate/diaryEntry").clone();
        expected[field] = value;
        expected["updatedAt"] = changed["updatedAt"].clone();
        assert_eq!(changed, expected, "nothing but {field} has changed");
        assert_eq!(alice.diary_entry(id).await, expected);
    }
    assert_eq!(alice.try_delete_diary(id).await.ok("/diaryEntryDelete/deletedId"), id);
    assert_eq!(alice.diary_entry(id).await, Value::Null);
    assert!(alice.diary_titles("first: 5").await.is_empty());
    alice.try_delete_diary(id).await.refused("diaryEntryDelete", "NOT_FOUND", &["id"]);
    let answer = alice.try_edit_diary(json!({ "id": id, "title": "again" })).await;
    answer.refused("diaryEntryUpdate", "NOT_FOUND", &["id"]);
}

async fn entries_stand_by_day_the_latest_first(world: World) {
    let alice = world.user("alice").await;
    for (day, title) in
        [("2026-11-02", "c"), ("2026-11-20", "a"), ("2025-12-31", "e"), ("2026-11-02", "b"), ("2026-01-01", "d")]
    {
        alice.write_diary(day, title, "…").await;
    }
    // Of one day, the one that was written last comes first.
    assert_eq!(alice.diary_titles("first: 10").await, ["a", "b", "c", "d", "e"]);
    let old = alice.write_diary("1969-07-20", "old", "…").await;
    assert_eq!(alice.diary_titles("last: 1").await, ["old"]);
    let answer = alice.try_edit_diary(json!({ "id": old, "entryDate": "2026-12-24" })).await;
    answer.ok("/diaryEntryUpdate/diaryEntry");
    assert_eq!(alice.diary_titles("first: 2").await, ["old", "a"], "it moves with its day");
}

/// Twelve entries, three to a day: pages end within a day, too.
async fn twelve(alice: &User) -> Vec<String> {
    for number in 1..=12_u32 {
        alice.write_diary(&format!("2026-11-{:02}", number.div_ceil(3)), &format!("{number}"), "…").await;
    }
    (1..=12).rev().map(|number: i32| number.to_string()).collect()
}

async fn walk(alice: &User, filter: &str, all: &[String]) {
    for size in [1, 2, 5, 12] {
        let (mut seen, mut arguments) = (Vec::new(), format!("{filter}first: {size}"));
        while seen.len() < all.len() {
            let page = alice.diary(&arguments).await;
            let flag = |name: &str| page.ok("/viewer/diaryEntries/pageInfo")[name].clone();
            assert_eq!(flag("hasPreviousPage"), !seen.is_empty(), "{arguments}");
            seen.extend(titles(&page));
            assert_eq!(flag("hasNextPage"), seen.len() < all.len(), "{arguments}");
            let end = page.text("/viewer/diaryEntries/pageInfo/endCursor");
            arguments = format!("{filter}first: {size}, after: \"{end}\"");
        }
        assert_eq!(seen, all);
        let (mut left, mut arguments) = (all.to_vec(), format!("{filter}last: {size}"));
        while !left.is_empty() {
            let page = alice.diary(&arguments).await;
            let found = titles(&page);
            let flag = |name: &str| page.ok("/viewer/diaryEntries/pageInfo")[name].clone();
            assert_eq!(flag("hasNextPage"), left.len() < all.len(), "{arguments}");
            assert_eq!(left.split_off(left.len() - found.len()), found, "{arguments}");
            assert_eq!(flag("hasPreviousPage"), !left.is_empty(), "{arguments}");
            let start = page.text("/viewer/diaryEntries/pageInfo/startCursor");
            arguments = format!("{filter}last: {size}, before: \"{start}\"");
        }
    }
}

async fn a_diary_is_walked_from_both_ends(world: World) {
    let alice = world.user("alice").await;
    let all = twelve(&alice).await;
    walk(&alice, "", &all).await;
    for arguments in ["first: 0", "first: 101", "first: 1, last: 1", "first: 1, after: \"nonsense\""] {
        alice.diary(arguments).await.failed("INVALID");
    }
    let foreign = alice.graphql("{ users(first: 1) { pageInfo { endCursor } } }", json!({})).await;
    let foreign = foreign.text("/users/pageInfo/endCursor");
    alice.diary(&format!("first: 1, after: \"{foreign}\"")).await.failed("INVALID");
}

async fn a_month_is_read_alone(world: World) {
    let alice = world.user("alice").await;
    for day in
        ["2026-10-31", "2026-11-01", "2026-11-30", "2026-12-01", "2026-12-31", "2027-01-01", "2024-02-29", "2025-11-15"]
    {
        alice.write_diary(day, day, "…").await;
    }
    for (month, days) in [
        ("2026-11", &["2026-11-30", "2026-11-01"][..]),
        ("2026-12", &["2026-12-31", "2026-12-01"]),
        ("2024-02", &["2024-02-29"]),
        ("2026-09", &[]),
        ("9999-12", &[]),
    ] {
        assert_eq!(alice.diary_titles(&format!("first: 10, month: \"{month}\"")).await, days, "{month}");
    }
    walk(&alice, "month: \"2026-11\", ", &["2026-11-30", "2026-11-01"].map(str::to_owned)).await;
}

async fn a_search_finds_ones_own_words_whatever_case_and_accents(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    alice.write_diary("2026-11-03", "Café à Genève", "Le garçon a souri.\n\n  Il pleuvait   déjà.").await;
    alice.write_diary("2026-11-02", "100%", "_under_score \\ back").await;
    alice.write_diary("2026-11-01", "Ärger", "mit der Straße").await;
    bob.write_diary("2026-11-01", "Café", "his own").await;
    for (search, titles) in [
        ("cafe", &["Café à Genève"][..]),
        ("GENÈVE", &["Café à Genève"]),
        ("afé a g", &["Café à Genève"]),
        ("souri. il PLEUVAIT deja", &["Café à Genève"]),
        ("geneve le garcon", &["Café à Genève"]),
        ("arger", &["Ärger"]),
        ("  straße ", &["Ärger"]),
        ("e", &["Café à Genève", "100%", "Ärger"]),
        ("%", &["100%"]),
        ("_", &["100%"]),
        ("0%%", &[]),
        ("\\\\", &["100%"]),
        ("'", &[]),
        ("his own", &[]),
        ("", &["Café à Genève", "100%", "Ärger"]),
        (" ", &["Café à Genève", "100%", "Ärger"]),
        ("\\u0000", &[]),
    ] {
        assert_eq!(alice.diary_titles(&format!("first: 10, search: \"{search}\"")).await, titles, "{search}");
    }
    let id = alice.write_diary("2026-11-04", "Changed", "needle").await;
    alice.try_edit_diary(json!({ "id": id, "content": "hay" })).await.ok("/diaryEntryUpdate/diaryEntry");
    assert!(alice.diary_titles("first: 5, search: \"needle\"").await.is_empty(), "what was written over is not found");
    assert_eq!(alice.diary_titles("first: 5, search: \"changed hay\"").await, ["Changed"]);
}

async fn a_search_within_a_month_is_paged(world: World) {
    let alice = world.user("alice").await;
    let mut all = Vec::new();
    for number in 1..=9 {
        let (day, content) = (format!("2026-11-{number:02}"), if number % 3 == 0 { "sun" } else { "rain" });
        alice.write_diary(&day, &day, content).await;
        alice.write_diary(&day.replace("-11-", "-10-"), "another month", content).await;
        if content == "rain" {
            all.insert(0, day);
        }
    }
    walk(&alice, "month: \"2026-11\", search: \"RAIN\", ", &all).await;
}

async fn what_is_too_long_or_blank_is_refused(world: World) {
    let alice = world.user("alice").await;
    let good = json!({ "title": "t", "content": "c", "mood": "m", "entryDate": "2026-11-20" });
    let id = alice.try_write_diary(good.clone()).await.text("/diaryEntryCreate/diaryEntry/id");
    for (field, longest) in [("title", 255), ("content", 20_000), ("mood", 50)] {
        let with = |text: String| {
            let mut input = good.clone();
            input[field] = text.into();
            input
        };
        let most = "ä".repeat(longest);
        let kept = alice.try_write_diary(with(most.clone())).await;
        assert_eq!(kept.text(&format!("/diaryEntryCreate/diaryEntry/{field}")), most);
        for (text, code) in [
            ("ä".repeat(longest + 1), "TOO_LONG"),
            (" \n".into(), "BLANK"),
            (String::new(), "BLANK"),
            ("a\0".into(), "INVALID"),
        ] {
            alice.try_write_diary(with(text.clone())).await.refused("diaryEntryCreate", code, &[field]);
            let answer = alice.try_edit_diary(json!({ "id": id, field: text })).await;
            answer.refused("diaryEntryUpdate", code, &[field]);
        }
    }
    for field in ["title", "content", "entryDate"] {
        let answer = alice.try_edit_diary(json!({ "id": id, field: null })).await;
        answer.refused("diaryEntryUpdate", "BLANK", &[field]);
    }
    assert_eq!(alice.diary_entry(&id).await["title"], "t");
}

async fn days_are_days_of_the_calendar(world: World) {
    let alice = world.user("alice").await;
    for day in ["0001-01-01", "2024-02-29", "9999-12-31"] {
        let id = alice.write_diary(day, "t", "c").await;
        assert_eq!(alice.diary_entry(&id).await["entryDate"], day);
    }
    assert_eq!(alice.diary_titles("first: 5, month: \"9999-12\"").await, ["t"]);
    for day in
        ["2023-02-29", "2026-11-31", "0000-01-01", "-001-01-01", "10000-01-01", "2026-11-20T00:00:00Z", "20261120", ""]
    {
        let answer = alice.try_write_diary(json!({ "title": "t", "content": "c", "entryDate": day })).await;
        assert!(answer.json["errors"][0]["message"].is_string(), "{day} is a day: {}", answer.json);
    }
    assert_eq!(alice.diary_titles("first: 5").await.len(), 3);
}

async fn months_are_months(world: World) {
    let alice = world.user("alice").await;
    for month in ["2026", "2026-13", "2026-00", "2026-11-01", "11-2026", "", "0000-01", "２０２６-11"] {
        alice.diary(&format!("first: 1, month: \"{month}\"")).await.failed("INVALID");
    }
}

async fn a_diary_goes_with_its_account(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    alice.write_diary("2026-11-20", "t", "c").await;
    bob.write_diary("2026-11-20", "t", "c").await;
    world.database.execute("DELETE FROM users WHERE username = 'alice'").await;
    assert_eq!(world.database.number("SELECT COUNT(*) FROM diaries").await, 1);
}

async fn a_page_takes_as_many_statements_whatever_its_length(world: World) {
    let alice = world.user("alice").await;
    twelve(&alice).await;
    let document = "query($first: Int!) { viewer { diaryEntries(first: $first, search: \"…\") { edges { cursor node { \
        id title content mood entryDate } } } } }";
    let mut counts = Vec::new();
    for first in [2, 12] {
        let (answer, statements) =
            crate::statements::statements_of(&world, &alice, document, json!({ "first": first })).await;
        assert_eq!(answer.list("/viewer/diaryEntries/edges").len(), first);
        counts.push(statements);
    }
    assert_eq!(counts[0].len(), counts[1].len(), "{counts:?}");
}

fn titles(page: &tests::Answer) -> Vec<String> {
    let nodes = page.list("/viewer/diaryEntries/nodes").iter();
    nodes.map(|node| node["title"].as_str().unwrap().to_owned()).collect()
}
