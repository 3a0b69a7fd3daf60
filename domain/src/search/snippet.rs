//! What of a message is shown where it is found.

use super::query::Query;
use super::words::words;

/// A part of a snippet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What it says, as its sender wrote it.
    pub text: String,
    /// Whether it is what was searched for.
    pub is_match: bool,
}

/// Characters of a snippet, about.
const LENGTH: usize = 160;
/// Characters before the first match, at the most.
const LEAD: usize = 40;

/// The part of a text about the first match, cut between words, with an ellipsis where it is cut.
pub(super) fn snippet(text: &str, query: &Query) -> Vec<Part> {
    let matches = matches(text, query);
    let first = matches.first().map_or(0, |(start, _)| *start);
    let start = back(text, first, LEAD);
    let end = forward(text, start, LENGTH).max(matches.first().map_or(0, |(_, end)| *end));
    let mut parts = Vec::new();
    let mut push = |text: &str, is_match: bool| {
        if !text.is_empty() {
            parts.push(Part { text: text.to_owned(), is_match });
        }
    };
    push(if start > 0 { "…" } else { "" }, false);
    let mut at = start;
    for (from, to) in matches.into_iter().filter(|(from, to)| *from >= start && *to <= end) {
        push(&text[at..from], false);
        push(&text[from..to], true);
        at = to;
    }
    push(&text[at..end], false);
    push(if end < text.len() { "…" } else { "" }, false);
    parts
}

/// Where a text has what is searched for, from which byte to which, none of them touching what another has.
fn matches(text: &str, query: &Query) -> Vec<(usize, usize)> {
    let words = words(text);
    let mut found: Vec<(usize, usize)> = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let length = query.0.iter().map(|term| term.length_at(&words[at..])).max().unwrap_or(0);
        if length > 0 {
            let (start, end) = (words[at].start, words[at + length - 1].end);
            match found.last_mut() {
                // One character may be several words, such as `½`, and each of them stands where it does.
                Some((_, last)) if start < *last => *last = end.max(*last),
                _ => found.push((start, end)),
            }
        }
        at += length.max(1);
    }
    found
}

/// The beginning of the word that is about so many characters before a byte.
fn back(text: &str, from: usize, most: usize) -> usize {
    let Some((start, _)) = text[..from].char_indices().rev().nth(most) else { return 0 };
    let spaces = text[start..from].char_indices().find(|(_, letter)| letter.is_whitespace());
    spaces.map_or(start, |(at, space)| start + at + space.len_utf8())
}

/// The end of the word that is about so many characters after a byte.
fn forward(text: &str, from: usize, most: usize) -> usize {
    let Some((end, _)) = text[from..].char_indices().nth(most) else { return text.len() };
    let end = from + end;
    let space = text[from..end].char_indices().rev().find(|(at, letter)| *at > 0 && letter.is_whitespace());
    space.map_or(end, |(at, _)| from + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, query: &str) -> String {
        let query = Query::parse(query).expect("a query");
        let mark = |part: Part| if part.is_match { format!("[{}]", part.text) } else { part.text };
        snippet(text, &query).into_iter().map(mark).collect()
    }

    #[test]
    fn what_was_searched_for_is_marked() {
        assert_eq!(shown("Say CAFÉ, say café au lait", "cafe la"), "Say [CAFÉ], say [café] au [lait]");
        assert_eq!(shown("good evening, good morning", "\"good morning\""), "good evening, [good morning]");
        assert_eq!(shown("<b>数据库</b> 数", "数据"), "<b>[数据]库</b> 数");
        assert_eq!(shown("nothing of it", "else"), "nothing of it");
        assert_eq!(shown("e-mail and mail", "e-mail"), "[e]-[mail] and [mail]");
    }

    #[test]
    fn a_character_that_is_several_words_is_marked_once() {
        assert_eq!(shown("a ½ litre", "1 2"), "a [½] litre");
        assert_eq!(shown("1½ litres", "11 2 litres"), "[1½] [litres]");
        assert_eq!(shown("½½", "1 21 2"), "[½½]");
        assert_eq!(shown("(ﷺ)", "صلى الله"), "([ﷺ])");
    }

    #[test]
    fn long_texts_are_cut_between_words() {
        let text = format!("{} needle {}", "before it ".repeat(50), "after it ".repeat(50));
        let snippet = shown(&text, "needle");
        assert!(snippet.starts_with('…') && snippet.ends_with('…') && snippet.contains(" [needle] "), "{snippet}");
        assert!(snippet.chars().count() <= LENGTH + 5, "{snippet}");
        let whole = shown(&"x".repeat(500), "x");
        assert!(whole.chars().count() <= LENGTH + 5, "{whole}");
        // No cut goes through a character.
        for text in ["é".repeat(700), "世界 ".repeat(300), "👍🏽".repeat(300)] {
            shown(&text, "nothing");
            shown(&text, &text.chars().take(1).collect::<String>());
        }
    }
}
