//! Dataloaders: one key type for each question, answered for many at once by the domain's by-id reads.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use domain::access::Reader;
use domain::cursor::ThreadCursor;
use domain::event::EventPage;
use domain::page::{Page, Slice, Window};
use domain::reaction::Group;
use domain::receipt::{Asked, Receipts};
use domain::user::Public;
use domain::{
    App, assistant, attachment, block, chirp, event, message, participant, reaction, receipt, referral, thread, user,
    wallet,
};
use entity::id::{MessageId, ReferralCodeId, ThreadId, UserId, WalletId};
use entity::participant::Role;

use super::scope::Asks;

/// Answers the questions.
pub(crate) struct Batch(pub(crate) Arc<App>);

type Answers<K, V> = Result<HashMap<K, V>, Arc<domain::Error>>;

/// Implements the loader of one question: keys in, a map of answers out.
macro_rules! question {
    ($(#[$doc:meta])* $key:ty => $value:ty, |$app:ident, $keys:ident| $answer:expr) => {
        $(#[$doc])*
        impl Loader<$key> for Batch {
            type Value = $value;
            type Error = Arc<domain::Error>;

            async fn load(&self, $keys: &[$key]) -> Answers<$key, $value> {
                let $app = &self.0;
                let answers: domain::Result<HashMap<$key, $value>> = $answer;
                answers.map_err(Arc::new)
            }
        }
    };
}

/// An answer for every key, since only what has an answer is remembered: an empty one where nothing was found.
fn complete<K: Clone + Hash + Eq, V: Default, I: Hash + Eq>(
    keys: &[K],
    mut found: HashMap<I, V>,
    id: impl Fn(&K) -> I,
) -> HashMap<K, V> {
    keys.iter().map(|key| (key.clone(), found.remove(&id(key)).unwrap_or_default())).collect()
}

/// Pages of rows that are shown in more than one place.
fn shared<T>(pages: Vec<Page<T>>) -> Vec<Page<Arc<T>>> {
    pages.into_iter().map(|page| page.map(Arc::new)).collect()
}

/// Pairs each key with its answer, for reads that answer in the order of the keys.
fn zip<K: Clone + Hash + Eq, V>(keys: &[K], answers: Vec<V>) -> HashMap<K, V> {
    keys.iter().cloned().zip(answers).collect()
}

question!(
    /// Who is this?
    UserId => Arc<Public>,
    |app, keys| user::by_ids(app, keys).await
);

/// Whether the first has blocked the second; asked for the first alone.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct BlockedBy(pub(crate) UserId, pub(crate) UserId);

question!(BlockedBy => bool, |app, keys| {
    let mut of_owner: HashMap<UserId, Vec<UserId>> = HashMap::new();
    for BlockedBy(owner, id) in keys {
        of_owner.entry(*owner).or_default().push(*id);
    }
    let mut answers = HashMap::new();
    let mut outcome = Ok(());
    for (owner, ids) in of_owner {
        match block::of(app, owner, &ids).await {
            Ok(blocked) => answers.extend(ids.into_iter().map(|id| (BlockedBy(owner, id), blocked.contains(&id)))),
            Err(error) => outcome = Err(error),
        }
    }
    outcome.map(|()| answers)
});

/// The message that another one of the same thread replies to.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Parent(pub(crate) Reader, pub(crate) MessageId);

question!(Parent => Arc<entity::message::Model>, |app, keys| {
    let asked: Vec<_> = keys.iter().map(|key| (key.0.clone(), key.1)).collect();
    message::by_ids(app, &asked).await.map(|rows| {
        let found = rows.into_iter().map(|(id, row)| (id, Arc::new(row))).collect::<HashMap<_, _>>();
        keys.iter().filter_map(|key| Some((key.clone(), found.get(&key.1)?.clone()))).collect()
    })
});

/// The reactions to a message, as one viewer sees them.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct ReactionsTo(pub(crate) Option<UserId>, pub(crate) MessageId);

question!(ReactionsTo => Vec<Group>, |app, keys| {
    let mut answers = HashMap::new();
    let mut of_viewer: HashMap<Option<UserId>, Vec<MessageId>> = HashMap::new();
    for key in keys {
        of_viewer.entry(key.0).or_default().push(key.1);
    }
    let mut outcome = Ok(());
    for (viewer, ids) in of_viewer {
        match reaction::groups(app, viewer, &ids).await {
            Ok(groups) => answers.extend(groups.into_iter().map(|(id, groups)| ((viewer, id), groups))),
            Err(error) => outcome = Err(error),
        }
    }
    outcome.map(|()| complete(keys, answers, |key| (key.0, key.1)))
});

/// Who put an emoji to a message, the first few.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct ReactedWith {
    pub(crate) reader: Reader,
    pub(crate) message_id: MessageId,
    pub(crate) emoji: String,
    pub(crate) limit: u32,
}

question!(ReactedWith => Vec<UserId>, |app, keys| {
    let limit = keys.iter().map(|key| key.limit).max().unwrap_or(1);
    let asked: Vec<_> = keys.iter().map(|key| (key.reader.clone(), key.message_id, key.emoji.clone())).collect();
    reaction::users(app, &asked, limit).await.map(|lists| {
        let cut = keys.iter().zip(lists).map(|(key, list)| list.into_iter().take(key.limit as usize).collect());
        zip(keys, cut.collect())
    })
});

/// The attachments of a message.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct AttachmentsOf(pub(crate) MessageId);

question!(AttachmentsOf => Vec<entity::message_attachment::Model>, |app, keys| {
    let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
    attachment::of_messages(app, &ids).await.map(|found| complete(keys, found, |key| key.0))
});

/// What a message said before it was edited, from the one end or from the other.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct RevisionsOf(pub(crate) MessageId, pub(crate) Slice);

question!(RevisionsOf => Vec<entity::message_revision::Model>, |app, keys| {
    let mut of_slice: HashMap<Slice, Vec<MessageId>> = HashMap::new();
    for key in keys {
        of_slice.entry(key.1).or_default().push(key.0);
    }
    let mut answers = HashMap::new();
    let mut outcome = Ok(());
    for (slice, ids) in of_slice {
        match message::revisions(app, &ids, slice).await {
            Ok(found) => answers.extend(found.into_iter().map(|(id, rows)| ((id, slice), rows))),
            Err(error) => outcome = Err(error),
        }
    }
    outcome.map(|()| complete(keys, answers, |key| (key.0, key.1)))
});

/// How far the assistant's answer to a message has come.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct AnswerTo(pub(crate) Reader, pub(crate) MessageId);

question!(AnswerTo => Arc<entity::assistant_answer::Model>, |app, keys| {
    let ids: Vec<_> = keys.iter().map(|key| key.1).collect();
    assistant::of_messages(app, &ids).await.map(|rows| {
        let found = rows.into_iter().map(|(id, row)| (id, Arc::new(row))).collect::<HashMap<_, _>>();
        keys.iter().filter_map(|key| Some((key.clone(), found.get(&key.1)?.clone()))).collect()
    })
});

/// How many replies a message has.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct ReplyCount(pub(crate) MessageId);

question!(ReplyCount => i64, |app, keys| {
    let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
    message::reply_counts(app, &ids).await.map(|found| complete(keys, found, |key| key.0))
});

/// Who has got and read a message.
#[derive(Clone)]
pub(crate) struct ReceiptsOf(pub(crate) Asked);

impl PartialEq for ReceiptsOf {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }
}

