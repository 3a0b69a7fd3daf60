//! Asking and changing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use linnet_client::operations::{Thread, ThreadCreate, Viewer, thread, thread_create, viewer};
use linnet_client::types::{
    AccountCreateInput, AttachmentInput, MessageSendInput, RoomThreadInput, ThreadCreateInput, UserErrorCode,
};
use linnet_client::{Error, Linnet, new_client_key};

use super::support::{Proxy, Room, Server, client, listed, room, shout, somebody, unique, within};

fn message(room: &Room, content: &str) -> MessageSendInput {
    MessageSendInput { thread_id: room.id.clone(), content: content.to_owned(), ..Default::default() }
}

fn new_room(title: &str) -> thread_create::Variables {
    thread_create::Variables { input: ThreadCreateInput::Room(RoomThreadInput { title: title.to_owned() }) }
}

/// Loses the answers to the first requests that have this in them; how many came by now.
fn loses(proxy: &Proxy, what: &'static str, most: usize) -> Arc<AtomicUsize> {
    let came = Arc::new(AtomicUsize::default());
    let counted = Arc::clone(&came);
    proxy.loses(move |request| {
        let is_one = request.windows(what.len()).any(|window| window == what.as_bytes());
        is_one && counted.fetch_add(1, Ordering::SeqCst) < most
    });
    came
}

#[tokio::test]
async fn a_send_whose_answer_was_lost_is_one_message() {
    let server = Server::start().await;
    let ann = somebody(client(&server.url())).await;
    let room = room(&ann).await;
    let proxy = Proxy::to(server.address).await;
    let sends = loses(&proxy, "messageSend", 3);
    let sender = client(&proxy.url()).tokens(ann.tokens()).build().unwrap();
    let sent = within("the answer", sender.message_send(message(&room, "once"))).await.unwrap();
    assert_eq!(sends.load(Ordering::SeqCst), 4);
    assert_eq!(listed(&ann, &room).await, [sent.message.id]);
    assert!(sent.cursor.unwrap() > room.after);
}

#[tokio::test]
async fn a_send_under_a_key_of_ones_own_may_be_repeated() {
    let server = Server::start().await;
    let ann = somebody(client(&server.url())).await;
    let room = room(&ann).await;
    let key = new_client_key();
    let input = MessageSendInput { client_key: Some(key.clone()), ..message(&room, "once") };
    let (first, second) = tokio::join!(ann.message_send(input.clone()), ann.message_send(input));
    let (first, second) = (first.unwrap().message, second.unwrap().message);
    assert_eq!(first.id, second.id);
    assert_eq!(first.client_key, Some(key));
}

#[tokio::test]
async fn a_query_is_asked_again_and_a_mutation_is_not() {
    let server = Server::start().await;
    let ann = somebody(client(&server.url())).await;
    let proxy = Proxy::to(server.address).await;
    let linnet = client(&proxy.url()).tokens(ann.tokens()).build().unwrap();
    let asked = loses(&proxy, "operationName", 1);
    assert!(linnet.query::<Viewer>(viewer::Variables).await.unwrap().viewer.is_some());
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    let asked = loses(&proxy, "operationName", 1);
    let failure = linnet.mutate::<ThreadCreate>(new_room(&unique())).await.unwrap_err();
    assert!(matches!(failure, Error::Network(_)) && failure.is_transient(), "{failure:?}");
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_refused_input_names_its_field() {
    let server = Server::start().await;
    let ann = somebody(client(&server.url())).await;
    // In the payload, as the server tells it.
    let created = ann.mutate::<ThreadCreate>(new_room(" ")).await.unwrap().thread_create;
    assert!(created.thread.is_none());
    assert_eq!(
        (&created.errors[0].code, &*created.errors[0].path),
        (&UserErrorCode::Blank, &["room", "title"].map(str::to_owned)[..])
    );
    // As an error, where a method of the client stands for the mutation.
    let nobody = Linnet::new(&server.url()).unwrap();
    let (username, email) = ("not a name".to_owned(), "a@example.org".to_owned());
    let account = AccountCreateInput { username, email, password: "a long secret".to_owned(), ..Default::default() };
    let refusal = nobody.sign_up(account).await.unwrap_err();
    assert!(refusal.to_string().starts_with("username: "), "{refusal}");
    let Error::Refused(errors) = refusal else { panic!("another error: {refusal:?}") };
    assert_eq!((&errors[0].code, &*errors[0].path), (&UserErrorCode::Invalid, &["username".to_owned()][..]));
    let room = room(&ann).await;
    let Err(Error::Refused(errors)) = ann.message_send(message(&room, "")).await else { panic!("it was sent") };
    assert_eq!((&errors[0].code, &*errors[0].path), (&UserErrorCode::Blank, &["content".to_owned()][..]));
}

#[tokio::test]
async fn what_answers_and_does_not_speak_graphql_is_told() {
    let server = Server::start().await;
    let lost = client(&format!("http://{}/nowhere", server.address)).build().unwrap();
    let failure = lost.query::<Viewer>(viewer::Variables).await.unwrap_err();
    assert!(matches!(failure, Error::Protocol(_)), "{failure:?}");
    assert!(Linnet::new("nowhere").is_err());
}

#[tokio::test]
async fn pages_forward_and_backward_have_every_message_once() {
    let server = Server::start().await;
    let ann = somebody(client(&server.url())).await;
    let room = room(&ann).await;
    shout(&ann, &room, 70).await;
    let forward = listed(&ann, &room).await;
    assert_eq!(forward.len(), 70);
    let (mut backward, mut before) = (Vec::new(), None);
    loop {
        let variables = thread::Variables { id: room.id.clone(), last: Some(30), before, ..Default::default() };
        let page = ann.query::<Thread>(variables).await.unwrap().thread.unwrap().messages;
        backward.splice(0..0, page.edges.into_iter().map(|edge| edge.node.id));
        if !page.page_info.has_previous_page {
            break;
        }
        before = page.page_info.start_cursor;
    }
    assert_eq!(backward, forward);
}

#[tokio::test]
async fn a_file_is_put_there_once_and_comes_with_its_message() {
    let server = Server::start().await;
    let ann = somebody(client(&server.url())).await;
    let room = room(&ann).await;
    let content = b"one, two, three\n".repeat(1000);
    let proxy = Proxy::to(server.address).await;
    let puts = loses(&proxy, "PUT /uploads/", 1);
    let sender = client(&proxy.url()).tokens(ann.tokens()).build().unwrap();
    let upload = within("the upload", sender.upload("numbers.txt", "text/plain", content.clone())).await.unwrap();
    assert_eq!(puts.load(Ordering::SeqCst), 2);
    let attachments = Some(vec![AttachmentInput { upload_id: Some(upload), ..Default::default() }]);
    let sent = ann.message_send(MessageSendInput { attachments, ..message(&room, "Look") }).await.unwrap();
    let [attachment] = &sent.message.attachments[..] else { panic!("{:?}", sent.message.attachments) };
    assert_eq!((attachment.name.as_str(), attachment.size), ("numbers.txt", 16_000));
}

#[tokio::test]
async fn a_file_that_is_not_taken_says_why() {
    let server = Server::start().await;
    let ann = somebody(client(&server.url())).await;
    let Err(Error::Refused(errors)) = ann.upload("a/b", "text/plain", "x").await else { panic!("it was taken") };
    assert_eq!(errors[0].path, ["name"]);
    let refusal = ann.upload("cat.png", "image/png", "no picture").await.unwrap_err();
    assert!(matches!(&refusal, Error::Told(told) if !told.errors.is_empty()) && !refusal.is_transient(), "{refusal:?}");
}
