//! Asking for tokens, and taking that back.

use async_graphql::{InputObject, SimpleObject};
use domain::mint::{Draft, Requested};
use entity::id::{CollectionId, WalletId};

use super::super::error::{UserError, settle};
use super::*;

/// A token to ask for.
#[derive(InputObject)]
pub(crate) struct MintRequestInput {
    /// What it is to belong to: a collection of yours, or one that is open.
    collection_id: ID,
    /// Where its metadata is: an address that begins with https, http, ipfs or ar, at most 2,000 characters. This server does not
    /// fetch it.
    metadata_uri: String,
    /// One of your wallets; your primary one if left out, and none if you have none.
    wallet_id: Option<ID>,
    /// Asking again with the same key gives what was asked for first, so that a request can be repeated: 1 to 100 characters, unique
    /// among yours.
    client_key: Option<String>,
}

/// Tokens to ask for together.
#[derive(InputObject)]
pub(crate) struct MintBatchRequestInput {
    /// What they are to belong to: a collection of yours, or one that is open.
    collection_id: ID,
    /// Where the metadata of each is: 1 to 100 addresses, as for mintRequest.
    metadata_uris: Vec<String>,
    /// One of your wallets; your primary one if left out, and none if you have none.
    wallet_id: Option<ID>,
    /// As for mintRequest, for all of them.
    client_key: Option<String>,
}

/// Which token not to mint.
#[derive(InputObject)]
pub(crate) struct MintCancelInput {
    /// One that you have asked for.
    id: ID,
}

/// Which tokens not to mint.
#[derive(InputObject)]
pub(crate) struct MintBatchCancelInput {
    /// A batch that you have asked for.
    id: ID,
}

/// The outcome of mintRequest.
#[derive(SimpleObject)]
pub(crate) struct MintRequestPayload {
    /// What you have asked for; null if nothing was.
    mint: Option<Mint>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

/// The outcome of mintBatchRequest.
#[derive(SimpleObject)]
pub(crate) struct MintBatchRequestPayload {
    /// What you have asked for; null if nothing was.
    batch: Option<MintBatch>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

/// The outcome of mintCancel.
#[derive(SimpleObject)]
pub(crate) struct MintCancelPayload {
    /// It as it is now; null if nothing was cancelled.
    mint: Option<Mint>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

/// The outcome of mintBatchCancel.
#[derive(SimpleObject)]
pub(crate) struct MintBatchCancelPayload {
    /// The batch as it is now; null if nothing was cancelled.
    batch: Option<MintBatch>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

fn draft(collection: &ID, uris: Vec<String>, wallet: Option<&ID>, key: Option<String>) -> domain::Result<Draft> {
    let collection_id: CollectionId = id::parse("collection_id", collection)?;
    let wallet_id: Option<WalletId> = id::parse_optional("wallet_id", wallet)?;
    Ok(Draft { collection_id, metadata_uris: uris, together: false, wallet_id, client_key: key })
}

#[derive(Default)]
pub(crate) struct MintMutation;

#[Object]
impl MintMutation {
    /// Asks for a token. It is queued, minted beside requests, and then shows in its collection: `mintProgress` tells. Up to 500 may be
    /// queued at a time. Guests ask for none.
    async fn mint_request(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to ask for.")] input: MintRequestInput,
    ) -> Result<MintRequestPayload> {
        let (scope, who) = (Scope::fresh(ctx), viewer(ctx));
        let outcome = async {
            who.require()?;
            let MintRequestInput { collection_id, metadata_uri, wallet_id, client_key } = input;
            let draft = draft(&collection_id, vec![metadata_uri], wallet_id.as_ref(), client_key)?;
            mint::request(scope.app(), who, draft).await
        };
        let (requested, errors) = settle(outcome.await)?;
        let mint = requested.and_then(|Requested { mints, .. }| Mint::listed(&scope, mints).pop());
        Ok(MintRequestPayload { mint, errors })
    }

    /// Asks for up to 100 tokens of a collection at once: all of them, or none.
    async fn mint_batch_request(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to ask for.")] input: MintBatchRequestInput,
    ) -> Result<MintBatchRequestPayload> {
        let (scope, who) = (Scope::fresh(ctx), viewer(ctx));
        let outcome = async {
            who.require()?;
            let MintBatchRequestInput { collection_id, metadata_uris, wallet_id, client_key } = input;
            let draft = draft(&collection_id, metadata_uris, wallet_id.as_ref(), client_key)?;
            let Requested { batch_id, .. } = mint::request(scope.app(), who, Draft { together: true, ..draft }).await?;
            match batch_id {
                Some(id) => mint::batch(scope.app(), who, id).await,
                None => Ok(None),
            }
        };
        let (progress, errors) = settle(outcome.await)?;
        let batch = progress.flatten().map(|progress| MintBatch { scope, progress });
        Ok(MintBatchRequestPayload { batch, errors })
    }

    /// Takes back a token that you have asked for, if it is still queued; CONFLICT once it was begun.
    async fn mint_cancel(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: MintCancelInput,
    ) -> Result<MintCancelPayload> {
        let (scope, who) = (Scope::fresh(ctx), viewer(ctx));
        let outcome = async {
            who.require()?;
            mint::cancel(scope.app(), who, id::parse("id", &input.id)?).await
        };
        let (row, errors) = settle(outcome.await)?;
        Ok(MintCancelPayload { mint: row.map(|row| Mint::alone(&scope, row)), errors })
    }

    /// Takes back what is still queued of a batch that you have asked for; what was begun comes to its end.
    async fn mint_batch_cancel(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which batch.")] input: MintBatchCancelInput,
    ) -> Result<MintBatchCancelPayload> {
        let (scope, who) = (Scope::fresh(ctx), viewer(ctx));
        let outcome = async {
            who.require()?;
            mint::cancel_batch(scope.app(), who, id::parse("id", &input.id)?).await
        };
        let (progress, errors) = settle(outcome.await)?;
        Ok(MintBatchCancelPayload { batch: progress.map(|progress| MintBatch { scope, progress }), errors })
    }
}
