//! People, and the profiles that they give themselves.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, MaybeUndefined, Object, OneofObject, Result, SimpleObject};
use domain::page::Page;
use domain::profile::{self, Changes};
use domain::user::{self, Listed, Public};
use domain::{Code, Refusal};
use entity::id::UserId;
use entity::user::UserKind as Kind;

use super::chirp::ChirpConnection;
use super::cursor::{Args, ITEMS, List};
use super::error::{UserError, settle};
use super::loader::BlockedBy;
use super::nft::NftConnection;
use super::nullable::{Nullable, Required};
use super::page::connection;
use super::scalar::{Cursor, DateTime};
use super::scope::{Scope, Shown, viewer};
use super::{fault, id};

/// The public face of an account.
#[derive(Clone)]
pub(crate) struct User {
    scope: Scope,
    user: Arc<Public>,
}

connection!(UserConnection, UserEdge, User, "accounts");

impl User {
    /// Loads an account; null once it is gone.
    pub(crate) async fn load(scope: &Scope, id: UserId) -> Result<Option<Self>> {
        let (user, scope) = scope.load(id, |shown| shown.users.clone()).await?;
        if let Some(witness) = scope.witness() {
            witness.saw(id, user.as_ref());
        }
        Ok(user.map(|user| Self { scope, user }))
    }

    /// Accounts that are shown together, whose public faces have been read.
    pub(crate) fn listed(scope: &Scope, users: impl IntoIterator<Item: Into<Arc<Public>>>) -> Vec<Self> {
        let users: Vec<Arc<Public>> = users.into_iter().map(Into::into).collect();
        let shown = Shown { users: users.iter().map(|user| user.id).collect(), ..Shown::default() };
        let scope = scope.showing(shown);
        users.into_iter().map(|user| Self { scope: scope.clone(), user }).collect()
    }

    /// Loads the account that a row of ours refers to. The row goes with the account, so a missing one is a passing state.
    pub(crate) async fn require(scope: &Scope, id: UserId) -> Result<Self> {
        let gone = || fault(domain::Error::unavailable("an account was deleted while it was shown"));
        Self::load(scope, id).await?.ok_or_else(gone)
    }
}

/// The public face of an account.
#[Object]
impl User {
    /// The account's id: `usr_…`.
    pub(crate) async fn id(&self) -> ID {
        self.user.id.to_string().into()
    }

    /// Its unique name, as its owner writes it; 1 to 50 of `A-Za-z0-9_-`.
    async fn username(&self) -> &str {
        &self.user.username
    }

    /// Who stands behind it.
    async fn kind(&self) -> UserKind {
        self.user.kind.into()
    }

    /// How they present themselves.
    async fn profile(&self) -> Profile {
        let user = &*self.user;
        Profile {
            display_name: user.display_name.clone(),
            first_name: user.first_name.clone(),
            last_name: user.last_name.clone(),
            avatar_url: user.avatar_url.clone(),
            bio: user.bio.clone(),
        }
    }

    /// When the account was made.
    async fn created_at(&self) -> DateTime {
        self.user.created_at.into()
    }

    /// What they have said to everybody, the newest first.
    async fn chirps(
        &self,
        #[graphql(desc = "How many from the beginning: 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor: what is older.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor: what is newer.")] before: Option<Cursor>,
    ) -> Required<ChirpConnection> {
        let args = Args { first, after, last, before };
        Required::of(ChirpConnection::of_user(&self.scope, self.user.id, args)).await
    }

    /// The tokens that were minted to them, the newest first.
    async fn nfts(
        &self,
        #[graphql(desc = "How many from the beginning: 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor: what is older.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor: what is newer.")] before: Option<Cursor>,
    ) -> Required<NftConnection> {
        let args = Args { first, after, last, before };
        Required::of(NftConnection::of_user(&self.scope, self.user.id, args)).await
    }

    /// Whether you have blocked this account. Whether it has blocked you is not told. False for the anonymous.
    async fn viewer_has_blocked(&self, ctx: &Context<'_>) -> Required<bool> {
        Required::of(async {
            let Some(own) = viewer(ctx).user_id() else { return Ok(false) };
            let all = |shown: &Shown| shown.users.iter().map(|id| BlockedBy(own, *id)).collect();
            let (blocked, _) = self.scope.load(BlockedBy(own, self.user.id), all).await?;
            Ok(blocked.unwrap_or_default())
        })
        .await
    }
}

/// Who stands behind an account.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UserKind {
    /// A person with a password.
    Human,
    /// A visitor with a name only.
    Guest,
    /// A program that answers.
    Assistant,
}

impl From<Kind> for UserKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Human => Self::Human,
            Kind::Guest => Self::Guest,
            Kind::Assistant => Self::Assistant,
        }
    }
}

