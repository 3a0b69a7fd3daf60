//! What an account has: read as its owner reads it through the API, by the same functions.

use entity::id::{ReferralCodeId, UserId};
use entity::{referral, referral_code};
use serde_json::{Value, json};

use super::section::{LONG, Nested, Part, SHORT, Section, at, id, name, window};
use crate::access::Viewer;
use crate::app::App;
use crate::error::Result;
use crate::user::Public;
use crate::{api_key, audit, block, chirp, device, diary, referral as referrals, session, upload, user, wallet};

/// Somebody else, as far as they show themselves to anybody.
fn person(user: &Public) -> Value {
    json!({ "id": user.id.to_string(), "username": user.username })
}

pub(super) struct Sessions;

impl Section for Sessions {
    const NAME: &'static str = "sessions";
    type Key = String;

    async fn read(app: &App, viewer: &Viewer, after: Option<String>) -> Result<Part<Value, String>> {
        let (_, current) = viewer.require_session()?;
        let page = session::list(app, viewer, &window(after, SHORT)).await?;
        Ok(Part::of(
            page,
            |listed| listed.session.id.to_string(),
            |listed| {
                let row = listed.session;
                json!({
                    "id": row.id.to_string(),
                    "createdAt": at(row.created_at),
                    "lastActivityAt": at(row.last_activity_at),
                    "expiresAt": at(row.expires_at),
                    "ipAddress": row.ip_address,
                    "userAgent": row.user_agent,
                    "isCurrent": row.id == current.id,
                    "device": row.device_id.map(id),
                    "wallet": row.wallet_id.map(id),
                })
            },
        ))
    }
}

pub(super) struct Devices;

impl Section for Devices {
    const NAME: &'static str = "devices";
    type Key = String;

    async fn read(app: &App, viewer: &Viewer, after: Option<String>) -> Result<Part<Value, String>> {
        let page = device::list(app, viewer, &window(after, SHORT)).await?;
        Ok(Part::of(
            page,
            |row| row.id.to_string(),
            |row| {
                json!({
                    "id": row.id.to_string(),
                    "name": row.name,
                    "platform": row.platform,
                    "receivesPush": row.push_token.is_some(),
                    "lastSeenAt": at(row.last_seen_at),
                    "createdAt": at(row.created_at),
                })
            },
        ))
    }
}

pub(super) struct ApiKeys;

impl Section for ApiKeys {
    const NAME: &'static str = "apiKeys";
    type Key = String;

    async fn read(app: &App, viewer: &Viewer, after: Option<String>) -> Result<Part<Value, String>> {
        let page = api_key::list(app, viewer, &window(after, SHORT)).await?;
        Ok(Part::of(
            page,
            |row| row.id.to_string(),
            |row| {
                let scopes: &[&str] = if row.can_write { &["READ", "WRITE"] } else { &["READ"] };
                json!({
                    "id": row.id.to_string(),
                    "name": row.name,
                    "scopes": scopes,
                    "createdAt": at(row.created_at),
                    "expiresAt": row.expires_at.map(at),
                    "lastUsedAt": row.last_used_at.map(at),
                })
            },
        ))
    }
}

pub(super) struct Wallets;

impl Section for Wallets {
    const NAME: &'static str = "wallets";
    type Key = String;

    async fn read(app: &App, viewer: &Viewer, after: Option<String>) -> Result<Part<Value, String>> {
        let page = wallet::list(app, viewer, &window(after, SHORT)).await?;
        Ok(Part::of(
            page,
            |row| row.id.to_string(),
            |row| {
                json!({
                    "id": row.id.to_string(),
                    "address": row.address,
                    "chainId": row.chain_id,
                    "label": row.label,
                    "isPrimary": row.is_primary,
                    "verifiedAt": row.verified_at.map(at),
                    "createdAt": at(row.created_at),
                })
            },
        ))
    }
}

pub(super) struct ReferralCodes;

impl Nested for ReferralCodes {
    const NAME: &'static str = "referralCodes";
    const INNER: &'static str = "referrals";
    type Key = String;
    type Place = (ReferralCodeId, Option<String>);

