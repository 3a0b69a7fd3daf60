//! Questions about who is let into threads, and who is not.

use domain::{invitation, room_ban};

use super::*;

/// A page of a room's bans.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct BansOf(pub(crate) Reader, pub(crate) Window<i64>);

question!(BansOf => Page<room_ban::Model>, |app, keys| {
    let asked: Vec<_> = keys.iter().map(|key| (key.0.clone(), key.1.clone())).collect();
    room_ban::pages(app, &asked).await.map(|pages| zip(keys, pages))
});

/// A page of the invitations to a group.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct InvitationsTo(pub(crate) Reader, pub(crate) Window<String>);

question!(InvitationsTo => Page<invitation::Model>, |app, keys| {
    let asked: Vec<_> = keys.iter().map(|key| (key.0.clone(), key.1.clone())).collect();
    invitation::pages(app, &asked).await.map(|pages| zip(keys, pages))
});

asks_in_thread!(BansOf, InvitationsTo);
