//! Times, and how they are spread.

use std::time::Duration;

/// Many times of the same thing.
#[derive(Default)]
pub(crate) struct Samples(pub(crate) Vec<Duration>);

impl Samples {
    /// The time within which this share of them lies.
    pub(crate) fn within(&mut self, share: f64) -> Duration {
        self.0.sort_unstable();
        let index = ((self.0.len() as f64 * share).ceil() as usize).clamp(1, self.0.len());
        self.0[index - 1]
    }

    /// In one line.
    pub(crate) fn told(&mut self) -> String {
        let (half, most, all) = (self.within(0.5), self.within(0.99), self.within(1.0));
        format!("p50 {half:.1?}, p99 {most:.1?}, most {all:.1?} of {}", self.0.len())
    }
}
