//! Texts that people give: their bounds, and the keys they are found by.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::error::{Code, Refusal};

/// Collects what is wrong with an input, so that a client hears of all of it at once.
#[derive(Default)]
pub struct Checks(Vec<Refusal>);

impl Checks {
    /// Notes a refusal.
    pub fn push(&mut self, refusal: Refusal) {
        self.0.push(refusal);
    }

    /// Notes what is wrong with a part of the input, each where `place` puts it.
    pub fn take(&mut self, part: Self, place: impl Fn(Refusal) -> Refusal) {
        self.0.extend(part.0.into_iter().map(place));
    }

    /// Notes a refusal unless `held`.
    pub fn require(&mut self, held: bool, code: Code, field: &'static str, message: impl Into<Cow<'static, str>>) {
        if !held {
            self.push(Refusal::new(code, field, message));
        }
    }

    /// A text that has to be there: not blank, at most `longest` characters, no U+0000.
    pub fn text(&mut self, field: &'static str, text: &str, longest: usize) {
        self.require(!text.trim().is_empty(), Code::Blank, field, "It must not be blank.");
        self.optional(field, Some(text), longest);
    }

    /// A text that may be absent or empty.
    pub fn optional(&mut self, field: &'static str, text: Option<&str>, longest: usize) {
        let Some(text) = text else { return };
        self.longest(field, text, longest);
        self.require(!text.contains('\0'), Code::Invalid, field, "It must not contain U+0000.");
    }

    /// A text of at most `longest` characters.
    pub fn longest(&mut self, field: &'static str, text: &str, longest: usize) {
        // Counting characters only where bytes do not already decide keeps a megabyte of text cheap to refuse.
        let fits = text.len() <= longest || (text.len() <= longest * 4 && text.chars().count() <= longest);
        self.require(fits, Code::TooLong, field, format!("It must have at most {longest} characters."));
    }

    /// A JSON value: at most `longest` bytes when written out, no U+0000 in any string or key.
    pub fn json(&mut self, field: &'static str, value: Option<&serde_json::Value>, longest: usize) {
        let Some(value) = value else { return };
        self.require(
            value.to_string().len() <= longest,
            Code::TooLong,
            field,
            format!("It must have at most {longest} bytes."),
        );
        self.require(!has_nul(value), Code::Invalid, field, "It must not contain U+0000.");
    }

    /// An address on the web.
    pub fn url(&mut self, field: &'static str, url: Option<&str>, longest: usize) {
        let Some(text) = url else { return };
        self.optional(field, url, longest);
        let is_web = ["https://", "http://"].iter().any(|scheme| text.len() > scheme.len() && text.starts_with(scheme));
        let clean = !text.contains(|c: char| c.is_whitespace() || c.is_control());
        self.require(is_web && clean, Code::Invalid, field, "It must be an http or https address.");
    }

    /// Nothing, or all that is wrong.
    pub fn done(self) -> crate::Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(crate::Error::Refused(self.0)) }
    }
}

fn has_nul(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::String(text) => text.contains('\0'),
        serde_json::Value::Array(list) => list.iter().any(has_nul),
        serde_json::Value::Object(map) => map.iter().any(|(key, value)| key.contains('\0') || has_nul(value)),
        _ => false,
    }
}

/// Whether a text can be in the database at all: PostgreSQL keeps no U+0000, so nothing that has one is ever found.
pub fn is_storable(text: &str) -> bool {
    !text.contains('\0')
}

/// The key by which usernames and emails are unique, whatever the case: NFKC, then lower case. Normalising a text takes many times what
/// the text does: whoever calls this has seen that it is no longer than it may be. So for all keys.
pub fn unique_key(text: &str) -> String {
    text.trim().nfkc().flat_map(char::to_lowercase).collect()
}

/// A text without case and accents.
fn plain(text: &str) -> impl Iterator<Item = char> {
    text.nfkd().filter(|&c| !is_combining_mark(c)).flat_map(char::to_lowercase)
}

/// The key by which names are searched: as [`unique_key`], and without accents.
/// At most 200 characters, since normalising may make a text longer than what an index takes.
pub fn search_key(text: &str) -> String {
    plain(text.trim()).take(200).collect()
}

/// What a text is searched by: without case and accents, and whatever parts its words is one space.
pub fn folded(text: &str) -> String {
    let plain: String = plain(text).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The least text that sorts, byte by byte, after every text that begins with `prefix`.
pub fn prefix_end(prefix: &str) -> String {
    format!("{prefix}\u{10ffff}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_forget_case_and_searches_forget_accents() {
        assert_eq!(unique_key(" Änne@Example.ORG"), "änne@example.org");
        assert_eq!(search_key("Zoë Ångström"), "zoe angstrom");
    }

    #[test]
    fn every_text_with_a_prefix_lies_in_its_range() {
        for text in ["al", "alice", "al\u{10fffe}"] {
            assert!(*text >= *"al" && *text < *prefix_end("al"), "{text}");
        }
        assert!(*"am" > *prefix_end("al"));
    }
}
