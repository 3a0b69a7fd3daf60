//! How an input is made from others: words left out, doubled, swapped, put in from elsewhere, nested, cut off.

use tests::Chance;

/// What is put in: what the parsers, the validator and the resolvers have to tell apart.
const WORDS: &[&str] = &[
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    ":",
    "!",
    "=",
    "|",
    "&",
    "$",
    "@",
    "...",
    "\"",
    "\"\"\"",
    "#",
    ",",
    "\\",
    "\u{feff}",
    "\u{0}",
    "query",
    "mutation",
    "subscription",
    "fragment",
    "on",
    "true",
    "false",
    "null",
    "-0",
    "1e999",
    "2147483648",
    "0x1",
    "007",
    "99999999999999999999",
    "\"\\ud800\"",
    "\"\\u{1F600}\"",
    "é",
    "🐘",
    "__typename",
    "__schema",
    "__type",
    "types",
    "fields",
    "type",
    "ofType",
    "rooms",
    "nodes",
    "edges",
    "node",
    "messages",
    "first",
    "last",
    "after",
    "before",
    "thread",
    "viewer",
    "@skip(if: $c)",
    "@include(if: true)",
    "@deprecated",
    "@oneOf",
    "...a",
    "...F",
    "... on Thread",
    "... on Node",
    "Query",
    "a: id",
    "$a: Int",
    "$a: [[[Int!]!]!]",
    "first: 100",
    "first: -1",
    "first: 1073741824",
    "last: $last",
    "input: {}",
    "id",
];

/// A document.
pub(super) fn document(chance: &mut Chance, corpus: &[String]) -> String {
    let mut words = split(chance.pick::<String>(corpus));
    for _ in 0..1 + chance.below(8) {
        change(chance, &mut words, corpus, WORDS);
    }
    finish(words, 70_000)
}

/// What is put into messages.
const MARKS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"",
    "\\",
    "\\u0000",
    "null",
    "true",
    "-1",
    "1e999",
    "\"id\"",
    "\"type\"",
    "\"payload\"",
    "\"query\"",
    "\"variables\"",
    "\"subscribe\"",
    "\"connection_init\"",
    "\"complete\"",
    "\"ping\"",
    "\"next\"",
    "\"error\"",
    "🐘",
    "\"subscription { inboxChanges { cursor } }\"",
    "\"{ rooms { nodes { id } } }\"",
    "\"\"",
    "\u{0}",
    "\"1\"",
    "\"2\"",
];

/// A message on a socket.
pub(super) fn message(chance: &mut Chance, corpus: &[String]) -> String {
    let mut words = split(chance.pick::<String>(corpus));
    // Most are only a little wrong, or not at all: what follows a good beginning matters, too.
    for _ in 0..chance.below(4) {
        change(chance, &mut words, corpus, MARKS);
    }
    finish(words, 60_000)
}

fn change(chance: &mut Chance, words: &mut Vec<String>, corpus: &[String], put_in: &[&str]) {
    if words.is_empty() {
        words.push(" ".to_owned());
    }
    let at = chance.below(words.len());
    let span = at..(at + 1 + chance.below(12)).min(words.len());
    match chance.below(9) {
        0 => drop(words.drain(span)),
        1 => {
            let part: Vec<_> = words[span].to_vec();
            let most = if chance.one_in(8) { 300 } else { 4 };
            let times = 1 + chance.below(most);
            let many = part.iter().cycle().take(part.len() * times).cloned();
            drop(words.splice(at..at, many));
        }
        2 => words.swap(at, span.end - 1),
        3 | 4 => words.insert(at, (*chance.pick(put_in)).to_owned()),
        5 => words[at] = (*chance.pick(put_in)).to_owned(),
        6 => {
            let other = split(chance.pick::<String>(corpus));
            let from = chance.below(other.len());
            let to = (from + 1 + chance.below(30)).min(other.len());
            drop(words.splice(at..at, other[from..to].iter().cloned()));
        }
        7 => {
            let (open, close) = *chance.pick(&[("{a", "}"), ("[", "]"), ("(a:", ")"), ("...{", "}"), ("\"", "\"")]);
            let most = if chance.one_in(4) { 2000 } else { 20 };
            let depth = 1 + chance.below(most);
            words.insert(span.end, close.repeat(depth));
            words.insert(at, open.repeat(depth));
        }
        _ => words.truncate(at + 1),
    }
}

/// Words, strings, white space and marks, which together are the text.
fn split(text: &str) -> Vec<String> {
    let kind = |c: char| match c {
        c if c.is_alphanumeric() || c == '_' => 1,
        c if c.is_whitespace() => 2,
        _ => 0,
    };
    let mut words: Vec<String> = Vec::new();
    let mut last = 0;
    for c in text.chars() {
        match words.last_mut() {
            Some(word) if last != 0 && last == kind(c) => word.push(c),
            _ => words.push(c.to_string()),
        }
        last = kind(c);
    }
    words
}

fn finish(words: Vec<String>, longest: usize) -> String {
    let mut text = words.concat();
    if text.len() > longest {
        let end = (0..=longest).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        text.truncate(end);
    }
    text
}
