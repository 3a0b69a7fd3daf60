//! One keep-alive HTTP/1.1 connection and the operations sent over it.
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{client::conn::http1::SendRequest, header::HeaderName, header::HeaderValue, Method, Request};
use hyper_util::rt::TokioIo;
use memchr::memmem;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::target::{OpSpec, Target, Template, Vars};

pub struct Op {
    method: Method,
    host: String,
    path: Template,
    headers: Vec<(HeaderName, Template)>,
    body: Template,
    ok: Vec<String>,
    len: Vec<(String, usize)>,
}

impl Op {
    pub fn new(target: &Target, spec: &OpSpec) -> Op {
        let mut headers = vec![(HeaderName::from_static("accept"), Template::new("application/json"))];
        if !spec.body.is_null() {
            headers.push((HeaderName::from_static("content-type"), Template::new("application/json")));
        }
        for (k, v) in target.headers.iter().chain(&spec.headers) {
            let name: HeaderName = k.parse().expect("header name");
            headers.retain(|(n, _)| *n != name);
            headers.push((name, Template::new(v)));
        }
        Op {
            method: spec.method.parse().expect("method"),
            host: authority(&target.http),
            path: Template::new(&spec.path),
            headers,
            body: Template::json(&spec.body),
            ok: spec.ok.clone(),
            len: spec.len.iter().map(|(k, v)| (k.clone(), *v)).collect(),
        }
    }
}

pub fn authority(url: &str) -> String {
    url.split("//").nth(1).unwrap_or(url).trim_end_matches('/').to_string()
}

pub struct Conn {
    host: String,
    sender: Option<SendRequest<Full<Bytes>>>,
    done: u64,
}

impl Conn {
    pub fn new(target: &Target) -> Conn {
        Conn { host: authority(&target.http), sender: None, done: 0 }
    }

    async fn sender(&mut self) -> Result<&mut SendRequest<Full<Bytes>>, String> {
        let open = match &mut self.sender {
            Some(s) => s.ready().await.is_ok(),
            None => false,
        };
        if !open {
            let stream = TcpStream::connect(&self.host).await.map_err(|e| e.to_string())?;
            stream.set_nodelay(true).map_err(|e| e.to_string())?;
            let (sender, conn) =
                hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|e| e.to_string())?;
            tokio::spawn(conn);
            self.sender = Some(sender);
        }
        Ok(self.sender.as_mut().unwrap())
    }

    /// Sends one operation; every answer must be 200 without "errors", and one in 64 (the first four
    /// included) is parsed and checked against the target file's pointers.
    pub async fn run(&mut self, op: &Op, vars: Vars<'_>) -> Result<Bytes, String> {
        let mut request = Request::builder().method(op.method.clone()).uri(op.path.fill(vars)).header("host", &op.host);
        for (name, value) in &op.headers {
            let value = HeaderValue::from_str(&value.fill(vars)).map_err(|e| e.to_string())?;
            request = request.header(name, value);
        }
        let request = request.body(Full::new(Bytes::from(op.body.fill(vars)))).map_err(|e| e.to_string())?;
        let result = async {
            let answer = self.sender().await?.send_request(request).await.map_err(|e| e.to_string())?;
            let status = answer.status();
            let body = answer.into_body().collect().await.map_err(|e| e.to_string())?.to_bytes();
            Ok::<_, String>((status, body))
        }
        .await;
        let (status, body) = match result {
            Ok(v) => v,
            Err(e) => {
                self.sender = None;
                return Err(e);
            }
        };
        let text = || String::from_utf8_lossy(&body[..body.len().min(300)]).into_owned();
        if status != 200 {
            return Err(format!("status {status}: {}", text()));
        }
        if memmem::find(&body, b"\"errors\":[{").is_some() {
            return Err(format!("errors: {}", text()));
        }
        self.done += 1;
        if self.done <= 4 || self.done % 64 == 0 {
            let value: Value = serde_json::from_slice(&body).map_err(|e| format!("{e}: {}", text()))?;
            for p in &op.ok {
                if value.pointer(p).is_none_or(Value::is_null) {
                    return Err(format!("nothing at {p}: {}", text()));
                }
            }
            for (p, n) in &op.len {
                let have = value.pointer(p).and_then(Value::as_array).map(Vec::len);
                if have != Some(*n) {
                    return Err(format!("{have:?} items at {p}, not {n}"));
                }
            }
        }
        Ok(body)
    }
}