impl Eq for ReceiptsOf {}

impl Hash for ReceiptsOf {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.id.hash(state);
    }
}

question!(ReceiptsOf => Arc<Receipts>, |app, keys| {
    let asked: Vec<_> = keys.iter().map(|key| key.0.clone()).collect();
    receipt::of_messages(app, &asked).await.map(|mut found| {
        keys.iter().filter_map(|key| Some((key.clone(), Arc::new(found.remove(&key.0.id)?)))).collect()
    })
});

/// The last message of a thread.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct LastMessage(pub(crate) Reader);

question!(LastMessage => Arc<entity::message::Model>, |app, keys| {
    let readers: Vec<_> = keys.iter().map(|key| key.0.clone()).collect();
    message::last_of_each(app, &readers).await.map(|found| {
        keys.iter().filter_map(|key| Some((key.clone(), Arc::new(found.get(&key.0.id())?.clone())))).collect()
    })
});

/// A page of a thread's messages.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct MessagesOf(pub(crate) Reader, pub(crate) Window<i64>);

question!(MessagesOf => Page<Arc<entity::message::Model>>, |app, keys| {
    let asked: Vec<_> = keys.iter().map(|key| (key.0.clone(), key.1.clone())).collect();
    message::pages(app, &asked).await.map(|pages| zip(keys, shared(pages)))
});

/// A page of a thread's messages about one of them; none if it is not one of the thread.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct MessagesAround(pub(crate) Reader, pub(crate) MessageId, pub(crate) u32);

question!(MessagesAround => Page<Arc<entity::message::Model>>, |app, keys| {
    let asked: Vec<_> = keys.iter().map(|key| (key.0.clone(), key.1, key.2)).collect();
    message::pages_around(app, &asked).await.map(|pages| {
        let found = keys.iter().zip(pages).filter_map(|(key, page)| Some((key.clone(), page?.map(Arc::new))));
        found.collect()
    })
});

/// A page of a thread's log.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct EventsOf(pub(crate) Reader, pub(crate) Option<ThreadCursor>, pub(crate) u32);

