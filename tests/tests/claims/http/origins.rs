//! Pages of other origins: none may ask but those that are allowed, by any transport.

use serde_json::{Value, json};
use tests::events::escaped;
use tests::socket::Opening;
use tests::{Engine, Socket, World, claims};

use super::{Answered, ask, post};

claims![pages_of_other_origins_may_not_ask, pages_of_allowed_origins_may_ask_and_read, all_origins_can_be_allowed,];

const CHAT: &str = "https://chat.example.org";

async fn pages_of_other_origins_may_not_ask(world: World) {
    let own = format!("http://{}", world.server.address());
    let foreign = [
        CHAT.to_owned(),
        "null".to_owned(),
        "file://".to_owned(),
        "http://127.0.0.1".to_owned(),
        format!("{own}.example.org"),
        format!("http://x@{}", world.server.address()),
        format!("{own}/"),
        own.replace("127.0.0.1", "localhost"),
        String::new(),
    ];
    for origin in &foreign {
        for answer in each_way(&world, origin).await {
            answer.turned_away(403, origin);
            not_readable(&answer);
        }
        assert!(!opens(&world, origin).await, "{origin} opens a socket");
        not_readable(&preflight(&world, origin).await);
    }
    let room = world.anonymous.graphql("{ user(by: { username: \"guest\" }) { id } }", Value::Null).await;
    assert_eq!(room.ok("/user"), &Value::Null, "nothing of it was executed");
    for answer in each_way(&world, &own).await {
        assert_eq!(answer.status, 200, "its own pages: {}", answer.text);
    }
    assert!(opens(&world, &own).await, "its own pages open sockets");
}

async fn pages_of_allowed_origins_may_ask_and_read(engine: Engine) {
    let allowed = format!("{CHAT}, https://other.example:8443");
    let world = World::start_with(engine, &[("LINNET_ALLOWED_ORIGINS", &allowed)]).await;
    for origin in [CHAT, "https://other.example:8443"] {
        let mut answers = each_way(&world, origin).await;
        assert!(answers.iter().all(|answer| answer.status == 200));
        // What is turned away can be read, too: else a page could not tell why.
        let headers = [("origin", origin)];
        answers.push(ask(&world, "POST", "/graphql", &headers, "{}").await);
        answers.push(post(&world, &headers, &json!({ "query": "{ nothing }" })).await);
        answers.push(
            post(&world, &[("origin", origin), ("authorization", "Bearer x")], &json!({ "query": "{ a }" })).await,
        );
        for answer in answers {
            assert_eq!(answer.header("access-control-allow-origin"), origin);
            assert!(answer.varies().contains("origin"), "{}", answer.varies());
            let exposed = answer.header("access-control-expose-headers").to_lowercase();
            assert!(exposed.contains("x-request-id") && exposed.contains("retry-after"), "{exposed}");
            assert_eq!(answer.headers.get("access-control-allow-credentials"), None, "no cookie is ever looked at");
        }
        assert!(opens(&world, origin).await, "{origin}");
        let preflight = preflight(&world, origin).await;
        assert_eq!((preflight.status, preflight.header("access-control-allow-origin")), (200, origin));
        let methods = preflight.header("access-control-allow-methods");
        assert!(methods.contains("GET") && methods.contains("POST") && !methods.contains("DELETE"), "{methods}");
        let headers = preflight.header("access-control-allow-headers").to_lowercase();
        for header in ["authorization", "content-type", "last-event-id", "accept"] {
            assert!(headers.contains(header), "{header} is not among {headers}");
        }
        assert!(preflight.header("access-control-max-age").parse::<u32>().is_ok_and(|age| age > 60));
        assert_eq!(preflight.headers.get("access-control-allow-credentials"), None);
    }
    for origin in [
        "http://chat.example.org",
        "https://chat.example.org:444",
        "https://chat.example.org.evil.example",
        "https://evil.example",
        "null",
    ] {
        for answer in each_way(&world, origin).await {
            answer.turned_away(403, origin);
            not_readable(&answer);
        }
        assert!(!opens(&world, origin).await, "{origin} opens a socket");
        not_readable(&preflight(&world, origin).await);
    }
}

async fn all_origins_can_be_allowed(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_ALLOWED_ORIGINS", "*")]).await;
    for origin in [CHAT, "http://127.0.0.1:1"] {
        for answer in each_way(&world, origin).await {
            assert_eq!(answer.status, 200);
            assert!([origin, "*"].contains(&answer.header("access-control-allow-origin")));
            assert_eq!(answer.headers.get("access-control-allow-credentials"), None);
        }
        assert!(opens(&world, origin).await);
    }
}

/// What a page of this origin is answered by POST, by GET, and as a stream of events. The mutation makes a guest.
async fn each_way(world: &World, origin: &str) -> Vec<Answered> {
    let mutation = "mutation { sessionCreateGuest(input: { username: \"guest\" }) { errors { code } } }";
    let events = [("origin", origin), ("accept", "text/event-stream")];
    let get = format!("/graphql?query={}", escaped("{ __typename }"));
    vec![
        post(world, &[("origin", origin)], &json!({ "query": mutation })).await,
        ask(world, "GET", &get, &[("origin", origin)], "").await,
        ask(world, "GET", &get, &events, "").await,
        post(world, &events, &json!({ "query": mutation })).await,
    ]
}

/// Whether a page of this origin can open a socket.
async fn opens(world: &World, origin: &str) -> bool {
    let opening = Opening { headers: &[("origin", origin)], ..Opening::default() };
    match Socket::open_as(&world.server, &opening).await {
        Ok(socket) => {
            socket.init(None).await;
            true
        }
        Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => {
            assert_eq!(answer.status().as_u16(), 403, "{origin}");
            false
        }
        Err(error) => panic!("{origin}: {error}"),
    }
}

/// What a browser asks before it lets a page of this origin ask.
async fn preflight(world: &World, origin: &str) -> Answered {
    let headers = [
        ("origin", origin),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization,content-type"),
    ];
    ask(world, "OPTIONS", "/graphql", &headers, "").await
}

#[track_caller]
fn not_readable(answer: &Answered) {
    assert_eq!(answer.headers.get("access-control-allow-origin"), None);
    assert_eq!(answer.headers.get("access-control-allow-credentials"), None);
}
