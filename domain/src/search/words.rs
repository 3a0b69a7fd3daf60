//! What texts are found by: words without case and accents, each at its place.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{compose, is_combining_mark};

/// Characters of a message that are looked at.
const LONGEST_TEXT: usize = 12_000;
/// Characters of a word that count; of longer ones, the first.
const LONGEST_WORD: usize = 32;
/// Letters of the shortest beginning that a word is found by; a syllable of Hangul has two or three.
const SHORTEST_PREFIX: usize = 2;
/// Characters of the longest one that the index has; few words have more than that in common.
pub(super) const LONGEST_PREFIX: usize = 12;

/// A word, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// Without case and accents; at most [`LONGEST_WORD`] characters, all of them letters, digits or symbols such as emojis.
    pub(super) text: String,
    /// From which byte of the text on.
    pub(super) start: usize,
    /// Up to which byte.
    pub(super) end: usize,
    /// Which of the parts between white space it is in.
    pub(super) part: usize,
    /// A character that is a word by itself: it has no beginnings.
    pub(super) alone: bool,
}

impl Word {
    /// What it begins with, itself left out, as far as that is kept.
    pub(super) fn prefixes(&self) -> impl Iterator<Item = &str> {
        let ends = self.text.char_indices().map(|(at, _)| at).skip(1).take(LONGEST_PREFIX);
        ends.map(|end| &self.text[..end]).filter(|prefix| !self.alone && is_prefix(prefix))
    }

    /// Whether others may begin with it.
    pub(super) fn is_prefix(&self) -> bool {
        !self.alone && is_prefix(&self.text)
    }
}

fn is_prefix(text: &str) -> bool {
    text.nfd().nth(SHORTEST_PREFIX - 1).is_some()
}

/// The words of a text, in their order.
pub(super) fn words(text: &str) -> Vec<Word> {
    let mut split = Split::default();
    for (start, letter) in text.char_indices().take(LONGEST_TEXT) {
        split.take(letter, start, start + letter.len_utf8());
    }
    split.end();
    split.words
}

#[derive(Default)]
struct Split {
    words: Vec<Word>,
    part: usize,
    /// The word at hand, and how many characters it has, those among them that do not count.
    open: Option<(Word, usize)>,
}

impl Split {
    fn take(&mut self, letter: char, start: usize, end: usize) {
        if letter.is_ascii_alphanumeric() {
            return self.letter(letter.to_ascii_lowercase(), start, end);
        }
        if letter.is_whitespace() {
            self.end();
            self.part += 1;
            return;
        }
        if is_ignored(letter) {
            return self.extend(end);
        }
        if letter.is_ascii() {
            return self.end();
        }
        let mut seen = false;
        for folded in fold(letter) {
            seen = true;
            match folded {
                _ if is_alone(folded) => self.alone(folded, start, end),
                _ if folded.is_alphanumeric() => self.letter(folded, start, end),
                _ => self.end(),
            }
        }
        // An accent that stands by itself belongs to what it stands on.
        if !seen {
            self.extend(end);
        }
    }

    fn letter(&mut self, letter: char, start: usize, end: usize) {
        let part = self.part;
        let new = || (Word { text: String::new(), start, end, part, alone: false }, 0);
        let (word, count) = self.open.get_or_insert_with(new);
        word.end = end;
        // Letters of Hangul are put together again to the syllable that they were, or might have been.
        let last = word.text.chars().next_back().filter(|_| !letter.is_ascii() && *count <= LONGEST_WORD);
        if let Some(syllable) = last.and_then(|last| compose(last, letter)) {
            word.text.pop();
            word.text.push(syllable);
            return;
        }
        *count += 1;
        if *count <= LONGEST_WORD {
            word.text.push(letter);
        }
    }

    fn alone(&mut self, letter: char, start: usize, end: usize) {
        self.end();
        self.words.push(Word { text: letter.into(), start, end, part: self.part, alone: true });
    }

    fn extend(&mut self, end: usize) {
        let last = self.open.as_mut().map(|(word, _)| word);
        if let Some(word) = last {
            word.end = end;
        } else if let Some(word) = self.words.last_mut().filter(|word| word.alone && word.part == self.part) {
            word.end = end;
        }
    }

    fn end(&mut self) {
        self.words.extend(self.open.take().map(|(word, _)| word));
    }
}

