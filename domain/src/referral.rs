//! Referrals: codes that people give to others, and who came by them.
//!
//! A code counts in the transaction of the account that it brings along, by one statement that counts only up to its maximum:
//! whoever races for the last use, one gets it, and what is refused makes no account. A referral goes with either of the
//! two; what a code has counted stays.

use entity::id::{ReferralCodeId, TypedId, UserId};
use entity::{Timestamp, referral, referral_code};
use sea_orm::{ConnectionTrait, DatabaseTransaction, EntityTrait, FromQueryResult, IntoActiveModel, SqlErr};
use uuid::Uuid;

mod page;

pub use page::{Key, codes, pages};

use crate::access::Viewer;
use crate::app::App;
use crate::credential;
use crate::error::{Code, Error, Refusal, Result};
use crate::session::Client;
use crate::text::{Checks, is_storable, unique_key};

/// Characters of a code that is made.
const LENGTH: usize = 10;
/// Characters of a code at the most, chosen or made.
const LONGEST: usize = 32;
/// Uses that can be set as a maximum.
const MOST_USES: i32 = 1_000_000;

/// What a code is to be.
pub struct Draft {
    /// 4 to 32 of `A-Za-z0-9_-`, unique whatever the case; one is made if none is chosen.
    pub code: Option<String>,
    /// How many may come by it; none for any number.
    pub max_uses: Option<i32>,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
}

/// Makes a code of the viewer's.
pub async fn create(app: &App, client: &Client, viewer: &Viewer, draft: Draft) -> Result<referral_code::Model> {
    let owner_id = viewer.require_account()?.user.id;
    let now = app.clock.now();
    check(&draft, now)?;
    if draft.code.is_some() {
        // Whether a code is taken is told to nobody who asks for many.
        app.limits.look(client.ip_address)?;
    }
    let code = draft.code.unwrap_or_else(|| app.clock.code(LENGTH));
    let row = referral_code::Model {
        id: app.clock.id(),
        code_key: unique_key(&code),
        code,
        owner_id,
        max_uses: draft.max_uses,
        use_count: 0,
        expires_at: draft.expires_at,
        disabled_at: None,
        created_at: now,
    };
    let (engine, viewer) = (app.db.engine(), viewer.clone());
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            credential::hold(engine, transaction, &viewer, now).await?;
            let stored = row.clone().into_active_model();
            match referral_code::Entity::insert(stored).exec_without_returning(transaction).await {
                Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => {
                    Err(Error::refuse(Code::Taken, "code", "This code is taken."))
                }
                other => Ok(other.map(|_| row)?),
            }
        })
    });
    work.await
}

fn check(draft: &Draft, now: Timestamp) -> Result<()> {
    let mut checks = Checks::default();
    if let Some(code) = &draft.code {
        checks.text("code", code, LONGEST);
        let plain = code.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        checks.require(plain, Code::Invalid, "code", "It may have letters, digits, `_` and `-` only.");
        checks.require(code.len() >= 4, Code::Invalid, "code", "It must have at least 4 characters.");
    }
    let uses = draft.max_uses.is_none_or(|uses| (1..=MOST_USES).contains(&uses));
    checks.require(uses, Code::Invalid, "max_uses", format!("It must be from 1 to {MOST_USES}."));
    let later = draft.expires_at.is_none_or(|at| at > now);
    checks.require(later, Code::Invalid, "expires_at", "It must be in the future.");
    checks.done()
}

/// Ends one of the viewer's codes. Who came by it did.
pub async fn disable(app: &App, viewer: &Viewer, id: ReferralCodeId) -> Result<referral_code::Model> {
    let owner_id = viewer.require()?.user.id;
    let (engine, viewer, now) = (app.db.engine(), viewer.clone(), app.clock.now());
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            credential::hold(engine, transaction, &viewer, now).await?;
            let sql = "UPDATE referral_codes SET disabled_at = coalesce(disabled_at, $3) \
                       WHERE id = $1 AND owner_id = $2 RETURNING *";
            let values = [id.into(), owner_id.into(), now.into()];
            let row = referral_code::Model::find_by_statement(engine.sql(sql, values)).one(transaction).await?;
            row.ok_or_else(|| Error::not_found("id", "referral code"))
        })
    });
    work.await
}

