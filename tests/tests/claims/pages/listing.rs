//! One connection of the API, and how it is walked and checked.

use serde_json::{Value, json};
use tests::{Answer, Client};

/// A connection: where it is, and what it should hold.
pub(crate) struct Listing<'a> {
    /// Who asks.
    pub(crate) client: &'a Client,
    /// The document around the connection, which stands at `CONNECTION`.
    pub(crate) document: &'a str,
    /// The connection's field, such as `messages`; further arguments end in a comma: `threads(archived: true,`.
    pub(crate) field: &'a str,
    /// The variables of the document.
    pub(crate) variables: Value,
    /// What is asked of a node, and where in it its name is found.
    pub(crate) node: (&'a str, &'a str),
    /// Where the connection is found below `data`.
    pub(crate) pointer: &'a str,
    /// The names of all its nodes, in order.
    pub(crate) expected: Vec<String>,
}

/// One page, taken apart.
pub(crate) struct Page {
    pub(crate) names: Vec<String>,
    pub(crate) cursors: Vec<String>,
    pub(crate) has_next: bool,
    pub(crate) has_previous: bool,
}

impl Listing<'_> {
    /// Asks for one page; `arguments` as GraphQL text, such as `first: 3`.
    pub(crate) async fn ask(&self, arguments: &str) -> Answer {
        let field = match self.field.split_once('(') {
            Some((field, more)) => format!("{field}({more} {arguments})"),
            None if arguments.is_empty() => self.field.to_owned(),
            None => format!("{}({arguments})", self.field),
        };
        let select = self.node.0;
        let connection = format!(
            "{field} {{ edges {{ cursor node {{ {select} }} }} nodes {{ {select} }} \
             pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }}"
        );
        self.client.graphql(&self.document.replace("CONNECTION", &connection), self.variables.clone()).await
    }

    /// One page, after checking that it agrees with itself.
    pub(crate) async fn page(&self, arguments: &str) -> Page {
        let answer = self.ask(arguments).await;
        let connection = answer.ok(self.pointer);
        let name =
            |node: &Value| node.pointer(self.node.1).and_then(Value::as_str).expect("a node has a name").to_owned();
        let edges = connection["edges"].as_array().expect("edges");
        let names: Vec<_> = edges.iter().map(|edge| name(&edge["node"])).collect();
        let nodes: Vec<_> = connection["nodes"].as_array().expect("nodes").iter().map(name).collect();
        assert_eq!(names, nodes, "nodes are the edges' nodes");
        let cursors: Vec<_> = edges.iter().map(|edge| edge["cursor"].as_str().expect("a cursor").to_owned()).collect();
        let info = &connection["pageInfo"];
        assert_eq!(info["startCursor"], json!(cursors.first()));
        assert_eq!(info["endCursor"], json!(cursors.last()));
        let flag = |field: &str| info[field].as_bool().expect("a flag");
        Page { names, cursors, has_next: flag("hasNextPage"), has_previous: flag("hasPreviousPage") }
    }

    /// Checks a page against the place in the list where it has to be.
    pub(crate) fn is_slice(&self, page: &Page, from: usize, to: usize, what: &str) {
        assert_eq!(page.names, self.expected[from..to], "{what}");
        assert_eq!(page.has_previous, from > 0, "hasPreviousPage of {what}");
        assert_eq!(page.has_next, to < self.expected.len(), "hasNextPage of {what}");
    }

    /// Walks the whole list forward and backward with pages of several sizes.
    pub(crate) async fn walks_both_ways(&self) {
        let all = self.expected.len();
        for size in [1, 2, 3, all.saturating_sub(1), all, all + 1, 100] {
            if (1..=100).contains(&size) {
                self.walk_forward(size).await;
                self.walk_backward(size).await;
            }
        }
    }

    async fn walk_forward(&self, size: usize) {
        let all = self.expected.len();
        let (mut from, mut arguments) = (0, format!("first: {size}"));
        loop {
            let to = (from + size).min(all);
            let page = self.page(&arguments).await;
            self.is_slice(&page, from, to, &arguments);
            if !page.has_next {
                return;
            }
            arguments = format!("first: {size}, after: \"{}\"", page.cursors.last().expect("there is more"));
            from = to;
        }
    }

    async fn walk_backward(&self, size: usize) {
        let (mut to, mut arguments) = (self.expected.len(), format!("last: {size}"));
        loop {
            let from = to.saturating_sub(size);
            let page = self.page(&arguments).await;
            self.is_slice(&page, from, to, &arguments);
            if !page.has_previous {
                return;
            }
            arguments = format!("last: {size}, before: \"{}\"", page.cursors.first().expect("there is more"));
            to = from;
        }
    }
}

/// The messages of a thread.
pub(crate) fn messages<'a>(client: &'a Client, thread: &str, expected: Vec<String>) -> Listing<'a> {
    Listing {
        client,
        document: "query($id: ID!) { thread(id: $id) { CONNECTION } }",
        field: "messages",
        variables: json!({ "id": thread }),
        node: ("id", "/id"),
        pointer: "/thread/messages",
        expected,
    }
}
