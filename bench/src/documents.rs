//! The dearest documents that we could think of: what the server's CPU has to do before it refuses one, or runs it.

use std::time::Instant;

use serde_json::{Value, json};
use tests::{Engine, World};

use crate::SETTINGS;
use crate::process::cpu;

/// Each as often as this, each time as another document.
const TIMES: usize = 20;

pub(crate) async fn run() {
    let world = World::start_with(Engine::Sqlite, SETTINGS).await;
    let alice = world.user("alice").await;
    let mut worst = (0.0, "");
    println!("server CPU of one document of up to 64 KiB that was never asked before, ms:");
    for (name, document) in documents() {
        let (before, begun) = (cpu(&world.server), Instant::now());
        let mut outcome = Value::Null;
        for number in 0..TIMES {
            let distinct = format!("{document}#{number:05}");
            let answer = alice.graphql(&distinct, json!({})).await;
            outcome = answer.json.pointer("/errors/0/message").cloned().unwrap_or_else(|| json!("run"));
        }
        let each = (cpu(&world.server) - before).as_secs_f64() * 1e3 / TIMES as f64;
        let took = begun.elapsed().as_secs_f64() * 1e3 / TIMES as f64;
        println!("  {each:6.1} ({took:6.1} by the clock) {name}, {} bytes: {outcome:.60}", document.len());
        if each > worst.0 {
            worst = (each, name);
        }
    }
    println!("  the dearest: {:.1} ms, {}", worst.0, worst.1);
}

/// As many of a part as fit.
fn filled(before: &str, part: impl Fn(usize) -> String, after: &str, parts: usize) -> String {
    let mut text = before.to_owned();
    for number in 0..parts {
        let part = part(number);
        if text.len() + part.len() + after.len() > 65_500 {
            break;
        }
        text += &part;
    }
    text + after
}

fn documents() -> Vec<(&'static str, String)> {
    let same = |part: &'static str| move |_: usize| part.to_owned();
    let fragments = |count: usize| {
        filled("{...f0}", |n| format!("fragment f{n} on Query{{...f{0} ...f{0}}}", n + 1), "", count)
            + &format!("fragment f{count} on Query{{__typename}}")
    };
    vec![
        ("open brackets", "{".repeat(65_500)),
        ("nested lists", format!("{{rooms(first:{}{}){{nodes{{id}}}}}}", "[".repeat(30_000), "]".repeat(30_000))),
        ("white space", format!("{{__typename}}{}", " ,\n".repeat(21_000))),
        ("comments", format!("{{__typename}}{}", "#\n".repeat(32_000))),
        ("one long name", format!("{{{}}}", "a".repeat(65_000))),
        ("one long number", format!("{{rooms(first:{}){{nodes{{id}}}}}}", "9".repeat(65_000))),
        ("one long string", format!("{{user(by:{{username:\"{}\"}}){{id}}}}", "\\u00e9".repeat(10_800))),
        ("one long block string", format!("{{user(by:{{username:\"\"\"{}\"\"\"}}){{id}}}}", " x\n".repeat(21_000))),
        ("an open block string", format!("{{user(by:{{username:\"\"\"{}", "\"\" x".repeat(16_000))),
        ("unknown fields", filled("{", |n| format!("a{n} "), "}", 3990)),
        ("the same field", filled("{rooms{nodes{", same("id "), "}}}", 3980)),
        ("the same fields with fields", filled("{", same("rooms{nodes{id}}"), "}", 560)),
        ("the same fields in fragments", filled("{", same("...{rooms{nodes{id}}}"), "}", 390)),
        ("aliases", filled("{", |n| format!("a{n}:__typename "), "}", 1300)),
        ("fields that clash", filled("{rooms{nodes{", |n| format!("a:{} ", ["id", "title"][n % 2]), "}}}", 1300)),
        ("fragments in a chain", fragments(40)),
        ("many fragments in a chain", fragments(330)),
        ("a fragment of all in each operation", {
            let part = filled("fragment F on Query{", same("rooms{nodes{id}}"), "}", 120);
            filled(&part, |n| format!("query q{n}{{...F}}"), "", 480)
        }),
        ("variables", filled("query(", |n| format!("$a{n}:Int "), "){__typename}", 990)),
        ("unknown variables", filled("{", |n| format!("rooms(first:$a{n}){{nodes{{id}}}}"), "}", 300)),
        ("unknown arguments", filled("{rooms(", |n| format!("a{n}:1 "), "){nodes{id}}}", 1300)),
        ("the same argument", filled("{rooms(", same("first:1 "), "){nodes{id}}}", 1300)),
        ("unknown directives", filled("{__typename ", |n| format!("@a{n} "), "}", 1990)),
        ("directives", filled("{__typename ", same("@include(if:true)"), "}", 650)),
        ("a list", filled("{nodes(ids:[", same("\"x\" "), "]){id}}", 3980)),
        ("objects", filled("mutation{messageSend(input:{metadata:[", same("{a:{b:1}}"), "]}){cursor}}", 440)),
        ("inline fragments in each other", format!("{}__typename{}", "{...".repeat(60), "}".repeat(60))),
        ("operations", filled("", |n| format!("query q{n}{{__typename}}"), "", 790)),
        ("a thousand selections", filled("{rooms(first:100){nodes{", same("id title kind eventCursor "), "}}}", 240)),
        ("introspection, as much as is run", {
            let set = "{name fields{name type{name fields{name}}}}";
            filled("{__schema{", |_| format!("types{set}"), "}}", 6)
        }),
        ("introspection, more than is run", {
            let set = "{name fields{name args{name} type{name fields{name args{name}}}}}";
            filled("{__schema{", |_| format!("types{set}"), "}}", 60)
        }),
    ]
}