/// A code as somebody gives it who signs up.
#[derive(Clone)]
pub(crate) struct Given {
    key: String,
    /// Who is signed in while they sign up: nobody refers themselves.
    by: UserId,
}

impl Given {
    /// A code, and who gives it.
    pub(crate) fn new(code: &str, viewer: &Viewer) -> Result<Self> {
        if code.len() > LONGEST || !is_storable(code) {
            return Err(unknown().into());
        }
        let by = viewer.user_id().unwrap_or_else(|| UserId::from_uuid(Uuid::nil()));
        Ok(Self { key: unique_key(code), by })
    }

    /// Refuses a code that could not be counted now, before anything is done for it that costs.
    pub(crate) async fn look(&self, app: &App) -> Result<()> {
        let row = app.db.one::<Seen>(SEEN, [self.key.clone().into()]).await?;
        self.judge(row, app.clock.now())?;
        Ok(())
    }

    /// Counts the code once for an account that is being made, in the same transaction.
    pub(crate) async fn count(&self, app: &App, on: &DatabaseTransaction, referred: UserId) -> Result<()> {
        let (engine, now) = (app.db.engine(), app.clock.now());
        let row = Seen::find_by_statement(engine.sql(SEEN, [self.key.clone().into()])).one(on).await?;
        let id = self.judge(row, now)?;
        let sql = "UPDATE referral_codes SET use_count = use_count + 1 WHERE id = $1 AND disabled_at IS NULL \
                   AND (max_uses IS NULL OR use_count < max_uses)";
        if on.execute_raw(engine.sql(sql, [id.into()])).await?.rows_affected() == 0 {
            return Err(ended().into());
        }
        let row =
            referral::Model { id: app.clock.id(), referral_code_id: id, referred_user_id: referred, created_at: now };
        referral::Entity::insert(row.into_active_model()).exec_without_returning(on).await?;
        Ok(())
    }

    /// Whether a code is good for whoever gives it.
    fn judge(&self, row: Option<Seen>, now: Timestamp) -> Result<ReferralCodeId, Refusal> {
        let row = row.ok_or_else(unknown)?;
        if row.owner_id == self.by {
            return Err(Refusal::new(Code::Invalid, FIELD, "Nobody refers themselves."));
        }
        let over = row.disabled_at.is_some() || row.expires_at.is_some_and(|at| at <= now);
        let used_up = row.max_uses.is_some_and(|most| row.use_count >= most);
        if over || used_up { Err(ended()) } else { Ok(row.id) }
    }
}

const FIELD: &str = "referral_code";

fn unknown() -> Refusal {
    Refusal::new(Code::NotFound, FIELD, "There is no such referral code.")
}

fn ended() -> Refusal {
    Refusal::new(Code::Expired, FIELD, "This referral code is not good any more.")
}

/// What decides whether a code is good; it is nobody's while its owner may not sign in.
const SEEN: &str = "SELECT c.id, c.owner_id, c.max_uses, c.use_count, c.expires_at, c.disabled_at \
                    FROM referral_codes c JOIN users u ON u.id = c.owner_id WHERE c.code_key = $1 \
                    AND u.is_active AND u.suspended_at IS NULL AND u.deleted_at IS NULL";

#[derive(FromQueryResult)]
struct Seen {
    id: ReferralCodeId,
    owner_id: UserId,
    max_uses: Option<i32>,
    use_count: i32,
    expires_at: Option<Timestamp>,
    disabled_at: Option<Timestamp>,
}
