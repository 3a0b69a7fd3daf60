//! Who is signed in, and for how long.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::future::{join, join_all};
use linnet_client::operations::{ThreadJoin, Viewer, thread_join, viewer};
use linnet_client::types::{
    AccountCreateInput, MessageSendInput, SessionCreateGuestInput, SessionCreateInput, ThreadJoinInput, UserErrorCode,
    UserKind,
};
use linnet_client::{Builder, Error, GraphQLQuery, Tokens};
use serde_json::{Value, json};

use super::support::{Proxy, Server, client, eventually, listed, room, say, somebody, unique};

/// What `on_tokens` hears.
type Heard = Arc<Mutex<Vec<Option<Tokens>>>>;

fn hears(client: Builder) -> (Builder, Heard) {
    let heard = Heard::default();
    let hearing = Arc::clone(&heard);
    (client.on_tokens(move |tokens| hearing.lock().unwrap().push(tokens.cloned())), heard)
}

/// Loses the answer to the first refresh; how many were asked for by now.
fn loses_a_refresh(proxy: &Proxy) -> Arc<AtomicUsize> {
    let asked = Arc::new(AtomicUsize::default());
    let counted = Arc::clone(&asked);
    proxy.loses(move |request| {
        let is_one = request.windows(14).any(|window| window == b"sessionRefresh");
        is_one && counted.fetch_add(1, Ordering::SeqCst) == 0
    });
    asked
}

#[tokio::test]
async fn who_signs_up_signs_in_or_comes_as_a_guest_is_somebody() {
    let server = Server::start().await;
    let linnet = client(&server.url()).build().unwrap();
    assert!(linnet.query::<Viewer>(viewer::Variables).await.unwrap().viewer.is_none());
    let (username, password) = (unique(), "a long secret".to_owned());
    let (login, email) = (username.clone(), format!("{username}@example.org"));
    let account = AccountCreateInput { username, email, password: password.clone(), ..Default::default() };
    let me = linnet.sign_up(account).await.unwrap();
    assert_eq!((&me.username, &me.kind), (&login, &UserKind::Human));
    assert!(linnet.sign_out().await);
    assert!(linnet.query::<Viewer>(viewer::Variables).await.unwrap().viewer.is_none());
    let again = linnet.sign_in(SessionCreateInput { login, password, ..Default::default() }).await.unwrap();
    assert_eq!(again.id, me.id);
    let viewer = linnet.query::<Viewer>(viewer::Variables).await.unwrap().viewer.unwrap();
    assert_eq!(viewer.user.id, me.id);
    let visitor = client(&server.url()).build().unwrap();
    let guest = SessionCreateGuestInput { username: unique(), ..Default::default() };
    assert_eq!(visitor.sign_in_as_guest(guest).await.unwrap().kind, UserKind::Guest);
}

#[tokio::test]
async fn a_wrong_password_is_told_and_leaves_who_was_signed_in() {
    let server = Server::start().await;
    let ann = somebody(client(&server.url())).await;
    let before = ann.tokens();
    let (login, password) = ("ann".to_owned(), "wrong".to_owned());
    let refusal = ann.sign_in(SessionCreateInput { login, password, ..Default::default() }).await;
    let Err(Error::Refused(errors)) = refusal else { panic!("another answer: {refusal:?}") };
    assert_eq!(errors[0].code, UserErrorCode::WrongCredentials);
    assert!(before.is_some() && ann.tokens() == before);
}

#[tokio::test]
async fn a_token_that_has_run_out_is_replaced_once_for_all_who_wait() {
    let server = Server::start().await;
    let (bob, heard) = hears(client(&server.url()));
    let bob = somebody(bob).await;
    let room = room(&bob).await;
    heard.lock().unwrap().clear();
    server.advance(16 * 60).await;
    let asking = join_all((0..10).map(async |_| bob.query::<Viewer>(viewer::Variables).await.unwrap()));
    let saying = join_all((0..10).map(async |_| say(&bob, &room, "hi").await));
    join(asking, saying).await;
    assert_eq!(*heard.lock().unwrap(), [bob.tokens()]);
}

#[tokio::test]
async fn a_refresh_whose_answer_is_lost_does_not_cost_the_session() {
    let server = Server::start().await;
    let proxy = Proxy::to(server.address).await;
    let bob = somebody(client(&proxy.url())).await;
    let refreshes = loses_a_refresh(&proxy);
    server.advance(16 * 60).await;
    // A mutation, which nobody asks for again.
    room(&bob).await;
    assert!(refreshes.load(Ordering::SeqCst) > 1);
}

