//! Deleting an account. In the request it becomes nobody's: its name, address, password and profile are gone, its sessions end. What
//! is left is a job's: it leaves each thread as anybody would, so that logs, counts and frames are right, takes its reactions and chirps
//! back, takes its name off what it wrote, and deletes the rest in small parts. The database's cascade is only the net.
//!
//! The job may be killed anywhere: each part is done once, and what is done is no longer found.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use entity::id::{JobId, MessageId, ThreadId, TypedId, UserId};
use entity::{Timestamp, user};
use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult};
use uuid::Uuid;

use super::{letter, lock, password};
use crate::access::Viewer;
use crate::app::App;
use crate::archive::in_both;
use crate::audit::{self, Action, Entry};
use crate::error::{Error, Result};
use crate::infra::bus::Hint;
use crate::job::{self, Running, Task, Turn, give_way};
use crate::session::{Client, end_all};
use crate::text::unique_key;
use crate::{administration, chirp, mail, mint, participant, reaction, search, upload};

/// Deletes the viewer's account, for good. One with a password has to give it; one without has to have signed in a moment ago.
pub async fn delete(app: &Arc<App>, client: &Client, viewer: &Viewer, given: Option<String>) -> Result<()> {
    let signed_in = viewer.require()?;
    let proof = password::prove_presence(app, client, signed_in, given).await?;
    let (context, user_id) = (app.clone(), signed_in.user.id);
    let (asking, entry) = (viewer.clone(), Entry::new(app, Action::AccountDelete, user_id, client));
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            administration::require_another(context.db.engine(), transaction, user_id).await?;
            let user = lock(&context, transaction, &asking, &proof).await?;
            erase(&context, transaction, &user).await?;
            if let Some(to) = letter::proved(&user) {
                mail::queue(&context, transaction, letter::deleted(to, &user)).await?;
            }
            audit::record(transaction, entry).await?;
            job::add_once(&context, transaction, only(user_id), &Task::ClearAccount { user_id }).await
        })
    });
    work.await?;
    app.bus.publish(Hint::AccessEnded(user_id));
    Ok(())
}

/// There is one such job at a time for an account.
fn only(user_id: UserId) -> JobId {
    JobId::from_uuid(user_id.uuid())
}

/// Takes everything off an account that says whose it was, and ends its sessions.
async fn erase(app: &App, on: &DatabaseTransaction, user: &user::Model) -> Result<()> {
    let (engine, now) = (app.db.engine(), app.clock.now());
    // First, since a refresh locks its session before it refers to the account, whose keys change below.
    end_all(engine, on, user.id, None, now).await?;
    // Unique, as every name has to be, and none that anybody can sign up with.
    let nobody = format!("deleted:{}", user.id.uuid().simple());
    let sql = "UPDATE users SET username = $2, username_key = $2, search_key = $2, email = NULL, email_key = NULL, \
               email_verified_at = NULL, password_hash = NULL, is_admin = $3, is_active = $3, last_login_at = NULL, \
               deleted_at = $4, updated_at = $4 WHERE id = $1";
    on.execute_raw(engine.sql(sql, [user.id.into(), nobody.into(), false.into(), now.into()])).await?;
    let sql = "UPDATE profiles SET display_name = 'Deleted account', first_name = NULL, last_name = NULL, \
               avatar_url = NULL, bio = NULL, updated_at = $2 WHERE user_id = $1";
    on.execute_raw(engine.sql(sql, [user.id.into(), now.into()])).await?;
    mint::cancel_all(app, on, user.id).await?;
    if let Some(email) = &user.email {
        let sql = "DELETE FROM password_reset_tokens WHERE email = $1";
        on.execute_raw(engine.sql(sql, [unique_key(email).into()])).await?;
    }
    Ok(())
}

/// Threads that are left, and reactions that are taken back, before it is looked for more.
const AT_ONCE: usize = 100;

