//! Tokens that the viewer has asked for, and what has become of that. What asks for them is in `mutation`.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, Result, Subscription};
use domain::mint::{self, MintStatus as Status, Model, Progress};
use domain::page::Page;
use entity::id::{BatchId, MintId};
use futures_util::{Stream, StreamExt};

use super::budget::Budget;
use super::collection::NftCollection;
use super::cursor::{Args, ITEMS, List};
use super::nft::Nft;
use super::nullable::{Nullable, Required};
use super::page::connection;
use super::scalar::{Cursor, DateTime, int};
use super::scope::{Scope, Shown, viewer};
use super::viewer::Own;
use super::{fault, id};

mod mutation;

pub(crate) use mutation::MintMutation;

/// A token that you have asked for.
#[derive(Clone)]
pub(crate) struct Mint {
    scope: Scope,
    row: Arc<Model>,
}

connection!(MintConnection, MintEdge, Mint, "mints");

/// What has become of a token that was asked for. May grow: treat an unknown value as SUBMITTED.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MintStatus {
    /// It waits for its turn, and can be cancelled.
    Queued,
    /// It was begun, and can't be cancelled any more.
    Submitted,
    /// It is there.
    Minted,
    /// It was given up: `lastError` says why. Nothing was minted.
    Failed,
    /// You cancelled it before its turn came.
    Cancelled,
}

impl From<Status> for MintStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Queued => Self::Queued,
            Status::Submitted => Self::Submitted,
            Status::Minted => Self::Minted,
            Status::Failed => Self::Failed,
            Status::Cancelled => Self::Cancelled,
        }
    }
}

impl Mint {
    /// What is shown together.
    fn listed(scope: &Scope, rows: Vec<Model>) -> Vec<Self> {
        let scope = scope.showing(shown(&rows));
        rows.into_iter().map(|row| Self { scope: scope.clone(), row: Arc::new(row) }).collect()
    }

    fn alone(scope: &Scope, row: Model) -> Self {
        Self { scope: scope.showing(shown(std::slice::from_ref(&row))), row: Arc::new(row) }
    }
}

/// What of them is loaded together.
fn shown(rows: &[Model]) -> Shown {
    Shown {
        collections: rows.iter().map(|row| row.collection_id).collect(),
        nfts: rows.iter().filter_map(|row| row.nft_id).collect(),
        ..Shown::default()
    }
}

/// A token that you have asked for, and what has become of that. Nobody else sees it.
#[Object]
impl Mint {
    /// Its id: `mnt_…`. For mintCancel, mintProgress and `viewer.mint`; `node` does not take it.
    async fn id(&self) -> ID {
        self.row.id.to_string().into()
    }

    /// What the token is to belong to.
    async fn collection(&self) -> Required<NftCollection> {
        Required::of(NftCollection::require(&self.scope, self.row.collection_id)).await
    }

    /// Where the token's metadata is.
    async fn metadata_uri(&self, ctx: &Context<'_>) -> Required<&str> {
        Required::of(async {
            Budget::spend(ctx, self.row.metadata_uri.len())?;
            Ok(self.row.metadata_uri.as_str())
        })
        .await
    }

    /// The wallet that the token is for, as it was when you asked; null if you had none.
    async fn wallet_address(&self) -> Option<&str> {
        self.row.wallet_address.as_deref()
    }

    /// How it stands.
    async fn status(&self) -> MintStatus {
        self.row.status.into()
    }

    /// How often it was begun.
    async fn attempts(&self) -> i32 {
        self.row.attempts
    }

    /// The hash of its transaction, once it was begun.
    async fn transaction_hash(&self) -> Option<&str> {
        self.row.transaction_hash.as_deref()
    }

    /// What went wrong last: a sentence for developers, in English.
    async fn last_error(&self) -> Option<&str> {
        self.row.last_error.as_deref()
    }

    /// The token, once it is there.
    async fn nft(&self) -> Nullable<Nft> {
        Nullable::of(async {
            match self.row.nft_id {
                Some(nft_id) => Nft::load(&self.scope, nft_id).await,
                None => Ok(None),
            }
        })
        .await
    }

    /// The batch that it was asked for with: `bat_…`. For `viewer.mintBatch`.
    async fn batch_id(&self) -> Option<ID> {
        self.row.batch_id.map(|id| id.to_string().into())
    }

    /// The key that it was asked for with.
    async fn client_key(&self) -> Option<&str> {
        self.row.client_key.as_deref()
    }

    /// When you asked for it.
    async fn created_at(&self) -> DateTime {
        self.row.created_at.into()
    }

    /// When its status last changed.
    async fn updated_at(&self) -> DateTime {
        self.row.updated_at.into()
    }
}

impl MintConnection {
    fn listed(page: Page<Model>, scope: &Scope) -> Self {
        let Page { items, has_next, has_previous } = page;
        let cursors: Vec<Cursor> = items.iter().map(|row| List::Mints.cursor(&row.id.to_string())).collect();
        let items = cursors.into_iter().zip(Mint::listed(scope, items)).collect();
        Self::of(Page { items, has_next, has_previous })
    }
}

