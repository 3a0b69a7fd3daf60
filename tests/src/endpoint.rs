//! An endpoint that streams answers as OpenAI's protocol does: a small HTTP server, which does as a test says, and keeps what it was
//! asked.

use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::{Answer, Engine, User, World, eventually};

/// Tokens that each question takes, and each answer, whatever they say.
pub const TOKENS: (i64, i64) = (100, 20);
/// What it is asked with.
pub const KEY: &str = "a key of the endpoint's";
/// What tests ask of how far an answer has come.
const STATE: &str = "status failure attempts retryAt askedAt updatedAt \
    message { id content sender { id } parent { id } }";

/// What it does when it is asked. Without a word of the test's it answers with what it was asked last.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Says this.
    Says(String),
    /// Says these pieces, each once it is let through.
    Slowly(Vec<String>),
    /// Says this, and ends in the middle.
    CutsOff(String),
    /// Says this, and nothing more.
    Stalls(String),
    /// Answers with a status, and when to come again.
    Refuses(u16, Option<u32>),
}

/// What it was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    /// By whom.
    pub authorization: Option<String>,
    /// The whole body.
    pub body: Value,
}

#[derive(Default)]
struct State {
    replies: Mutex<VecDeque<Reply>>,
    asked: Mutex<Vec<Asked>>,
}

/// An endpoint, gone when this is dropped.
pub struct Endpoint {
    address: SocketAddr,
    state: Arc<State>,
    let_through: Arc<Semaphore>,
    task: JoinHandle<()>,
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Endpoint {
    /// Starts one.
    pub async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (state, let_through) = (Arc::<State>::default(), Arc::new(Semaphore::new(0)));
        let shared = (state.clone(), let_through.clone());
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (state, let_through) = shared.clone();
                tokio::spawn(async move { serve(client, &state, &let_through).await });
            }
        });
        Self { address, state, let_through, task }
    }

    /// A world with this endpoint, and further settings.
    pub async fn world(&self, engine: Engine, settings: &[(&str, &str)]) -> World {
        let own = self.settings();
        let own = own.iter().map(|(name, value)| (*name, value.as_str()));
        World::start_with(engine, &own.chain(settings.iter().copied()).collect::<Vec<_>>()).await
    }

    /// What tells a server of it.
    pub fn settings(&self) -> [(&'static str, String); 3] {
        [
            ("LINNET_ASSISTANT_ENDPOINT", format!("http://{}/v1/", self.address)),
            ("LINNET_ASSISTANT_KEY", KEY.to_owned()),
            ("LINNET_ASSISTANT_MODEL", "parrot-1".to_owned()),
        ]
    }

    /// What it does next, after what it was told to do before that.
    pub fn then(&self, reply: Reply) {
        self.state.replies.lock().unwrap().push_back(reply);
    }

    /// Lets so many pieces through.
    pub fn let_through(&self, pieces: usize) {
        self.let_through.add_permits(pieces);
    }

    /// What it was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.state.asked.lock().unwrap().clone()
    }

    /// The same once it was asked so often.
    pub async fn asked_times(&self, times: usize) -> Vec<Asked> {
        eventually("the endpoint to be asked", async || Some(self.asked()).filter(|asked| asked.len() >= times)).await
    }
}

impl Asked {
    /// What was said, by whom: `role: content` of each message.
    pub fn said(&self) -> Vec<String> {
        let messages = self.body["messages"].as_array().expect("messages");
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        messages.iter().map(|message| format!("{}: {}", text(&message["role"]), text(&message["content"]))).collect()
    }
}

async fn serve(client: TcpStream, state: &State, let_through: &Semaphore) {
    let mut client = BufReader::new(client);
    // Connections are kept, as they are elsewhere; whatever is wrong with one ends it.
    while let Ok(Some(asked)) = read(&mut client).await {
        let reply = state.replies.lock().unwrap().pop_front();
        let last = asked.body["messages"].as_array().and_then(|all| all.last()?["content"].as_str().map(str::to_owned));
        state.asked.lock().unwrap().push(asked);
        let reply = reply.unwrap_or_else(|| Reply::Says(format!("You said: {}", last.unwrap_or_default())));
        if !matches!(answer(&mut client, reply, let_through).await, Ok(true)) {
            return;
        }
    }
}

