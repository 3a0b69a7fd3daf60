//! `PUT /uploads/…`: a file comes to the address that was given for it, and goes on as it comes.

use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::http::request::Parts;
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use bytes::Bytes;
use domain::limit::site;
use domain::session::Client;
use domain::upload::{self, Received};
use domain::{Code, Error};
use futures_util::{Stream, StreamExt, stream};
use tokio::time::{Instant, timeout, timeout_at};

use super::answer::{self, Media, rejected};
use super::graphql::check_origin;
use super::operation::{Refusal, charge_request, new_request_id};
use super::seats::Holder;
use super::{Edge, address, identity};

/// Files that one account puts here at once, and all who share an address.
const AT_ONCE: usize = 4;
const AT_ONCE_FROM_ADDRESS: usize = 16;
/// Bytes of a file that come in a second, at the least: whoever sends fewer would keep others waiting for nothing.
const SLOWEST: u64 = 1024;

/// Takes a file in. Whoever has the address needs nothing else.
pub(super) async fn put(
    State(edge): State<Edge>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(id): Path<String>,
    request: Request,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    if let Err(rejected) = check_origin(&edge, &parts.headers) {
        return rejected.into_response();
    }
    let client = identity::client(&edge, &parts.headers, peer);
    if let Err(refusal) = charge_request(&edge, &client) {
        return answer::refused(Media::Plain, refusal);
    }
    match take(&edge, &client, &id, &parts, body).await {
        Ok(received) => told(&received),
        Err(error) => refused(&edge, error),
    }
}

async fn take(edge: &Edge, client: &Client, id: &str, parts: &Parts, body: Body) -> domain::Result<Received> {
    let not_good = || Error::refuse(Code::Expired, "url", "This address is not good (any more): ask for another.");
    let (size, signature) = address::read(&parts.uri).ok_or_else(not_good)?;
    let awaited = upload::awaited(&edge.app, id, size, &signature).await?;
    // What says that it is longer, or shorter, is not waited for.
    let said = body.size_hint();
    if said.lower() > awaited.size() || said.exact().is_some_and(|exact| exact != awaited.size()) {
        let why = format!("It was to have {} bytes: send the file itself, and nothing around it.", awaited.size());
        return Err(Error::refuse(
            if said.lower() > awaited.size() { Code::TooLong } else { Code::Invalid },
            "body",
            why,
        ));
    }
    if parts.headers.contains_key("content-encoding") || parts.headers.contains_key("content-range") {
        return Err(Error::refuse(Code::Invalid, "body", "Send the file as it is, and all of it."));
    }
    let of_account = awaited.user_id().map(|user_id| (Holder::Uploads(user_id), AT_ONCE));
    let of_address = client.ip_address.map(|address| (Holder::UploadsFrom(site(address)), AT_ONCE_FROM_ADDRESS));
    let seats = of_account.into_iter().chain(of_address).map(|(holder, most)| edge.seats.take(holder, most));
    let Some(_seats) = seats.collect::<Option<Vec<_>>>() else {
        return Err(Error::RateLimited { retry_after: Duration::from_secs(1) });
    };
    let arriving = pin!(arriving(body, edge.limits.body_time));
    let all = upload::receive(&edge.app, awaited, arriving);
    timeout(edge.limits.upload_time, all).await.unwrap_or_else(|_| Err(too_slow()))
}

fn too_slow() -> Error {
    Error::refuse(Code::Invalid, "body", "It did not come in time.")
}

/// Why nothing more comes.
struct Broken;

/// A body as it comes. It breaks off where nothing has come for too long, and where too little has.
fn arriving(body: Body, patience: Duration) -> impl Stream<Item = Result<Bytes, Broken>> {
    let begun = Instant::now();
    stream::unfold(Some((body.into_data_stream(), 0)), move |left| async move {
        let (mut body, come) = left?;
        let slowest = begun + patience + Duration::from_secs(come / SLOWEST);
        match timeout_at(slowest.min(Instant::now() + patience), body.next()).await {
            Ok(None) => None,
            Ok(Some(Ok(bytes))) => {
                let come = come + bytes.len() as u64;
                Some((Ok(bytes), Some((body, come))))
            }
            Ok(Some(Err(_))) | Err(_) => Some((Err(Broken), None)),
        }
    })
}

/// What has become of it.
fn told(received: &Received) -> Response<Body> {
    let (width, height) = received.size.unzip();
    let body = serde_json::json!({
        "id": received.id.to_string(),
        "type": received.media_type,
        "width": width,
        "height": height,
    });
    axum::Json(body).into_response()
}

/// Why it was not taken: what was wrong, with the field of the upload that it concerns.
fn refused(edge: &Edge, error: Error) -> Response<Body> {
    let Error::Refused(refusals) = &error else {
        return answer::refused(Media::Plain, Refusal::of(new_request_id(edge), error));
    };
    let Some(first) = refusals.first() else { return rejected(StatusCode::BAD_REQUEST, "INVALID", "It was refused.") };
    let (status, code) = match first.code {
        Code::TooLong => (StatusCode::PAYLOAD_TOO_LARGE, "TOO_LONG"),
        Code::NotFound => (StatusCode::NOT_FOUND, "NOT_FOUND"),
        Code::Conflict => (StatusCode::CONFLICT, "CONFLICT"),
        Code::Expired => (StatusCode::FORBIDDEN, "EXPIRED"),
        _ => (StatusCode::UNPROCESSABLE_ENTITY, "INVALID"),
    };
    metrics::counter!("linnet_refusals_total", "reason" => code).increment(1);
    let extensions = serde_json::json!({ "code": code, "argument": first.path.join(".") });
    let body = serde_json::json!({ "errors": [{ "message": first.message, "extensions": extensions }] });
    (status, axum::Json(body)).into_response()
}
