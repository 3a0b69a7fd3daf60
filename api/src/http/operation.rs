//! One operation, whatever transport it came by: let in or refused, then run, with its name in the log and in the metrics.

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_graphql::{Pos, Request, Response as Answer, ServerError, Value, value};
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use domain::access::Viewer;
use domain::limit::{self, Class};
use domain::session::Client;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt};
use metrics::{counter, histogram};
use serde::Deserialize;
use tokio::time::timeout;
use tracing::Instrument;

use super::answer::{self, is_request_error};
use super::room::Reserved;
use super::{Edge, metrics as measures};
use crate::graphql::{
    Asked, Budget, Kind, Operation, Progress, RequestId, Scope, Witness, charges, clipped, fault_of, leave_out_told,
    permit, within_request,
};
use crate::open::{Counted, Open};

/// A request.
#[derive(Debug, Deserialize)]
#[serde(try_from = "Written")]
pub(super) struct Parameters {
    asked: Asked,
    operation_name: Option<String>,
    variables: Option<Object>,
}

type Object = serde_json::Map<String, serde_json::Value>;

/// A request as clients write it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Written {
    pub(super) query: Option<String>,
    pub(super) operation_name: Option<String>,
    pub(super) variables: Option<Object>,
    pub(super) extensions: Option<Object>,
}

impl TryFrom<Written> for Parameters {
    /// What is wrong with it.
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let Written { query, operation_name, variables, extensions } = written;
        Ok(Self { asked: Asked::of(query, extensions.as_ref())?, operation_name, variables })
    }
}

/// Who asks, and from where.
#[derive(Clone)]
pub(super) struct Caller {
    pub(super) viewer: Viewer,
    pub(super) client: Client,
}

impl Caller {
    fn address(&self) -> Option<IpAddr> {
        self.client.ip_address
    }
}

/// An operation that is let in. It is handed on from task to task, so it is kept in a box.
pub(super) struct Admitted {
    pub(super) kind: Kind,
    pub(super) id: RequestId,
    operation: Operation,
    caller: Caller,
    resume: Option<String>,
    span: tracing::Span,
}

/// An operation that is about to be executed.
struct Begun {
    request: Request,
    name: Option<Arc<str>>,
    cost: u64,
    progress: Arc<Progress>,
    budget: Arc<Budget>,
}

impl Begun {
    /// Gives resolvers what they need: who asks, from where, and loaders of their own.
    fn of(
        edge: &Edge,
        operation: Operation,
        caller: Caller,
        resume: Option<String>,
        witness: Option<Arc<Witness>>,
    ) -> Self {
        let (name, cost, kind) = (operation.name.clone(), operation.cost, operation.kind);
        let progress = Arc::new(Progress::new(resume));
        let budget = Arc::new(Budget::new(edge.limits.answer));
        let request = operation
            .into_request()
            .data(caller.viewer)
            .data(caller.client)
            .data(progress.clone())
            .data(budget.clone());
        // What a stream shows has a scope for each line: one for all of it would remember what was so when it began.
        let request = match kind {
            Kind::Subscription => request,
            Kind::Query | Kind::Mutation => request.data(Scope::witnessed(edge.app.clone(), witness)),
        };
        Self { request, name, cost, progress, budget }
    }
}

/// A request of which nothing was executed.
pub(super) struct Refusal {
    pub(super) id: RequestId,
    pub(super) errors: Vec<ServerError>,
    /// The status for a transport that has one; by the media type if there is none.
    pub(super) status: Option<StatusCode>,
    pub(super) retry_after: Option<Duration>,
}

impl Refusal {
    /// A refusal of ours, with a code and a sentence.
    pub(super) fn of(id: RequestId, error: domain::Error) -> Self {
        let (status, retry_after) = match &error {
            domain::Error::RateLimited { retry_after } => (Some(StatusCode::TOO_MANY_REQUESTS), Some(*retry_after)),
            domain::Error::Unauthenticated(_) => (Some(StatusCode::UNAUTHORIZED), None),
            // What speaks for the account has no right to it, whatever else the request holds.
            domain::Error::Refused(_) => (Some(StatusCode::FORBIDDEN), None),
            domain::Error::Unavailable { retry_after, .. } => {
                (Some(StatusCode::SERVICE_UNAVAILABLE), Some(*retry_after))
            }
            domain::Error::Internal(_) => (Some(StatusCode::INTERNAL_SERVER_ERROR), None),
            _ => (None, None),
        };
        let errors = vec![unplaced(fault_of(&id, error))];
        Self::signed(id, errors, status, retry_after)
    }

