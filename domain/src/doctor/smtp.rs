//! Whether the mail server takes mails, as far as it says without being given one.

use super::{Finding, SLOW};
use crate::infra::mail::Options;

/// Connects to the mail server, if one is set, with TLS and a password as its address says, and leaves again.
pub async fn examine(options: &Options) -> Option<Finding> {
    let name = options.server()?;
    Some(match options.probe().await {
        Ok(took) => {
            let millis = took.as_secs_f64() * 1000.0;
            let says = format!("The mail server at {name} took {millis:.1} ms to let us in.");
            if options.tells_a_password() {
                let advice =
                    "Write `?tls=required` behind the address, or `smtps://`: the password goes there for all to read.";
                Finding::warning("smtp", says, advice)
            } else if took > SLOW * 10 {
                Finding::warning("smtp", says, "Mails leave late: a nearer server may be better.")
            } else {
                Finding::ok("smtp", says)
            }
        }
        Err(why) => {
            let says = format!("The mail server at {name} lets nobody in: {why}.");
            let advice =
                "Start it, or correct LINNET_SMTP_URL. Mails wait for some three hours, and are given up then.";
            Finding::problem("smtp", says, advice)
        }
    })
}
