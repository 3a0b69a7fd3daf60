//! Cursors that were altered with care, so that only what they say is wrong: refused, and nothing is worse for it.

use serde_json::{Value, json};
use tests::{Frame, Socket, Subscription, World, claims};

claims![a_forged_time_is_refused_by_the_inbox, a_forged_time_does_no_harm_to_lists];

/// Times that no clock shows.
const TIMES: [i64; 8] = [i64::MIN, i64::MIN + 1, i64::MIN / 2, -1, 0, i64::MAX / 100, i64::MAX - 30_000_000, i64::MAX];

async fn a_forged_time_is_refused_by_the_inbox(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let socket = world.socket(&alice).await;
    let mut inbox = subscribe(&socket, "first", None);
    let real = inbox.event().await["cursor"].as_str().unwrap().to_owned();
    let (kind, bytes) = unseal(&real);
    assert_eq!((kind, bytes.len()), ('i', 20), "epoch, owner and time");
    assert_eq!(seal(kind, &bytes), real, "a cursor can be made again");
    for time in TIMES {
        let forged = seal(kind, &[&bytes[..12], &time.to_be_bytes()].concat());
        assert_ne!(forged, real);
        let errors = subscribe(&socket, "again", Some(&forged)).failed("INVALID").await;
        assert!(errors[0]["message"].as_str().unwrap().contains("after"), "{time}: {errors}");
        // The socket is as good as before, and so is the id.
        let mut inbox = subscribe(&socket, "again", Some(&real));
        inbox.until("InboxCaughtUp").await;
        let sent = bob.send(&thread, "hello").await;
        loop {
            let frame = inbox.event().await;
            if frame["thread"]["lastMessage"]["id"] == sent.id.as_str() {
                break;
            }
        }
        socket.complete(&inbox);
        let mut marker = socket.subscribe("{ __typename }", Value::Null).await;
        assert_eq!(marker.value().await, "Query");
        while let Some(frame) = inbox.try_next() {
            assert!(matches!(frame, Frame::Next(_)), "{frame:?}");
        }
    }
}

async fn a_forged_time_does_no_harm_to_lists(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    world.direct(&alice, &bob).await;
    world.room(&alice).await;
    let lists = [("rooms", "/rooms"), ("viewer { threads", "/viewer/threads")];
    for (list, pointer) in lists {
        let ask = async |arguments: String| {
            let close = if list.contains('{') { "} }" } else { "}" };
            let document = format!("{{ {list}({arguments}) {{ edges {{ cursor node {{ id }} }} }} {close}");
            alice.graphql(&document, Value::Null).await
        };
        let real = ask("first: 1".to_owned()).await.text(&format!("{pointer}/edges/0/cursor"));
        let (kind, bytes) = unseal(&real);
        let key: Value =
            serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{list} has another key: {error}"));
        assert!(number(&mut key.clone()).is_some(), "no time in {key}");
        for time in TIMES {
            let mut key = key.clone();
            *number(&mut key).unwrap() = json!(time);
            let forged = seal(kind, key.to_string().as_bytes());
            for (size, side) in [("first", "after"), ("last", "before")] {
                let answer = ask(format!("{size}: 5, {side}: \"{forged}\"")).await;
                // It stands before or behind all there is, or is refused.
                match answer.error_code() {
                    None => assert!(answer.list(&format!("{pointer}/edges")).len() <= 2, "{}", answer.json),
                    code => assert_eq!(code, Some("INVALID"), "{side} {time}: {}", answer.json),
                }
            }
        }
        ask(format!("first: 5, after: \"{real}\"")).await.ok(pointer);
    }
}

/// `inboxChanges` under an id of one's own choice.
fn subscribe(socket: &Socket, id: &str, after: Option<&str>) -> Subscription {
    let stream = socket.listen(id);
    let query = "subscription($after: Cursor) { inboxChanges(after: $after) { \
        __typename cursor ... on InboxThread { thread { id lastMessage { id } } } } }";
    socket
        .say(json!({ "id": id, "type": "subscribe", "payload": { "query": query, "variables": { "after": after } } }));
    stream
}

/// The first number in a list's key, which is its time.
fn number(value: &mut Value) -> Option<&mut Value> {
    match value {
        Value::Number(_) => Some(value),
        Value::Array(items) => items.iter_mut().find_map(number),
        _ => None,
    }
}

/// Base64 whose characters stand in the order of their codes.
const ALPHABET: &[u8; 64] = b"-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";

/// A cursor's kind and what it says, its check left out.
fn unseal(cursor: &str) -> (char, Vec<u8>) {
    let kind = cursor.chars().next().expect("a kind");
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for character in cursor[kind.len_utf8()..].bytes() {
        let place = ALPHABET.iter().position(|known| *known == character).expect("a character of the alphabet");
        bits = bits << 6 | place as u32;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    let check = bytes.split_off(bytes.len() - 2);
    assert_eq!(check, checked(kind, &bytes));
    (kind, bytes)
}

/// The cursor that says this.
fn seal(kind: char, bytes: &[u8]) -> String {
    let mut text = String::from(kind);
    for three in [bytes, &checked(kind, bytes)].concat().chunks(3) {
        let bits = three.iter().chain(&[0, 0]).take(3).fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        for place in 0..=three.len() {
            text.push(ALPHABET[(bits >> (18 - 6 * place) & 63) as usize].into());
        }
    }
    text
}

/// Sixteen bits of FNV-1a, over the kind and the bytes.
fn checked(kind: char, bytes: &[u8]) -> [u8; 2] {
    let all = std::iter::once(kind as u8).chain(bytes.iter().copied());
    let hash = all.fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    ((hash >> 16) as u16 ^ hash as u16).to_be_bytes()
}
