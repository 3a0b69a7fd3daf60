//! Administrators who leave: somebody is left who may administer, unless whoever runs the server says otherwise.

use futures_util::future::join;
use serde_json::json;
use tests::account::PASSWORD;
use tests::{Answer, User, World, claims, eventually};

use super::{administers, administrator_and, said, suspend, unsuspend};

claims![
    the_last_administrator_neither_goes_nor_rests,
    who_may_not_sign_in_is_nobody_to_stay,
    of_two_administrators_one_may_go,
    of_two_administrators_who_leave_at_once_one_stays,
    whoever_runs_the_server_takes_the_last_one_away,
];

async fn delete(user: &User) -> Answer {
    user.mutate("accountDelete", json!({ "password": PASSWORD }), "deletedId").await
}

async fn deactivate(user: &User) -> Answer {
    user.mutate("accountDeactivate", json!({ "password": PASSWORD }), "deactivatedId").await
}

async fn the_last_administrator_neither_goes_nor_rests(world: World) {
    let [root, alice] = administrator_and(&world, "alice").await;
    delete(&root).await.refused("accountDelete", "CONFLICT", &[]);
    deactivate(&root).await.refused("accountDeactivate", "CONFLICT", &[]);
    assert!(administers(&root).await);
    assert!(!root.audited().await.iter().any(|line| line.starts_with("ACCOUNT_DE")));
    // Whether it is the last one is told to who knows the password.
    let wrong = root.mutate("accountDelete", json!({ "password": "not the password" }), "deletedId").await;
    wrong.refused("accountDelete", "WRONG_CREDENTIALS", &["password"]);
    // It is nobody else's concern.
    deactivate(&alice).await.ok("/accountDeactivate/deactivatedId");
    let alice = world.anonymous.sign_in("alice").await;
    delete(&alice).await.ok("/accountDelete/deletedId");
    assert!(administers(&root).await);
}

async fn who_may_not_sign_in_is_nobody_to_stay(world: World) {
    let [root, alice] = administrator_and(&world, "alice").await;
    world.grant_admin("alice").await;
    suspend(&root, &alice.id).await.ok("/userSuspend/user/id");
    delete(&root).await.refused("accountDelete", "CONFLICT", &[]);
    unsuspend(&root, &alice.id).await.ok("/userUnsuspend/user/id");
    let alice = world.anonymous.sign_in("alice").await;
    // One who rests would have to come back first.
    deactivate(&alice).await.ok("/accountDeactivate/deactivatedId");
    delete(&root).await.refused("accountDelete", "CONFLICT", &[]);
    deactivate(&root).await.refused("accountDeactivate", "CONFLICT", &[]);
    let alice = world.anonymous.sign_in("alice").await;
    deactivate(&root).await.ok("/accountDeactivate/deactivatedId");
    assert!(administers(&alice).await);
}

async fn of_two_administrators_one_may_go(world: World) {
    let [root, alice] = administrator_and(&world, "alice").await;
    world.grant_admin("alice").await;
    delete(&root).await.ok("/accountDelete/deletedId");
    assert!(!root.is_signed_in().await && administers(&alice).await);
    delete(&alice).await.refused("accountDelete", "CONFLICT", &[]);
    deactivate(&alice).await.refused("accountDeactivate", "CONFLICT", &[]);
    assert!(administers(&alice).await);
}

async fn of_two_administrators_who_leave_at_once_one_stays(world: World) {
    let left =
        "SELECT COUNT(*) FROM users WHERE is_admin AND is_active AND suspended_at IS NULL AND deleted_at IS NULL";
    for round in 0..6 {
        let (one, other) = (format!("one{round}"), format!("other{round}"));
        let [one, other] = world.users([&*one, &*other]).await;
        world.grant_admin(&one.username).await;
        world.grant_admin(&other.username).await;
        let succeeded = |answer: &Answer| {
            answer.json["data"].as_object().is_some_and(|data| {
                data.values().all(|payload| payload["errors"].as_array().is_some_and(Vec::is_empty))
            })
        };
        let answers = match round % 3 {
            0 => join(delete(&one), delete(&other)).await,
            1 => join(deactivate(&one), delete(&other)).await,
            _ => join(delete(&one), suspend(&other, &one.id)).await,
        };
        // One deletes themselves whom the other suspends: both may come to pass, as the other is left.
        let both = succeeded(&answers.0) && succeeded(&answers.1);
        assert!(succeeded(&answers.0) || succeeded(&answers.1), "{answers:?}");
        assert!(!both || round % 3 == 2, "{answers:?}");
        assert_eq!(world.database.number(left).await, 1, "round {round}: {answers:?}");
        world.database.execute("UPDATE users SET is_admin = false").await;
    }
    eventually("the deleted ones to be gone", async || {
        (world.database.number("SELECT COUNT(*) FROM users WHERE deleted_at IS NOT NULL").await == 0).then_some(())
    })
    .await;
}

async fn whoever_runs_the_server_takes_the_last_one_away(world: World) {
    let [root, _] = administrator_and(&world, "alice").await;
    said(&world.command(&["user", "revoke-admin", "root"]).await, false, "the last administrator");
    said(&world.command(&["user", "revoke-admin", "root", "--even-the-last"]).await, true, "no administrator any more");
    delete(&root).await.ok("/accountDelete/deletedId");
}
