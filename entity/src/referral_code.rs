//! `referral_codes`: codes by which people are brought along.

use sea_orm::entity::prelude::*;

use crate::Timestamp;
use crate::id::{ReferralCodeId, UserId};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "referral_codes")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ReferralCodeId,
    /// As its owner wrote it, or as it was made.
    pub code: String,
    /// The code normalised; unique.
    #[sea_orm(unique)]
    pub code_key: String,
    pub owner_id: UserId,
    /// How many may come by it; none for any number.
    pub max_uses: Option<i32>,
    /// How many have, those who have left again among them.
    pub use_count: i32,
    pub expires_at: Option<Timestamp>,
    pub disabled_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
