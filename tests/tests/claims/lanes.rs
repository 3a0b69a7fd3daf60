//! Changes of many threads are written together; who has to wait for somebody keeps nobody else waiting.

use futures_util::poll;
use tests::{Engine, World};

mod waiting {
    use std::pin::pin;

    use sea_orm::{ConnectionTrait, TransactionTrait};

    use super::*;

    tests::postgres_claims![
        who_waits_for_an_account_keeps_nobody_else_waiting,
        who_waits_for_a_thread_keeps_nobody_else_waiting,
    ];

    async fn who_waits_for_an_account_keeps_nobody_else_waiting(engine: Engine) {
        keeps_nobody_waiting(engine, "SELECT 1 FROM users WHERE username = 'alice' FOR UPDATE").await;
    }

    async fn who_waits_for_a_thread_keeps_nobody_else_waiting(engine: Engine) {
        let sql = "SELECT 1 FROM threads WHERE created_by = (SELECT id FROM users WHERE username = 'alice') FOR UPDATE";
        keeps_nobody_waiting(engine, sql).await;
    }

    async fn keeps_nobody_waiting(engine: Engine, held: &str) {
        let world = World::start(engine).await;
        let [alice, bob] = world.users(["alice", "bob"]).await;
        let (one, other) = (world.group(&alice, &[]).await, world.group(&bob, &[]).await);
        let connection = world.database.connect().await;
        let holding = connection.begin().await.unwrap();
        holding.execute_unprepared(held).await.unwrap();
        let mut waiting = pin!(alice.try_send(&one, "waits"));
        for number in 0..20 {
            assert!(poll!(&mut waiting).is_pending(), "it waits for what is held");
            bob.send(&other, &format!("number {number}")).await;
        }
        assert!(poll!(&mut waiting).is_pending(), "it waits for what is held");
        holding.rollback().await.unwrap();
        waiting.await.ok("/messageSend/message");
        assert_eq!(bob.history(&other).await.len(), 20);
        connection.close().await.unwrap();
    }
}