/// Rows that go in one transaction, and what of: each statement finds some of what is left. The account's own rows are listed if
/// there may be many of them; the others go with the account itself.
const PARTS: [&str; 24] = [
    // What the assistant was told in threads that it has left, and what it made of that.
    "DELETE FROM ai_cache WHERE id IN (SELECT c.id FROM thread_participants p JOIN ai_cache c ON c.scope = p.thread_id \
     WHERE p.user_id = $1 AND p.left_at IS NOT NULL LIMIT 500)",
    "DELETE FROM read_marks WHERE (thread_id, user_id, kind, up_to_seq) IN \
     (SELECT thread_id, user_id, kind, up_to_seq FROM read_marks WHERE user_id = $1 LIMIT 500)",
    "DELETE FROM message_mentions WHERE (message_id, user_id) IN \
     (SELECT message_id, user_id FROM message_mentions WHERE user_id = $1 LIMIT 500)",
    "DELETE FROM archived_mentions WHERE (message_id, user_id) IN \
     (SELECT message_id, user_id FROM archived_mentions WHERE user_id = $1 LIMIT 500)",
    "DELETE FROM thread_participants WHERE (thread_id, user_id) IN \
     (SELECT thread_id, user_id FROM thread_participants WHERE user_id = $1 AND left_at IS NOT NULL LIMIT 500)",
    "UPDATE threads SET created_by = NULL WHERE id IN (SELECT id FROM threads WHERE created_by = $1 LIMIT 250)",
    "UPDATE room_bans SET by_user_id = NULL WHERE (thread_id, user_id) IN \
     (SELECT thread_id, user_id FROM room_bans WHERE by_user_id = $1 LIMIT 500)",
    "DELETE FROM thread_invitations WHERE id IN (SELECT id FROM thread_invitations WHERE created_by = $1 LIMIT 500)",
    "DELETE FROM blocks WHERE (user_id, blocked_id) IN \
     (SELECT user_id, blocked_id FROM blocks WHERE blocked_id = $1 LIMIT 500)",
    "DELETE FROM api_keys WHERE id IN (SELECT id FROM api_keys WHERE user_id = $1 LIMIT 500)",
    "DELETE FROM referrals WHERE id IN (SELECT r.id FROM referral_codes c \
     JOIN referrals r ON r.referral_code_id = c.id WHERE c.owner_id = $1 LIMIT 500)",
    "DELETE FROM referral_codes WHERE id IN (SELECT id FROM referral_codes WHERE owner_id = $1 LIMIT 500)",
    // What the chain was asked for comes to its end first, or a number would be missing.
    "DELETE FROM minting_queue_items WHERE id IN \
     (SELECT id FROM minting_queue_items WHERE user_id = $1 AND status <> 'submitted' LIMIT 500)",
    "UPDATE nfts SET owner_user_id = NULL, owner_address = NULL \
     WHERE id IN (SELECT id FROM nfts WHERE owner_user_id = $1 LIMIT 250)",
    "UPDATE nft_collections SET created_by = NULL \
     WHERE id IN (SELECT id FROM nft_collections WHERE created_by = $1 LIMIT 250)",
    upload::ABANDON,
    "DELETE FROM diaries WHERE id IN (SELECT id FROM diaries WHERE user_id = $1 LIMIT 500)",
    "DELETE FROM refresh_tokens WHERE id IN (SELECT id FROM refresh_tokens WHERE user_id = $1 LIMIT 500)",
    "DELETE FROM user_sessions WHERE id IN (SELECT id FROM user_sessions WHERE user_id = $1 LIMIT 500)",
    "UPDATE audit_log SET ip_address = NULL \
     WHERE id IN (SELECT id FROM audit_log WHERE user_id = $1 AND ip_address IS NOT NULL LIMIT 500)",
    "UPDATE audit_log SET ip_address = NULL WHERE id IN \
     (SELECT id FROM audit_log WHERE actor_id = $1 AND actor_id <> user_id AND ip_address IS NOT NULL LIMIT 500)",
    "DELETE FROM failed_jobs WHERE id IN (SELECT id FROM failed_jobs WHERE user_id = $1 LIMIT 500)",
    // With their nonces go challenges: those for the account, and those that its wallets were given to sign in.
    "DELETE FROM wallet_nonces WHERE id IN (SELECT nonce_id FROM wallet_challenges WHERE user_id = $1 LIMIT 500)",
    "DELETE FROM wallet_nonces WHERE id IN (SELECT n.id FROM wallets w \
     JOIN wallet_nonces n ON lower(n.address) = lower(w.address) WHERE w.user_id = $1 LIMIT 500)",
];

/// The job: takes out what is left of a deleted account.
pub(crate) async fn clear(app: &Arc<App>, held: Running, user_id: UserId) -> Result<()> {
    let turn = Turn::begin(app);
    while !turn.is_over(app) {
        let some = leave_some(app, user_id).await?
            || take_back_some(app, user_id).await?
            || chirp::withdraw_some(app, held, user_id).await?
            || upload::abandon_some(app, held, user_id).await?
            || search::disown_some(app, held, user_id).await?
            || clear_rows(app, held, user_id, turn).await?;
        if !some && finish(app, held, user_id).await? {
            return Ok(());
        }
    }
    held.end_turn(app, Task::ClearAccount { user_id }).await
}

