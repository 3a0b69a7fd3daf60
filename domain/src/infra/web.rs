//! Asking others over HTTP, with TLS where their address says so: by the one cryptography that there is here, and the certificates that
//! the machine trusts.

use std::sync::Arc;

use hyper::body::{Body, Bytes};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::{ClientConfig, RootCertStore};

/// Who asks. Keeps connections that were made.
pub(crate) type Client<B> = legacy::Client<HttpsConnector<HttpConnector>, B>;

/// One who asks; a sentence about what is wrong with the machine otherwise. Connects to nothing yet.
pub(crate) fn client<B>() -> Result<Client<B>, String>
where
    B: Body<Data = Bytes> + Send,
{
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let tls = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let tls = tls.map_err(|error| error.to_string())?.with_root_certificates(roots).with_no_client_auth();
    let connector = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().build();
    Ok(legacy::Client::builder(TokioExecutor::new()).build(connector))
}
