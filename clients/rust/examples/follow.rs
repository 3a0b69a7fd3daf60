//! Follows the feed, from where it stood when the program ran the last time.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::fs;

use futures_util::TryStreamExt;
use linnet_client::Linnet;
use linnet_client::operations::{ChirpEvents, chirp_events};
use linnet_client::scalars::Cursor;
use linnet_client::types::ChirpFrameFieldsOn;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "http://127.0.0.1:8080/graphql".to_owned());
    let linnet = Linnet::new(&url)?;
    let after = fs::read_to_string("cursor").ok().map(Cursor::from);
    let mut frames = linnet.stream::<ChirpEvents>(chirp_events::Variables { after, kinds: None });
    while let Some(frame) = frames.try_next().await? {
        let frame = frame.chirp_events;
        if let ChirpFrameFieldsOn::ChirpPosted(posted) = &frame.on
            && let Some(chirp) = &posted.chirp
        {
            println!("{}: {}", chirp.author.user_fields.username, chirp.message);
        }
        fs::write("cursor", frame.cursor.as_str())?;
        if frame.on == ChirpFrameFieldsOn::CaughtUp {
            break;
        }
    }
    Ok(())
}