/// Clears one part after the other; whether there may be more, since the turn was over before.
async fn clear_rows(app: &App, held: Running, user_id: UserId, turn: Turn) -> Result<bool> {
    for part in PARTS {
        while held.part(app, part, [user_id.into()]).await? {
            if turn.is_over(app) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Whether something is being minted for an account. The job comes again when that is over.
const MINTING: &str = "SELECT id FROM minting_queue_items WHERE user_id = $1 AND status = 'submitted' LIMIT 1";

/// Deletes the account itself, unless there is something left of it: a request that was let in before the account was deleted may
/// have come behind the parts. Whether it is gone.
async fn finish(app: &Arc<App>, held: Running, user_id: UserId) -> Result<bool> {
    let engine = app.db.engine();
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            held.hold(transaction).await?;
            // From here on nothing more can refer to it.
            let sql = format!("SELECT * FROM users WHERE id = $1 AND deleted_at IS NOT NULL{}", engine.for_update());
            if user::Model::find_by_statement(engine.sql(sql, [user_id.into()])).one(transaction).await?.is_none() {
                return Ok(true);
            }
            for look in [&joined(1), &reacted(1), chirp::LEFT, search::OWNED] {
                if transaction.query_one_raw(engine.sql(look, [user_id.into()])).await?.is_some() {
                    return Ok(false);
                }
            }
            if transaction.query_one_raw(engine.sql(MINTING, [user_id.into()])).await?.is_some() {
                return Err(Error::unavailable("a token is still being minted for it"));
            }
            for part in PARTS {
                if transaction.execute_raw(engine.sql(part, [user_id.into()])).await?.rows_affected() > 0 {
                    return Ok(false);
                }
            }
            transaction.execute_raw(engine.sql("DELETE FROM users WHERE id = $1", [user_id.into()])).await?;
            Ok(true)
        })
    });
    work.await
}

/// How long a deletion takes at the most, unless it was given up.
const LONGEST: Duration = Duration::from_secs(3600);

/// Asks once more for accounts that were deleted long ago and are still there: their job was given up.
pub(crate) async fn ask_again(app: &Arc<App>, now: Timestamp) -> Result<()> {
    let sql = format!(
        "SELECT id, deleted_at FROM users WHERE deleted_at < $1 AND (deleted_at, id) > ($2, $3) \
         ORDER BY deleted_at, id LIMIT {AT_ONCE}"
    );
    let mut last = Deleted { id: UserId::from_uuid(Uuid::nil()), deleted_at: Timestamp::UNIX_EPOCH };
    loop {
        let values = [(now - LONGEST).into(), last.deleted_at.into(), last.id.into()];
        let found: Vec<Deleted> = app.db.all(&sql, values).await?;
        let Some(newest) = found.last() else { return Ok(()) };
        last = Deleted { ..*newest };
        let context = app.clone();
        let work = app.db.write(move |transaction| {
            Box::pin(async move {
                for Deleted { id, .. } in found {
                    job::add_once(&context, transaction, only(id), &Task::ClearAccount { user_id: id }).await?;
                }
                Ok(())
            })
        });
        work.await?;
    }
}

#[derive(FromQueryResult)]
struct Deleted {
    id: UserId,
    deleted_at: Timestamp,
}

#[derive(FromQueryResult)]
struct Joined {
    thread_id: ThreadId,
}

/// Threads that an account is in.
fn joined(most: usize) -> String {
    format!("SELECT thread_id FROM thread_participants WHERE user_id = $1 AND left_at IS NULL LIMIT {most}")
}

/// Leaves some threads; whether there were any.
async fn leave_some(app: &Arc<App>, user_id: UserId) -> Result<bool> {
    let joined: Vec<Joined> = app.db.all(joined(AT_ONCE), [user_id.into()]).await?;
    for Joined { thread_id } in &joined {
        let begun = Instant::now();
        participant::vanish(app, *thread_id, user_id).await?;
        give_way(begun).await;
    }
    Ok(!joined.is_empty())
}

#[derive(FromQueryResult)]
struct Reacted {
    thread_id: ThreadId,
    message_id: MessageId,
}

/// Messages that an account has reacted to.
fn reacted(most: usize) -> String {
    let rows = in_both(|shelf| {
        format!(
            "SELECT m.thread_id, r.message_id FROM {} r JOIN {} m ON m.id = r.message_id WHERE r.user_id = $1",
            shelf.reactions, shelf.messages
        )
    });
    format!("{rows} LIMIT {most}")
}

/// Takes some reactions back; whether there were any.
async fn take_back_some(app: &Arc<App>, user_id: UserId) -> Result<bool> {
    let reacted: Vec<Reacted> = app.db.all(reacted(AT_ONCE), [user_id.into()]).await?;
    let mut of_thread: BTreeMap<ThreadId, Vec<MessageId>> = BTreeMap::new();
    for row in &reacted {
        of_thread.entry(row.thread_id).or_default().push(row.message_id);
    }
    for (thread_id, messages) in of_thread {
        let begun = Instant::now();
        reaction::withdraw(app, thread_id, user_id, messages).await?;
        give_way(begun).await;
    }
    Ok(!reacted.is_empty())
}
