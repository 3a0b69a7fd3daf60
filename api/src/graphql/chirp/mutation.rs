//! What changes chirps: their inputs, their payloads, and the mutations.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use domain::chirp::{self, Changed, Draft};
use entity::id::ChirpId;

use super::Chirp;
use crate::graphql::error::{UserError, settle};
use crate::graphql::id;
use crate::graphql::scalar::Cursor;
use crate::graphql::scope::{Scope, viewer};
use crate::graphql::session::client;

/// What to say.
#[derive(InputObject)]
pub(crate) struct ChirpCreateInput {
    /// What it says: 1 to 255 characters.
    message: String,
    /// Chosen by the client, unique among your chirps: posting again with it gives the first chirp, for as long as that is there. 1 to
    /// 100 characters.
    client_key: Option<String>,
}

/// What to say instead.
#[derive(InputObject)]
pub(crate) struct ChirpUpdateInput {
    /// Which of your chirps.
    id: ID,
    /// What it says from now on: 1 to 255 characters.
    message: String,
    /// Refuse with CONFLICT if the chirp has moved on from this version.
    expected_version: Option<i32>,
}

/// Which chirp to delete.
#[derive(InputObject)]
pub(crate) struct ChirpDeleteInput {
    /// Which chirp.
    id: ID,
}

/// Defines the payload of a change to a chirp that stays.
macro_rules! chirp_payload {
    ($payload:ident, $mutation:literal) => {
        #[doc = concat!("The outcome of ", $mutation, ".")]
        #[derive(SimpleObject)]
        pub(crate) struct $payload {
            /// The chirp as it is now; null if nothing was done.
            chirp: Option<Chirp>,
            /// Where the feed's log stands with the change in it: once your stream is there, it has shown it.
            cursor: Option<Cursor>,
            /// What was wrong with the input.
            errors: Vec<UserError>,
        }

        impl $payload {
            fn of(scope: &Scope, outcome: domain::Result<Changed>) -> Result<Self> {
                let (changed, errors) = settle(outcome)?;
                let cursor = changed.as_ref().map(|changed| Cursor(chirp::cursor(scope.app(), changed.seq)));
                let chirp = changed.and_then(|changed| Chirp::listed(scope, vec![changed.chirp.into()]).pop());
                Ok(Self { chirp, cursor, errors })
            }
        }
    };
}

chirp_payload!(ChirpCreatePayload, "chirpCreate");
chirp_payload!(ChirpUpdatePayload, "chirpUpdate");

/// The outcome of chirpDelete.
#[derive(SimpleObject)]
pub(crate) struct ChirpDeletePayload {
    /// The chirp that is gone.
    deleted_id: Option<ID>,
    /// Where the feed's log stands with the change in it: once your stream is there, it has shown it.
    cursor: Option<Cursor>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

#[derive(Default)]
pub(crate) struct ChirpMutation;

#[Object]
impl ChirpMutation {
    /// Says something to everybody. Guests can't.
    async fn chirp_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to say.")] input: ChirpCreateInput,
    ) -> Result<ChirpCreatePayload> {
        let scope = Scope::fresh(ctx);
        let draft = Draft { message: input.message, client_key: input.client_key };
        ChirpCreatePayload::of(&scope, chirp::create(scope.app(), viewer(ctx), draft).await)
    }

    /// Says something else in a chirp of yours.
    async fn chirp_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which chirp, and what it says.")] input: ChirpUpdateInput,
    ) -> Result<ChirpUpdatePayload> {
        let (scope, viewer) = (Scope::fresh(ctx), viewer(ctx));
        let outcome = async {
            viewer.require()?;
            let id = id::parse("id", &input.id)?;
            chirp::update(scope.app(), viewer, id, input.message, input.expected_version).await
        };
        ChirpUpdatePayload::of(&scope, outcome.await)
    }

    /// Takes a chirp out of the feed, for good: one's own. An administrator may take away anybody's, in person, which the audit log of
    /// its author tells.
    async fn chirp_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which chirp.")] input: ChirpDeleteInput,
    ) -> Result<ChirpDeletePayload> {
        let (scope, viewer) = (Scope::fresh(ctx), viewer(ctx));
        let outcome = async {
            viewer.require()?;
            let id: ChirpId = id::parse("id", &input.id)?;
            Ok((id, chirp::delete(scope.app(), &client(ctx), viewer, id).await?))
        };
        let (deleted, errors) = settle(outcome.await)?;
        Ok(ChirpDeletePayload {
            deleted_id: deleted.map(|(id, _)| id.to_string().into()),
            cursor: deleted.map(|(_, seq)| Cursor(chirp::cursor(scope.app(), seq))),
            errors,
        })
    }
}
