//! Operations that the package does not have, derived as the README says.

use futures_util::TryStreamExt;
use linnet_client::operations::{MessageEdit, message_edit};
use linnet_client::scalars::{Cursor, DateTime};
use linnet_client::types::MessageEditInput;
use linnet_client::{Error, GraphQLQuery};

use super::support::{Proxy, Server, client, room, say, somebody, within};

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "../../schema.graphql",
    query_path = "tests/claims/operations/own.graphql",
    custom_scalars_module = "linnet_client::scalars",
    response_derives = "Debug, PartialEq",
    fragments_other_variant
)]
struct Members;

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "../../schema.graphql",
    query_path = "tests/claims/operations/own.graphql",
    custom_scalars_module = "linnet_client::scalars",
    response_derives = "Debug, PartialEq",
    fragments_other_variant
)]
struct Edits;

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "../../schema.graphql",
    query_path = "tests/claims/operations/own.graphql",
    custom_scalars_module = "linnet_client::scalars",
    response_derives = "Debug",
    fragments_other_variant
)]
struct Unresumable;

#[tokio::test]
async fn operations_of_ones_own_are_asked_and_go_on_where_they_were_cut() {
    let server = Server::start().await;
    let ann = somebody(client(&server.url())).await;
    let room = room(&ann).await;
    let variables = members::Variables { thread_id: room.id.to_string(), first: Some(10) };
    let thread = ann.query::<Members>(variables).await.unwrap().thread.unwrap();
    let _: DateTime = thread.created_at;
    assert_eq!(thread.participants.total_count, 1);
    assert_eq!(thread.participants.nodes[0].role, members::ParticipantRole::ADMIN);

    let proxy = Proxy::to(server.address).await;
    let reader = client(&proxy.url()).tokens(ann.tokens()).build().unwrap();
    let (thread_id, after): (_, Option<Cursor>) = (room.id.to_string(), Some(room.after.clone()));
    let mut edits_seen = reader.stream::<Edits>(edits::Variables { thread_id, after });
    let message = say(&ann, &room, "Eg").await;
    for content in ["Egg", "Eggs"] {
        let input = MessageEditInput { id: message.id.clone(), content: content.to_owned(), expected_version: None };
        ann.mutate::<MessageEdit>(message_edit::Variables { input }).await.unwrap();
        let edited = loop {
            let frame = within("the edit", edits_seen.try_next()).await.unwrap().unwrap().thread_events;
            if let edits::EditsThreadEventsOn::MessageEdited(edited) = frame.on {
                break edited;
            }
        };
        assert_eq!(edited.message.unwrap().content.as_deref(), Some(content));
        proxy.cut_all();
    }
}

#[tokio::test]
async fn a_subscription_that_could_not_go_on_is_refused() {
    let server = Server::start().await;
    let ann = somebody(client(&server.url())).await;
    let thread_id = room(&ann).await.id.to_string();
    let mut stream = ann.stream::<Unresumable>(unresumable::Variables { thread_id });
    let error = within("an error", stream.try_next()).await.unwrap_err();
    assert!(matches!(error, Error::Protocol(_)), "{error:?}");
}
