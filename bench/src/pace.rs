//! People who send at a steady pace, whatever else goes on, and how long each of them waits.

use std::time::Duration;

use tests::{User, World};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::samples::Samples;

/// Messages a second, by all of them together.
const PER_SECOND: u32 = 50;
const SENDERS: usize = 5;

/// Some people, and where each of them writes.
pub(crate) struct Senders(Vec<(User, String)>);

impl Senders {
    /// New accounts, each with a room of its own.
    pub(crate) async fn new(world: &World) -> Self {
        let mut senders = Vec::new();
        for user in world.crowd("sender", SENDERS).await {
            let room = world.room(&user).await;
            senders.push((user, room));
        }
        Self(senders)
    }

    /// The accounts.
    pub(crate) fn users(&self) -> impl Iterator<Item = &User> {
        self.0.iter().map(|(user, _)| user)
    }

    /// Lets one of them write in another thread, too.
    pub(crate) fn write_in(&mut self, user: User, thread: String) {
        self.0.push((user, thread));
    }

    /// They send until something is done, and until all that was sent is answered. A message waits from when it was to be sent, so one
    /// that is slow makes those behind it late, as it would for people.
    pub(crate) async fn until<T>(&self, done: impl Future<Output = T>) -> (T, Samples) {
        let (mut done, mut sent, mut number) = (std::pin::pin!(done), JoinSet::new(), 0);
        let mut ticks = interval(Duration::from_secs(1) / PER_SECOND);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let output = loop {
            tokio::select! {
                output = &mut done => break output,
                due = ticks.tick() => {
                    let (user, thread) = self.0[number % self.0.len()].clone();
                    number += 1;
                    sent.spawn(async move {
                        user.post(&thread, &format!("message {number}")).await;
                        due.elapsed()
                    });
                }
            }
        };
        (output, Samples(sent.join_all().await))
    }

    /// They send for so long, and nothing else goes on.
    pub(crate) async fn for_a_while(&self, time: Duration) -> Samples {
        self.until(tokio::time::sleep(time)).await.1
    }
}
