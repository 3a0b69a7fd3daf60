//! A client of one server.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use graphql_client::GraphQLQuery;
use hyper::body::Bytes;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::watch;

use crate::operations::types::{
    AccountCreateInput, AttachmentUploadCreateInput, MessageFields, MessageSendInput, SessionCreateGuestInput,
    SessionCreateInput, SessionFields, SessionRevokeInput, UserFields,
};
use crate::operations::{
    AttachmentUploadCreate, MessageSend, SignIn, SignInAsGuest, SignOut, SignUp, attachment_upload_create,
    message_send, sign_in, sign_in_as_guest, sign_out, sign_up,
};
use crate::pace::Attempts;
use crate::scalars::{Cursor, Id};
use crate::session::{OnTokens, Session, refresh};
use crate::stream::stream;
use crate::web::Web;
use crate::{Error, Pace, Tokens};

/// How often a query is asked that got no answer.
const ATTEMPTS: u32 = 3;
/// How long one attempt at a send waits for its answer.
const SEND: Duration = Duration::from_secs(10);
/// For how long a send is tried.
const PATIENCE: Duration = Duration::from_secs(60);

/// A client of one server, for one account at a time. Clones are the same client.
///
/// What was wrong with a mutation's input is in its payload's `errors`, and whatever else goes wrong is an [`Error`]; but for the
/// methods that stand for mutations, whose inputs are refused by [`Error::Refused`].
#[derive(Clone)]
pub struct Linnet {
    inner: Arc<Inner>,
}

/// How a client is made.
#[must_use]
pub struct Builder {
    url: String,
    tokens: Option<Tokens>,
    on_tokens: Option<OnTokens>,
    timeout: Duration,
    silence: Duration,
    pace: Pace,
}

/// A message that is on the server's disk.
#[derive(Clone, Debug, PartialEq)]
pub struct Sent {
    /// The message.
    pub message: MessageFields,
    /// Where the thread's log stands with it: once a stream is there, it has shown it.
    pub cursor: Option<Cursor>,
}

/// What the parts of a client share.
pub(crate) struct Inner {
    pub(crate) web: Web,
    pub(crate) session: Session,
    pub(crate) pace: Pace,
    pub(crate) silence: Duration,
    timeout: Duration,
    /// Ends all streams when it changes.
    pub(crate) end: watch::Sender<()>,
    /// Which sign-in this is: what one has asked is not asked again as another.
    era: AtomicU64,
}

impl Builder {
    /// Goes on with a session, or with an API key as `access` alone.
    pub fn tokens(mut self, tokens: Option<Tokens>) -> Self {
        self.tokens = tokens;
        self
    }

    /// Hears of new tokens, to keep them, and of `None` once the session has ended.
    pub fn on_tokens(mut self, on_tokens: impl Fn(Option<&Tokens>) + Send + Sync + 'static) -> Self {
        self.on_tokens = Some(Box::new(on_tokens));
        self
    }

    /// How long an answer may take: half a minute, unless you say so.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// After how long a silent socket is taken to be lost: 35 seconds, since the server says something every fifteen.
    pub fn silence(mut self, silence: Duration) -> Self {
        self.silence = silence;
        self
    }

    /// How long to wait before trying again what failed.
    pub fn pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// The client. Connects to nothing yet; fails if the address is none.
    pub fn build(self) -> Result<Linnet, Error> {
        let inner = Inner {
            web: Web::new(&self.url)?,
            session: Session::new(self.tokens, self.on_tokens),
            pace: self.pace,
            silence: self.silence,
            timeout: self.timeout,
            end: watch::Sender::default(),
            era: AtomicU64::new(0),
        };
        Ok(Linnet { inner: Arc::new(inner) })
    }
}

impl Linnet {
    /// A client of the server whose GraphQL is at this address: `https://chat.example.org/graphql`.
    pub fn new(url: &str) -> Result<Self, Error> {
        Self::builder(url).build()
    }

    /// The same with more to say.
    pub fn builder(url: &str) -> Builder {
        Builder {
            url: url.to_owned(),
            tokens: None,
            on_tokens: None,
            timeout: Duration::from_secs(30),
            silence: Duration::from_secs(35),
            pace: Pace::default(),
        }
    }

