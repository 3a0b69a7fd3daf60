//! Whom the viewer has blocked.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use domain::block::{self, Blocked};
use domain::page::Page;
use entity::id::UserId;

use super::cursor::List;
use super::error::{UserError, settle};
use super::id;
use super::page::PageInfo;
use super::scalar::{Cursor, DateTime};
use super::scope::{Scope, viewer};
use super::user::User;

/// An account in the list of those that you have blocked.
#[derive(SimpleObject, Clone)]
pub(crate) struct BlockedUserEdge {
    /// Its place in the list.
    cursor: Cursor,
    /// The account.
    node: User,
    /// Since when you block it.
    blocked_at: DateTime,
}

/// A page of the list of accounts that you have blocked.
#[derive(SimpleObject)]
pub(crate) struct BlockedUserConnection {
    /// The accounts with their places, and since when each is blocked.
    edges: Vec<BlockedUserEdge>,
    /// The accounts alone.
    nodes: Vec<User>,
    /// Where this page lies in the list.
    page_info: PageInfo,
}

impl BlockedUserConnection {
    /// A page of the viewer's blocks.
    pub(crate) fn listed(page: Page<Blocked>, scope: &Scope) -> Self {
        let users = page.items.iter().map(|blocked| blocked.user.clone());
        let nodes = User::listed(scope, users);
        let edge = |(blocked, node): (&Blocked, &User)| BlockedUserEdge {
            cursor: List::Blocked.cursor(&blocked.key()),
            node: node.clone(),
            blocked_at: blocked.blocked_at.into(),
        };
        let edges: Vec<BlockedUserEdge> = page.items.iter().zip(&nodes).map(edge).collect();
        let page_info = PageInfo {
            has_next_page: page.has_next,
            has_previous_page: page.has_previous,
            start_cursor: edges.first().map(|edge| edge.cursor.clone()),
            end_cursor: edges.last().map(|edge| edge.cursor.clone()),
        };
        Self { edges, nodes, page_info }
    }
}

/// Whom to block.
#[derive(InputObject)]
pub(crate) struct UserBlockInput {
    /// Which account.
    id: ID,
}

/// Whom to block no longer.
#[derive(InputObject)]
pub(crate) struct UserUnblockInput {
    /// Which account.
    id: ID,
}

/// The outcome of userBlock.
#[derive(SimpleObject)]
pub(crate) struct UserBlockPayload {
    /// The account that is blocked; null if none was.
    user: Option<User>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

/// The outcome of userUnblock.
#[derive(SimpleObject)]
pub(crate) struct UserUnblockPayload {
    /// The account that is blocked no longer; null if there is none.
    user: Option<User>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

#[derive(Default)]
pub(crate) struct BlockMutation;

#[Object]
impl BlockMutation {
    /// Blocks an account; they are not told. No direct thread is made between you, and neither of you writes in the one that
    /// there is (`canSend` is false) nor sees there whether the other is online or typing. Neither adds the other to a group
    /// or a room, and neither finds the other in `users`. Rooms and groups that you are both in stay as they are. Blocking
    /// twice does no harm.
    async fn user_block(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whom.")] input: UserBlockInput,
    ) -> Result<UserBlockPayload> {
        let (user, errors) = change(ctx, &input.id, true).await?;
        Ok(UserBlockPayload { user, errors })
    }

    /// Lifts a block. If they have blocked you, too, that stays. No harm if there is none.
    async fn user_unblock(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whom.")] input: UserUnblockInput,
    ) -> Result<UserUnblockPayload> {
        let (user, errors) = change(ctx, &input.id, false).await?;
        Ok(UserUnblockPayload { user, errors })
    }
}

async fn change(ctx: &Context<'_>, id: &ID, blocks: bool) -> Result<(Option<User>, Vec<UserError>)> {
    let (scope, viewer) = (Scope::fresh(ctx), viewer(ctx));
    let outcome = async {
        viewer.require()?;
        let id: UserId = id::parse("id", id)?;
        if blocks {
            block::block(scope.app(), viewer, id).await?;
        } else {
            block::unblock(scope.app(), viewer, id).await?;
        }
        Ok(id)
    };
    let (id, errors) = settle(outcome.await)?;
    let user = match id {
        Some(id) => User::load(&scope, id).await?,
        None => None,
    };
    Ok((user, errors))
}
