//! Objects by id alone, as the Relay specification has it (<https://relay.dev/graphql/objectidentification.htm>).

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::{Context, ID, Interface, Object, Result};
use domain::{Code, Refusal, access, attachment, chirp, collection, message, nft};
use entity::id::{AttachmentId, ChirpId, CollectionId, MessageId, NftId, ThreadId, TypedId, UserId};

use super::attachment::Attachment;
use super::chirp::Chirp;
use super::collection::NftCollection;
use super::fault;
use super::message::Message;
use super::nft::Nft;
use super::nullable::Nullable;
use super::scope::{Scope, Shown, Shows, viewer};
use super::thread::Thread;
use super::user::User;

/// Something with an id.
#[derive(Interface, Clone)]
#[graphql(field(
    name = "id",
    ty = "ID",
    desc = "The id: a prefix that names the type, and what tells one from another."
))]
pub(crate) enum Node {
    User(User),
    Thread(Thread),
    Message(Message),
    Attachment(Attachment),
    Chirp(Chirp),
    NftCollection(NftCollection),
    Nft(Nft),
}

#[derive(Default)]
pub(crate) struct NodeQuery;

#[Object]
impl NodeQuery {
    /// Anything that has an id of its own and that you may see; null if there is no such thing, which is also what one gets
    /// who may not see it.
    async fn node(&self, ctx: &Context<'_>, #[graphql(desc = "Which.")] id: ID) -> Nullable<Node> {
        Nullable::of(async { Ok(load(ctx, "id", vec![id]).await?.into_iter().next().flatten()) }).await
    }

    /// As `node`, for up to 100 ids at once; in their order.
    async fn nodes(&self, ctx: &Context<'_>, #[graphql(desc = "Which.")] ids: Vec<ID>) -> Result<Vec<Option<Node>>> {
        if ids.len() > 100 {
            return Err(fault(Refusal::new(Code::TooLong, "ids", "At most 100 at once.").into()));
        }
        load(ctx, "ids", ids).await
    }
}

/// Ids by the type that their prefix names.
#[derive(Default)]
struct Sorted {
    users: Vec<UserId>,
    threads: Vec<ThreadId>,
    messages: Vec<MessageId>,
    attachments: Vec<AttachmentId>,
    chirps: Vec<ChirpId>,
    collections: Vec<CollectionId>,
    nfts: Vec<NftId>,
}

impl Sorted {
    /// Takes an id in if it is one of a type that implements Node.
    fn take(&mut self, text: &str) -> bool {
        fn push<I: TypedId>(list: &mut Vec<I>, text: &str) -> bool {
            I::parse(text).map(|id| list.push(id)).is_ok()
        }
        push(&mut self.users, text)
            || push(&mut self.threads, text)
            || push(&mut self.messages, text)
            || push(&mut self.attachments, text)
            || push(&mut self.chirps, text)
            || push(&mut self.collections, text)
            || push(&mut self.nfts, text)
    }
}

async fn load(ctx: &Context<'_>, argument: &'static str, ids: Vec<ID>) -> Result<Vec<Option<Node>>> {
    let mut sorted = Sorted::default();
    for id in &ids {
        if !sorted.take(id) {
            let why = "It is not the id of anything that has one of its own: those begin with usr_, thr_, msg_, att_, chp_, col_ or nft_.";
            return Err(fault(Refusal::new(Code::Invalid, argument, why).into()));
        }
    }
    let found = find(ctx, sorted).await.map_err(fault)?;
    Ok(ids.iter().map(|id| found.get(id.as_str()).cloned()).collect())
}

async fn find(ctx: &Context<'_>, sorted: Sorted) -> domain::Result<HashMap<String, Node>> {
    let (scope, viewer) = (Scope::of(ctx), viewer(ctx));
    let app = scope.app();
    let mut found = HashMap::new();
    if !sorted.users.is_empty() {
        let users = domain::user::by_ids(app, &sorted.users).await?;
        let ids: Vec<String> = users.keys().map(ToString::to_string).collect();
        found.extend(ids.into_iter().zip(User::listed(&scope, users.into_values()).into_iter().map(Node::User)));
    }
    if !sorted.threads.is_empty() {
        let readers = access::readers(app, viewer, &sorted.threads).await?;
        let shown = Shown { threads: readers.values().cloned().collect(), ..Shown::default() };
        let scope = scope.showing(shown);
        let node = |reader| Node::Thread(Thread { scope: scope.clone(), reader });
        found.extend(readers.into_iter().map(|(id, reader)| (id.to_string(), node(reader))));
    }
    if !sorted.messages.is_empty() {
        let messages = message::readable(app, viewer, &sorted.messages).await?;
        let messages: Vec<_> = messages.into_values().map(|(reader, row)| (reader, Arc::new(row))).collect();
        let mut shown = Shown::default();
        for (reader, row) in &messages {
            row.show(&mut shown);
            shown.threads.push(reader.clone());
        }
        let scope = scope.showing(shown);
        found.extend(
            messages.into_iter().map(|(reader, row)| {
                (row.id.to_string(), Node::Message(Message { scope: scope.clone(), reader, row }))
            }),
        );
    }
    if !sorted.attachments.is_empty() {
        let rows = attachment::readable(app, viewer, &sorted.attachments).await?;
        found.extend(rows.into_iter().map(|row| (row.id.to_string(), Node::Attachment(Attachment(row)))));
    }
    if !sorted.chirps.is_empty() {
        let rows = chirp::by_ids(app, sorted.chirps).await?;
        let ids: Vec<String> = rows.iter().map(|row| row.id.to_string()).collect();
        found.extend(ids.into_iter().zip(Chirp::listed(&scope, rows).into_iter().map(Node::Chirp)));
    }
    if !sorted.collections.is_empty() {
        let rows = collection::by_ids(app, &sorted.collections).await?;
        let ids: Vec<String> = rows.keys().map(ToString::to_string).collect();
        let shown = NftCollection::listed(&scope, rows.into_values().collect());
        found.extend(ids.into_iter().zip(shown.into_iter().map(Node::NftCollection)));
    }
    if !sorted.nfts.is_empty() {
        let rows = nft::by_ids(app, &sorted.nfts).await?;
        let ids: Vec<String> = rows.iter().map(|row| row.id.to_string()).collect();
        found.extend(ids.into_iter().zip(Nft::listed(&scope, rows).into_iter().map(Node::Nft)));
    }
    Ok(found)
}
