//! What a conversation of the demo consists of.

use super::cast::Who;

/// A thread of the demo and what happens in it.
pub(super) struct Conversation {
    /// Where it takes place.
    pub(super) place: Place,
    /// Whoever opens the thread, and so manages it if somebody does.
    pub(super) host: Who,
    /// Who takes part besides.
    pub(super) others: &'static [Who],
    /// What happens, in order.
    pub(super) beats: &'static [Beat],
}

/// A kind of thread, with the title that it has.
#[derive(Clone, Copy)]
pub(super) enum Place {
    /// Of two.
    Direct,
    /// Of those who are invited.
    Group(&'static str),
    /// Of those who walk in.
    Room(&'static str),
    /// The room that is there anyway, if it is.
    Lobby,
}

/// One thing that somebody does. A message is named by the words that it begins with; the last such is meant.
pub(super) enum Beat {
    /// Sends a message.
    Says(Who, &'static str),
    /// Replies to the message that begins with the words in the middle.
    Replies(Who, &'static str, &'static str),
    /// Sends a message with files.
    Shows(Who, &'static str, &'static [File]),
    /// Put an emoji to the last message.
    React(&'static [Who], &'static str),
    /// Put an emoji to the message that begins so.
    ReactTo(&'static [Who], &'static str, &'static str),
    /// The sender of the message that begins so says something else instead.
    Edits(&'static str, &'static str),
    /// Takes away the message that begins so.
    Deletes(Who, &'static str),
    /// Makes somebody an admin.
    Promotes(Who, Who),
    /// Keeps somebody out of the room, for a reason.
    Bans(Who, Who, &'static str),
    /// The first makes an invitation, by which the others come.
    Invites(Who, &'static [Who]),
    /// Has messages deleted after so many days.
    Keeps(Who, i32),
    /// Have the last message on a device, and haven't looked at it.
    Get(&'static [Who]),
    /// Have read everything so far.
    Read(&'static [Who]),
}

/// A file that a message shows.
pub(super) struct File {
    /// Its name, which ends its address, too.
    pub(super) name: &'static str,
    /// The media type.
    pub(super) media_type: &'static str,
    /// Bytes.
    pub(super) size: i32,
}

/// What is not somewhere on the web, but put here: the graph of a load test.
pub(super) const GRAPH: &str = "load-test-day-one.png";

/// All of the demo, in the order in which it happens.
pub(super) fn conversations() -> impl Iterator<Item = &'static Conversation> {
    use super::{directs, groups, rooms};
    [&rooms::SQUARE, &groups::READERS, &directs::SUPPLY, &directs::TRAVEL, &directs::APP].into_iter().chain([
        &groups::CLIMBERS,
        &directs::HANDBOOK,
        &rooms::FEEDER,
        &directs::ROPE,
        &groups::LAUNCH,
        &directs::SLIDES,
        &rooms::LOBBY,
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(said: &[(Who, &'static str)], words: &str) -> Option<Who> {
        said.iter().rev().find(|(_, text)| text.starts_with(words)).map(|(who, _)| *who)
    }

    #[test]
    fn every_beat_can_be_played() {
        for conversation in conversations() {
            let mut came: Vec<Who> = Vec::new();
            let mut said: Vec<(Who, &'static str)> = Vec::new();
            for beat in conversation.beats {
                let (actors, named, text): (Vec<Who>, Option<&str>, Option<&'static str>) = match beat {
                    Beat::Says(who, text) | Beat::Shows(who, text, _) => (vec![*who], None, Some(text)),
                    Beat::Replies(who, words, text) => (vec![*who], Some(words), Some(text)),
                    Beat::React(who, emoji) | Beat::ReactTo(who, _, emoji) => {
                        assert!(emojis::get(emoji).is_some(), "{emoji}");
                        let named = if let Beat::ReactTo(_, words, _) = beat { Some(*words) } else { None };
                        (who.to_vec(), named, None)
                    }
                    Beat::Edits(words, text) => (begin(&said, words).into_iter().collect(), Some(words), Some(text)),
                    Beat::Deletes(who, words) => (vec![*who], Some(words), None),
                    Beat::Promotes(who, other) => (vec![*who, *other], None, None),
                    Beat::Bans(who, ..) | Beat::Keeps(who, _) => (vec![*who], None, None),
                    Beat::Invites(who, others) => {
                        came.extend_from_slice(others);
                        (vec![*who], None, None)
                    }
                    Beat::Get(who) | Beat::Read(who) => (who.to_vec(), None, None),
                };
                let is_present =
                    |who: Who| who == conversation.host || conversation.others.contains(&who) || came.contains(&who);
                assert!(actors.iter().all(|&who| is_present(who)), "{actors:?} {text:?}");
                assert!(named.is_none_or(|words| begin(&said, words).is_some()), "{named:?}");
                said.extend(text.map(|text| (actors[0], text)));
            }
            assert!(said.len() > 3);
        }
    }
}
