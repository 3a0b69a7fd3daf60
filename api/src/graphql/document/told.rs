//! Which operations show nothing but what the log of a thread tells of, the viewer's own row, and accounts as others see them: their
//! answers hold for as long as those are what they were ([`crate::graphql::recall`]).

use apollo_compiler::ExecutableDocument;
use apollo_compiler::executable::{Operation, Selection, SelectionSet};

use super::shape::fragment;

/// The fields of each type that may be shown. What has no place here makes an answer one that is not kept: whatever changes without a
/// line in the log (receipts, who is there, blocks, mentions), and whatever is of the viewer's account.
const TOLD: &[(&str, &[&str])] = &[
    ("Query", &["thread", "viewer"]),
    ("Viewer", &["threads"]),
    ("ThreadConnection", &["edges", "nodes", "pageInfo"]),
    ("ThreadEdge", &["cursor", "node"]),
    ("PageInfo", &["endCursor", "hasNextPage", "hasPreviousPage", "startCursor"]),
    (
        "Thread",
        &[
            "archivedAt",
            "createdAt",
            "createdBy",
            "eventCursor",
            "id",
            "kind",
            "lastMessage",
            "lastMessageAt",
            "messages",
            "participants",
            "retentionDays",
            "sharesReceipts",
            "title",
            "updatedAt",
            "viewerState",
        ],
    ),
    (
        "ViewerThreadState",
        &["canManage", "canSend", "lastReadAt", "lastReadCursor", "mutedUntil", "role", "unreadCount"],
    ),
    ("ParticipantConnection", &["edges", "nodes", "pageInfo", "totalCount"]),
    ("ParticipantEdge", &["cursor", "node"]),
    ("Participant", &["joinedAt", "role", "user"]),
    ("MessageConnection", &["edges", "nodes", "pageInfo"]),
    ("MessageEdge", &["cursor", "node"]),
    (
        "Message",
        &[
            "attachments",
            "clientKey",
            "content",
            "createdAt",
            "deletedAt",
            "editedAt",
            "id",
            "metadata",
            "parent",
            "reactions",
            "replies",
            "replyCount",
            "sender",
            "thread",
            "version",
        ],
    ),
    ("ReactionGroup", &["count", "emoji", "viewerHasReacted"]),
    ("Attachment", &["createdAt", "height", "id", "metadata", "name", "size", "thumbnailUrl", "type", "url", "width"]),
    ("User", &["createdAt", "id", "kind", "profile", "username"]),
    ("Profile", &["avatarUrl", "bio", "displayName", "firstName", "lastName"]),
];

/// Whether an operation, which is known not to be too large, shows nothing else.
pub(super) fn is_told(document: &ExecutableDocument, operation: &Operation) -> bool {
    operation.is_query() && shows_told(document, &operation.selection_set)
}

fn shows_told(document: &ExecutableDocument, set: &SelectionSet) -> bool {
    let fields = TOLD.iter().find(|(name, _)| *name == set.ty.as_str()).map_or(&[][..], |(_, fields)| fields);
    set.selections.iter().all(|selection| match selection {
        Selection::Field(field) if field.name == "__typename" => true,
        Selection::Field(field) => {
            fields.contains(&field.name.as_str())
                && (field.selection_set.is_empty() || shows_told(document, &field.selection_set))
        }
        other => fragment(document, other).is_some_and(|set| shows_told(document, set)),
    })
}

#[cfg(test)]
mod tests {
    use apollo_compiler::Schema;

    use super::TOLD;

    #[test]
    fn what_may_be_shown_is_in_the_schema() {
        let schema = Schema::parse_and_validate(crate::graphql::sdl(), "schema.graphql").expect("a schema");
        for (name, fields) in TOLD {
            for field in *fields {
                assert!(schema.type_field(name, field).is_ok(), "{name}.{field}");
            }
        }
    }
}
