//! Hashes of passwords that were made elsewhere: bcrypt, kept as they came until their owner signs in for the first time. They are
//! verified here and never made.

use std::str::FromStr;

use bcrypt::HashParts;
use sea_orm::FromQueryResult;

use crate::app::App;
use crate::error::{Error, Result};
use crate::text::is_storable;

/// The cost of a bcrypt hash: its work doubles with each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cost(u32);

impl Cost {
    const LEAST: u32 = 4;
    /// While there is one hash of it, each attempt at any password takes about a second.
    pub(crate) const MOST: u32 = 14;
}

/// Bytes of a password that bcrypt looks at.
const LOOKED_AT: usize = 72;

/// Whether a password that bcrypt takes is the one that was set, to its last byte: a longer one may be mistyped behind what bcrypt looks
/// at, and one just as long may be cut.
pub(super) fn is_whole(password: &str) -> bool {
    password.len() < LOOKED_AT
}

/// Why a text is no hash that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// It is not one of bcrypt's, or not whole.
    Form,
    /// It would take too long to verify.
    TooCostly,
}

/// A hash as it came.
pub(super) struct Imported<'a> {
    text: &'a str,
    cost: Cost,
}

impl<'a> Imported<'a> {
    /// Reads a hash in the spellings that mean the same since bcrypt's first mistakes were mended: `$2a$`, `$2b$`, `$2y$`.
    pub(super) fn read(text: &'a str) -> Result<Self, Unfit> {
        let is_spelled = ["$2a$", "$2b$", "$2y$"].iter().any(|prefix| text.starts_with(prefix));
        let has_digits = text.get(4..6).is_some_and(|cost| cost.bytes().all(|byte| byte.is_ascii_digit()));
        let cost = HashParts::from_str(text).ok().filter(|_| is_spelled && has_digits).map(|parts| parts.get_cost());
        match cost {
            Some(cost) if cost > Cost::MOST => Err(Unfit::TooCostly),
            Some(cost) if cost >= Cost::LEAST => Ok(Self { text, cost: Cost(cost) }),
            _ => Err(Unfit::Form),
        }
    }

    /// Whether a password is that of the hash, of which bcrypt knows the first 72 bytes. Takes as long as a hash of cost `most`.
    ///
    /// bcrypt ends a password with U+0000 and begins it again, so that one with that in it may be another's twin; no password is.
    pub(super) fn verify(&self, password: &str, most: Option<Cost>) -> Result<bool> {
        let matches = bcrypt::verify(password, self.text).map_err(|error| Error::internal(error.to_string()))?;
        // 2^c is 2^k and 2^k + 2^(k + 1) + … + 2^(c - 1).
        (self.cost.0..most.map_or(0, |most| most.0)).for_each(|cost| work(password, Cost(cost)));
        Ok(matches && is_storable(password))
    }
}

/// Does what it takes to verify a hash of a cost, for nothing.
pub(super) fn work(password: &str, cost: Cost) {
    let mut bytes: Vec<u8> = password.bytes().take(LOOKED_AT).collect();
    if bytes.len() < LOOKED_AT {
        bytes.push(0);
    }
    std::hint::black_box(bcrypt::bcrypt(cost.0, [0; 16], &bytes));
}

/// Whether a text is a hash that can be taken over.
pub(crate) fn check(text: &str) -> Result<(), Unfit> {
    Imported::read(text).map(drop)
}

/// The cost of a hash that can be taken over.
pub(crate) fn cost(text: &str) -> Option<u32> {
    Imported::read(text).ok().map(|imported| imported.cost.0)
}

#[derive(FromQueryResult)]
struct Left {
    cost: String,
}

/// The largest cost among the hashes that are left; none once all have been hashed anew.
pub(super) async fn largest_cost(app: &App) -> Result<Option<Cost>> {
    // The condition and the expression are those of the index, word by word.
    let sql = "SELECT substr(password_hash, 5, 2) AS cost FROM users WHERE substr(password_hash, 2, 1) = '2' \
               AND substr(password_hash, 5, 2) > '00' ORDER BY substr(password_hash, 5, 2) DESC LIMIT 1";
    let left: Option<Left> = app.db.one(sql, []).await?;
    left.map(|left| left.cost.parse().map(Cost).map_err(Error::internal)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vectors() -> Vec<(String, String)> {
        let text = include_str!("../../../tests/vectors/passwords.json");
        let all: serde_json::Value = serde_json::from_str(text).expect("tests/vectors/passwords.json is JSON");
        let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
        all.as_array().expect("a list").iter().map(|one| (text(&one["password"]), text(&one["hash"]))).collect()
    }

    #[test]
    fn hashes_of_another_implementation_are_verified() {
        for (password, hash) in vectors() {
            let imported = Imported::read(&hash).expect("a hash");
            assert_eq!(imported.verify(&password, None).ok(), Some(true), "{hash}");
            assert_eq!(imported.verify(&password[1..], None).ok(), Some(false), "{hash}");
            let more = if password.len() < 72 { "more" } else { "" };
            let longer = format!("{password}{more}");
            assert_eq!(imported.verify(&longer, None).ok(), Some(more.is_empty()), "{hash}");
        }
    }

    #[test]
    fn what_is_not_quite_a_hash_is_none() {
        let (_, hash) = vectors().remove(0);
        assert_eq!(check(&hash), Ok(()));
        let of_cost = |cost: &str| format!("{}{cost}{}", &hash[..4], &hash[6..]);
        for (text, why) in [
            (String::new(), Unfit::Form),
            (hash[..59].to_owned(), Unfit::Form),
            (format!("{hash}A"), Unfit::Form),
            (hash.replace("$2", "$3"), Unfit::Form),
            (format!("$2x{}", &hash[3..]), Unfit::Form),
            (format!("{}*", &hash[..59]), Unfit::Form),
            (format!("{}é", &hash[..58]), Unfit::Form),
            (of_cost("+4"), Unfit::Form),
            (of_cost("03"), Unfit::Form),
            (of_cost("15"), Unfit::TooCostly),
            (of_cost("31"), Unfit::TooCostly),
        ] {
            assert_eq!(check(&text), Err(why), "{text}");
        }
    }
}