/// Tokens that you have asked for together, and how far that has come.
pub(crate) struct MintBatch {
    scope: Scope,
    progress: Progress,
}

/// Tokens that you have asked for together, and how far that has come. Nobody else sees it.
#[Object]
impl MintBatch {
    /// Its id: `bat_…`. For mintBatchCancel, mintBatchProgress and `viewer.mintBatch`; `node` does not take it.
    async fn id(&self) -> ID {
        self.progress.id.to_string().into()
    }

    /// How many there are in all.
    async fn total(&self) -> i32 {
        int(self.progress.total())
    }

    /// How many have not come to an end yet.
    async fn pending(&self) -> i32 {
        int(self.progress.pending())
    }

    /// How many are there.
    async fn minted(&self) -> i32 {
        int(self.progress.minted)
    }

    /// How many were given up.
    async fn failed(&self) -> i32 {
        int(self.progress.failed)
    }

    /// How many you cancelled before their turn came.
    async fn cancelled(&self) -> i32 {
        int(self.progress.cancelled)
    }

    /// How much has come to an end, in percent; 100 only once nothing is pending.
    async fn progress(&self) -> i32 {
        let (total, pending) = (self.progress.total(), self.progress.pending());
        int(100 * (total - pending) / total.max(1))
    }

    /// The mints, the last one first.
    async fn mints(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning: 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<Cursor>,
    ) -> Required<MintConnection> {
        Required::of(async {
            let window = List::Mints.window(Args { first, after, last, before }, ITEMS).map_err(fault)?;
            let of = Some(self.progress.id);
            let page = mint::list(self.scope.app(), viewer(ctx), of, &window).await.map_err(fault)?;
            Ok(MintConnection::listed(page, &self.scope))
        })
        .await
    }
}

/// What the viewer has asked for.
pub(crate) struct OwnMints(pub(crate) Own);

#[Object]
impl OwnMints {
    /// The tokens that you have asked for, the newest first, whatever has become of them. Not for API keys.
    async fn mints(
        &self,
        #[graphql(desc = "How many from the beginning: 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor: what is older.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor: what is newer.")] before: Option<Cursor>,
    ) -> Required<MintConnection> {
        Required::of(async {
            let Own(who, scope) = &self.0;
            let window = List::Mints.window(Args { first, after, last, before }, ITEMS).map_err(fault)?;
            let page = mint::list(scope.app(), who, None, &window).await.map_err(fault)?;
            Ok(MintConnection::listed(page, scope))
        })
        .await
    }

    /// One token that you have asked for; null if there is none. Not for API keys.
    async fn mint(&self, #[graphql(desc = "Which one.")] id: ID) -> Nullable<Mint> {
        Nullable::of(async {
            let Own(who, scope) = &self.0;
            let id: MintId = id::parse("id", &id).map_err(fault)?;
            let row = mint::by_id(scope.app(), who, id).await.map_err(fault)?;
            Ok(row.map(|row| Mint::alone(scope, row)))
        })
        .await
    }

    /// Tokens that you have asked for together; null if there are none. Not for API keys.
    async fn mint_batch(&self, #[graphql(desc = "Which batch.")] id: ID) -> Nullable<MintBatch> {
        Nullable::of(async {
            let Own(who, scope) = &self.0;
            let id: BatchId = id::parse("id", &id).map_err(fault)?;
            let progress = mint::batch(scope.app(), who, id).await.map_err(fault)?;
            Ok(progress.map(|progress| MintBatch { scope: scope.clone(), progress }))
        })
        .await
    }
}

#[derive(Default)]
pub(crate) struct MintSubscription;

#[Subscription]
impl MintSubscription {
    /// A token that you have asked for as it stands now, and again whenever that has changed; ends when it is minted, given up or
    /// cancelled. Whoever comes back sees how it stands by then. Not for API keys.
    async fn mint_progress(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] id: ID,
    ) -> Result<impl Stream<Item = Result<Mint>> + use<>> {
        let app = Scope::fresh(ctx).app().clone();
        let id: MintId = id::parse("id", &id).map_err(fault)?;
        let states = mint::watch(app.clone(), viewer(ctx).clone(), id);
        Ok(states.map(move |row| Ok(Mint::alone(&Scope::of_frame(app.clone()), row.map_err(fault)?))))
    }

    /// Tokens that you have asked for together as they stand now, and again whenever that has changed, up to four times a second; ends
    /// when none of them is pending. Not for API keys.
    async fn mint_batch_progress(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which batch.")] id: ID,
    ) -> Result<impl Stream<Item = Result<MintBatch>> + use<>> {
        let app = Scope::fresh(ctx).app().clone();
        let id: BatchId = id::parse("id", &id).map_err(fault)?;
        let states = mint::watch_batch(app.clone(), viewer(ctx).clone(), id);
        Ok(states.map(move |progress| {
            let progress = progress.map_err(fault)?;
            Ok(MintBatch { scope: Scope::of_frame(app.clone()), progress })
        }))
    }
}
