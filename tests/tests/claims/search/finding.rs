//! Which words find what.

use serde_json::json;
use tests::search::snippets;
use tests::{User, World, claims};

claims![
    every_word_has_to_be_there,
    case_and_accents_make_no_difference,
    the_last_word_may_be_only_begun,
    a_long_word_is_found_by_whatever_it_begins_with,
    a_syllable_begins_a_word,
    what_is_in_quotes_stands_together,
    of_a_word_that_is_said_on_and_on_the_first_255_stand_in_phrases,
    scripts_without_spaces_are_found_by_any_part,
    emojis_and_texts_from_the_right_are_found,
    a_query_has_no_operators,
    what_was_found_is_marked_and_never_markup,
    a_character_that_is_several_words_is_found_and_marked,
    a_query_without_words_finds_nothing,
    what_is_too_much_is_refused_by_name,
    only_the_beginning_of_a_very_long_message_is_searched,
];

async fn said(world: &World, lines: &[&str]) -> User {
    let alice = world.user("alice").await;
    let room = alice.create_room("A room").await;
    for line in lines {
        alice.send(&room, line).await;
    }
    alice
}

async fn finds(user: &User, query: &str, expected: &[&str]) {
    assert_eq!(user.search(query).await, expected, "{query}");
}

async fn every_word_has_to_be_there(world: World) {
    let lines = ["the quick brown fox", "a quick one", "brown bread", "Fox: quick, brown!"];
    let alice = said(&world, &lines).await;
    finds(&alice, "quick ", &[lines[3], lines[1], lines[0]]).await;
    finds(&alice, "brown quick", &[lines[3], lines[0]]).await;
    finds(&alice, "fox quick brown ", &[lines[3], lines[0]]).await;
    finds(&alice, "quick bread", &[]).await;
    finds(&alice, "nothing", &[]).await;
}

async fn case_and_accents_make_no_difference(world: World) {
    let lines = ["Café au lait", "un CAFE\u{301} noir", "cafe", "Ångström ﬁnds Straße", "ΟΔΟΣ"];
    let alice = said(&world, &lines).await;
    for query in ["café ", "CAFE ", "Cafe\u{301} "] {
        finds(&alice, query, &[lines[2], lines[1], lines[0]]).await;
    }
    for query in ["angstrom ", "STRASSE ", "finds ", "ÅNGSTRÖM straße "] {
        finds(&alice, query, &[lines[3]]).await;
    }
    finds(&alice, "οδος", &[lines[4]]).await;
}

async fn the_last_word_may_be_only_begun(world: World) {
    let lines = ["a message", "many messages", "the messenger", "a mess", "un été"];
    let alice = said(&world, &lines).await;
    finds(&alice, "me", &[lines[3], lines[2], lines[1], lines[0]]).await;
    finds(&alice, "mess", &[lines[3], lines[2], lines[1], lines[0]]).await;
    finds(&alice, "messag", &[lines[1], lines[0]]).await;
    finds(&alice, "message", &[lines[1], lines[0]]).await;
    // A space ends it.
    finds(&alice, "message ", &[lines[0]]).await;
    finds(&alice, "mess ", &[lines[3]]).await;
    // One letter is a word, and begins none.
    finds(&alice, "m", &[]).await;
    finds(&alice, "a", &[lines[3], lines[0]]).await;
    // Only the last.
    finds(&alice, "mess many", &[]).await;
    finds(&alice, "many mess", &[lines[1]]).await;
    finds(&alice, "ÉT", &[lines[4]]).await;
}

async fn a_long_word_is_found_by_whatever_it_begins_with(world: World) {
    let word = "internationalisation";
    let lines = [format!("{word} of words"), "international words".into(), format!("{} end", "y".repeat(40))];
    let alice = said(&world, &lines.each_ref().map(String::as_str)).await;
    for length in 2..=13 {
        finds(&alice, &word[..length], &[&lines[1], &lines[0]]).await;
    }
    for length in 14..=20 {
        finds(&alice, &word[..length], &[&lines[0]]).await;
    }
    for query in ["internationalises", "internationalisations", "internationalisatio ", "\"internationalisatio\""] {
        finds(&alice, query, &[]).await;
    }
    finds(&alice, "words internationali", &[&lines[0]]).await;
    // Of a word that is longer than what counts of it, that counts.
    for length in [2, 12, 13, 31, 32, 33, 40, 50] {
        finds(&alice, &"y".repeat(length), &[&lines[2]]).await;
    }
}

