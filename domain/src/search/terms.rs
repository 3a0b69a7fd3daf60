//! What the index holds of a text: as much as is bounded, whatever the text is made of, and the same on both engines.

use std::collections::{BTreeSet, HashMap};

use super::words::Word;

/// Bytes of words and their beginnings, at the most: a text is counted as it is compared, since one letter may be many then. What ordinary
/// texts come to is less.
const MOST_BYTES: usize = 64 * 1024;
/// Places of one word that are kept, and the last of all: a `tsvector` has no more.
const MOST_PLACES: usize = 255;
const LAST_PLACE: usize = 16_383;

/// What a text is found by.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Terms<'a> {
    /// Its words, each at its place; none where one stands that has been said so often that its places are no longer kept.
    pub(super) places: Vec<Option<&'a str>>,
    /// What they begin with.
    pub(super) prefixes: BTreeSet<&'a str>,
}

impl<'a> Terms<'a> {
    /// Those of the words of a text, from the first one on, as far as they may go.
    pub(super) fn of(words: &'a [Word]) -> Self {
        let mut terms = Self::default();
        let mut said: HashMap<&str, usize> = HashMap::new();
        let mut left = MOST_BYTES;
        for word in words.iter().take(LAST_PLACE) {
            let new: Vec<&str> = word.prefixes().filter(|prefix| !terms.prefixes.contains(prefix)).collect();
            // With what stands between them, and before a beginning.
            let bytes = word.text.len() + 1 + new.iter().map(|prefix| prefix.len() + 2).sum::<usize>();
            let Some(rest) = left.checked_sub(bytes) else { break };
            left = rest;
            let count = said.entry(&word.text).or_default();
            *count += 1;
            terms.places.push((*count <= MOST_PLACES).then_some(word.text.as_str()));
            terms.prefixes.extend(new);
        }
        terms
    }
}

#[cfg(test)]
mod tests {
    use super::super::words::words;
    use super::*;

    #[test]
    fn the_beginnings_of_a_word_are_counted_once() {
        let words = words(&"bee be ".repeat(2));
        let terms = Terms::of(&words);
        assert_eq!(terms.places, [Some("bee"), Some("be"), Some("bee"), Some("be")]);
        assert!(terms.prefixes.iter().eq(&["be"]));
    }

    #[test]
    fn a_word_has_so_many_places() {
        let words = words(&"ha ".repeat(300));
        let terms = Terms::of(&words);
        assert_eq!(terms.places.len(), 300);
        assert_eq!(terms.places.iter().flatten().count(), MOST_PLACES);
    }

    #[test]
    fn a_text_has_so_many_bytes() {
        let bytes = |text: &str| {
            let words = words(text);
            let terms = Terms::of(&words);
            let words: usize = terms.places.iter().flatten().map(|word| word.len()).sum();
            words + terms.prefixes.iter().map(|prefix| prefix.len()).sum::<usize>()
        };
        let syllables = (0..12_000).map(|nth| char::from_u32(0xac00 + nth * 7 % 11_172).unwrap_or(' '));
        let heavy: String = syllables.enumerate().map(|(at, letter)| if at % 12 == 0 { ' ' } else { letter }).collect();
        for text in [&heavy, &"\u{fdfa}".repeat(12_000), &"\u{33e0}".repeat(12_000)] {
            assert!(bytes(text) <= MOST_BYTES, "{:.20}", text);
        }
        assert!(bytes(&heavy) > MOST_BYTES / 2);
        let ordinary: String = (0..12_000).map(|nth| format!("wort{} ", nth % 1500)).collect();
        let words = words(&ordinary);
        assert_eq!(Terms::of(&words).places.len(), words.len());
    }
}