    // ── Who ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// What speaks for the account now; `None` if nobody is signed in.
    pub fn tokens(&self) -> Option<Tokens> {
        self.inner.session.tokens()
    }

    /// Signs in with a username or an email address, and a password.
    pub async fn sign_in(&self, input: SessionCreateInput) -> Result<UserFields, Error> {
        self.signed(self.inner.ask_as_nobody::<SignIn>(sign_in::Variables { input }).await?.session_create)
    }

    /// Comes as a visitor with a name only.
    pub async fn sign_in_as_guest(&self, input: SessionCreateGuestInput) -> Result<UserFields, Error> {
        let variables = sign_in_as_guest::Variables { input };
        self.signed(self.inner.ask_as_nobody::<SignInAsGuest>(variables).await?.session_create_guest)
    }

    /// Makes an account, and signs in to it.
    pub async fn sign_up(&self, input: AccountCreateInput) -> Result<UserFields, Error> {
        self.signed(self.inner.ask_as_nobody::<SignUp>(sign_up::Variables { input }).await?.account_create)
    }

    /// Signs out: all streams end, the tokens are forgotten, and the session ends. False if the server could not be told; the session
    /// then ends by itself in time.
    pub async fn sign_out(&self) -> bool {
        self.close();
        if self.tokens().is_none() {
            return true;
        }
        let _leaving = Leaving { inner: &self.inner, era: self.inner.begin_era() };
        let variables = sign_out::Variables { input: SessionRevokeInput::default() };
        let told = self.mutate_repeatably::<SignOut>(variables).await;
        told.map_or_else(|error| error.has_code("UNAUTHENTICATED"), |told| told.session_revoke.errors.is_empty())
    }

    /// Ends all streams that there are. The session goes on.
    pub fn close(&self) {
        self.inner.end.send_replace(());
    }

    fn signed(&self, payload: SessionFields) -> Result<UserFields, Error> {
        let (Some(access), refresh @ Some(_), Some(user)) = (payload.access_token, payload.refresh_token, payload.user)
        else {
            return Err(Error::refused(payload.errors));
        };
        self.inner.begin_era();
        self.inner.session.keep(Some(Tokens { access, refresh }));
        Ok(user)
    }

    // ── What ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Asks. Asked again by itself if no answer came, or if the server says to come again.
    pub async fn query<O: GraphQLQuery>(&self, variables: O::Variables) -> Result<O::ResponseData, Error> {
        self.inner.ask::<O>(variables, self.inner.timeout, Attempts::at_most(ATTEMPTS, self.inner.pace)).await
    }

    /// Changes something. What was wrong with the input is in the payload's `errors`.
    pub async fn mutate<O: GraphQLQuery>(&self, variables: O::Variables) -> Result<O::ResponseData, Error> {
        self.inner.ask::<O>(variables, self.inner.timeout, Attempts::at_most(1, self.inner.pace)).await
    }

    /// Changes something that it does no harm to change twice: it is sent again when no answer came, as queries are.
    pub async fn mutate_repeatably<O: GraphQLQuery>(&self, variables: O::Variables) -> Result<O::ResponseData, Error> {
        self.query::<O>(variables).await
    }

    /// Subscribes. Goes on by itself after every cut, from the frame that was taken last, so that each is given once and in order. Ends
    /// when the server says so, and fails with what does not pass. Nothing is asked before the first frame is.
    pub fn stream<O: GraphQLQuery>(&self, variables: O::Variables) -> BoxStream<'static, Result<O::ResponseData, Error>>
    where
        O::ResponseData: Send + 'static,
    {
        stream(Arc::clone(&self.inner), body::<O>(variables)).boxed()
    }

    /// Sends a message, once: under a key that is made here, it is sent again for a minute until an answer says that it is there, and the
    /// server takes it as the same. Give a `client_key` of your own to know the message by before that.
    pub async fn message_send(&self, mut input: MessageSendInput) -> Result<Sent, Error> {
        input.client_key.get_or_insert_with(new_client_key);
        let attempts = Attempts::within(PATIENCE, self.inner.pace);
        let payload =
            self.inner.ask::<MessageSend>(message_send::Variables { input }, SEND, attempts).await?.message_send;
        match payload.message {
            Some(message) => Ok(Sent { message, cursor: payload.cursor }),
            None => Err(Error::refused(payload.errors)),
        }
    }

