//! The GraphQL API: one file per noun, with its type, queries, mutations, inputs and payloads.
//!
//! Resolvers parse ids, call the domain, and map its answers; rules live there. Every object carries the [`Scope`] that
//! its fields load through, so that what one event shows is loaded once for all who see it.

use std::sync::Arc;

use async_graphql::{MergedObject, MergedSubscription, Schema, ValidationMode};
use domain::App;

mod account;
mod administration;
mod api_key;
mod assistant;
mod attachment;
mod audit;
mod batch;
mod block;
mod budget;
mod charge;
mod chirp;
mod collection;
mod cursor;
mod device;
mod diary;
mod document;
mod error;
mod event;
mod id;
mod inbox;
mod invitation;
mod job;
pub(crate) mod loader;
mod mention;
mod message;
mod mint;
mod nft;
mod node;
mod nullable;
mod page;
mod participant;
mod progress;
mod reaction;
mod recall;
mod receipt;
mod referral;
mod right;
mod room_ban;
mod scalar;
mod scope;
mod search;
mod session;
mod shared;
mod signal;
mod system;
mod thread;
mod upload;
mod user;
mod viewer;
mod wallet;

pub(crate) use budget::Budget;
pub(crate) use charge::charges;
pub(crate) use document::{Asked, Documents, Kind, Limits as DocumentLimits, Operation, clipped};
pub(crate) use error::{RequestId, fault, fault_of, within_request};
pub(crate) use nullable::leave_out_told;
pub(crate) use progress::Progress;
pub(crate) use recall::{Recall, Witness};
pub(crate) use right::permit;
pub(crate) use scope::Scope;

/// Everything that can be read.
#[derive(MergedObject, Default)]
pub(crate) struct Query(
    node::NodeQuery,
    viewer::ViewerQuery,
    user::UserQuery,
    thread::ThreadQuery,
    invitation::InvitationQuery,
    message::MessageQuery,
    system::SystemQuery,
    chirp::ChirpQuery,
    collection::CollectionQuery,
    assistant::AssistantQuery,
);

/// Everything that can be changed. Each takes one `input` and answers with a payload whose `errors` say what was wrong
/// with it.
#[derive(MergedObject, Default)]
pub(crate) struct Mutation(
    account::AccountMutation,
    account::EmailMutation,
    account::PasswordMutation,
    account::ExportMutation,
    session::SessionMutation,
    device::DeviceMutation,
    api_key::ApiKeyMutation,
    administration::AdministrationMutation,
    job::JobMutation,
    batch::BatchMutation,
    wallet::WalletMutation,
    referral::ReferralMutation,
    user::ProfileMutation,
    block::BlockMutation,
    diary::DiaryMutation,
    thread::ThreadMutation,
    participant::ParticipantMutation,
    room_ban::RoomBanMutation,
    invitation::InvitationMutation,
    receipt::ReceiptMutation,
    message::MessageMutation,
    upload::UploadMutation,
    reaction::ReactionMutation,
    chirp::ChirpMutation,
    collection::CollectionMutation,
    mint::MintMutation,
    assistant::AssistantMutation,
    signal::SignalMutation,
);

/// Everything that can be streamed, over WebSocket (graphql-transport-ws) or as server-sent events.
#[derive(MergedSubscription, Default)]
pub(crate) struct Subscription(
    message::MessageSubscription,
    event::EventSubscription,
    inbox::InboxSubscription,
    chirp::ChirpSubscription,
    signal::SignalSubscription,
    batch::BatchSubscription,
    mint::MintSubscription,
);

/// The executable schema.
pub(crate) type LinnetSchema = Schema<Query, Mutation, Subscription>;

/// The schema, with an application behind it. It runs documents that [`Documents`] has let in, and no others: whether they are
/// valid is not asked again.
pub(crate) fn schema(app: Arc<App>) -> LinnetSchema {
    let builder = builder().data(app).validation_mode(ValidationMode::Fast);
    builder.limit_recursive_depth(document::NESTING).finish()
}

/// The schema in its own language, as clients are generated from it.
pub(crate) fn sdl() -> String {
    let options = async_graphql::SDLExportOptions::new()
        .sorted_fields()
        .sorted_arguments()
        .sorted_enum_items()
        .include_specified_by();
    builder().finish().sdl_with_options(options)
}

fn builder() -> async_graphql::SchemaBuilder<Query, Mutation, Subscription> {
    Schema::build(Query::default(), Mutation::default(), Subscription::default()).register_output_type::<node::Node>()
}
