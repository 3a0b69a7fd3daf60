//! What the people of the demo say to everybody.

use super::cast::Who::{self, Jonas, Lena, Maya, Omar, Priya, Sam, Tomas, Yuki};

/// The feed, the oldest first.
pub(super) const CHIRPS: [(Who, &str); 12] = [
    (Sam, "We make bird feeders that know who is eating. This is where we tell what happens. Follow the crumbs."),
    (Jonas, "Firmware 2.1 tells a blue tit from a great tit in eleven milliseconds. The tits have not noticed."),
    (Priya, "Moved the record button two pixels to the left. I feel lighter."),
    (
        Lena,
        "Letter of the week: “Dear Perch, your feeder says I had forty-one robins. I had one robin. He is very hungry.”",
    ),
    (Tomas, "First thousand feeders have left the factory. The boxes rattle a bit. It is only the seeds."),
    (Omar, "The app is in both shops. If it asks for your location, it wants to know whether you have puffins."),
    (Maya, "Three things on the list for this week. I crossed one out by deciding not to do it. Recommended."),
    (Yuki, "積ん読 update: 215 books. The servers are fine, thank you."),
    (Jonas, "Correction: the tits HAVE noticed. One of them was looking straight into the lens."),
    (Sam, "Come and see us at the spring fair: hall 4, between the bee hotels and the very loud hedge trimmers."),
    (Lena, "Reminder that squirrels are birds to our software in update 2.1.0, and are not in 2.1.1."),
    (Maya, "10,000 visits to the feeder on our own roof. Cake at three. Crumbs go to whom they belong."),
];