async fn a_syllable_begins_a_word(world: World) {
    let long = "가나다라마바사아자차카타파하거너더러";
    let decomposed = "\u{1106}\u{116e}\u{11af}\u{110b}\u{1173}\u{11af} \u{1103}\u{1173}\u{1105}\u{116f}";
    let alice = said(&world, &["한국어를 배워요", "물을 마셔요", decomposed, long]).await;
    for query in ["한", "한국", "한국어", "한국어를", "한국어를 배", "한국어를 "] {
        finds(&alice, query, &["한국어를 배워요"]).await;
    }
    // Composed or not makes no difference.
    finds(&alice, "물", &[decomposed, "물을 마셔요"]).await;
    finds(&alice, "\u{1106}\u{116e}\u{11af}\u{110b}\u{1173}\u{11af}", &[decomposed, "물을 마셔요"]).await;
    finds(&alice, "물 ", &[]).await;
    for length in [1, 2, 11, 12, 13, 17, 18] {
        finds(&alice, &long.chars().take(length).collect::<String>(), &[long]).await;
    }
    finds(&alice, &format!("{long}고"), &[]).await;
}

async fn of_a_word_that_is_said_on_and_on_the_first_255_stand_in_phrases(world: World) {
    let said_on = |count: usize| format!("{}word", "ha ".repeat(count));
    let (within, beyond) = (said_on(255), said_on(256));
    let alice = said(&world, &[&within, &beyond]).await;
    finds(&alice, "\"ha word\"", &[&within]).await;
    finds(&alice, "\"ha ha\"", &[&beyond, &within]).await;
    finds(&alice, "ha word", &[&beyond, &within]).await;
}

async fn what_is_in_quotes_stands_together(world: World) {
    let lines =
        ["good morning all", "a good, quiet morning", "morning, good people", "e-mail", "mail me, e", "Good\nmorning"];
    let alice = said(&world, &lines).await;
    finds(&alice, "\"good morning\"", &[lines[5], lines[0]]).await;
    finds(&alice, "“Good Morning” al", &[lines[0]]).await;
    finds(&alice, "good morning ", &[lines[5], lines[2], lines[1], lines[0]]).await;
    finds(&alice, "\"morning", &[lines[5], lines[2], lines[1], lines[0]]).await;
    finds(&alice, "\"good morn\"", &[]).await;
    // As do words that only a sign parts.
    finds(&alice, "e-mail ", &[lines[3]]).await;
    finds(&alice, "\"mail me\" \"e\"", &[lines[4]]).await;
}

async fn scripts_without_spaces_are_found_by_any_part(world: World) {
    let lines = ["我们爱数据库", "数字和据点", "ローマ字とひらがな", "ภาษาไทยง่าย", "今日はRust日和", "한국어를 배워요"];
    let alice = said(&world, &lines).await;
    finds(&alice, "数据", &[lines[0]]).await;
    finds(&alice, "数", &[lines[1], lines[0]]).await;
    finds(&alice, "据 数", &[lines[1], lines[0]]).await;
    finds(&alice, "ひらがな", &[lines[2]]).await;
    finds(&alice, "ไทย", &[lines[3]]).await;
    finds(&alice, "日和", &[lines[4]]).await;
    finds(&alice, "rust", &[lines[4]]).await;
    finds(&alice, "한국", &[lines[5]]).await;
}

async fn emojis_and_texts_from_the_right_are_found(world: World) {
    let lines = ["done 👍🏽", "👩\u{200d}💻 works ❤\u{fe0f}", "🇩🇪 and 🇫🇷", "שָׁלוֹם לכולם", "مُحَمَّد يكتب رسالة", "a 👍"];
    let alice = said(&world, &lines).await;
    finds(&alice, "👍", &[lines[5], lines[0]]).await;
    finds(&alice, "👍🏿 done", &[lines[0]]).await;
    finds(&alice, "👩\u{200d}💻", &[lines[1]]).await;
    finds(&alice, "❤", &[lines[1]]).await;
    finds(&alice, "🇫🇷", &[lines[2]]).await;
    finds(&alice, "שלום", &[lines[3]]).await;
    finds(&alice, "محمد", &[lines[4]]).await;
    finds(&alice, "رسا", &[lines[4]]).await;
}

/// What an engine's own language has, typed by somebody who means the words.
const HOSTILE: [&str; 24] = [
    "\"",
    "\"\"\"",
    "needle\"",
    "'needle'",
    "needle' OR '1'='1",
    "needle; DROP TABLE messages",
    "needle) OR (hay",
    "needle AND",
    "NOT needle",
    "needle OR hay",
    "needle NEAR(hay, 2)",
    "terms:needle",
    "^needle",
    "needle*",
    "*",
    "needle & !hay | (x)",
    "needle <-> hay",
    "needle:*A",
    "needle\\",
    "needle\0",
    "%needle_",
    "_needle -needle",
    "{needle}",
    "needle:1,2 'x':3",
];