/// A character as it is compared: compatible forms are one, case and accents are gone.
fn fold(letter: char) -> impl Iterator<Item = char> {
    let plain = letter.nfkd().filter(|&c| !is_combining_mark(c) && !is_ignored(c)).flat_map(char::to_lowercase);
    plain.flat_map(|c| match c {
        'ß' => ['s', 's'].into_iter().take(2),
        'ς' => ['σ', ' '].into_iter().take(1),
        other => [other, ' '].into_iter().take(1),
    })
}

/// What is there for how a text looks, within words: soft hyphens, joiners, marks of direction, the Arabic filler, forms and tones of
/// emojis.
fn is_ignored(letter: char) -> bool {
    matches!(letter, '\u{ad}' | '\u{640}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{1f3fb}'..='\u{1f3ff}')
}

/// Whether a character is a word by itself: those of scripts that put no spaces between words, and emojis.
fn is_alone(letter: char) -> bool {
    match letter {
        '\u{0}'..='\u{dff}' => false,
        // Thai and Lao, Burmese, Khmer, kana, bopomofo, ideographs.
        '\u{e00}'..='\u{eff}'
        | '\u{1000}'..='\u{109f}'
        | '\u{1780}'..='\u{17ff}'
        | '\u{3040}'..='\u{312f}'
        | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}' => letter.is_alphanumeric(),
        // Signs and pictures.
        '\u{2300}'..='\u{23ff}' | '\u{25a0}'..='\u{27bf}' | '\u{2b00}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}' => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        words(text).into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn words_have_neither_case_nor_accents() {
        assert_eq!(texts("Zoë’s ÅNGSTRÖM, don't"), ["zoe", "s", "angstrom", "don", "t"]);
        assert_eq!(texts("Cafe\u{301} CAFÉ cafe"), ["cafe", "cafe", "cafe"]);
        assert_eq!(
            texts("Straße STRASSE ΟΔΟΣ οδος ﬁne №5 ½"),
            ["strasse", "strasse", "οδοσ", "οδοσ", "fine", "no5", "1", "2"]
        );
        assert_eq!(texts("שָׁלוֹם مُـحَمَّد"), ["שלום", "محمد"]);
        assert_eq!(texts("  …!? -- _ \0 "), [""; 0]);
        assert_eq!(texts("한국어 \u{1112}\u{1161}\u{11ab}\u{1100}\u{116e}\u{11a8} ㅎㅏㄴ"), ["한국어", "한국", "하ᄂ"]);
    }

    #[test]
    fn what_has_no_spaces_is_found_letter_by_letter() {
        assert_eq!(texts("我爱Rust和数据库。"), ["我", "爱", "rust", "和", "数", "据", "库"]);
        assert_eq!(texts("👍🏽👩\u{200d}💻ok ❤\u{fe0f}"), ["👍", "👩", "💻", "ok", "❤"]);
        let parts: Vec<_> = words("你好 世界").iter().map(|word| word.part).collect();
        assert_eq!(parts, [0, 0, 1, 1]);
    }

    #[test]
    fn a_word_knows_where_it_stands() {
        let text = "Say “Cafe\u{301}”!";
        let found: Vec<_> = words(text).iter().map(|word| &text[word.start..word.end]).collect();
        assert_eq!(found, ["Say", "Cafe\u{301}"]);
    }

    #[test]
    fn beginnings_are_of_two_letters_and_more() {
        let prefixes = |text: &str| words(text)[0].prefixes().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(prefixes("hello"), ["he", "hel", "hell"]);
        assert_eq!(prefixes("éé"), [""; 0]);
        assert_eq!(prefixes("世"), [""; 0]);
        assert_eq!(prefixes("한국어"), ["한", "한국"]);
        assert_eq!(prefixes("abcdefghijklmnopq").last().map(String::as_str), Some("abcdefghijkl"));
        assert_eq!(words(&"x".repeat(500))[0].text.len(), LONGEST_WORD);
        let syllables = "한".repeat(50);
        assert_eq!(words(&syllables)[0].text.chars().count(), LONGEST_WORD);
        assert_eq!(words(&syllables.nfd().collect::<String>())[0].text, words(&syllables)[0].text);
        assert_eq!(words(&"x ".repeat(50_000)).len(), LONGEST_TEXT / 2);
    }
}
