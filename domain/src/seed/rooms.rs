//! The demo's rooms: anyone may read them, and visitors write in one.

use super::cast::Who::*;
use super::story::Beat::*;
use super::story::{Conversation, File, Place};

/// Where everybody comes by.
pub(super) static SQUARE: Conversation = Conversation {
    place: Place::Room("The square"),
    host: Maya,
    others: &[Jonas, Priya, Tomas, Lena, Sam, Yuki, Omar],
    beats: &[
        Says(Maya, "Welcome to the square. No agenda, no minutes. Say good morning, show your bird."),
        React(&[Jonas, Priya, Tomas, Lena, Sam, Yuki, Omar], "👋"),
        Says(Lena, "Good morning! Two goldfinches and a very wet pigeon."),
        React(&[Maya, Priya], "🐦"),
        Says(
            Omar,
            "The river path is closed until Friday, they repaint the bridge. Green, if you ask me. They did not.",
        ),
        React(&[Sam, Yuki], "🌉"),
        Says(Tomas, "There is a box of apples in the kitchen. Take some, my neighbour has a tree and no self-control."),
        React(&[Lena, Jonas, Priya, Omar], "🍎"),
        Says(Sam, "Whoever took my umbrella: it has a hole, I was only being loyal to it. Keep it."),
        React(&[Maya, Tomas], "☂️"),
        Replies(Yuki, "Whoever took", "It is on the radiator of the second floor, looking sorry."),
        React(&[Sam], "😭"),
        Says(
            Jonas,
            "Feeder on the roof counted its 10,000th visit at 8:14. A sparrow. It did not stay for the speech.",
        ),
        React(&[Maya, Priya, Lena, Sam, Omar, Yuki, Tomas], "🎉"),
        Shows(
            Jonas,
            "The guest of honour:",
            &[File { name: "sparrow-10000.jpg", media_type: "image/jpeg", size: 412_907 }],
        ),
        React(&[Priya, Lena, Sam], "😍"),
        Replies(Priya, "The guest of honour", "That look! I'm putting it on the wall."),
        Bans(Maya, Magpie, "Advertised seeds at the feeder. Lena has it under control there; not in here."),
        Read(&[Maya, Yuki, Omar]),
        Says(Priya, "Film night on Friday? I have a projector, and a bed sheet that is almost white."),
        React(&[Lena, Omar], "🎬"),
        Says(Sam, "Yes! Popcorn is on me. Well, on the company. Well, on me."),
        React(&[Priya], "🍿"),
        Read(&[Lena]),
    ],
};

/// Where whoever has a feeder comes by, and whoever would like one.
pub(super) static FEEDER: Conversation = Conversation {
    place: Place::Room("What's at your feeder?"),
    host: Lena,
    others: &[Jonas, Sam, Wren, Magpie],
    beats: &[
        Promotes(Lena, Jonas),
        Says(
            Lena,
            "Show what comes to your feeder, ask what it is. Everyone may write here, with or without an account.",
        ),
        React(&[Jonas, Sam], "🪶"),
        Says(Wren, "Hello! Small, brown, tail straight up, incredibly loud for its size. What do I have?"),
        Replies(Jonas, "Hello! Small", "By your name I'd say: a mirror. It's a wren."),
        React(&[Wren, Lena], "😄"),
        Says(Magpie, "Mine only ever shows one bird, and it's always me. I mean a magpie. What keeps them away?"),
        Replies(Lena, "Mine only ever", "A smaller perch: take the wide one off, and only light birds can land."),
        React(&[Magpie], "👍"),
        Replies(Jonas, "Mine only ever", "Or enjoy it. They are as clever as we are, and better dressed."),
        React(&[Magpie, Sam, Wren], "🖤"),
        Says(Magpie, "CHEAP SEEDS best price, click example.com/seeds"),
        Deletes(Lena, "CHEAP SEEDS"),
        Says(Lena, "Magpie, was that you? Advertising goes over the fence, please."),
        Says(Magpie, "That was my brother at my laptop. He's grounded, he has no feeder now. Sorry!"),
        React(&[Lena], "😅"),
        Shows(
            Wren,
            "Look who came at noon! Three of them, like falling leaves.",
            &[
                File { name: "long-tailed-tits-1.jpg", media_type: "image/jpeg", size: 388_112 },
                File { name: "long-tailed-tits-2.jpg", media_type: "image/jpeg", size: 401_733 },
            ],
        ),
        React(&[Lena, Jonas, Sam, Magpie], "😍"),
        Replies(Jonas, "Look who came", "Long-tailed tits! They travel in families. There'll be eight by tomorrow."),
        Read(&[Sam]),
        Says(Wren, "You were right. Eleven. I have run out of fat balls and of words."),
        React(&[Jonas], "🎉"),
        Says(Sam, "May we show your picture at the fair, with your name below it?"),
        Says(Wren, "Yes, of course! Please write 'Jenny, and eleven others'."),
        React(&[Sam, Lena], "❤️"),
        Read(&[Wren, Sam]),
    ],
};

/// Where whoever comes by says hello.
pub(super) static LOBBY: Conversation = Conversation {
    place: Place::Lobby,
    host: Sam,
    others: &[Wren, Magpie, Lena],
    beats: &[
        Says(Wren, "Hello everyone!"),
        Says(Sam, "Hi Jenny! Come in, the tea is over there."),
        React(&[Wren], "🍵"),
        Says(Magpie, "Hey folks! Is it true that one needs no account here?"),
        Replies(Lena, "Hey folks", "A name will do. You have one already."),
        React(&[Magpie, Wren], "👍"),
        Says(Magpie, "Then I'm home."),
    ],
};
