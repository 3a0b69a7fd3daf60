//! What can be told from the time that an answer takes: whether there is an account of that name, or with that address.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::{Chance, Engine, World};
use tokio::time::sleep;

use crate::SETTINGS;
use crate::samples::Samples;

/// Of each kind.
const ROUNDS: usize = 200;
const ACCOUNTS: usize = 20;
/// So that what is done beside one request is over before the next.
const PAUSE: Duration = Duration::from_millis(60);

/// Sign-ins with a wrong password, and requests to reset one: for accounts that there are, and for none.
pub(crate) async fn run() {
    let world = World::start_with(Engine::Sqlite, SETTINGS).await;
    world.crowd("known", ACCOUNTS).await;
    let sign_in =
        |name: String| ("sessionCreate", json!({ "login": name, "password": "not the password" }), "user { id }");
    let reset = |name: String| ("passwordResetRequest", json!({ "email": format!("{name}@example.org") }), "");
    println!("{ROUNDS} of each in random order, one after the other:");
    compare(&world, "a wrong password", sign_in).await;
    compare(&world, "a reset", reset).await;
}

async fn compare(world: &World, what: &str, input: impl Fn(String) -> (&'static str, Value, &'static str)) {
    let mut chance = Chance::new();
    let mut times = [Samples::default(), Samples::default()];
    let kinds = ["known", "nobody"];
    while times.iter().any(|samples| samples.0.len() < ROUNDS) {
        let which = chance.below(2);
        if times[which].0.len() == ROUNDS {
            continue;
        }
        let (mutation, input, select) = input(format!("{}{}", kinds[which], 1 + chance.below(ACCOUNTS)));
        let begun = Instant::now();
        world.anonymous.mutate(mutation, input, select).await.data();
        times[which].0.push(begun.elapsed());
        sleep(PAUSE).await;
    }
    let [known, nobody] = times.each_mut().map(|samples| samples.within(0.5).as_secs_f64());
    println!("  {what}: ratio of the medians {:.3}", known / nobody);
    for (kind, samples) in kinds.iter().zip(&mut times) {
        println!("    {kind:<8} {}", samples.told());
    }
}
