//! `/graphql` over HTTP: JSON by POST; GET for queries, and for opening sockets.

use std::net::SocketAddr;

use async_graphql::parser::types::{DocumentOperations, OperationType};
use async_graphql::{Request, Variables};
use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{ConnectInfo, Query, State};
use axum::http::header::{ALLOW, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use domain::access::Viewer;
use domain::session::Client;
use serde::Deserialize;

use super::answer::{self, Media, refused};
use super::{Edge, guard, identity, socket};
use crate::graphql::{RequestId, Scope, within_request};

/// A request as clients write it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Parameters {
    query: String,
    #[serde(default)]
    operation_name: Option<String>,
    #[serde(default)]
    variables: Option<serde_json::Map<String, serde_json::Value>>,
}

impl Parameters {
    /// The request for the executor, once its document has passed the guard.
    pub(super) fn into_request(self) -> Result<Request, guard::Refused> {
        guard::check(&self.query)?;
        let mut request = Request::new(self.query);
        if let Some(variables) = self.variables {
            request = request.variables(Variables::from_json(variables.into()));
        }
        if let Some(name) = self.operation_name {
            request = request.operation_name(name);
        }
        Ok(request)
    }
}

/// Gives a request what its resolvers need: who asks, from where, and loaders of its own.
pub(super) fn equip(edge: &Edge, request: Request, viewer: Viewer, client: Client) -> Request {
    request.data(viewer).data(client).data(Scope::new(edge.app.clone()))
}

/// A new name for a request.
pub(super) fn new_request_id(edge: &Edge) -> RequestId {
    let id: entity::id::TokenId = edge.app.clock.id();
    RequestId(id.to_string().replacen("tok_", "req_", 1))
}

/// `POST /graphql`.
pub(super) async fn post(
    State(edge): State<Edge>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response<Body> {
    let Some(media) = Media::accepted(&headers) else { return not_acceptable() };
    if !is_json(&headers) {
        let why = "Send JSON: `Content-Type: application/json`.";
        return refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, "INVALID", why);
    }
    let body = match body {
        Ok(body) => body,
        Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            return refused(StatusCode::PAYLOAD_TOO_LARGE, "INVALID", "The body is larger than 1 MiB.");
        }
        Err(_) => return refused(StatusCode::BAD_REQUEST, "INVALID", "The body could not be read."),
    };
    let parameters = match read(&body) {
        Ok(parameters) => parameters,
        Err(why) => return refused(StatusCode::BAD_REQUEST, "INVALID", &why),
    };
    execute(&edge, media, &headers, address, parameters, false).await
}

fn not_acceptable() -> Response<Body> {
    let why = "Answers are application/graphql-response+json or application/json.";
    refused(StatusCode::NOT_ACCEPTABLE, "INVALID", why)
}

/// A form or a plain text could be sent by any page without being asked (CSRF); JSON can't.
fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

fn read(body: &[u8]) -> Result<Parameters, String> {
    let value: serde_json::Value = serde_json::from_slice(body).map_err(|_| "The body is not JSON.".to_owned())?;
    if value.is_array() {
        return Err("Batches are not accepted: send one request at a time.".to_owned());
    }
    Parameters::deserialize(value).map_err(|error| format!("The body is not a GraphQL request: {error}."))
}

/// The query string of `GET /graphql`; variables are JSON.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GetParameters {
    query: Option<String>,
    operation_name: Option<String>,
    variables: Option<String>,
}

/// `GET /graphql`: a query, or the opening of a socket.
pub(super) async fn get(
    State(edge): State<Edge>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Query(given): Query<GetParameters>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response<Body> {
    if let Ok(upgrade) = upgrade {
        if !identity::may_connect(&edge, &headers) {
            return refused(StatusCode::FORBIDDEN, "FORBIDDEN", "Pages of this origin may not open sockets here.");
        }
        let client = identity::client(&headers, address);
        return socket::open(edge, client, upgrade).into_response();
    }
    let Some(media) = Media::accepted(&headers) else { return not_acceptable() };
    let Some(query) = given.query else {
        return refused(StatusCode::BAD_REQUEST, "INVALID", "Give the document as `query`, or open a socket.");
    };
    let variables =
        match given.variables.filter(|text| !text.is_empty()).map(|text| serde_json::from_str(&text)).transpose() {
            Ok(variables) => variables,
            Err(_) => return refused(StatusCode::BAD_REQUEST, "INVALID", "`variables` is not a JSON object."),
        };
    let parameters = Parameters { query, operation_name: given.operation_name, variables };
    execute(&edge, media, &headers, address, parameters, true).await
}

async fn execute(
    edge: &Edge,
    media: Media,
    headers: &HeaderMap,
    address: SocketAddr,
    parameters: Parameters,
    queries_only: bool,
) -> Response<Body> {
    let viewer = match identity::viewer(edge, headers).await {
        Ok(viewer) => viewer,
        Err(error) => return answer::unidentified(error),
    };
    let mut request = match parameters.into_request() {
        Ok(request) => request,
        Err(refusal) => return refused(StatusCode::BAD_REQUEST, "INVALID", &refusal.to_string()),
    };
    if queries_only && changes_something(&mut request) {
        let why = "Only queries can be asked for by GET: send mutations by POST.";
        let mut response = refused(StatusCode::METHOD_NOT_ALLOWED, "INVALID", why);
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
        return response;
    }
    let request = equip(edge, request, viewer, identity::client(headers, address));
    let answer = within_request(new_request_id(edge), edge.schema.execute(request)).await;
    answer::executed(media, answer)
}

/// Whether the operation that would run is anything but a query. What does not parse is left to the executor to refuse.
fn changes_something(request: &mut Request) -> bool {
    let name = request.operation_name.clone();
    let Ok(document) = request.parsed_query() else { return false };
    match &document.operations {
        DocumentOperations::Single(operation) => operation.node.ty != OperationType::Query,
        DocumentOperations::Multiple(operations) => match name {
            Some(name) => {
                operations.get(name.as_str()).is_some_and(|operation| operation.node.ty != OperationType::Query)
            }
            // Without a name a document of one named operation runs that one.
            None => operations.values().any(|operation| operation.node.ty != OperationType::Query),
        },
    }
}
