//! Questions about whom messages mention.

use domain::mention::{self, Mention, Unread};

use super::*;

/// Whom a message mentions.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct MentionsIn(pub(crate) MessageId);

question!(MentionsIn => Vec<Mention>, |app, keys| {
    let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
    mention::of_messages(app, &ids).await.map(|found| complete(keys, found, |key| key.0))
});

/// How many messages mention somebody in what they have not read.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct MentionCount(pub(crate) Unread);

question!(MentionCount => i64, |app, keys| {
    let asked: Vec<_> = keys.iter().map(|key| key.0).collect();
    mention::counts(app, &asked).await.map(|found| complete(keys, found, |key| key.0))
});

asks!(MentionsIn, MentionCount);
