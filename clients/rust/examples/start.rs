//! Comes as a guest, and talks in the lobby.
#![allow(clippy::print_stdout)]

use std::error::Error;

use futures_util::TryStreamExt;
use linnet_client::operations::{Lobby, Thread, ThreadEvents, ThreadJoin, lobby, thread, thread_events, thread_join};
use linnet_client::types::{MessageSendInput, SessionCreateGuestInput, ThreadFrameFieldsOn, ThreadJoinInput};
use linnet_client::{Linnet, new_client_key};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "http://127.0.0.1:8080/graphql".to_owned());
    let linnet = Linnet::new(&url)?;
    let username = format!("wren-{}", &new_client_key()[..8]);
    let me = linnet.sign_in_as_guest(SessionCreateGuestInput { username, ..Default::default() }).await?;
    let lobby = linnet.query::<Lobby>(lobby::Variables).await?.lobby.ok_or("This server has no lobby.")?;
    let input = ThreadJoinInput { id: lobby.id.clone() };
    linnet.mutate::<ThreadJoin>(thread_join::Variables { input }).await?;

    // A page of messages, and where the log stood when it was read.
    let page = thread::Variables { id: lobby.id.clone(), last: Some(50), ..Default::default() };
    let thread = linnet.query::<Thread>(page).await?.thread.ok_or("You may not read it.")?;
    for edge in thread.messages.edges {
        println!("{:?}: {:?}", edge.node.sender.map(|sender| sender.username), edge.node.content);
    }

    let content = format!("Hello, I am {}.", me.username);
    linnet.message_send(MessageSendInput { thread_id: lobby.id.clone(), content, ..Default::default() }).await?;

    // Everything since then, and everything from now on.
    let (thread_id, after) = (lobby.id, Some(thread.event_cursor));
    let mut frames = linnet.stream::<ThreadEvents>(thread_events::Variables { thread_id, after, kinds: None });
    while let Some(frame) = frames.try_next().await? {
        match frame.thread_events.on {
            ThreadFrameFieldsOn::MessagePosted(posted) => {
                let Some(message) = posted.message else { continue };
                println!("{:?}: {:?}", message.sender.map(|sender| sender.username), message.content);
            }
            ThreadFrameFieldsOn::StreamReset(reset) => println!("Too long away: read it anew. {}", reset.reason),
            // Other kinds of change, and those that a newer server may have.
            _ => {}
        }
    }
    Ok(())
}
