//! `referrals`: who came by which referral code.

use sea_orm::entity::prelude::*;

use crate::Timestamp;
use crate::id::{ReferralCodeId, ReferralId, UserId};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "referrals")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ReferralId,
    pub referral_code_id: ReferralCodeId,
    /// Nobody comes twice.
    #[sea_orm(unique)]
    pub referred_user_id: UserId,
    pub created_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
