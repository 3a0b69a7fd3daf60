//! Typing and presence.

use async_graphql::{Context, ID, InputObject, Interface, Object, Result, SimpleObject, Subscription};
use domain::infra::bus::{self, SignalKind};
use domain::signal;
use futures_util::{Stream, StreamExt};

use super::error::{UserError, settle};
use super::nullable::Required;
use super::scalar::DateTime;
use super::scope::{Scope, viewer};
use super::user::User;
use super::{fault, id};

/// Something that members show each other in passing: lossy, never stored.
#[derive(Interface)]
#[graphql(field(name = "at", ty = "DateTime", desc = "When."))]
pub(crate) enum ThreadSignal {
    Typing(Typing),
    Presence(Presence),
}

/// Somebody is writing. Show it for a few seconds; it comes again while they go on.
pub(crate) struct Typing(Scope, bus::Signal);

/// Somebody is writing. Show it for a few seconds; it comes again while they go on.
#[Object]
impl Typing {
    /// When.
    async fn at(&self) -> DateTime {
        self.1.at.into()
    }

    /// Who.
    async fn user(&self) -> Required<User> {
        Required::of(async { User::require(&self.0, self.1.user_id).await }).await
    }
}

/// Somebody has come or gone.
pub(crate) struct Presence(Scope, bus::Signal);

/// Somebody has come or gone.
#[Object]
impl Presence {
    /// When.
    async fn at(&self) -> DateTime {
        self.1.at.into()
    }

    /// Who.
    async fn user(&self) -> Required<User> {
        Required::of(async { User::require(&self.0, self.1.user_id).await }).await
    }

    /// Whether they watch the thread now.
    async fn online(&self) -> bool {
        self.1.kind == SignalKind::Online
    }

    /// When they were last here. Null while they are.
    async fn last_seen_at(&self) -> Option<DateTime> {
        (self.1.kind == SignalKind::Offline).then(|| self.1.at.into())
    }
}

/// Where you are writing.
#[derive(InputObject)]
pub(crate) struct TypingSignalInput {
    /// In which thread.
    thread_id: ID,
}

/// The outcome of typingSignal.
#[derive(SimpleObject)]
pub(crate) struct TypingSignalPayload {
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

#[derive(Default)]
pub(crate) struct SignalMutation;

#[Object]
impl SignalMutation {
    /// Says that you are writing: send it every few seconds while you do.
    async fn typing_signal(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Where.")] input: TypingSignalInput,
    ) -> Result<TypingSignalPayload> {
        let (scope, viewer) = (Scope::fresh(ctx), viewer(ctx));
        let outcome = async {
            viewer.require()?;
            signal::typing(scope.app(), viewer, id::parse("thread_id", &input.thread_id)?).await
        };
        let (_, errors) = settle(outcome.await)?;
        Ok(TypingSignalPayload { errors })
    }
}

#[derive(Default)]
pub(crate) struct SignalSubscription;

#[Subscription]
impl SignalSubscription {
    /// Typing and presence in a thread: lossy, never stored. While it is open you are present; who else is comes first.
    async fn thread_signals(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Of which thread.")] thread_id: ID,
    ) -> Result<impl Stream<Item = Result<ThreadSignal>> + use<>> {
        let app = Scope::fresh(ctx).app().clone();
        let id = id::parse("thread_id", &thread_id).map_err(fault)?;
        let signals = signal::stream(app.clone(), viewer(ctx).clone(), id);
        Ok(signals.map(move |signal| {
            let scope = Scope::of_frame(app.clone());
            let shown = signal.map(|signal| match signal.kind {
                SignalKind::Typing => ThreadSignal::Typing(Typing(scope, signal)),
                _ => ThreadSignal::Presence(Presence(scope, signal)),
            });
            shown.map_err(fault)
        }))
    }
}
