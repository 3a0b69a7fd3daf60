//! Whether NATS answers.

use super::{Finding, SLOW};
use crate::infra::bus::nats::Options;

/// Connects to NATS and leaves again.
pub async fn examine(options: &Options) -> Finding {
    let name = options.name();
    match options.probe().await {
        Ok((took, version)) => {
            let millis = took.as_secs_f64() * 1000.0;
            let says = format!("NATS at {name}, version {version}, took {millis:.1} ms to connect.");
            if took > SLOW {
                Finding::warning("nats", says, "Give the nodes a nearer one: what happens on other nodes is seen late.")
            } else {
                Finding::ok("nats", says)
            }
        }
        Err(error) => {
            let says = format!("NATS at {name} can't be reached: {error}.");
            let advice =
                "Start it, or correct LINNET_NATS_URL. Nothing is lost meanwhile, but nodes see each other late.";
            Finding::warning("nats", says, advice)
        }
    }
}
