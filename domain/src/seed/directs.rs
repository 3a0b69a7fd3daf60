//! The demo's direct threads: what two people say when nobody else is there.

use super::cast::Who::*;
use super::story::Beat::*;
use super::story::{Conversation, File, Place};

/// Before a talk.
pub(super) static SLIDES: Conversation = Conversation {
    place: Place::Direct,
    host: Maya,
    others: &[Priya],
    beats: &[
        Says(Maya, "Do you have ten minutes for my slides before Thursday? They are beige again."),
        Says(Priya, "I have ten minutes and a palette."),
        React(&[Maya], "🎨"),
        Shows(
            Maya,
            "Here. Please be honest about number seven.",
            &[File { name: "go-no-go.pdf", media_type: "application/pdf", size: 3_004_871 }],
        ),
        Replies(Priya, "Here. Please", "Number seven has four fonts. I counted, then I counted again."),
        React(&[Maya], "😬"),
        Says(Maya, "One is a logo!"),
        Says(Priya, "Then it has three and a half. Sending it back with one, and a robin."),
        React(&[Maya], "🧡"),
        Shows(
            Priya,
            "Done. The robin looks at the date, so everybody else will, too.",
            &[File { name: "go-no-go-with-robin.pdf", media_type: "application/pdf", size: 3_120_554 }],
        ),
        Says(Priya, "Also: step two of the pairing is above the fold now. Lena has it on her small phone."),
    ],
};

/// A rope has to be replaced.
pub(super) static ROPE: Conversation = Conversation {
    place: Place::Direct,
    host: Jonas,
    others: &[Maya],
    beats: &[
        Says(Jonas, "I checked the blue rope last night. Two flat spots near the middle, I'm retiring it."),
        Says(Maya, "Good call. It was from when? 2019?"),
        Says(Jonas, "2018. It has earned a life as a doormat."),
        React(&[Maya], "🫡"),
        Says(Maya, "I'll order a new one today, split it?"),
        Says(Jonas, "Yes please. 60 m, dry treated, any colour but the one of my car keys."),
        React(&[Maya], "🔑"),
        Says(Jonas, "And could you teach Priya to belay on Saturday? She listens to you. To me she just nods."),
        Read(&[Maya]),
    ],
};

/// The handbook meets the server logs.
pub(super) static HANDBOOK: Conversation = Conversation {
    place: Place::Direct,
    host: Lena,
    others: &[Yuki],
    beats: &[
        Says(Lena, "For the handbook: how long do we keep the videos when somebody has no subscription?"),
        Says(Yuki, "Seven days. Then they are gone for good, also from the backups, after another seven."),
        Says(Lena, "And if they delete one themselves?"),
        Says(Yuki, "At once from the app. From the backups after seven."),
        Edits("At once from", "At once from the app and the servers. From the backups after seven days."),
        React(&[Lena], "🙏"),
        Says(Lena, "Perfect, I put that on page 14 and in the privacy notice."),
        Says(Lena, "By the way, somebody wrote in to thank you by name. 'Whoever made it so quick.' I'll forward it."),
        Get(&[Yuki]),
    ],
};

/// The application and its pictures.
pub(super) static APP: Conversation = Conversation {
    place: Place::Direct,
    host: Omar,
    others: &[Priya],
    beats: &[
        Says(Omar, "The new icon at 24 px: is that a finch or a potato?"),
        Says(Priya, "A finch. Seen from where a potato would be."),
        React(&[Omar], "🥔"),
        Says(Omar, "Testers said potato 3 : 2."),
        Says(Priya, "Fine. Drawing it a beak."),
        Shows(
            Priya,
            "Beak!",
            &[
                File { name: "icon-24.png", media_type: "image/png", size: 1_022 },
                File { name: "icon-48.png", media_type: "image/png", size: 2_480 },
            ],
        ),
        React(&[Omar], "🐦"),
        Says(Omar, "5 : 0 for the finch. Merged."),
        React(&[Priya], "🎉"),
        Read(&[Priya, Omar]),
    ],
};

/// Boxes on their way.
pub(super) static SUPPLY: Conversation = Conversation {
    place: Place::Direct,
    host: Sam,
    others: &[Tomas],
    beats: &[
        Says(Sam, "Can I have six feeders for the fair in Lyon? The nice ones, without fingerprints."),
        Says(Tomas, "You can have five and a story about the sixth."),
        React(&[Sam], "😄"),
        Says(Sam, "I'll take the story."),
        Says(Tomas, "It's in the canal. The crane driver waved, so I waved back, and then nobody held the box."),
        React(&[Sam], "🌊"),
        Says(Tomas, "Five go out tonight, tracking number follows."),
        Says(Tomas, "LN-4471-2210. Arrives on Monday before noon."),
        React(&[Sam], "📦"),
        Read(&[Sam]),
    ],
};

/// How to get to the fair.
pub(super) static TRAVEL: Conversation = Conversation {
    place: Place::Direct,
    host: Maya,
    others: &[Lena],
    beats: &[
        Says(Lena, "Lyon: night train or the early one? The night train has bunks, the early one has croissants."),
        Says(Maya, "Croissants. I'm not made for bunks, I'm 1.83."),
        React(&[Lena], "🥐"),
        Says(Lena, "Booked, seats 41 and 42, in the quiet coach. Sam is in 12, with everybody else's luggage."),
        Says(Maya, "You are the best. I owe you a plum."),
        React(&[Lena], "💜"),
        Read(&[Lena]),
        Says(Lena, "Two plums. I also found us the hotel with the birds on the wallpaper."),
    ],
};
