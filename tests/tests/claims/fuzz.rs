//! Hostile input, at random: nothing brings the server down, and nothing makes it say something went wrong on its side.
//!
//! Inputs are grown from `tests/corpus`, for LINNET_FUZZ_SECONDS each (half a minute, if that is not set). One that the server
//! does not bear is written to the corpus, where it is tried each time from then on, as it is.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::engine::workspace;
use tests::socket::{Control, Opening};
use tests::{Chance, Client, Engine, Socket, World};
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::Message;

mod mutate;

/// One engine is enough: what is looked for lies before the database.
mod sqlite {
    use tests::Engine;

    #[test]
    fn heavy_no_document_brings_it_down() {
        tests::claim::run(Engine::Sqlite, super::no_document_brings_it_down);
    }

    #[test]
    fn heavy_no_message_brings_it_down() {
        tests::claim::run(Engine::Sqlite, super::no_message_brings_it_down);
    }
}

const AT_ONCE: usize = 4;
/// Tokens are good for as long as anybody may want to try, or the rest would try nothing but being refused.
const SETTINGS: &[(&str, &str)] = &[("LINNET_LOG", "error"), ("LINNET_ACCESS_TOKEN_MINUTES", "100000")];

async fn no_document_brings_it_down(engine: Engine) {
    let world = World::start_with(engine, SETTINGS).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    alice.send(&thread, "x").await;
    let corpus = Corpus::read("documents");
    for text in &corpus.texts {
        ask(&corpus, &alice, text, &thread).await;
    }
    let mut chance = Chance::new();
    let until = Instant::now() + time();
    let clients = (0..AT_ONCE).map(|number| {
        let mut chance = chance.branch();
        let (corpus, thread) = (&corpus, &thread);
        let client: &Client = if number % 2 == 0 { &alice } else { &world.anonymous };
        async move {
            let mut asked = 0_usize;
            while Instant::now() < until {
                ask(corpus, client, &mutate::document(&mut chance, &corpus.texts), thread).await;
                asked += 1;
            }
            asked
        }
    });
    let asked: usize = join_all(clients).await.into_iter().sum();
    eprintln!("{asked} documents");
    assert!(world.server.exited().is_none(), "the process is still the same");
}

/// Asks, and keeps what is answered with anything but data or a fault of the client's.
async fn ask(corpus: &Corpus, client: &Client, document: &str, thread: &str) {
    let input = json!({ "threadId": thread, "content": "x" });
    let variables = json!({ "thread": thread, "t": thread, "id": thread, "input": input });
    let (document, name) = (document.to_owned(), corpus.folder.clone());
    let answer = match client.try_graphql(&document, variables).await {
        Ok(answer) => answer,
        Err(error) => panic!("{} is not answered: {error}", keep(&name, &document)),
    };
    let told = answer.json.get("data").is_some() || answer.json["errors"][0]["message"].is_string();
    let ours = answer.json.to_string().contains("\"INTERNAL\"");
    assert!(answer.status < 500 && told && !ours, "{}: {} {}", keep(&name, &document), answer.status, answer.json);
}

async fn no_message_brings_it_down(engine: Engine) {
    let world = World::start_with(engine, SETTINGS).await;
    let alice = world.user("alice").await;
    let corpus = Corpus::read("messages");
    let mut chance = Chance::new();
    let until = Instant::now() + time();
    let sockets = (0..AT_ONCE).map(|_| {
        let mut chance = chance.branch();
        let (world, corpus, token) = (&world, &corpus, &alice.token);
        async move {
            let mut said = 0_usize;
            while Instant::now() < until {
                said += if chance.one_in(10) {
                    speak_no_websocket(world, &mut chance).await
                } else {
                    speak(world, corpus, token, &mut chance).await
                };
            }
            said
        }
    });
    let said: usize = join_all(sockets).await.into_iter().sum();
    eprintln!("{said} messages");
    let answer = alice.graphql("{ viewer { user { id } } }", Value::Null).await;
    assert_eq!(answer.text("/viewer/user/id"), alice.id);
    assert!(world.server.exited().is_none(), "the process is still the same");
}

/// Says some messages on one socket, until it is closed or has answered the last of them.
async fn speak(world: &World, corpus: &Corpus, token: &str, chance: &mut Chance) -> usize {
    let socket = Socket::open(&world.server).await;
    if !chance.one_in(4) {
        socket.init(Some(token).filter(|_| chance.one_in(2))).await;
    }
    let count = 1 + chance.below(12);
    let mut said = Vec::new();
    for _ in 0..count {
        let text = mutate::message(chance, &corpus.texts);
        if chance.one_in(20) {
            socket.say_frame(Message::binary(text.clone().into_bytes()));
        } else {
            socket.say_text(&text);
        }
        said.push(text);
    }
    // Everything before it has been heard when this is answered.
    socket.say(json!({ "type": "ping", "payload": { "last": true } }));
    loop {
        match socket.control().await {
            Control::Message(message) if message["payload"]["last"] == true => return count,
            Control::Message(message) => {
                assert!(!message.to_string().contains("\"INTERNAL\""), "{}", keep(&corpus.folder, &said.join("\n")));
            }
            Control::Closed(code, _) => {
                let of_the_protocol = [1000, 1001, 1009, 1013, 4400, 4401, 4403, 4409, 4429].contains(&code);
                assert!(of_the_protocol, "closed with {code}: {}", keep(&corpus.folder, &said.join("\n")));
                return count;
            }
            Control::Lost(why) => panic!("lost ({why}): {}", keep(&corpus.folder, &said.join("\n"))),
        }
    }
}

/// Bytes that are no frames, after a good handshake.
async fn speak_no_websocket(world: &World, chance: &mut Chance) -> usize {
    let opening = Opening::default();
    let Ok(mut stream) = tests::socket::raw(&world.server, &opening).await else { return 0 };
    let bytes: Vec<u8> = (0..1 + chance.below(600)).map(|_| chance.next() as u8).collect();
    let _ = stream.get_mut().write_all(&bytes).await;
    1
}

fn time() -> Duration {
    let seconds = std::env::var("LINNET_FUZZ_SECONDS").map_or(Ok(30), |text| text.parse());
    Duration::from_secs(seconds.expect("LINNET_FUZZ_SECONDS is a number"))
}

/// What inputs are grown from.
struct Corpus {
    folder: PathBuf,
    texts: Vec<String>,
}

impl Corpus {
    fn read(name: &str) -> Self {
        let folder = workspace().join("tests/corpus").join(name);
        let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        let texts = files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
        Self { folder, texts }
    }
}

/// Keeps an input for all runs to come, and says where.
fn keep(folder: &std::path::Path, text: &str) -> String {
    let path = folder.join(format!("found-{:016x}", fingerprint(text)));
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
