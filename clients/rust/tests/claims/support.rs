//! What the tests are made of: servers, people, and networks that do what networks do.

pub(crate) mod people;
pub(crate) mod proxy;
pub(crate) mod relay;
pub(crate) mod server;

pub(crate) use people::{Room, client, listed, room, say, shout, somebody, unique};
pub(crate) use proxy::Proxy;
pub(crate) use relay::Relay;
pub(crate) use server::Server;

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use tokio::time::{sleep, timeout};

/// How long a test waits for what has to happen. Generous: it is there to end one that hangs.
pub(crate) const DEADLINE: Duration = Duration::from_secs(120);

/// Any number.
pub(crate) fn number() -> usize {
    usize::try_from(RandomState::new().hash_one(std::process::id()) >> 33).unwrap()
}

/// Waits for this, and fails the test if it does not come.
pub(crate) async fn within<F: Future>(what: &str, future: F) -> F::Output {
    timeout(DEADLINE, future).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// Waits for a condition, and not for a time.
pub(crate) async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    within(what, async {
        while !holds() {
            sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}