async fn read(client: &mut BufReader<TcpStream>) -> io::Result<Option<Asked>> {
    let (mut length, mut authorization, mut first) = (0, None, true);
    loop {
        let mut line = String::new();
        if client.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        if first {
            assert!(line.starts_with("POST /v1/chat/completions HTTP/1.1"), "{line}");
            first = false;
            continue;
        }
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        match name.to_lowercase().as_str() {
            "content-length" => length = value.trim().parse().expect("a length"),
            "authorization" => authorization = Some(value.trim().to_owned()),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    client.read_exact(&mut body).await?;
    Ok(Some(Asked { authorization, body: serde_json::from_slice(&body).expect("JSON") }))
}

/// Whether the connection can be used on.
async fn answer(client: &mut BufReader<TcpStream>, reply: Reply, let_through: &Semaphore) -> io::Result<bool> {
    let (pieces, is_whole) = match reply {
        Reply::Refuses(status, after) => {
            let after = after.map(|seconds| format!("retry-after: {seconds}\r\n")).unwrap_or_default();
            let body = json!({ "error": { "message": "no", "type": "none" } }).to_string();
            let head = format!("HTTP/1.1 {status} Refused\r\n{after}content-length: {}\r\n\r\n{body}", body.len());
            client.write_all(head.as_bytes()).await?;
            return Ok(true);
        }
        Reply::Says(text) => (text.split_inclusive(' ').map(str::to_owned).collect(), true),
        Reply::Slowly(pieces) => {
            begin(client).await?;
            for piece in pieces {
                let_through.acquire().await.expect("it is not closed").forget();
                say(client, &piece).await?;
            }
            (Vec::new(), true)
        }
        Reply::CutsOff(text) => (vec![text], false),
        Reply::Stalls(text) => {
            begin(client).await?;
            say(client, &text).await?;
            // Until the other end has had enough.
            let _ = client.read_u8().await;
            return Ok(false);
        }
    };
    if !pieces.is_empty() {
        begin(client).await?;
    }
    for piece in &pieces {
        say(client, piece).await?;
    }
    if is_whole {
        event(client, &json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }] }).to_string())
            .await?;
        let usage = json!({ "prompt_tokens": TOKENS.0, "completion_tokens": TOKENS.1 });
        event(client, &json!({ "choices": [], "usage": usage }).to_string()).await?;
        event(client, "[DONE]").await?;
        client.write_all(b"0\r\n\r\n").await?;
    }
    Ok(is_whole)
}

async fn begin(client: &mut BufReader<TcpStream>) -> io::Result<()> {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    client.write_all(head.as_bytes()).await?;
    let begun = json!({ "id": "x", "choices": [{ "index": 0, "delta": { "role": "assistant", "content": "" } }] });
    event(client, &begun.to_string()).await
}

async fn say(client: &mut BufReader<TcpStream>, piece: &str) -> io::Result<()> {
    let delta = json!({ "content": piece });
    event(client, &json!({ "choices": [{ "index": 0, "delta": delta, "finish_reason": null }] }).to_string()).await
}

async fn event(client: &mut BufReader<TcpStream>, data: &str) -> io::Result<()> {
    let data = format!("data: {data}\n\n");
    client.write_all(format!("{:x}\r\n{data}\r\n", data.len()).as_bytes()).await?;
    client.flush().await
}

impl World {
    /// The id of the assistant's account.
    pub async fn assistant(&self) -> String {
        let answer = self.anonymous.graphql("{ assistant { user { id kind } model } }", Value::Null).await;
        assert_eq!(answer.text("/assistant/user/kind"), "ASSISTANT");
        answer.text("/assistant/user/id")
    }
}

impl User {
    /// The direct thread with the assistant.
    pub async fn talk_to(&self, assistant: &str) -> String {
        self.try_create_direct(assistant).await.text("/threadCreate/thread/id")
    }

    /// Adds the assistant to a thread.
    pub async fn add_assistant(&self, thread: &str, assistant: &str) {
        self.try_add_as(thread, assistant, "AI").await.ok("/participantAdd/participant");
    }

    /// Adds somebody in a role.
    pub async fn try_add_as(&self, thread: &str, user: &str, role: &str) -> Answer {
        let input = json!({ "threadId": thread, "userId": user, "role": role });
        self.mutate("participantAdd", input, "participant { role }").await
    }

    /// How far the answer to a message has come; null if there is to be none.
    pub async fn answer_to(&self, message: &str) -> Value {
        self.message(message, &format!("assistantAnswer {{ {STATE} }}")).await["assistantAnswer"].clone()
    }

    /// The same once it has come so far.
    pub async fn answer_that_is(&self, status: &str, message: &str) -> Value {
        let what = format!("the answer to be {status}");
        eventually(&what, async || Some(self.answer_to(message).await).filter(|answer| answer["status"] == status))
            .await
    }

    /// What was answered to a message.
    pub async fn answered(&self, message: &str) -> String {
        let answer = self.answer_that_is("ANSWERED", message).await;
        answer["message"]["content"].as_str().expect("an answer says something").to_owned()
    }

    /// Asks for an answer once more.
    pub async fn ask_again(&self, message: &str) -> Answer {
        self.mutate("assistantRetry", json!({ "messageId": message }), "message { assistantAnswer { status } }").await
    }
}
