//! `GET /downloads/…`: a document that is fetched by a link, and written as fast as its client reads it.

use std::net::SocketAddr;

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Path, State};
use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use domain::credential::{self, Lease};
use domain::download::{self, Download};
use futures_util::{Stream, StreamExt, stream};

use super::answer::{self, Media, rejected};
use super::operation::{Refusal, charge_request, new_request_id};
use super::seats::Seat;
use super::{Edge, identity};

/// Fetches what a link leads to. Whoever has the link needs nothing else.
pub(super) async fn get(
    State(edge): State<Edge>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(secret): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Response<Body> {
    // Whoever only asks after it, as some programs do with every link that they see, does not use it up.
    if method != Method::GET {
        let mut response = rejected(StatusCode::METHOD_NOT_ALLOWED, "INVALID", "Fetch it by GET.");
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
        return response;
    }
    let client = identity::client(&edge, &headers, peer);
    if let Err(refusal) = charge_request(&edge, &client) {
        return answer::refused(Media::Plain, refusal);
    }
    seat_and_send(&edge, &secret)
        .await
        .unwrap_or_else(|error| answer::refused(Media::Plain, Refusal::of(new_request_id(&edge), error)))
}

/// Sends what a link leads to, once there is a seat for it: who has to come again still has the link.
async fn seat_and_send(edge: &Edge, secret: &str) -> domain::Result<Response<Body>> {
    let nowhere =
        || rejected(StatusCode::NOT_FOUND, "NOT_FOUND", "This link leads nowhere (any more): ask for another.");
    let Some(viewer) = download::whose(&edge.app, secret).await? else { return Ok(nowhere()) };
    let Some(seat) = edge.account_seat(&viewer) else {
        return Ok(rejected(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED", "Too many streams are open."));
    };
    let download = download::open(&edge.app, secret).await?;
    Ok(download.map_or_else(nowhere, |download| send(edge, download, seat)))
}

fn send(edge: &Edge, download: Download, seat: Option<Seat>) -> Response<Body> {
    let Download { viewer, name, media_type, parts } = download;
    let Ok(disposition) = HeaderValue::try_from(format!("attachment; filename=\"{name}\"")) else {
        return rejected(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", "The file has no name.");
    };
    let lease = credential::lease(&edge.app, &viewer);
    let sending = Sending { edge: edge.clone(), lease, parts, _seat: seat };
    let mut response = Response::new(Body::from_stream(sending.bytes()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CONTENT_DISPOSITION, disposition);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Or nginx would keep it until it has enough of it.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// A document on its way. Its body asks for the next part when the one before has been handed over, so a client that does not read
/// is nobody's burden but its connection's, whose deadlines end it.
struct Sending<S> {
    edge: Edge,
    lease: Option<Lease>,
    parts: S,
    _seat: Option<Seat>,
}

/// Why a document ends before its end: the connection is cut, so that no half of it is taken for the whole.
#[derive(Debug, Clone, Copy, thiserror::Error)]
enum Broken {
    #[error("the server stops")]
    Stopped,
    #[error("what asked for it may do so no longer")]
    Ended,
    #[error("it could not be read")]
    Unread,
}

impl<S: Stream<Item = domain::Result<String>> + Send + Unpin + 'static> Sending<S> {
    fn bytes(self) -> impl Stream<Item = Result<Bytes, Broken>> + Send {
        stream::unfold(Some(self), |sending| async {
            let mut sending = sending?;
            let part = sending.next().await?;
            if let Err(why) = part {
                tracing::info!(%why, "a download was broken off");
            }
            // Behind an error comes nothing.
            let rest = part.is_ok().then_some(sending);
            Some((part, rest))
        })
    }

    async fn next(&mut self) -> Option<Result<Bytes, Broken>> {
        tokio::select! {
            biased;
            () = self.edge.stop.cancelled() => Some(Err(Broken::Stopped)),
            () = super::ended(self.lease.as_ref()) => Some(Err(Broken::Ended)),
            part = self.parts.next() => match part? {
                Ok(text) => Some(Ok(text.into())),
                Err(domain::Error::Unauthenticated(_)) => Some(Err(Broken::Ended)),
                Err(error) => {
                    tracing::warn!(?error, "what a download is made of could not be read");
                    Some(Err(Broken::Unread))
                }
            },
        }
    }
}
