//! `/graphql` over HTTP: JSON by POST; GET for queries, and for opening sockets. Either may ask for a stream of events.

use std::borrow::Cow;
use std::net::SocketAddr;

use axum::body::{Body, HttpBody};
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{ConnectInfo, Extension, Query, Request, State};
use axum::http::header::{ALLOW, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, Uri};
use axum::response::IntoResponse;
use http_body_util::BodyExt;
use serde::Deserialize;
use tokio::time::timeout;

use super::answer::{self, Media, rejected};
use super::listen::Place;
use super::operation::{self, Caller, Parameters, Refusal, admit, new_request_id};
use super::{Edge, events, identity, socket};
use crate::graphql::{Kind, RequestId, clipped};

/// Names a request in its answer, as its errors and the log do.
const REQUEST_ID: &str = "x-request-id";
/// Where an EventSource stands that comes back.
const LAST_EVENT_ID: &str = "last-event-id";

/// Why a request is refused before there is an operation to speak of: the status, the code, and a sentence.
pub(super) struct Rejected(StatusCode, &'static str, Cow<'static, str>);

impl IntoResponse for Rejected {
    fn into_response(self) -> Response<Body> {
        let Self(status, code, why) = self;
        rejected(status, code, &why)
    }
}

/// `POST /graphql`.
pub(super) async fn post(
    State(edge): State<Edge>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Extension(place): Extension<Place>,
    request: Request,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let asked = async {
        check_origin(&edge, &parts.headers)?;
        let media = Media::accepted(&parts.headers).ok_or_else(not_acceptable)?;
        check_content_type(&parts.headers)?;
        let body = read_body(&edge, body).await?;
        Ok::<_, Rejected>((media, read(&body)?))
    };
    match asked.await {
        Ok((media, parameters)) => execute(&edge, media, &parts.headers, peer, parameters, Method::Post, place).await,
        Err(rejected) => rejected.into_response(),
    }
}

fn not_acceptable() -> Rejected {
    let why = "Answers are application/graphql-response+json, application/json or text/event-stream.";
    Rejected(StatusCode::NOT_ACCEPTABLE, "INVALID", why.into())
}

/// Refuses what a page of another origin asks that may not.
pub(super) fn check_origin(edge: &Edge, headers: &HeaderMap) -> Result<(), Rejected> {
    if identity::may_ask(edge, headers) {
        return Ok(());
    }
    let why = "Pages of this origin may not ask here: see `allowed_origins`.";
    Err(Rejected(StatusCode::FORBIDDEN, "FORBIDDEN", why.into()))
}

/// A form or a plain text could be sent by any page without being asked (CSRF); JSON can't.
fn check_content_type(headers: &HeaderMap) -> Result<(), Rejected> {
    let value =
        headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default().to_ascii_lowercase();
    let mut parts = value.split(';').map(str::trim);
    let is_json = parts.next() == Some("application/json");
    let charset = parts.find_map(|part| part.strip_prefix("charset=")).map(|charset| charset.trim_matches('"'));
    if is_json && charset.is_none_or(|charset| matches!(charset, "utf-8" | "utf8")) {
        return Ok(());
    }
    let why = "Send JSON in UTF-8: `Content-Type: application/json`.";
    Err(Rejected(StatusCode::UNSUPPORTED_MEDIA_TYPE, "INVALID", why.into()))
}

async fn read_body(edge: &Edge, body: Body) -> Result<Vec<u8>, Rejected> {
    let most = edge.limits.body;
    let too_large = || {
        let why = format!("The body is larger than {most} bytes.");
        Err(Rejected(StatusCode::PAYLOAD_TOO_LARGE, "TOO_EXPENSIVE", why.into()))
    };
    // One that says how long it is is not waited for.
    if body.size_hint().lower() > most as u64 {
        return too_large();
    }
    match timeout(edge.limits.body_time, collect(edge, body)).await {
        Ok(Ok(bytes)) if bytes.len() > most => too_large(),
        Ok(outcome) => outcome,
        Err(_) => Err(Rejected(StatusCode::REQUEST_TIMEOUT, "INVALID", "The body did not come in time.".into())),
    }
}

