//! `user_sessions`: sign-ins; the tokens that speak for one are in `refresh_tokens`.

use sea_orm::entity::prelude::*;

use crate::Timestamp;
use crate::id::{DeviceId, SessionId, UserId, WalletId};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "user_sessions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SessionId,
    pub user_id: UserId,
    pub wallet_id: Option<WalletId>,
    pub device_id: Option<DeviceId>,
    pub ip_address: Option<String>,
    pub user_agent: Option<String>,
    pub payload: Option<Json>,
    pub last_activity_at: Timestamp,
    pub created_at: Timestamp,
    /// When the refresh token that was issued last runs out.
    pub expires_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