question!(EventsOf => Arc<EventPage>, |app, keys| {
    let asked: Vec<_> = keys.iter().map(|key| (key.0.clone(), key.1, key.2)).collect();
    event::pages(app, &asked).await.map(|pages| zip(keys, pages.into_iter().map(Arc::new).collect()))
});

/// A page of the replies to a message.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct RepliesTo(pub(crate) Reader, pub(crate) MessageId, pub(crate) Window<i64>);

question!(RepliesTo => Page<Arc<entity::message::Model>>, |app, keys| {
    let asked: Vec<_> = keys.iter().map(|key| (key.0.clone(), key.1, key.2.clone())).collect();
    message::reply_pages(app, &asked).await.map(|pages| zip(keys, shared(pages)))
});

/// A page of a thread's participants.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct ParticipantsOf(pub(crate) Reader, pub(crate) Option<Role>, pub(crate) Window<participant::Key>);

question!(ParticipantsOf => Page<entity::participant::Model>, |app, keys| {
    let asked: Vec<_> = keys.iter().map(|key| (key.0.clone(), key.1, key.2.clone())).collect();
    participant::pages(app, &asked).await.map(|pages| zip(keys, pages))
});

/// How many participants of a role a thread has.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct CountOf(pub(crate) ThreadId, pub(crate) Role);

question!(CountOf => i64, |app, keys| {
    let asked: Vec<_> = keys.iter().map(|key| (key.0, key.1)).collect();
    participant::counts(app, &asked).await.map(|found| complete(keys, found, |key| (key.0, key.1)))
});

/// How many messages behind one position and up to another were deleted.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct DeletedAfter(pub(crate) ThreadId, pub(crate) i64, pub(crate) i64);

question!(DeletedAfter => i64, |app, keys| {
    let places: Vec<_> = keys.iter().map(|key| (key.0, key.1, key.2)).collect();
    thread::deleted_after(app, &places).await.map(|found| complete(keys, found, |key| (key.0, key.1, key.2)))
});

/// Somebody's own row in a thread that they take part in.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct OwnRow(pub(crate) ThreadId, pub(crate) UserId);

question!(OwnRow => entity::participant::Model, |app, keys| {
    let asked: Vec<_> = keys.iter().map(|key| (key.0, key.1)).collect();
    participant::own_rows(app, &asked).await.map(|found| {
        found.into_iter().map(|((thread, user), row)| (OwnRow(thread, user), row)).collect()
    })
});

/// A wallet of an account's own.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct OwnWallet(pub(crate) UserId, pub(crate) WalletId);

question!(OwnWallet => entity::wallet::Model, |app, keys| {
    let asked: Vec<_> = keys.iter().map(|key| (key.0, key.1)).collect();
    let found = wallet::of_accounts(app, &asked).await;
    found.map(|rows| rows.into_iter().map(|((user, id), row)| (OwnWallet(user, id), row)).collect())
});

/// A page of those who came by a referral code, which is one of the viewer's own.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct ReferralsBy(pub(crate) ReferralCodeId, pub(crate) Window<referral::Key>);

question!(ReferralsBy => Page<entity::referral::Model>, |app, keys| {
    let asked: Vec<_> = keys.iter().map(|key| (key.0, key.1.clone())).collect();
    referral::pages(app, &asked).await.map(|pages| zip(keys, pages))
});

/// A page of what somebody has said to everybody.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct ChirpsOf(pub(crate) UserId, pub(crate) Window<i64>);

question!(ChirpsOf => chirp::Listed, |app, keys| {
    let asked: Vec<_> = keys.iter().map(|key| (key.0, key.1.clone())).collect();
    chirp::pages(app, &asked).await.map(|pages| zip(keys, pages))
});

/// Questions whose answers are shown in the thread that they begin with.
macro_rules! asks_in_thread {
    ($($key:ty),*) => {$(
        impl Asks for $key {
            fn thread(&self) -> Option<&Reader> {
                Some(&self.0)
            }
        }
    )*};
}

asks_in_thread!(AnswerTo, Parent, LastMessage, MessagesOf, MessagesAround, RepliesTo, ParticipantsOf);

/// Questions whose answers are shown in no thread, or bring its proof along.
macro_rules! asks {
    ($($key:ty),*) => {$( impl Asks for $key {} )*};
}

asks!(
    UserId,
    BlockedBy,
    ReactionsTo,
    ReactedWith,
    AttachmentsOf,
    RevisionsOf,
    ReplyCount,
    ReceiptsOf,
    EventsOf,
    CountOf,
    DeletedAfter,
    OwnRow,
    OwnWallet,
    ReferralsBy,
    ChirpsOf
);

// Behind the macros, which it is written with.
mod admission;
mod mention;
mod token;

pub(crate) use admission::{BansOf, InvitationsTo};
pub(crate) use mention::{MentionCount, MentionsIn};
pub(crate) use token::{NftsIn, NftsOf};
