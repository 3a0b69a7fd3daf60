//! Collections of tokens.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result, SimpleObject};
use domain::collection::{self, Changes, Draft, Model};
use domain::page::Page;
use entity::id::CollectionId;

use super::budget::Budget;
use super::cursor::{Args, ITEMS, List};
use super::error::{UserError, settle};
use super::nft::NftConnection;
use super::nullable::{Nullable, Required};
use super::page::connection;
use super::scalar::{Cursor, DateTime, int};
use super::scope::{Scope, Shown, Shows, viewer};
use super::user::{User, given, kept};
use super::{fault, id};

/// What tokens belong to.
#[derive(Clone)]
pub(crate) struct NftCollection {
    scope: Scope,
    row: Arc<Model>,
}

connection!(NftCollectionConnection, NftCollectionEdge, NftCollection, "collections");

impl NftCollection {
    /// Collections that are shown together.
    pub(crate) fn listed(scope: &Scope, rows: Vec<Arc<Model>>) -> Vec<Self> {
        let mut shown = Shown::default();
        rows.iter().for_each(|row| row.show(&mut shown));
        let scope = scope.showing(shown);
        rows.into_iter().map(|row| Self { scope: scope.clone(), row }).collect()
    }

    /// A collection that a row of ours refers to: it is there for as long as that is.
    pub(crate) async fn require(scope: &Scope, id: CollectionId) -> Result<Self> {
        let (row, scope) = scope.load(id, |shown| shown.collections.clone()).await?;
        let gone = || fault(domain::Error::unavailable("a collection went while it was shown"));
        Ok(Self { scope, row: row.ok_or_else(gone)? })
    }

    fn alone(scope: &Scope, row: Model) -> Self {
        let (row, mut shown) = (Arc::new(row), Shown::default());
        row.show(&mut shown);
        Self { scope: scope.showing(shown), row }
    }
}

/// What tokens belong to. Everybody sees it.
#[Object]
impl NftCollection {
    /// The collection's id: `col_…`.
    pub(crate) async fn id(&self) -> ID {
        self.row.id.to_string().into()
    }

    /// What it is called.
    async fn name(&self) -> &str {
        &self.row.name
    }

    /// A short form of that, of `A-Z0-9`.
    async fn symbol(&self) -> &str {
        &self.row.symbol
    }

    /// What it is about.
    async fn description(&self, ctx: &Context<'_>) -> Nullable<&str> {
        Nullable::of(async {
            let text = self.row.description.as_deref();
            Budget::spend(ctx, text.map_or(0, str::len))?;
            Ok(text)
        })
        .await
    }

    /// Who made it; null once their account is gone.
    async fn created_by(&self) -> Nullable<User> {
        Nullable::of(async {
            match self.row.created_by {
                Some(user_id) => User::load(&self.scope, user_id).await,
                None => Ok(None),
            }
        })
        .await
    }

    /// Whether others than who made it may mint into it.
    async fn is_open(&self) -> bool {
        self.row.is_open
    }

    /// How many tokens there may ever be; null for any number.
    async fn max_supply(&self) -> Option<i32> {
        self.row.max_supply.map(int)
    }

    /// How many tokens there are.
    async fn minted_count(&self) -> i32 {
        int(self.row.minted_count)
    }

    /// Whether its tokens are on a chain that others can look at. False: their numbers are given by this server, in its database.
    async fn on_chain(&self, ctx: &Context<'_>) -> bool {
        Scope::of(ctx).app().chain().is_public()
    }

    /// The address of its contract; null while it is on no chain.
    async fn contract_address(&self) -> Option<&str> {
        self.row.contract_address.as_deref()
    }

    /// The number of its chain (EIP-155); null while it is on none.
    async fn chain_id(&self) -> Option<i32> {
        self.row.chain_id.map(int)
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        self.row.created_at.into()
    }

    /// When its description, or who may mint into it, was last changed.
    async fn updated_at(&self) -> DateTime {
        self.row.updated_at.into()
    }

    /// Its tokens, the newest first.
    async fn nfts(
        &self,
        #[graphql(desc = "How many from the beginning: 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor: what is older.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor: what is newer.")] before: Option<Cursor>,
    ) -> Required<NftConnection> {
        let args = Args { first, after, last, before };
        Required::of(NftConnection::of_collection(&self.scope, self.row.id, args)).await
    }
}