/// How somebody presents themselves.
#[derive(SimpleObject)]
pub(crate) struct Profile {
    /// The name to show; the username where none was given.
    display_name: String,
    /// Their first name.
    first_name: Option<String>,
    /// Their last name.
    last_name: Option<String>,
    /// The address of a picture.
    avatar_url: Option<String>,
    /// A few words about themselves.
    bio: Option<String>,
}

/// Which account: by one or the other.
#[derive(OneofObject)]
pub(crate) enum UserBy {
    /// By its id.
    Id(ID),
    /// By its unique name, whatever the case.
    Username(String),
}

#[derive(Default)]
pub(crate) struct UserQuery;

#[Object]
impl UserQuery {
    /// One account; null if there is none.
    async fn user(&self, ctx: &Context<'_>, #[graphql(desc = "Which one.")] by: UserBy) -> Nullable<User> {
        Nullable::of(async {
            let scope = Scope::of(ctx);
            match by {
                UserBy::Id(id) => User::load(&scope, id::parse("by", &id).map_err(fault)?).await,
                UserBy::Username(username) => {
                    let found = user::by_username(scope.app(), &username).await.map_err(fault)?;
                    Ok(User::listed(&scope, found).pop())
                }
            }
        })
        .await
    }

    /// Accounts by username. With `search`, those whose username begins with it come first, then those whose display name
    /// does; neither case nor accents matter. Without accounts that are deactivated or suspended, and without those that you
    /// have blocked or that have blocked you. For the signed-in only.
    async fn users(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the name begins with.")] search: Option<String>,
        #[graphql(desc = "How many from the beginning: 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<Cursor>,
    ) -> Required<UserConnection> {
        Required::of(async {
            let scope = Scope::of(ctx);
            let window = List::Users.window(Args { first, after, last, before }, ITEMS).map_err(fault)?;
            let page = user::list(scope.app(), viewer(ctx), search.as_deref(), &window).await.map_err(fault)?;
            let users = User::listed(&scope, page.items.iter().map(|listed| listed.user.clone()));
            let cursor = |listed: &Listed| List::Users.cursor(&(listed.rank, &listed.search_key, &listed.username_key));
            let items = page.items.iter().map(cursor).zip(users).collect();
            Ok(UserConnection::of(Page { items, has_next: page.has_next, has_previous: page.has_previous }))
        })
        .await
    }
}

/// What to change about one's profile: a field that is left out stays as it is, one given as null is emptied.
#[derive(InputObject)]
pub(crate) struct ProfileUpdateInput {
    /// The name to show: 1 to 100 characters.
    display_name: MaybeUndefined<String>,
    /// At most 100 characters.
    first_name: MaybeUndefined<String>,
    /// At most 100 characters.
    last_name: MaybeUndefined<String>,
    /// An http or https address.
    avatar_url: MaybeUndefined<String>,
    /// At most 1,000 characters.
    bio: MaybeUndefined<String>,
}

/// The outcome of profileUpdate.
#[derive(SimpleObject)]
pub(crate) struct ProfileUpdatePayload {
    /// The account with its profile as it is now; null if nothing was changed.
    user: Option<User>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

/// A field that may be left out (nothing), or given as null (nothing within).
pub(crate) fn given<T>(field: MaybeUndefined<T>) -> Option<Option<T>> {
    match field {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(None),
        MaybeUndefined::Value(value) => Some(Some(value)),
    }
}

/// A field that may be left out, but not taken away.
pub(crate) fn kept<T>(field: &'static str, value: MaybeUndefined<T>) -> domain::Result<Option<T>> {
    match given(value) {
        None => Ok(None),
        Some(Some(value)) => Ok(Some(value)),
        Some(None) => Err(Refusal::new(Code::Blank, field, "It can't be taken away.").into()),
    }
}

#[derive(Default)]
pub(crate) struct ProfileMutation;

#[Object]
impl ProfileMutation {
    /// Changes your profile.
    async fn profile_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: ProfileUpdateInput,
    ) -> Result<ProfileUpdatePayload> {
        let (scope, viewer) = (Scope::fresh(ctx), viewer(ctx));
        let changes = Changes {
            display_name: given(input.display_name),
            first_name: given(input.first_name),
            last_name: given(input.last_name),
            avatar_url: given(input.avatar_url),
            bio: given(input.bio),
        };
        let (done, errors) = settle(profile::update(scope.app(), viewer, changes).await)?;
        let user = match (done, viewer.user_id()) {
            (Some(()), Some(id)) => User::load(&scope, id).await?,
            _ => None,
        };
        Ok(ProfileUpdatePayload { user, errors })
    }
}