    fn signed(
        id: RequestId,
        mut errors: Vec<ServerError>,
        status: Option<StatusCode>,
        retry_after: Option<Duration>,
    ) -> Self {
        let code = errors.first().map_or("INVALID", |error| measures::code(error));
        counter!("linnet_refusals_total", "reason" => code).increment(1);
        sign(&mut errors, &id);
        Self { id, errors, status, retry_after }
    }

    /// As an answer without data.
    pub(super) fn into_answer(self) -> Answer {
        Answer::from_errors(self.errors)
    }
}

/// An error that stands nowhere in a document.
fn unplaced(error: async_graphql::Error) -> ServerError {
    let mut error = error.into_server_error(Pos::default());
    error.locations.clear();
    error
}

/// Puts the request's id into each of its errors, so that whoever sees one can name it.
fn sign(errors: &mut Vec<ServerError>, id: &RequestId) {
    leave_out_told(errors);
    for error in errors {
        let extensions = error.extensions.get_or_insert_with(Default::default);
        if extensions.get("code").is_none() {
            // Errors that the executor made itself concern the document.
            extensions.set("code", "INVALID");
        }
        extensions.set("requestId", id.0.as_str());
    }
}

/// Counts a request of an address, before anything of it is looked at: what is refused costs, too.
pub(super) fn charge_request(edge: &Edge, client: &Client) -> Result<(), Refusal> {
    limit::charge(&edge.app, &Viewer::anonymous(), client.ip_address, Class::Reads, 1)
        .map_err(|error| Refusal::of(new_request_id(edge), error))
}

/// Lets an operation in: it is valid, costs no more than is allowed, and does not come too often. `resume` is where a client
/// stands that comes back by a transport that remembers it.
pub(super) fn admit(
    edge: &Edge,
    caller: &Caller,
    parameters: Parameters,
    resume: Option<String>,
) -> Result<Box<Admitted>, Refusal> {
    let id = new_request_id(edge);
    let Parameters { asked, operation_name, variables } = parameters;
    let operation = edge
        .documents
        .operation(&asked, operation_name.as_deref(), variables)
        .map_err(|errors| Refusal::signed(id.clone(), errors, None, None))?;
    permit(&caller.viewer, &operation).map_err(|error| Refusal::of(id.clone(), error))?;
    for (class, count) in charges(&operation) {
        // The address has been charged for the request as a read.
        let address = caller.address().filter(|_| class != Class::Reads);
        limit::charge(&edge.app, &caller.viewer, address, class, count)
            .map_err(|error| Refusal::of(id.clone(), error))?;
    }
    let shown = clipped(operation.name.as_deref().unwrap_or_default());
    let user = caller.viewer.pseudonym().unwrap_or_default();
    let span = tracing::info_span!("operation", request_id = id.0, operation = shown, user);
    Ok(Box::new(Admitted { kind: operation.kind, id, operation, caller: caller.clone(), resume, span }))
}

/// A new name for a request.
pub(super) fn new_request_id(edge: &Edge) -> RequestId {
    let id: entity::id::TokenId = edge.app.clock.id();
    RequestId(id.to_string().replacen("tok_", "req_", 1))
}

/// How an operation ended that may have had many answers.
pub(super) enum Ended {
    Complete,
    /// Nothing could be executed, or the stream itself failed.
    Failed(Vec<ServerError>),
    /// Nobody is there any more.
    Unheard,
}

/// An answer as it is handed on.
pub(super) struct Answered {
    pub(super) written: answer::Written,
    /// Where its stream stands then.
    pub(super) cursor: Option<String>,
    /// What it takes of the node's memory; frames of a stream have the stream's.
    pub(super) room: Option<Reserved>,
}

