//! What somebody searches for: plain text in which every word has to be, what is in quotes together, the last word begun.
//!
//! A query has no operators. What goes to the database is made of words as [`super::words`] gives them, letters and digits and nothing
//! else, so there is nothing in it that an engine could take for a part of its own language.

use super::words::{Word, words};
use crate::error::{Code, Refusal, Result};
use crate::text::Checks;

/// Characters of a query at the most.
const LONGEST: usize = 200;
/// Words of a query at the most.
const MOST_WORDS: usize = 32;

/// All of these have to be in a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Query(pub(super) Vec<Term>);

/// One thing that has to be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Term {
    /// A word.
    Word(String),
    /// A word that begins with this, or is it.
    Prefix(String),
    /// Words, one right after the other: two at the least.
    Phrase(Vec<String>),
}

impl Query {
    /// Reads what somebody has typed; nothing has to be there if there is no word in it.
    ///
    /// Refuses a blank one, one of more than 200 characters and one of more than 32 words.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut checks = Checks::default();
        checks.require(!text.trim().is_empty(), Code::Blank, "query", "It must not be blank.");
        checks.longest("query", text, LONGEST);
        checks.done()?;
        let mut terms = Vec::new();
        let mut count = 0;
        let pieces: Vec<&str> = text.split(is_quote).collect();
        for (index, piece) in pieces.iter().enumerate() {
            let found = words(piece);
            count += found.len();
            if index % 2 == 1 {
                terms.extend(phrase(&found));
                continue;
            }
            let is_last = index + 1 == pieces.len() && !piece.ends_with(char::is_whitespace);
            for part in found.chunk_by(|one, other| one.part == other.part) {
                let is_begun = is_last && part.last() == found.last();
                read(part, is_begun, &mut terms);
            }
        }
        if count > MOST_WORDS {
            let why =
                format!("It must have at most {MOST_WORDS} words; a character of a script without spaces is one.");
            return Err(Refusal::new(Code::TooLong, "query", why).into());
        }
        Ok(Self(terms))
    }
}

fn is_quote(letter: char) -> bool {
    matches!(letter, '"' | '“' | '”' | '„' | '«' | '»')
}

/// The words between two quotes.
fn phrase(words: &[Word]) -> Option<Term> {
    match words {
        [] => None,
        [one] => Some(Term::Word(one.text.clone())),
        several => Some(Term::Phrase(several.iter().map(|word| word.text.clone()).collect())),
    }
}

/// The words between two white spaces, which stand together: `e-mail`, or a sentence without spaces. The last one may be begun only.
fn read(words: &[Word], is_begun: bool, terms: &mut Vec<Term>) {
    let prefix = words.last().filter(|last| is_begun && last.is_prefix());
    let Some(last) = prefix else { return terms.extend(phrase(words)) };
    terms.extend(phrase(&words[..words.len() - 1]));
    terms.push(Term::Prefix(last.text.clone()));
}

impl Term {
    /// How many of the words, from the first one on, this is; 0 if it is not there.
    pub(super) fn length_at(&self, words: &[Word]) -> usize {
        let holds = match (self, words) {
            (_, []) => false,
            (Self::Word(text), [word, ..]) => word.text == *text,
            (Self::Prefix(text), [word, ..]) => word.text == *text || !word.alone && word.text.starts_with(text),
            (Self::Phrase(texts), words) => {
                texts.len() <= words.len() && texts.iter().zip(words).all(|(text, word)| word.text == *text)
            }
        };
        match self {
            _ if !holds => 0,
            Self::Phrase(texts) => texts.len(),
            _ => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str) -> Term {
        Term::Word(text.into())
    }

    fn prefix(text: &str) -> Term {
        Term::Prefix(text.into())
    }

    fn together(texts: &[&str]) -> Term {
        Term::Phrase(texts.iter().map(|text| (*text).to_owned()).collect())
    }

    #[test]
    fn a_query_is_words_and_the_last_is_begun() {
        for (text, terms) in [
            ("Hello Wor", vec![word("hello"), prefix("wor")]),
            ("hello wor ", vec![word("hello"), word("wor")]),
            ("x", vec![word("x")]),
            ("e-mail serv", vec![together(&["e", "mail"]), prefix("serv")]),
            ("“Good morning” all", vec![together(&["good", "morning"]), prefix("all")]),
            ("\"good morning", vec![together(&["good", "morning"])]),
            ("\"good\"", vec![word("good")]),
            ("数据库", vec![together(&["数", "据", "库"])]),
            ("-- ()", vec![]),
            (
                "a AND NOT (b* OR \"c\") NEAR/2 col:^d|!e&'f' \\g <-> h",
                vec![
                    word("a"),
                    word("and"),
                    word("not"),
                    word("b"),
                    word("or"),
                    word("c"),
                    together(&["near", "2"]),
                    together(&["col", "d", "e", "f"]),
                    word("g"),
                    word("h"),
                ],
            ),
        ] {
            assert_eq!(Query::parse(text).expect(text).0, terms, "{text}");
        }
    }

    #[test]
    fn a_query_has_bounds() {
        for text in ["", " \t", &"x".repeat(201), &"x ".repeat(33), &"世".repeat(33)] {
            assert!(Query::parse(text).is_err(), "{text}");
        }
        assert!(Query::parse(&"x ".repeat(32)).is_ok());
    }
}