    /// Puts a file there to be sent with a message, as its `upload_id`. The type is a media type, such as `image/png`.
    pub async fn upload(&self, name: &str, media_type: &str, content: impl Into<Bytes>) -> Result<Id, Error> {
        let content: Bytes = content.into();
        let input = AttachmentUploadCreateInput {
            name: name.to_owned(),
            type_: media_type.to_owned(),
            size: i64::try_from(content.len()).unwrap_or(i64::MAX),
            client_key: Some(new_client_key()),
        };
        let mut attempts = Attempts::within(PATIENCE, self.inner.pace);
        let variables = attachment_upload_create::Variables { input };
        let payload = self.mutate_repeatably::<AttachmentUploadCreate>(variables).await?.attachment_upload_create;
        let Some(upload) = payload.upload else { return Err(Error::refused(payload.errors)) };
        loop {
            let put = self.inner.web.put(&upload.method, &upload.url, content.clone(), self.inner.timeout);
            match put.await {
                Ok(()) => return Ok(upload.id),
                Err(error) => drop(attempts.next(error).await?),
            }
        }
    }
}

impl Inner {
    /// Asks as who is signed in, until there is an answer or no attempt is left.
    async fn ask<O: GraphQLQuery>(
        self: &Arc<Self>,
        variables: O::Variables,
        within: Duration,
        attempts: Attempts,
    ) -> Result<O::ResponseData, Error> {
        typed(self.answer(&body::<O>(variables)?, within, attempts).await?)
    }

    /// Asks once, and as nobody: whatever tokens are left of another session.
    pub(crate) async fn ask_as_nobody<O: GraphQLQuery>(
        &self,
        variables: O::Variables,
    ) -> Result<O::ResponseData, Error> {
        typed(self.web.ask(&body::<O>(variables)?, None, self.timeout).await?)
    }

    async fn answer(self: &Arc<Self>, body: &Value, within: Duration, mut attempts: Attempts) -> Result<Value, Error> {
        let era = self.era();
        loop {
            let error = match self.attempt(body, within, era).await {
                Ok(data) => return Ok(data),
                Err(error) => error,
            };
            let error = attempts.next(error).await?;
            // Somebody else would be asking.
            if self.era() != era {
                return Err(error);
            }
        }
    }

    fn era(&self) -> u64 {
        self.era.load(Ordering::SeqCst)
    }

    /// Begins a sign-in, or the time after one; gives which it is.
    fn begin_era(&self) -> u64 {
        self.era.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// Asks once, and once more with new tokens if those that there were are over, and nothing was done therefore.
    async fn attempt(self: &Arc<Self>, body: &Value, within: Duration, era: u64) -> Result<Value, Error> {
        let token = self.session.tokens().map(|tokens| tokens.access);
        let error = match self.web.ask(body, token.as_deref(), within).await {
            Err(Error::Told(told)) if told.code == "UNAUTHENTICATED" && told.data.is_none() => Error::Told(told),
            answer => return answer,
        };
        let Some(token) = token else { return Err(error) };
        match refresh(self, token).await? {
            Some(tokens) if self.era() == era => self.web.ask(body, Some(&tokens.access), within).await,
            _ => Err(error),
        }
    }
}

/// Forgets the tokens when a sign-out is over, or given up half way: but those of who has signed in meanwhile.
struct Leaving<'a> {
    inner: &'a Inner,
    era: u64,
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        if self.inner.era() == self.era {
            self.inner.session.keep(None);
        }
    }
}

/// What the server is asked with.
fn body<O: GraphQLQuery>(variables: O::Variables) -> Result<Value, Error> {
    serde_json::to_value(O::build_query(variables)).map_err(|error| Error::Protocol(error.to_string()))
}

/// What an answer says, in the types of its operation.
pub(crate) fn typed<T: DeserializeOwned>(data: Value) -> Result<T, Error> {
    serde_json::from_value(data)
        .map_err(|error| Error::Protocol(format!("What came is not as the schema says: {error}")))
}

/// A key that no other send has: for a message that is shown before it is sent.
pub fn new_client_key() -> String {
    format!("{:032x}", rand::random::<u128>())
}
