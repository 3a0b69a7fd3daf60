//! Signs in, or up; sends messages, once each; and pages back through them.
#![allow(clippy::print_stdout)]

use linnet_client::operations::{Thread, ThreadCreate, thread, thread_create};
use linnet_client::types::{
    AccountCreateInput, AttachmentInput, MessageSendInput, RoomThreadInput, SessionCreateInput, ThreadCreateInput,
    UserErrorCode,
};
use linnet_client::{Error, Linnet};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "http://127.0.0.1:8080/graphql".to_owned());
    let linnet = Linnet::new(&url)?;
    let (login, password) = ("wren".to_owned(), "a long secret".to_owned());
    match linnet.sign_in(SessionCreateInput { login, password: password.clone(), device: None }).await {
        Ok(_) => {}
        Err(Error::Refused(errors)) if errors[0].code == UserErrorCode::WrongCredentials => {
            let (username, email) = ("wren".to_owned(), "wren@example.org".to_owned());
            linnet.sign_up(AccountCreateInput { username, email, password, ..Default::default() }).await?;
        }
        Err(error) => return Err(error),
    }

    let input = ThreadCreateInput::Room(RoomThreadInput { title: "Nests".to_owned() });
    let created = linnet.mutate::<ThreadCreate>(thread_create::Variables { input }).await?.thread_create;
    let Some(room) = created.thread else { return Err(Error::Refused(created.errors)) };
    let room = room.thread_fields.id;
    let message =
        |content: &str| MessageSendInput { thread_id: room.clone(), content: content.to_owned(), ..Default::default() };

    let upload = linnet.upload("nest.txt", "text/plain", "twigs, moss, feathers").await?;
    let attachments = Some(vec![AttachmentInput { upload_id: Some(upload), ..Default::default() }]);
    linnet.message_send(MessageSendInput { attachments, ..message("What it takes") }).await?;
    for number in 1..5 {
        linnet.message_send(message(&format!("Nest {number}"))).await?;
    }
    if let Err(Error::Refused(errors)) = linnet.message_send(message(" ")).await {
        println!("{:?} {:?}", errors[0].code, errors[0].path);
    }

    // The newest page, and those before it: within a page the oldest is first.
    let mut before = None;
    loop {
        let page = thread::Variables { id: room.clone(), last: Some(2), before, ..Default::default() };
        let Some(thread) = linnet.query::<Thread>(page).await?.thread else { return Ok(()) };
        println!("{:?}", thread.messages.edges.iter().map(|edge| &edge.node.content).collect::<Vec<_>>());
        if !thread.messages.page_info.has_previous_page {
            return Ok(());
        }
        before = thread.messages.page_info.start_cursor;
    }
}
