//! The people of the demo: a small company that makes a bird feeder with a camera, and two visitors.

/// Somebody in the demo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Who {
    Maya,
    Jonas,
    Priya,
    Tomas,
    Lena,
    Sam,
    Yuki,
    Omar,
    Wren,
    Magpie,
}

use Who::*;

/// Those with accounts; the first one tells whether the demo is there.
pub(super) const PEOPLE: [Who; 8] = [Maya, Jonas, Priya, Tomas, Lena, Sam, Yuki, Omar];
/// Those with a name only.
pub(super) const GUESTS: [Who; 2] = [Wren, Magpie];

/// What a profile says of somebody.
pub(super) struct Face {
    pub(super) first_name: &'static str,
    pub(super) last_name: &'static str,
    pub(super) bio: &'static str,
}

impl Who {
    pub(super) fn username(self) -> &'static str {
        match self {
            Maya => "maya",
            Jonas => "jonas",
            Priya => "priya",
            Tomas => "tomas",
            Lena => "lena",
            Sam => "sam",
            Yuki => "yuki",
            Omar => "omar",
            Wren => "jenny-wren",
            Magpie => "magpie_42",
        }
    }

    pub(super) fn email(self) -> String {
        format!("{}@example.com", self.username())
    }

    /// The profile; guests have none to speak of.
    pub(super) fn face(self) -> Option<Face> {
        let (first_name, last_name, bio) = match self {
            Maya => {
                ("Maya", "Okafor", "Product at Perch. Keeps the list, and keeps it short. Ties in first, climbs last.")
            }
            Jonas => ("Jonas", "Lindqvist", "Firmware. Can tell a blue tit from a great tit in eleven milliseconds."),
            Priya => ("Priya", "Raman", "Design. Draws the birds, moves the buttons two pixels to the left."),
            Tomas => ("Tomás", "Herrera", "Supply and factory. If it is in a box with a label, ask me."),
            Lena => ("Lena", "Vogt", "Support and handbook. I read every letter, also the one from the squirrel."),
            Sam => ("Sam", "Whitlock", "Tells people about it. Owner of one good jacket."),
            Yuki => ("Yuki", "Tanaka", "Servers. Quiet on purpose. 積ん読 practitioner, 214 books and counting."),
            Omar => ("Omar", "Haddad", "The app, both of them. Cycles to work, has opinions about bridges."),
            Wren | Magpie => return None,
        };
        Some(Face { first_name, last_name, bio })
    }
}