/// Where answers go.
pub(super) trait Sink: Send {
    /// Sends an answer. False if nobody is there any more.
    fn send(&mut self, answer: Answered) -> impl Future<Output = bool> + Send;
}

/// A query or a mutation as it is answered, with the room that the answer has.
pub(super) struct Reply {
    pub(super) json: Bytes,
    pub(super) is_request_error: bool,
    pub(super) headers: HeaderMap,
    pub(super) room: Reserved,
}

/// As [`answer`], and as it is written. What was answered before is told again as long as it holds.
pub(super) async fn reply(edge: &Edge, admitted: Box<Admitted>) -> Result<Reply, Refusal> {
    let viewer = &admitted.caller.viewer;
    let question = admitted.operation.question(viewer).filter(|_| edge.recall.is_some());
    if let Some((question, recall)) = question.as_ref().zip(edge.recall.as_ref()) {
        let begun = Instant::now();
        let told = recall.tell(&edge.app, viewer, question).instrument(admitted.span.clone());
        if let Ok(Some(json)) = timeout(edge.limits.request, told).await
            && let Some(room) = edge.room.reserve(admitted.operation.cost, json.len()).await
        {
            finish(edge, admitted.kind, admitted.operation.name.clone(), "ok", begun, &admitted.span);
            return Ok(Reply { json, room, is_request_error: false, headers: HeaderMap::new() });
        }
    }
    let witness = question.is_some().then(Arc::<Witness>::default);
    let (mut answer, room) = self::answer(edge, admitted, witness.clone()).await?;
    let is_whole = answer.errors.is_empty() && answer.http_headers.is_empty();
    let (is_request_error, headers) = (is_request_error(&answer), std::mem::take(&mut answer.http_headers));
    let json = Bytes::from(answer::Written::of(answer).json());
    if let (Some(question), Some(witness), Some(recall), true) = (question, witness, &edge.recall, is_whole) {
        recall.keep(&edge.app, question, &witness, &json);
    }
    Ok(Reply { json, is_request_error, headers, room })
}

/// Runs a query or a mutation. Refused if there is no room for its answer, or a query took too long: then nobody knows how far it
/// came, and it has changed nothing. A mutation is never given up, since it may happen.
pub(super) async fn answer(
    edge: &Edge,
    admitted: Box<Admitted>,
    witness: Option<Arc<Witness>>,
) -> Result<(Answer, Reserved), Refusal> {
    let Admitted { kind, id, operation, caller, resume, span } = *admitted;
    let Begun { request, name, cost, .. } = Begun::of(edge, operation, caller, resume, witness);
    let begun = Instant::now();
    let Some(room) = edge.room.reserve(cost, edge.limits.answer).await else {
        return Err(Refusal::of(id, domain::Error::unavailable("no room for an answer")));
    };
    let work = within_request(id.clone(), edge.schema.execute(request));
    let work = async {
        // What a mutation waits for is bounded by itself: the database's statements and transactions have limits of their own.
        if kind == Kind::Mutation { Ok(work.await) } else { timeout(edge.limits.request, work).await }
    };
    let work = AssertUnwindSafe(work).catch_unwind();
    let done = match work.instrument(span.clone()).await {
        Ok(Ok(mut answer)) => {
            answer.extensions.insert("cost".to_owned(), edge.told_cost(cost));
            sign(&mut answer.errors, &id);
            Ok(answer)
        }
        Ok(Err(_)) => Err(domain::Error::unavailable("the request took too long")),
        Err(_) => Err(domain::Error::internal("an operation panicked")),
    };
    let done = done.map_err(|error| span.in_scope(|| Refusal::of(id, error)));
    let outcome = match &done {
        Ok(answer) => measures::outcome(&answer.errors),
        Err(refusal) => measures::outcome(&refusal.errors),
    };
    finish(edge, kind, name, outcome, begun, &span);
    done.map(|answer| (answer, room))
}

