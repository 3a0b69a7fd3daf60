//! A service that speaks S3 on loopback: PyPI's moto, which keeps everything in its memory.

use std::process::{Child, Command, Stdio};

use crate::deadline::{eventually, within};
use crate::port::free_port;
use crate::smtp::python;

/// The service, with one bucket; gone when this is dropped.
pub struct S3 {
    port: u16,
    child: Child,
    http: reqwest::Client,
}

impl S3 {
    /// Starts it, and makes the bucket.
    pub async fn start() -> Self {
        let port = free_port();
        let mut command = Command::new(python());
        command.args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &port.to_string()]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let mut s3 = Self { port, child, http: reqwest::Client::new() };
        eventually("the S3 service to listen", async || {
            let ended = s3.child.try_wait().unwrap();
            assert!(ended.is_none(), "the S3 service ended: tests/run installs moto");
            let made = s3.http.put(format!("http://127.0.0.1:{port}/files")).send().await.ok()?;
            made.status().is_success().then_some(())
        })
        .await;
        s3
    }

    /// What a server is to be told so that it keeps its files there.
    pub fn settings(&self) -> [(&'static str, String); 4] {
        [
            ("LINNET_UPLOADS_URL", "s3://files/of/linnet".to_owned()),
            ("LINNET_UPLOADS_S3_ENDPOINT", format!("http://127.0.0.1:{}", self.port)),
            ("LINNET_UPLOADS_S3_KEY_ID", "an id".to_owned()),
            ("LINNET_UPLOADS_S3_SECRET", "a secret".to_owned()),
        ]
    }

    /// The keys of all that it keeps.
    pub async fn keys(&self) -> Vec<String> {
        let url = format!("http://127.0.0.1:{}/files?list-type=2", self.port);
        let listed = within("the list of a bucket", self.http.get(url).send()).await.unwrap().text().await.unwrap();
        let keys = listed.split("<Key>").skip(1).filter_map(|rest| rest.split_once("</Key>"));
        keys.map(|(key, _)| key.to_owned()).collect()
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
