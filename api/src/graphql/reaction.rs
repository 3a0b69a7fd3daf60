//! Reactions to messages.

use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::access::Reader;
use domain::page::bounded;
use domain::reaction::{self, Group};
use entity::id::MessageId;

use super::cursor::ITEMS;
use super::error::settle;
use super::loader::ReactedWith;
use super::message::ReactionPayload;
use super::nullable::Required;
use super::scalar::int;
use super::scope::{Scope, viewer};
use super::user::User;
use super::{fault, id};

/// All reactions to a message with one emoji.
pub(crate) struct ReactionGroup {
    pub(crate) scope: Scope,
    pub(crate) reader: Reader,
    pub(crate) message_id: MessageId,
    pub(crate) group: Group,
}

/// All reactions to a message with one emoji.
#[Object]
impl ReactionGroup {
    /// The emoji.
    async fn emoji(&self) -> &str {
        &self.group.emoji
    }

    /// How many people put it.
    async fn count(&self) -> i32 {
        int(self.group.count)
    }

    /// Whether you are one of them.
    async fn viewer_has_reacted(&self) -> bool {
        self.group.own
    }

    /// Who put it, the earliest first.
    async fn users(
        &self,
        #[graphql(desc = "How many: 1 to 100; 20 if left out.")] first: Option<i32>,
    ) -> Required<Vec<User>> {
        Required::of(async {
            let limit = bounded("first", first.unwrap_or(ITEMS)).map_err(fault)?;
            let key = ReactedWith {
                reader: self.reader.clone(),
                message_id: self.message_id,
                emoji: self.group.emoji.clone(),
                limit,
            };
            let (ids, scope) = self.scope.load(key, |_| Vec::new()).await?;
            let ids = ids.unwrap_or_default().into_iter();
            let users = futures_util::future::join_all(ids.map(|id| User::load(&scope, id))).await;
            users.into_iter().filter_map(Result::transpose).collect()
        })
        .await
    }
}

/// Which reaction.
#[derive(InputObject)]
pub(crate) struct ReactionInput {
    /// To which message.
    message_id: ID,
    /// One emoji, such as 👍.
    emoji: String,
}

#[derive(Default)]
pub(crate) struct ReactionMutation;

#[Object]
impl ReactionMutation {
    /// Puts an emoji to a message. Putting it twice does no harm.
    async fn reaction_add(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which, and to what.")] input: ReactionInput,
    ) -> Result<ReactionPayload> {
        let (scope, viewer) = (Scope::fresh(ctx), viewer(ctx));
        let outcome = async {
            viewer.require()?;
            reaction::add(scope.app(), viewer, id::parse("message_id", &input.message_id)?, input.emoji).await
        };
        let (changed, errors) = settle(outcome.await)?;
        Ok(ReactionPayload::of(scope, changed, errors))
    }

    /// Takes an emoji of yours back. Taking back what isn't there does no harm.
    async fn reaction_remove(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which, and from what.")] input: ReactionInput,
    ) -> Result<ReactionPayload> {
        let (scope, viewer) = (Scope::fresh(ctx), viewer(ctx));
        let outcome = async {
            viewer.require()?;
            reaction::remove(scope.app(), viewer, id::parse("message_id", &input.message_id)?, input.emoji).await
        };
        let (changed, errors) = settle(outcome.await)?;
        Ok(ReactionPayload::of(scope, changed, errors))
    }
}