async fn a_query_has_no_operators(world: World) {
    let alice = said(&world, &["needle", "hay", "needle or hay and not"]).await;
    for query in HOSTILE {
        let answer = alice.search_with(json!({ "query": query })).await;
        assert!(answer.json["errors"].is_null(), "{query}: {}", answer.json);
    }
    finds(&alice, "needle OR hay ", &["needle or hay and not"]).await;
    finds(&alice, "NOT needle ", &["needle or hay and not"]).await;
    finds(&alice, "needle*", &["needle or hay and not", "needle"]).await;
    // The marks that the index has beside words are no words.
    for query in ["_ne", "-0", "_", "-"] {
        finds(&alice, query, if query == "_ne" { &["needle or hay and not", "needle"] } else { &[] }).await;
    }
    let alone = format!("-{:016x}", 0);
    finds(&alice, &alone, &[]).await;
}

async fn what_was_found_is_marked_and_never_markup(world: World) {
    let long = format!("{}<b>Needle</b> & 'thread' {}", "before ".repeat(60), "after ".repeat(60));
    let alice = said(&world, &["Say CAFÉ, then café au lait", "“Good morning”, good people", &long]).await;
    let shown = async |query: &str| snippets(&alice.search_with(json!({ "query": query })).await);
    assert_eq!(shown("cafe la").await, ["Say [CAFÉ], then [café] au [lait]"]);
    assert_eq!(shown("\"good morning\"").await, ["“[Good morning]”, good people"]);
    let cut = shown("needle").await.remove(0);
    assert!(cut.starts_with("…before ") && cut.ends_with("after…"), "{cut}");
    assert!(cut.contains("<b>[Needle]</b> & 'thread' after"), "{cut}");
    assert!(cut.chars().count() < 200, "{cut}");
}

async fn a_character_that_is_several_words_is_found_and_marked(world: World) {
    let alice = said(&world, &["1½ litres, or ½", "ﷺ"]).await;
    let shown = async |query: &str| snippets(&alice.search_with(json!({ "query": query })).await);
    assert_eq!(shown("1 2").await, ["1[½] litres, or [½]"]);
    assert_eq!(shown("11 2 litres").await, ["[1½] [litres], or [½]"]);
    assert_eq!(shown("صلى الله").await, ["[ﷺ]"]);
}

async fn a_query_without_words_finds_nothing(world: World) {
    let alice = said(&world, &["...", "!?", "words"]).await;
    for query in ["...", "!?", "()", "\"\"", "\u{301}"] {
        finds(&alice, query, &[]).await;
    }
}

async fn what_is_too_much_is_refused_by_name(world: World) {
    let alice = said(&world, &["words"]).await;
    let refused = async |arguments: serde_json::Value, field: &str| {
        let answer = alice.search_with(arguments.clone()).await;
        assert!(answer.error_code().is_some(), "{arguments}: {}", answer.json);
        let error = answer.json["errors"][0].to_string();
        assert!(error.contains(field), "{arguments}: {error} does not name {field}");
    };
    for query in [String::new(), " \n".into(), "x".repeat(201), "x ".repeat(33), "世".repeat(33)] {
        refused(json!({ "query": query }), "query").await;
    }
    refused(json!({ "query": "x", "threadId": "nonsense" }), "threadId").await;
    refused(json!({ "query": "x", "senderId": "thr_nonsense" }), "senderId").await;
    refused(json!({ "query": "x", "first": 101 }), "first").await;
    refused(json!({ "query": "x", "after": "nonsense" }), "after").await;
    let metadata = |value: serde_json::Value, count: usize| vec![json!({ "key": "k", "value": value }); count];
    refused(json!({ "query": "x", "metadata": metadata(json!(1), 6) }), "metadata").await;
    refused(json!({ "query": "x", "metadata": metadata(json!({ "a": 1 }), 1) }), "metadata").await;
    // At the bounds.
    for query in ["x".repeat(200), "x ".repeat(32), "世".repeat(32)] {
        finds(&alice, &query, &[]).await;
    }
}

async fn only_the_beginning_of_a_very_long_message_is_searched(engine: tests::Engine) {
    let world = World::start_with(engine, &[("LINNET_MESSAGE_LENGTH", "60000")]).await;
    let alice = world.user("alice").await;
    let room = alice.create_room("A room").await;
    // As much as there can be of words, of beginnings of words, and of places.
    for word in ["世", "abcdefghijklmnopqrstuvwxyzabcdefghij ", "ab "] {
        let filling: String = word.chars().cycle().take(40_000).collect();
        let numbered: String = (0..4_000).map(|number| format!("w{number}x{number} ")).collect();
        alice.send(&room, &format!("first {filling} last")).await;
        alice.send(&room, &format!("first {numbered} last")).await;
    }
    assert_eq!(alice.search("first ").await.len(), 6);
    assert_eq!(alice.search("last ").await.len(), 0);
    assert_eq!(alice.search("\"w7x7 w8x8\"").await.len(), 3);
    assert_eq!(alice.search("世世世").await.len(), 1);
    assert_eq!(alice.search("abcdefghijklmnopqrstuvwxyzabcdefghij").await.len(), 1);
}
