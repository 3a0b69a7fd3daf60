//! Requests by HTTP and connections for sockets, with TLS where the address says so: by ring, and the certificates that the machine trusts.

use std::sync::Arc;
use std::time::Duration;

use graphql_client::Response as Answer;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use hyper::{Request, StatusCode, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tower_service::Service;

use crate::Error;

/// Bytes of an answer, at the most. A server with the usual settings has answers of four MiB.
pub(crate) const LARGEST: usize = 1 << 24;
const ACCEPTED: &str = "application/graphql-response+json, application/json;q=0.9";

/// What a socket goes by.
pub(crate) type Wire = TokioIo<MaybeHttpsStream<TokioIo<TcpStream>>>;

/// Where to ask, and by what.
pub(crate) struct Web {
    url: Uri,
    connector: HttpsConnector<HttpConnector>,
    client: legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl Web {
    /// Connects to nothing yet.
    pub(crate) fn new(url: &str) -> Result<Self, Error> {
        let url: Uri = url.parse().map_err(|_| Error::Protocol(format!("{url} is no address.")))?;
        if url.host().is_none() || !matches!(url.scheme_str(), Some("http" | "https")) {
            return Err(Error::Protocol(format!("{url} does not begin with http:// or https:// and a host.")));
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let tls = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let tls = tls.map_err(|error| Error::network(&error))?.with_root_certificates(roots).with_no_client_auth();
        let connector = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().build();
        let client = legacy::Client::builder(TokioExecutor::new()).build(connector.clone());
        Ok(Self { url, connector, client })
    }

    /// The address for sockets.
    pub(crate) fn socket_url(&self) -> String {
        self.url.to_string().replacen("http", "ws", 1)
    }

    /// A connection for a socket.
    pub(crate) async fn connect(&self) -> Result<Wire, Error> {
        let connected = self.connector.clone().call(self.url.clone()).await;
        connected.map(TokioIo::new).map_err(|error| Error::network(&error))
    }

    /// The data of the answer to a request. Fails with what the server refuses, and all that is no answer.
    pub(crate) async fn ask(&self, body: &Value, token: Option<&str>, within: Duration) -> Result<Value, Error> {
        let mut request =
            Request::post(self.url.clone()).header(ACCEPT, ACCEPTED).header(CONTENT_TYPE, "application/json");
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = request.body(Full::from(body.to_string())).map_err(|error| Error::network(&error))?;
        let (status, headers, bytes) = self.send(request, within).await?;
        let answer = read(status, &headers, &bytes)?;
        match (answer.errors.unwrap_or_default(), answer.data) {
            (errors, Some(data)) if errors.is_empty() => Ok(data),
            (errors, data) => Err(Error::told(errors, data, retry_after(&headers))),
        }
    }

    /// Puts bytes to a path from the root of the server.
    pub(crate) async fn put(&self, method: &str, path: &str, content: Bytes, within: Duration) -> Result<(), Error> {
        let mut parts = self.url.clone().into_parts();
        parts.path_and_query = Some(path.parse().map_err(|_| Error::Protocol(format!("{path} is no path.")))?);
        let place = Uri::from_parts(parts).map_err(|error| Error::Protocol(error.to_string()))?;
        let request = Request::builder().method(method).uri(place).body(Full::new(content));
        let (status, headers, bytes) = self.send(request.map_err(|error| Error::network(&error))?, within).await?;
        if status.is_success() {
            return Ok(());
        }
        let answer = read(status, &headers, &bytes)?;
        Err(Error::told(answer.errors.unwrap_or_default(), None, retry_after(&headers)))
    }

    async fn send(
        &self,
        request: Request<Full<Bytes>>,
        within: Duration,
    ) -> Result<(StatusCode, HeaderMap, Bytes), Error> {
        let asked = async {
            let (head, body) = self.client.request(request).await.map_err(|error| Error::network(&error))?.into_parts();
            let body = Limited::new(body, LARGEST).collect().await.map_err(|error| Error::network(&error))?;
            Ok((head.status, head.headers, body.to_bytes()))
        };
        timeout(within, asked).await.map_err(|_| Error::Timeout)?
    }
}

/// The answer in a response. What a proxy says in the server's place is none.
fn read(status: StatusCode, headers: &HeaderMap, bytes: &[u8]) -> Result<Answer<Value>, Error> {
    match serde_json::from_slice::<Answer<Value>>(bytes) {
        Ok(answer) if answer.data.is_some() || answer.errors.is_some() => Ok(answer),
        _ => Err(no_answer(status, headers, "does not speak GraphQL")),
    }
}

/// What answered in the server's place.
pub(crate) fn no_answer(status: StatusCode, headers: &HeaderMap, why: &str) -> Error {
    let message = format!("What answered ({status}) {why}.");
    match status.as_u16() {
        429 => Error::said("RATE_LIMITED", message, retry_after(headers)),
        500.. => Error::said("UNAVAILABLE", message, retry_after(headers)),
        _ => Error::Protocol(message),
    }
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok().map(Duration::from_secs)
}