/// Counts an operation that was answered, and says so in the log.
fn finish(
    edge: &Edge,
    kind: Kind,
    name: Option<Arc<str>>,
    outcome: &'static str,
    begun: Instant,
    span: &tracing::Span,
) {
    count(edge, kind, name, outcome);
    histogram!("linnet_operation_seconds", "kind" => measures::kind(kind)).record(begun.elapsed());
    span.in_scope(|| tracing::debug!(outcome, took = ?begun.elapsed(), "answered"));
}

fn count(edge: &Edge, kind: Kind, name: Option<Arc<str>>, outcome: &'static str) {
    let (kind, shown) = (measures::kind(kind), edge.names.shown(name));
    counter!("linnet_operations_total", "operation" => shown, "kind" => kind, "outcome" => outcome).increment(1);
}

/// Runs an operation to its end, and sends each of its answers.
pub(super) async fn run(edge: &Edge, admitted: Box<Admitted>, sink: &mut impl Sink) -> Ended {
    // Boxed, each alone: what it takes to execute a query is large, and a stream would hold the room for it while it waits.
    if admitted.kind == Kind::Subscription {
        Box::pin(stream(edge, admitted, sink)).await
    } else {
        Box::pin(single(edge, admitted, sink)).await
    }
}

async fn single(edge: &Edge, admitted: Box<Admitted>, sink: &mut impl Sink) -> Ended {
    let (answer, room) = match answer(edge, admitted, None).await {
        Ok(answered) => answered,
        Err(refusal) => return Ended::Failed(refusal.errors),
    };
    if is_request_error(&answer) {
        return Ended::Failed(answer.errors);
    }
    let answered = Answered { written: answer::Written::of(answer), cursor: None, room: Some(room) };
    if sink.send(answered).await { Ended::Complete } else { Ended::Unheard }
}

async fn stream(edge: &Edge, admitted: Box<Admitted>, sink: &mut impl Sink) -> Ended {
    let Admitted { kind, id, operation, caller, resume, span } = *admitted;
    let Begun { request, name, cost, progress, budget } = Begun::of(edge, operation, caller, resume, None);
    let _open = Counted::new(Open::Streams);
    let frames = Frames { answers: edge.schema.execute_stream(request), id: &id, progress: &progress, budget: &budget };
    // Boxed once more, or each layer around it would have room for it.
    let work = Box::pin(within_request(id.clone(), frames.send_all(edge, cost, sink)));
    let ended = AssertUnwindSafe(work).catch_unwind().instrument(span.clone()).await.unwrap_or_else(|_| {
        let refusal = span.in_scope(|| Refusal::of(id.clone(), domain::Error::internal("a stream panicked")));
        Ended::Failed(refusal.errors)
    });
    let outcome = match &ended {
        Ended::Complete => "ok",
        Ended::Failed(errors) => measures::outcome(errors),
        Ended::Unheard => "left",
    };
    count(edge, kind, name, outcome);
    ended
}

/// The answers of a subscription.
struct Frames<'a> {
    answers: BoxStream<'static, Answer>,
    id: &'a RequestId,
    progress: &'a Progress,
    budget: &'a Budget,
}

impl Frames<'_> {
    async fn send_all(mut self, edge: &Edge, cost: u64, sink: &mut impl Sink) -> Ended {
        let mut first = true;
        while let Some(mut answer) = self.answers.next().await {
            sign(&mut answer.errors, self.id);
            if answer.data == Value::Null && !answer.errors.is_empty() {
                return Ended::Failed(answer.errors);
            }
            if std::mem::take(&mut first) {
                answer.extensions.insert("cost".to_owned(), edge.told_cost(cost));
            }
            let noted = self.progress.take();
            self.budget.renew();
            let answered = Answered { written: answer::Written::of(answer), cursor: noted.cursor, room: None };
            if !sink.send(answered).await {
                return Ended::Unheard;
            }
            if let Some(written_at) = noted.live_since {
                let late = edge.app.clock.now() - written_at;
                histogram!("linnet_delivery_seconds").record(late.to_std().unwrap_or_default());
            }
        }
        Ended::Complete
    }
}

impl Edge {
    fn told_cost(&self, cost: u64) -> Value {
        value!({ "requested": cost, "limit": self.documents.largest_cost() })
    }
}