impl NftCollectionConnection {
    fn listed(page: Page<Model>, scope: &Scope) -> Self {
        let Page { items, has_next, has_previous } = page;
        let cursors: Vec<Cursor> = items.iter().map(|row| List::Collections.cursor(&row.id.to_string())).collect();
        let nodes = NftCollection::listed(scope, items.into_iter().map(Arc::new).collect());
        Self::of(Page { items: cursors.into_iter().zip(nodes).collect(), has_next, has_previous })
    }
}

#[derive(Default)]
pub(crate) struct CollectionQuery;

#[Object]
impl CollectionQuery {
    /// Collections of tokens, the newest first. Everybody sees them. One of them alone is `node(id:)`.
    async fn nft_collections(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning: 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor: what is older.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor: what is newer.")] before: Option<Cursor>,
    ) -> Required<NftCollectionConnection> {
        Required::of(async {
            let scope = Scope::of(ctx);
            let window = List::Collections.window(Args { first, after, last, before }, ITEMS).map_err(fault)?;
            let page = collection::list(scope.app(), &window).await.map_err(fault)?;
            Ok(NftCollectionConnection::listed(page, &scope))
        })
        .await
    }
}

/// A collection to be made.
#[derive(InputObject)]
pub(crate) struct NftCollectionCreateInput {
    /// What it is called: 1 to 100 characters.
    name: String,
    /// A short form of that: 1 to 11 of `A-Z0-9`.
    symbol: String,
    /// What it is about: at most 1,000 characters.
    description: Option<String>,
    /// Whether others than you may mint into it.
    #[graphql(default)]
    is_open: bool,
    /// How many tokens there may ever be: 1 to 1,000,000,000; any number if left out. It can't be changed later.
    max_supply: Option<i32>,
}

/// What to change about a collection: a field that is left out stays as it is.
#[derive(InputObject)]
pub(crate) struct NftCollectionUpdateInput {
    /// One of your collections.
    id: ID,
    /// What it is about: at most 1,000 characters; null takes it away.
    description: MaybeUndefined<String>,
    /// Whether others than you may mint into it. What they have queued is minted in any case.
    is_open: MaybeUndefined<bool>,
}

/// The outcome of nftCollectionCreate.
#[derive(SimpleObject)]
pub(crate) struct NftCollectionCreatePayload {
    /// The collection; null if none was made.
    collection: Option<NftCollection>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

/// The outcome of nftCollectionUpdate.
#[derive(SimpleObject)]
pub(crate) struct NftCollectionUpdatePayload {
    /// The collection as it is now; null if nothing was changed.
    collection: Option<NftCollection>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

#[derive(Default)]
pub(crate) struct CollectionMutation;

#[Object]
impl CollectionMutation {
    /// Makes a collection, into which you may mint. Guests make none.
    async fn nft_collection_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to make.")] input: NftCollectionCreateInput,
    ) -> Result<NftCollectionCreatePayload> {
        let scope = Scope::fresh(ctx);
        let NftCollectionCreateInput { name, symbol, description, is_open, max_supply } = input;
        let draft = Draft { name, symbol, description, is_open, max_supply };
        let (row, errors) = settle(collection::create(scope.app(), viewer(ctx), draft).await)?;
        let collection = row.map(|row| NftCollection::alone(&scope, row));
        Ok(NftCollectionCreatePayload { collection, errors })
    }

    /// Changes what one of your collections is about, or who may mint into it. Its name, its symbol and how many tokens there may be
    /// stay: whoever has a token relies on them.
    async fn nft_collection_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which collection, and what to change.")] input: NftCollectionUpdateInput,
    ) -> Result<NftCollectionUpdatePayload> {
        let (scope, who) = (Scope::fresh(ctx), viewer(ctx));
        let outcome = async {
            who.require()?;
            let changes = Changes { description: given(input.description), is_open: kept("is_open", input.is_open)? };
            collection::update(scope.app(), who, id::parse("id", &input.id)?, changes).await
        };
        let (row, errors) = settle(outcome.await)?;
        let collection = row.map(|row| NftCollection::alone(&scope, row));
        Ok(NftCollectionUpdatePayload { collection, errors })
    }
}
