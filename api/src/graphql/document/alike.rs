//! What of a stream all who ask the same are shown alike, whoever they are.

use apollo_compiler::executable::{Operation, Selection, SelectionSet};
use apollo_compiler::{ExecutableDocument, Schema};

use super::shape::fragment;

/// What streams show of a line of the log, and the fields of it that are of the line's moment, depend on nobody who asks, and take no
/// arguments. Addresses of files run out, and reactions, replies and receipts change afterwards: each subscriber is shown those anew.
const ALIKE: &[(&str, &[&str])] = &[
    ("MessageEdge", &["cursor", "node"]),
    ("MessagePosted", &["cursor", "message"]),
    ("MessageEdited", &["cursor", "message"]),
    ("MessageDeleted", &["cursor", "message"]),
    ("Message", &["content", "createdAt", "deletedAt", "editedAt", "id", "metadata", "sender", "version"]),
    ("User", &["createdAt", "id", "kind", "profile", "username"]),
    ("Profile", &["avatarUrl", "bio", "displayName", "firstName", "lastName"]),
];
/// Those that streams show themselves: one of them an edge, the others frames, whose interface comes last.
const SHOWN: [&str; 4] = [EDGE, "MessagePosted", "MessageEdited", "MessageDeleted"];
const EDGE: &str = "MessageEdge";
const FRAME: &str = "ThreadFrame";

/// A subscription, for whoever compares: what two subscribers are shown is alike if they have come with the very same one, and it is of
/// one of its types.
#[derive(Debug)]
pub(crate) struct Alike {
    types: Vec<&'static str>,
}

impl Alike {
    /// What is shown alike of an operation, which is known not to be too large; none if nothing is.
    pub(super) fn of(schema: &Schema, document: &ExecutableDocument, operation: &Operation) -> Option<Self> {
        let [Selection::Field(root)] = &operation.selection_set.selections[..] else { return None };
        let shown = root.selection_set.ty.as_str();
        let is_shown = |name: &&str| if shown == FRAME { *name != EDGE } else { *name == shown };
        let is_alike = |name: &&str| shows_alike(schema, document, &root.selection_set, name);
        let types: Vec<_> = SHOWN.into_iter().filter(is_shown).filter(is_alike).collect();
        (operation.is_subscription() && !types.is_empty()).then_some(Self { types })
    }

    /// Whether what is of this type is shown alike.
    pub(crate) fn shows(&self, name: &str) -> bool {
        self.types.contains(&name)
    }
}

/// Whether what a selection shows of something of this type is alike for all. What fragments on other objects select is not shown; what
/// those on interfaces do may be.
fn shows_alike(schema: &Schema, document: &ExecutableDocument, set: &SelectionSet, name: &str) -> bool {
    if set.ty != name && schema.get_object(&set.ty).is_some() {
        return true;
    }
    let fields = ALIKE.iter().find(|(known, _)| *known == name).map_or(&[][..], |(_, fields)| fields);
    set.selections.iter().all(|selection| match selection {
        Selection::Field(field) => {
            let is_known = field.name == "__typename" || fields.contains(&field.name.as_str());
            let below = &field.selection_set;
            let is_alike = below.is_empty() || shows_alike(schema, document, below, &below.ty);
            is_known && field.directives.is_empty() && is_alike
        }
        Selection::InlineFragment(inline) => {
            inline.directives.is_empty() && shows_alike(schema, document, &inline.selection_set, name)
        }
        Selection::FragmentSpread(spread) => {
            spread.directives.is_empty()
                && fragment(document, selection).is_some_and(|set| shows_alike(schema, document, set, name))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alike(text: &str) -> Vec<&'static str> {
        let schema = Schema::parse_and_validate(crate::graphql::sdl(), "schema.graphql").expect("a schema");
        let document = ExecutableDocument::parse_and_validate(&schema, text, "document").expect("a document");
        let operation = document.operations.get(None).expect("one operation");
        Alike::of(&schema, &document, operation).map(|alike| alike.types).unwrap_or_default()
    }

    #[test]
    fn what_may_be_shown_is_in_the_schema() {
        let schema = Schema::parse_and_validate(crate::graphql::sdl(), "schema.graphql").expect("a schema");
        for (name, fields) in ALIKE {
            for field in *fields {
                let found = schema.type_field(name, field).expect("a field");
                assert!(found.arguments.is_empty(), "{name}.{field}");
            }
        }
    }

    #[test]
    fn what_depends_on_who_asks_or_on_variables_is_not_alike() {
        let added = |fields: &str| {
            let condition = if fields.contains("$x") { ", $x: Boolean = true" } else { "" };
            alike(&format!("subscription($id: ID!{condition}) {{ messageAdded(threadId: $id) {{ {fields} }} }}"))
        };
        assert_eq!(added("cursor node { id content sender { username profile { displayName } } }"), ["MessageEdge"]);
        assert_eq!(
            added("node { ... on Node { id ... on Message { content } ... on User { viewerHasBlocked } } }"),
            ["MessageEdge"]
        );
        assert_eq!(added("... on MessageEdge { cursor } node { __typename ... { id } }"), ["MessageEdge"]);
        for different in [
            "node { clientKey }",
            "node { thread { viewerState { unreadCount } } }",
            "node { reactions { viewerHasReacted } }",
            "node { attachments { url } }",
            "node { content @include(if: $x) }",
            "... @skip(if: $x) { cursor } node { id }",
            "node { sender { isBlocked: id @skip(if: $x) } }",
            "node { ... on Node { ... on Message { clientKey } } }",
            "... { node { ... on Node { ... { ... on Message { thread { viewerState { unreadCount } } } } } } }",
            "node { sender { ... on Node { ... on User { viewerHasBlocked } } } }",
        ] {
            assert_eq!(added(different), [""; 0], "{different}");
        }
        let events =
            |fields: &str| alike(&format!("subscription($id: ID!) {{ threadEvents(threadId: $id) {{ {fields} }} }}"));
        assert_eq!(
            events(
                "__typename cursor ... on MessagePosted { message { content } } ... on ReactionsChanged { message { reactions { emoji } } }"
            ),
            ["MessagePosted", "MessageEdited", "MessageDeleted"]
        );
        assert_eq!(
            events(
                "cursor ... on MessagePosted { message { clientKey } } ... on MessageEdited { message { content } }"
            ),
            ["MessageEdited", "MessageDeleted"]
        );
        assert_eq!(alike("{ viewer { user { id } } }"), [""; 0]);
    }
}
