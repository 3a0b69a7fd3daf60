//! Randomness that can be repeated: every test prints its seed, and `LINNET_TEST_SEED` sets it.

use std::time::{SystemTime, UNIX_EPOCH};

/// A seeded generator (splitmix64: the same numbers on every machine and with every version of every crate).
#[derive(Clone, Debug)]
pub struct Chance {
    state: u64,
}

impl Chance {
    /// A generator from `LINNET_TEST_SEED`, else from the time; the seed is printed, and shown when the test fails.
    pub fn new() -> Self {
        let seed = match std::env::var("LINNET_TEST_SEED") {
            Ok(text) => text.parse().expect("LINNET_TEST_SEED is a number"),
            Err(_) => SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64,
        };
        eprintln!("LINNET_TEST_SEED={seed}");
        Self { state: seed }
    }

    /// A generator of its own for each of several tasks, so that how they interleave does not change their numbers.
    pub fn branch(&mut self) -> Self {
        Self { state: self.next() }
    }

    /// The next 64 random bits.
    #[expect(clippy::should_implement_trait, reason = "it never ends, so an Option would be noise")]
    pub fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from 0 up to, not including, `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// True `n` times out of `of`.
    pub fn one_in(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }

    /// One of the items.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

impl Default for Chance {
    fn default() -> Self {
        Self::new()
    }
}