    async fn read(
        app: &App,
        viewer: &Viewer,
        after: Option<String>,
    ) -> Result<Part<(Value, Option<Self::Place>), String>> {
        let page = referrals::codes(app, viewer, &window(after, SHORT)).await?;
        Ok(Part::of(
            page,
            |row| row.id.to_string(),
            |row: referral_code::Model| {
                let item = json!({
                    "id": row.id.to_string(),
                    "code": row.code,
                    "maxUses": row.max_uses,
                    "useCount": row.use_count,
                    "expiresAt": row.expires_at.map(at),
                    "disabledAt": row.disabled_at.map(at),
                    "createdAt": at(row.created_at),
                });
                (item, (row.use_count > 0).then_some((row.id, None)))
            },
        ))
    }

    async fn read_inner(app: &App, _: &Viewer, (code, after): Self::Place) -> Result<Part<Value, Self::Place>> {
        let page = referrals::pages(app, &[(code, window(after, SHORT))]).await?.remove(0);
        let ids: Vec<UserId> = page.items.iter().map(|row| row.referred_user_id).collect();
        let people = user::by_ids(app, &ids).await?;
        let item = |row: referral::Model| json!({ "user": people.get(&row.referred_user_id).map(|user| person(user)), "createdAt": at(row.created_at) });
        Ok(Part::of(page, |row| (code, Some(row.id.to_string())), item))
    }
}

pub(super) struct Blocked;

impl Section for Blocked {
    const NAME: &'static str = "blockedUsers";
    type Key = block::Key;

    async fn read(app: &App, viewer: &Viewer, after: Option<Self::Key>) -> Result<Part<Value, Self::Key>> {
        let page = block::list(app, viewer, &window(after, SHORT)).await?;
        let item =
            |blocked: block::Blocked| json!({ "node": person(&blocked.user), "blockedAt": at(blocked.blocked_at) });
        Ok(Part::of(page, block::Blocked::key, item))
    }
}

pub(super) struct Diary;

impl Section for Diary {
    const NAME: &'static str = "diaryEntries";
    type Key = diary::Key;

    async fn read(app: &App, viewer: &Viewer, after: Option<Self::Key>) -> Result<Part<Value, Self::Key>> {
        let page = diary::list(app, viewer, &diary::Filter::default(), &window(after, LONG)).await?;
        Ok(Part::of(page, diary::key, |row| {
            json!({
                "id": row.id.to_string(),
                "title": row.title,
                "content": row.content,
                "mood": row.mood,
                "entryDate": row.entry_date.to_string(),
                "createdAt": at(row.created_at),
                "updatedAt": at(row.updated_at),
            })
        }))
    }
}

pub(super) struct Chirps;

impl Section for Chirps {
    const NAME: &'static str = "chirps";
    type Key = i64;

    async fn read(app: &App, viewer: &Viewer, after: Option<i64>) -> Result<Part<Value, i64>> {
        let page = chirp::of_own(app, viewer, &window(after, SHORT)).await?;
        Ok(Part::of(
            page,
            |row| row.seq,
            |row| {
                json!({
                    "id": row.id.to_string(),
                    "message": row.message,
                    "clientKey": row.client_key,
                    "version": row.version,
                    "createdAt": at(row.created_at),
                    "updatedAt": at(row.updated_at),
                })
            },
        ))
    }
}

pub(super) struct Uploads;

impl Section for Uploads {
    const NAME: &'static str = "uploads";
    type Key = String;

    async fn read(app: &App, viewer: &Viewer, after: Option<String>) -> Result<Part<Value, String>> {
        let page = upload::of_own(app, viewer, &window(after, SHORT)).await?;
        Ok(Part::of(
            page,
            |row| row.id.to_string(),
            |row| {
                json!({
                    "id": row.id.to_string(),
                    "name": row.name,
                    "type": row.media_type.unwrap_or(row.declared_type),
                    "size": row.size,
                    "clientKey": row.client_key,
                    "createdAt": at(row.created_at),
                    "completedAt": row.completed_at.map(at),
                })
            },
        ))
    }
}

pub(super) struct AuditLog;

impl Section for AuditLog {
    const NAME: &'static str = "auditLog";
    type Key = String;

    async fn read(app: &App, viewer: &Viewer, after: Option<String>) -> Result<Part<Value, String>> {
        let page = audit::of_own(app, viewer, &window(after, SHORT)).await?;
        Ok(Part::of(
            page,
            |row| row.id.to_string(),
            |row| {
                json!({
                    "id": row.id.to_string(),
                    "action": name(&row.action),
                    "actor": row.actor_id.map(id),
                    "ipAddress": row.ip_address,
                    "createdAt": at(row.created_at),
                })
            },
        ))
    }
}
