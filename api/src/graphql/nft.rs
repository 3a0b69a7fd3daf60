//! Tokens that were minted.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};
use domain::nft::{Key, Model};
use domain::page::{Page, Window};
use entity::id::{CollectionId, NftId, UserId};

use super::budget::Budget;
use super::collection::NftCollection;
use super::cursor::{Args, ITEMS, List};
use super::fault;
use super::loader::{NftsIn, NftsOf};
use super::nullable::{Nullable, Required};
use super::page::connection;
use super::scalar::DateTime;
use super::scope::{Scope, Shown, Shows, viewer};
use super::user::User;

/// A token of a collection.
#[derive(Clone)]
pub(crate) struct Nft {
    scope: Scope,
    row: Arc<Model>,
}

connection!(NftConnection, NftEdge, Nft, "tokens");

impl Nft {
    /// Tokens that are shown together.
    pub(crate) fn listed(scope: &Scope, rows: Vec<Arc<Model>>) -> Vec<Self> {
        let mut shown = Shown::default();
        rows.iter().for_each(|row| row.show(&mut shown));
        let scope = scope.showing(shown);
        rows.into_iter().map(|row| Self { scope: scope.clone(), row }).collect()
    }

    /// Loads a token; null if it is gone.
    pub(crate) async fn load(scope: &Scope, id: NftId) -> Result<Option<Self>> {
        let (row, scope) = scope.load(id, |shown| shown.nfts.clone()).await?;
        Ok(row.map(|row| Self { scope, row }))
    }
}

impl NftConnection {
    fn listed(page: Option<Page<Arc<Model>>>, scope: &Scope) -> Self {
        let page = page.unwrap_or_else(Page::empty);
        let cursor = |row: &Model| List::Nfts.cursor(&row.id.to_string());
        Self::of(page.map(|row| (cursor(&row), Nft { scope: scope.clone(), row })))
    }

    fn window(args: Args) -> Result<Window<Key>> {
        List::Nfts.window(args, ITEMS).map_err(fault)
    }

    /// Those of a collection, together with those of the collections that are shown with it.
    pub(crate) async fn of_collection(scope: &Scope, id: CollectionId, args: Args) -> Result<Self> {
        let window = Self::window(args)?;
        let all = |shown: &Shown| shown.collections.iter().map(|id| NftsIn(*id, window.clone())).collect();
        let (page, scope) = scope.load(NftsIn(id, window.clone()), all).await?;
        Ok(Self::listed(page, &scope))
    }

    /// Somebody's, together with those of who is shown with them.
    pub(crate) async fn of_user(scope: &Scope, id: UserId, args: Args) -> Result<Self> {
        let window = Self::window(args)?;
        let all = |shown: &Shown| shown.users.iter().map(|id| NftsOf(*id, window.clone())).collect();
        let (page, scope) = scope.load(NftsOf(id, window.clone()), all).await?;
        Ok(Self::listed(page, &scope))
    }
}

/// A token of a collection. Everybody sees it, and whose it is.
#[Object]
impl Nft {
    /// The token's id in this API: `nft_…`.
    pub(crate) async fn id(&self) -> ID {
        self.row.id.to_string().into()
    }

    /// Its number in the collection, in decimal digits: as many as a 256-bit number may have.
    async fn token_id(&self) -> &str {
        &self.row.token_id
    }

    /// What it belongs to.
    async fn collection(&self) -> Required<NftCollection> {
        Required::of(NftCollection::require(&self.scope, self.row.collection_id)).await
    }

    /// Whose it is; null once their account is gone.
    async fn owner(&self) -> Nullable<User> {
        Nullable::of(async {
            match self.row.owner_user_id {
                Some(user_id) => User::load(&self.scope, user_id).await,
                None => Ok(None),
            }
        })
        .await
    }

    /// The wallet that it was minted to, with the checksum of EIP-55. Only its owner sees it, so that nobody learns which wallet is
    /// whose; null for everybody else, and for what was minted to no wallet. Not for API keys.
    async fn owner_address(&self, ctx: &Context<'_>) -> Option<&str> {
        let own = viewer(ctx).require_session().ok().map(|(user_id, _)| user_id);
        self.row.owner_address.as_deref().filter(|_| own.is_some() && own == self.row.owner_user_id)
    }

    /// Where its metadata is: an address that begins with https, http, ipfs or ar. This server does not fetch it.
    async fn metadata_uri(&self, ctx: &Context<'_>) -> Required<&str> {
        Required::of(async {
            Budget::spend(ctx, self.row.metadata_uri.len())?;
            Ok(self.row.metadata_uri.as_str())
        })
        .await
    }

    /// Whether it is on a chain that others can look at. False: its number was given by this server, in its database.
    async fn on_chain(&self, ctx: &Context<'_>) -> bool {
        Scope::of(ctx).app().chain().is_public()
    }

    /// The hash of the transaction that minted it: of the chain, or of this server's ledger.
    async fn transaction_hash(&self) -> &str {
        &self.row.transaction_hash
    }

    /// When it was minted.
    async fn minted_at(&self) -> DateTime {
        self.row.minted_at.into()
    }
}
