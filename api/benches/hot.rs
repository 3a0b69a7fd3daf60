//! What is hot and pure: cursors, documents that are known, frames. `cargo bench -p api`.

use std::hint::black_box;

use async_graphql::value;
use criterion::{Criterion, criterion_group, criterion_main};
use domain::cursor::ThreadCursor;
use entity::id::{ThreadId, TypedId};
use linnet::measured::{Documents, encoded, frame};
use uuid::Uuid;

const PAGE: &str = "query Page { thread(id: \"thr_x\") { messages(last: 50) { nodes { id content createdAt sender { id username \
    profile { displayName avatarUrl } } reactions { emoji count } attachments { url type name size } \
    parent { id content sender { username } } } } } }";

fn cursors(bench: &mut Criterion) {
    let thread = ThreadId::from_uuid(Uuid::from_u128(0x0192_0000_0000_7000_8000_1234_5678_9abc));
    let cursor = ThreadCursor { epoch: 7, seq: 123_456 };
    let text = cursor.encode(thread);
    bench.bench_function("cursor/encode", |b| b.iter(|| black_box(cursor).encode(black_box(thread))));
    bench.bench_function("cursor/decode", |b| b.iter(|| ThreadCursor::decode(black_box(&text), black_box(thread))));
}

fn documents(bench: &mut Criterion) {
    #[expect(clippy::expect_used, reason = "the built-in settings are settings")]
    let documents = Documents::built_in().expect("the built-in settings");
    assert!(documents.cost(PAGE).is_some(), "it may be asked");
    bench.bench_function("document/known", |b| b.iter(|| documents.cost(black_box(PAGE))));
    let mut number = 0_u64;
    bench.bench_function("document/new", |b| {
        b.iter(|| {
            number += 1;
            documents.cost(black_box(&format!("{PAGE} # {number}")))
        });
    });
}

fn frames(bench: &mut Criterion) {
    let node = value!({
        "cursor": "t0Jk3zXw1b2c3d4e5f6g7h8i9j0k",
        "node": {
            "id": "msg_06f3q0v8hd7z5b1m2n3p4r5s6t",
            "content": "Shall we meet at the fountain? I have the map, and there are sandwiches for everybody.",
            "createdAt": "2026-11-22T09:00:00.123456Z",
            "sender": { "id": "usr_06f3q0v8hd7z5b1m2n3p4r5s6t", "username": "alice", "profile": { "displayName": "Alice" } },
        },
    });
    let json = serde_json::to_string(&node).unwrap_or_default();
    bench.bench_function("frame/own", |b| b.iter(|| frame("1", "messageAdded", black_box(&node).clone())));
    let shared = encoded(&json);
    assert_eq!(frame("1", "messageAdded", shared.clone()), frame("1", "messageAdded", node.clone()));
    bench.bench_function("frame/shared", |b| b.iter(|| frame("1", "messageAdded", black_box(&shared).clone())));
}

criterion_group!(hot, cursors, documents, frames);
criterion_main!(hot);
