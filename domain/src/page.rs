//! Pages of lists: what part of a list is asked for, and what came.

use crate::error::{Code, Error, Refusal, Result};

/// The most items that a page holds.
pub const MOST: i32 = 100;

/// Some items from one end of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Slice {
    /// At most so many.
    pub limit: u32,
    /// The last ones rather than the first.
    pub backward: bool,
}

impl Slice {
    /// Checks `first` and `last`: within 1..=100, and never both. Without either, the first `default`.
    pub fn new(first: Option<i32>, last: Option<i32>, default: i32) -> Result<Self> {
        match (first, last) {
            (Some(_), Some(_)) => Err(Error::refuse(Code::Invalid, "last", "Give `first` or `last`, not both.")),
            (first, None) => Ok(Self { limit: bounded("first", first.unwrap_or(default))?, backward: false }),
            (None, Some(last)) => Ok(Self { limit: bounded("last", last)?, backward: true }),
        }
    }
}

/// What part of a list is asked for: `limit` items after and before some keys, from the one end or from the other.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Window<K> {
    /// Only what comes after this.
    pub after: Option<K>,
    /// Only what comes before this.
    pub before: Option<K>,
    /// At most so many.
    pub limit: u32,
    /// The last ones rather than the first.
    pub backward: bool,
}

impl<K> Window<K> {
    /// Checks `first` and `last` as the Relay specification has them, within 1..=100 and never both.
    /// Without either, `default` says how many, and from the end if `before` alone is given.
    pub fn new(
        first: Option<i32>,
        after: Option<K>,
        last: Option<i32>,
        before: Option<K>,
        default: i32,
    ) -> Result<Self> {
        // Without either, a cursor alone says from which end.
        let from_end = first.is_none() && last.is_none() && before.is_some() && after.is_none();
        let Slice { limit, backward } = Slice::new(first, last, default)?;
        let backward = backward || from_end;
        Ok(Self { after, before, limit, backward })
    }

    /// The same part of the list, by other keys.
    pub fn map<L>(&self, change: impl Fn(&K) -> L) -> Window<L> {
        let (after, before) = (self.after.as_ref().map(&change), self.before.as_ref().map(&change));
        Window { after, before, limit: self.limit, backward: self.backward }
    }

    /// How many of it are asked for, and from which end.
    pub fn slice(&self) -> Slice {
        Slice { limit: self.limit, backward: self.backward }
    }
}

/// A count of items as an argument: 1..=100.
pub fn bounded(argument: &'static str, count: i32) -> Result<u32> {
    match u32::try_from(count) {
        Ok(count @ 1..=100) => Ok(count),
        _ => Err(Refusal::new(Code::Invalid, argument, format!("`{argument}` must be from 1 to {MOST}.")).into()),
    }
}

/// A page of a list, in the order of the list whichever end it was taken from.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Whether the list goes on behind the last of them.
    pub has_next: bool,
    /// Whether it begins before the first of them.
    pub has_previous: bool,
}

impl<T> Page<T> {
    /// A page without items, of a list without any.
    pub fn empty() -> Self {
        Self { items: Vec::new(), has_next: false, has_previous: false }
    }

    /// Makes a page of rows that were read in the direction of the window, one more than it holds.
    ///
    /// `beyond` says whether the list has something on the far side of `after` (or of `before` when going backward).
    pub fn cut<K>(mut rows: Vec<T>, window: &Window<K>, beyond: bool) -> Self {
        let limit = window.limit as usize;
        let more = rows.len() > limit;
        rows.truncate(limit);
        if window.backward {
            rows.reverse();
            Self { items: rows, has_next: beyond, has_previous: more }
        } else {
            Self { items: rows, has_next: more, has_previous: beyond }
        }
    }

    /// The same page of other things.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        let items = self.items.into_iter().map(change).collect();
        Page { items, has_next: self.has_next, has_previous: self.has_previous }
    }
}
