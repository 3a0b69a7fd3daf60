//! `refresh_tokens`: each issue of an access and a refresh token, both stored as SHA-256 only.

use sea_orm::entity::prelude::*;

use crate::Timestamp;
use crate::id::{FamilyId, SessionId, TokenId, UserId};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "refresh_tokens")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TokenId,
    pub session_id: SessionId,
    pub user_id: UserId,
    #[sea_orm(unique)]
    pub token_hash: Vec<u8>,
    #[sea_orm(unique)]
    pub access_hash: Vec<u8>,
    pub access_expires_at: Timestamp,
    pub family_id: FamilyId,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub used_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
