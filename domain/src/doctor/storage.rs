//! Whether files can be kept where they are to be kept.

use super::{Finding, SLOW};
use crate::infra::clock::Clock;
use crate::infra::storage::Options;

/// Puts a few bytes where files are kept, reads them, and takes them away again.
pub async fn examine(options: &Options) -> Finding {
    let (name, mark) = (options.name(), format!("doctor-{}", Clock::default().code(16)));
    match options.probe(&mark).await {
        Ok(took) => {
            let millis = took.as_secs_f64() * 1000.0;
            let says = format!("Files are kept in {name}; writing and reading one took {millis:.1} ms.");
            if took > SLOW * 10 {
                Finding::warning("storage", says, "Uploads wait for it: a nearer one may be better.")
            } else {
                Finding::ok("storage", says)
            }
        }
        Err(why) => {
            let says = format!("Files can't be kept in {name}: {why}.");
            let advice =
                "Let the user that runs Linnet write there, or correct LINNET_UPLOADS_URL and what goes with it.";
            Finding::problem("storage", says, advice)
        }
    }
}
