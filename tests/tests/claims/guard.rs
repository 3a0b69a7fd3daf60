//! Brackets behind quotes that do not end: whatever a document makes of its quotes, it brings nothing down.

use serde_json::{Value, json};
use tests::{Frame, Socket, World, claims};

claims![brackets_behind_open_quotes_are_refused, brackets_behind_open_quotes_are_refused_on_a_socket];

/// How many brackets: more than a parser's stack likes, as many as a document may hold, and more than that.
const DEPTHS: [usize; 4] = [500, 5_000, 30_000, 100_000];

/// A socket takes no longer message, and may close at one.
const LARGEST_MESSAGE: usize = 100 * 1024;

/// Documents of this depth that a count of brackets and a parser may read differently.
fn documents(depth: usize) -> Vec<String> {
    let mut documents = Vec::new();
    for (open, close) in [("[", "]"), ("{a:", "}"), ("[{a:[", "]}]")] {
        let nested = open.repeat(depth / open.len()) + &close.repeat(depth / open.len());
        for before in [
            "\"\"\"x\"\n",
            "\"\"\"x\"\r",
            "\"\"\"\n",
            "\"\"\"x\\\"\"\"\n",
            "\"\"\"\"\n",
            "\"\" \"\"\"\"\"x\"\n",
            "\"x\\\n",
            "\"\\\"\n",
            "\"\"#\"\"\"\n",
            "#\"\"\"\r",
            "\"#\"",
        ] {
            documents.push(format!("{{a(b:[{before}{nested}])}}"));
        }
        documents.push(format!("{{a(b:\"\"\"x\"\n{nested})}}"));
        documents.push(format!("query($a:[Int]=[\"\"\"x\"\n{nested}]){{__typename}}"));
        documents.push(format!("\"\"\"x\"\n{nested}"));
    }
    documents
}

async fn brackets_behind_open_quotes_are_refused(world: World) {
    for depth in DEPTHS {
        for document in documents(depth) {
            let answer = world.anonymous.graphql(&document, Value::Null).await;
            assert!(answer.status < 500, "{document:.40} of {depth} is answered with {}", answer.status);
            assert!(answer.json["errors"][0]["message"].is_string(), "{document:.40} of {depth}: {}", answer.json);
            assert!(answer.json.get("data").is_none_or(Value::is_null), "{document:.40} of {depth}: {}", answer.json);
        }
        let answer = world.anonymous.graphql("{ __typename }", Value::Null).await;
        assert_eq!(answer.ok("/__typename"), "Query", "after {depth} brackets");
    }
    assert!(world.server.exited().is_none(), "the process is still the same");
}

async fn brackets_behind_open_quotes_are_refused_on_a_socket(world: World) {
    let mut socket = Socket::connect(&world.server, None).await;
    for depth in DEPTHS {
        for document in documents(depth) {
            let message = json!({ "query": document }).to_string().len();
            let mut operation = socket.subscribe(&document, Value::Null).await;
            match operation.next().await {
                Frame::Error(errors) => assert!(errors[0]["message"].is_string(), "{errors}"),
                Frame::Closed(..) | Frame::Lost(_) if message > LARGEST_MESSAGE => {
                    socket = Socket::connect(&world.server, None).await;
                }
                other => panic!("{document:.40} of {depth} is answered with {other:?}"),
            }
        }
        let mut answer = socket.subscribe("{ __typename }", Value::Null).await;
        assert_eq!(answer.value().await, "Query", "after {depth} brackets");
        answer.completed().await;
    }
    assert!(world.server.exited().is_none(), "the process is still the same");
}
