//! How `@name` is read: the one reading of names in what people write.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::text::unique_key;

/// Characters of the longest name.
const LONGEST: usize = 50;
/// Names that a text mentions at the most: what comes behind them is text.
const MOST: usize = 50;

/// Where in a text a name stands, `@` and all. In UTF-16 code units, as JavaScript counts the characters of a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Where it begins.
    pub offset: i32,
    /// How long it is.
    pub length: i32,
}

/// The names in a text: each by its key, with its places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Named(BTreeMap<String, Vec<Place>>);

impl Named {
    /// The keys of the names.
    pub(crate) fn keys(&self) -> BTreeSet<String> {
        self.0.keys().cloned().collect()
    }

    /// Whether nobody is named.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether somebody is named.
    pub(crate) fn has(&self, username: &str) -> bool {
        self.0.contains_key(&unique_key(username))
    }

    /// The names with their places, as they are stored.
    pub(crate) fn stored(&self) -> impl Iterator<Item = (&str, Value)> {
        self.0.iter().map(|(key, places)| {
            let pairs = places.iter().map(|place| json!([place.offset, place.length]));
            (key.as_str(), pairs.collect())
        })
    }
}

/// Reads places as they were stored.
pub(crate) fn places(stored: &Value) -> Vec<Place> {
    let number = |value: &Value| value.as_i64().and_then(|number| i32::try_from(number).ok());
    let place = |pair: &Value| Some(Place { offset: number(&pair[0])?, length: number(&pair[1])? });
    stored.as_array().into_iter().flatten().filter_map(place).collect()
}

/// Finds `@name` wherever it is a word of its own: what stands before the `@` and behind the name belongs to no word. Names are of letters
/// and digits of ASCII, `_` and `-`, whatever the case.
pub(crate) fn named(text: &str) -> Named {
    let mut found = Named::default();
    let (mut offset, mut counted) = (0, 0);
    for (at, _) in text.match_indices('@') {
        offset += text[counted..at].encode_utf16().count();
        counted = at;
        let (before, behind) = (&text[..at], &text[at + 1..]);
        let end = behind.find(|letter| !is_of_name(letter)).unwrap_or(behind.len());
        let is_word = !before.ends_with(is_of_word) && !behind[end..].starts_with(is_of_word);
        if !is_word || !(1..=LONGEST).contains(&end) {
            continue;
        }
        let key = behind[..end].to_ascii_lowercase();
        if found.0.len() == MOST && !found.0.contains_key(&key) {
            break;
        }
        // A text has fewer characters than an i32 has numbers: it is bounded before it is read.
        let place = Place { offset: offset as i32, length: end as i32 + 1 };
        found.0.entry(key).or_default().push(place);
    }
    found
}

fn is_of_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_' || letter == '-'
}

fn is_of_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_' || letter == '-'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_heard_as_a_word_of_its_own() {
        for text in ["@helper", "Zoë, @Helper?", "@HELPER: why", "(@helper)", "@helpers and @helper", "@helper."] {
            assert!(named(text).has("Helper"), "{text}");
        }
        for text in [
            "",
            "helper",
            "@helpers",
            "ann@helper.org",
            "@helper-two",
            "@help",
            "x@helper",
            "@helper_",
            "@helperë",
            "@",
        ] {
            assert!(!named(text).has("helper"), "{text}");
        }
    }

    #[test]
    fn places_are_counted_as_javascript_counts() {
        let found = named("🐦 Zoë: @Ann, @bob and @ANN");
        let of = |key: &str| found.0.get(key).cloned().unwrap_or_default();
        assert_eq!(of("ann"), [Place { offset: 8, length: 4 }, Place { offset: 23, length: 4 }]);
        assert_eq!(of("bob"), [Place { offset: 14, length: 4 }]);
        let stored: Vec<_> = found.stored().collect();
        assert_eq!(stored[0], ("ann", json!([[8, 4], [23, 4]])));
        assert_eq!(places(&stored[0].1), of("ann"));
    }

    #[test]
    fn a_text_names_fifty_at_the_most() {
        let text: String = (0..60).map(|number| format!("@name{number} ")).collect();
        let found = named(&format!("{text}@name3"));
        assert_eq!(found.keys().len(), MOST);
        assert!(found.has("name49") && !found.has("name50"));
        assert_eq!(named(&format!("@{}", "x".repeat(51))).keys().len(), 0);
    }
}
