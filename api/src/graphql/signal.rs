//! Typing, presence, and answers that are being written.

use async_graphql::{Context, ID, InputObject, Interface, Object, Result, SimpleObject, Subscription};
use domain::infra::bus::{self, SignalKind};
use domain::signal;
use entity::assistant_answer::Status;
use entity::id::MessageId;
use futures_util::{Stream, StreamExt};

use super::assistant::AssistantAnswerStatus;
use super::budget::Budget;
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
    Writing(AnswerWriting),
    Changed(AnswerChanged),
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
        matches!(self.1.kind, SignalKind::Online(_))
    }

    /// When they were last here, on any of their devices. Null while they are.
    async fn last_seen_at(&self) -> Option<DateTime> {
        matches!(self.1.kind, SignalKind::Offline(_)).then(|| self.1.at.into())
    }
}

/// The assistant is writing an answer: show what it has so far in the place of what was shown before. Once `AnswerChanged` says that it
/// is there, it is a message like any other, and what was shown here goes.
pub(crate) struct AnswerWriting {
    scope: Scope,
    signal: bus::Signal,
    question: MessageId,
    text: String,
}

/// The assistant is writing an answer: show what it has so far in the place of what was shown before. Once `AnswerChanged` says that it
/// is there, it is a message like any other, and what was shown here goes.
#[Object]
impl AnswerWriting {
    /// When.
    async fn at(&self) -> DateTime {
        self.signal.at.into()
    }

    /// Who writes: the assistant.
    async fn user(&self) -> Required<User> {
        Required::of(async { User::require(&self.scope, self.signal.user_id).await }).await
    }

    /// The id of the message that it answers.
    async fn question_id(&self) -> ID {
        self.question.to_string().into()
    }

    /// The answer as far as it has come, from its beginning.
    async fn text(&self, ctx: &Context<'_>) -> Required<&str> {
        Required::of(async {
            Budget::spend(ctx, self.text.len())?;
            Ok(self.text.as_str())
        })
        .await
    }
}

/// An answer of the assistant's has come further, or has failed: the message's `assistantAnswer` has it all.
pub(crate) struct AnswerChanged {
    signal: bus::Signal,
    question: MessageId,
    status: Status,
}

/// An answer of the assistant's has come further, or has failed: the message's `assistantAnswer` has it all.
#[Object]
impl AnswerChanged {
    /// When.
    async fn at(&self) -> DateTime {
        self.signal.at.into()
    }

    /// The id of the message that it answers.
    async fn question_id(&self) -> ID {
        self.question.to_string().into()
    }

    /// How far it has come.
    async fn status(&self) -> AssistantAnswerStatus {
        self.status.into()
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
    /// Typing, presence, and answers of the assistant as they are written, in a thread: lossy, never stored. While it is open you are present;
    /// who else is comes first. Somebody is online from their first device to their last, wherever those are; that they are gone is told
    /// some seconds later, so that whoever connects anew has not been gone.
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
            let shown = signal.map(|signal| match signal.kind.clone() {
                SignalKind::Typing => ThreadSignal::Typing(Typing(scope, signal)),
                SignalKind::Writes(question, text) => {
                    ThreadSignal::Writing(AnswerWriting { scope, signal, question, text })
                }
                SignalKind::Answer(question, status) => {
                    ThreadSignal::Changed(AnswerChanged { signal, question, status })
                }
                _ => ThreadSignal::Presence(Presence(scope, signal)),
            });
            shown.map_err(fault)
        }))
    }
}
