//! Who is there and who is typing, in the direct thread of two of whom one has blocked the other.

use tests::{Subscription, User, World, claims};

claims![who_blocks_is_neither_seen_nor_heard_from_then_on, in_a_group_of_both_they_are_seen_as_ever];

/// Waits for the word that this user is there; gives whatever of the other came before it.
async fn seen(signals: &mut Subscription, user: &User, other: &User) -> bool {
    let mut of_other = false;
    loop {
        let signal = signals.value().await;
        of_other |= signal["user"]["id"] == other.id.as_str();
        if signal["user"]["id"] == user.id.as_str() && signal["online"] == true {
            return of_other;
        }
    }
}

async fn who_blocks_is_neither_seen_nor_heard_from_then_on(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let (of_alice, of_bob) = (world.socket(&alice).await, world.socket(&bob).await);
    let mut heard = of_bob.signals(&thread).await;
    seen(&mut heard, &bob, &alice).await;
    let mut alices = of_alice.signals(&thread).await;
    seen(&mut heard, &alice, &bob).await;
    seen(&mut alices, &bob, &alice).await;
    alice.block(&bob).await;
    // She comes and goes, and he does: nothing of it is told to either, not even to new streams.
    let again = of_alice.signals(&thread).await;
    let mut late = of_bob.signals(&thread).await;
    of_alice.complete(&again);
    of_alice.complete(&alices);
    let mut alices = of_alice.signals(&thread).await;
    for user in [&alice, &bob, &alice, &bob] {
        // Nobody can see that the streams have looked; these are as many looks of others.
        assert_eq!(user.thread(&thread).await["viewerState"]["canSend"], false);
    }
    alice.unblock(&bob).await;
    // Those that were open all along go on. The first that is told of her is that she is there: not that she went or came.
    for signals in [&mut heard, &mut late] {
        loop {
            let signal = signals.value().await;
            assert_ne!(signal["online"], false, "nobody was seen to go: {signal}");
            if signal["user"]["id"] == alice.id.as_str() {
                assert_eq!(signal["__typename"], "Presence", "{signal}");
                break;
            }
        }
    }
    seen(&mut alices, &bob, &alice).await;
    alice.try_type(&thread).await.ok("/typingSignal");
    loop {
        if late.value().await["__typename"] == "Typing" {
            break;
        }
    }
}

async fn in_a_group_of_both_they_are_seen_as_ever(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    alice.block(&bob).await;
    let (of_alice, of_bob) = (world.socket(&alice).await, world.socket(&bob).await);
    let mut heard = of_bob.signals(&group).await;
    seen(&mut heard, &bob, &alice).await;
    let _alices = of_alice.signals(&group).await;
    seen(&mut heard, &alice, &bob).await;
}