#[tokio::test]
async fn a_refresh_goes_on_though_who_asked_for_it_is_dropped() {
    let server = Server::start().await;
    let proxy = Proxy::to(server.address).await;
    let (bob, heard) = hears(client(&proxy.url()));
    let bob = somebody(bob).await;
    let refreshes = loses_a_refresh(&proxy);
    heard.lock().unwrap().clear();
    server.advance(16 * 60).await;
    let impatient = bob.clone();
    let asking = tokio::spawn(async move { impatient.query::<Viewer>(viewer::Variables).await });
    eventually("the refresh to be on its way", || refreshes.load(Ordering::SeqCst) > 0).await;
    asking.abort();
    eventually("new tokens", || *heard.lock().unwrap() == [bob.tokens()]).await;
    assert!(bob.query::<Viewer>(viewer::Variables).await.unwrap().viewer.is_some());
}

#[tokio::test]
async fn what_one_has_sent_is_not_sent_again_as_whoever_signs_in_meanwhile() {
    let server = Server::start().await;
    let proxy = Proxy::to(server.address).await;
    let linnet = somebody(client(&proxy.url())).await;
    let room = room(&linnet).await;
    let (lost, is_open) = (Arc::new(AtomicUsize::default()), Arc::new(AtomicBool::default()));
    let (counted, opened) = (Arc::clone(&lost), Arc::clone(&is_open));
    proxy.loses(move |request| {
        let is_one =
            request.windows(20).any(|window| window == b"mutation MessageSend") && !opened.load(Ordering::SeqCst);
        counted.fetch_add(usize::from(is_one), Ordering::SeqCst);
        is_one
    });
    let (sender, thread_id) = (linnet.clone(), room.id.clone());
    let input = MessageSendInput { thread_id, content: "by the first".to_owned(), ..Default::default() };
    let sending = tokio::spawn(async move { sender.message_send(input).await });
    eventually("it to be tried", || lost.load(Ordering::SeqCst) > 0).await;
    let input = SessionCreateGuestInput { username: unique(), ..Default::default() };
    linnet.sign_in_as_guest(input).await.unwrap();
    let input = ThreadJoinInput { id: room.id.clone() };
    linnet.mutate::<ThreadJoin>(thread_join::Variables { input }).await.unwrap();
    is_open.store(true, Ordering::SeqCst);
    let failure = sending.await.unwrap().unwrap_err();
    assert!(failure.is_transient(), "{failure:?}");
    assert_eq!(listed(&linnet, &room).await.len(), 1);
}

#[tokio::test]
async fn a_session_that_has_ended_is_told_and_forgotten() {
    let server = Server::start().await;
    let (bob, heard) = hears(client(&server.url()));
    let bob = somebody(bob).await;
    server.advance(31 * 24 * 3600).await;
    let refusal = bob.query::<Viewer>(viewer::Variables).await.unwrap_err();
    assert!(refusal.has_code("UNAUTHENTICATED"), "{refusal:?}");
    assert_eq!(bob.tokens(), None);
    assert_eq!(heard.lock().unwrap().last(), Some(&None));
}

/// An operation that is not in the package.
struct CreateKey;

impl GraphQLQuery for CreateKey {
    type Variables = Value;
    type ResponseData = Value;

    fn build_query(variables: Value) -> graphql_client::QueryBody<Value> {
        let query = "mutation CreateKey($input: ApiKeyCreateInput!) { apiKeyCreate(input: $input) { token } }";
        graphql_client::QueryBody { variables, query, operation_name: "CreateKey" }
    }
}

#[tokio::test]
async fn an_api_key_is_a_token_and_no_token_is_shown() {
    let server = Server::start().await;
    let ann = somebody(client(&server.url())).await;
    let input = json!({ "input": { "name": "reports", "scopes": ["READ"] } });
    let created = ann.mutate::<CreateKey>(input).await.unwrap();
    let key = Tokens { access: created["apiKeyCreate"]["token"].as_str().unwrap().to_owned(), refresh: None };
    assert!(!format!("{key:?}").contains("lnk_"));
    let reports = client(&server.url()).tokens(Some(key)).build().unwrap();
    let viewer = reports.query::<Viewer>(viewer::Variables).await.unwrap().viewer.unwrap();
    assert!(viewer.session.is_none());
}