/// Reads a body, and one frame more than it may have at the most. What has come of bodies that are not complete yet is bounded for
/// all clients together.
async fn collect(edge: &Edge, mut body: Body) -> Result<Vec<u8>, Rejected> {
    let mut bytes = Vec::new();
    let mut room = Vec::new();
    while let Some(frame) = body.frame().await {
        let broken = |_| Rejected(StatusCode::BAD_REQUEST, "INVALID", "The body could not be read.".into());
        let Ok(data) = frame.map_err(broken)?.into_data() else { continue };
        let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
        let why = "Too much is being sent: try again.";
        let busy = |_| Rejected(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", why.into());
        room.push(edge.bodies.try_acquire_many(length).map_err(busy)?);
        bytes.extend_from_slice(&data);
        if bytes.len() > edge.limits.body {
            break;
        }
    }
    Ok(bytes)
}

fn invalid(why: impl Into<Cow<'static, str>>) -> Rejected {
    Rejected(StatusCode::BAD_REQUEST, "INVALID", why.into())
}

fn read(body: &[u8]) -> Result<Parameters, Rejected> {
    let value: serde_json::Value = serde_json::from_slice(body).map_err(|_| invalid("The body is not JSON."))?;
    if value.is_array() {
        return Err(invalid("Batches are not accepted: send one request at a time."));
    }
    Parameters::deserialize(value)
        .map_err(|error| invalid(format!("The body is not a GraphQL request: {}.", clipped(&error.to_string()))))
}

/// The query string of `GET /graphql`; variables and extensions are JSON.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct QueryString {
    query: Option<String>,
    operation_name: Option<String>,
    variables: Option<String>,
    extensions: Option<String>,
}

/// `GET /graphql`: a query, or the opening of a socket.
pub(super) async fn get(
    State(edge): State<Edge>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Extension(place): Extension<Place>,
    headers: HeaderMap,
    uri: Uri,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response<Body> {
    if let Err(rejected) = check_origin(&edge, &headers) {
        return rejected.into_response();
    }
    if let Ok(upgrade) = upgrade {
        let client = identity::client(&edge, &headers, peer);
        return socket::open(edge, client, place, upgrade).into_response();
    }
    let Some(media) = Media::accepted(&headers) else { return not_acceptable().into_response() };
    match read_query(&uri) {
        Ok(parameters) => execute(&edge, media, &headers, peer, parameters, Method::Get, place).await,
        Err(rejected) => rejected.into_response(),
    }
}

fn read_query(uri: &Uri) -> Result<Parameters, Rejected> {
    let written = Query::<QueryString>::try_from_uri(uri);
    let Query(written) = written.map_err(|_| invalid("The query string is not one of a GraphQL request."))?;
    let object = |name: &str, text: Option<String>| {
        let text = text.filter(|text| !text.is_empty() && text != "null");
        let object = text.map(|text| serde_json::from_str(&text)).transpose();
        object.map_err(|_| invalid(format!("`{name}` is not a JSON object.")))
    };
    let (variables, extensions) = (object("variables", written.variables)?, object("extensions", written.extensions)?);
    let QueryString { query, operation_name, .. } = written;
    let written = operation::Written { query, operation_name, variables, extensions };
    written.try_into().map_err(|why| invalid(format!("The query string is not a GraphQL request: {why}.")))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Method {
    Get,
    Post,
}

async fn execute(
    edge: &Edge,
    media: Media,
    headers: &HeaderMap,
    peer: SocketAddr,
    parameters: Parameters,
    method: Method,
    place: Place,
) -> Response<Body> {
    let client = identity::client(edge, headers, peer);
    if let Err(refusal) = operation::charge_request(edge, &client) {
        return named(&refusal.id.clone(), answer::refused(media, refusal));
    }
    let viewer = match identity::viewer(edge, headers).await {
        Ok(viewer) => viewer,
        Err(error) => {
            let id = new_request_id(edge);
            return named(&id.clone(), answer::refused(media, Refusal::of(id, error)));
        }
    };
    let caller = Caller { viewer, client };
    let resume = headers.get(LAST_EVENT_ID).and_then(|value| value.to_str().ok()).filter(|id| !id.is_empty());
    let resume = resume.filter(|_| media == Media::Events).map(str::to_owned);
    let admitted = admit(edge, &caller, parameters, resume);
    if let Ok(operation) = &admitted
        && method == Method::Get
        && operation.kind == Kind::Mutation
    {
        return queries_only();
    }
    if media == Media::Events {
        return events::stream(edge, &caller, admitted, place);
    }
    match admitted {
        Ok(operation) if operation.kind == Kind::Subscription => no_stream(),
        Ok(operation) => {
            let id = operation.id.clone();
            let response = match operation::reply(edge, operation).await {
                Ok(reply) => answer::replied(media, reply),
                Err(refusal) => answer::refused(media, refusal),
            };
            named(&id, response)
        }
        Err(refusal) => named(&refusal.id.clone(), answer::refused(media, refusal)),
    }
}

fn queries_only() -> Response<Body> {
    let why = "Only queries can be asked for by GET: send mutations by POST.";
    let mut response = rejected(StatusCode::METHOD_NOT_ALLOWED, "INVALID", why);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    response
}

fn no_stream() -> Response<Body> {
    let why = "A subscription needs a socket (graphql-transport-ws), or `Accept: text/event-stream`.";
    rejected(StatusCode::NOT_ACCEPTABLE, "INVALID", why)
}

fn named(id: &RequestId, mut response: Response<Body>) -> Response<Body> {
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}
