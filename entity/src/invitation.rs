//! `thread_invitations`: links to groups. The code itself is nowhere; what is revoked is removed.

use sea_orm::entity::prelude::*;

use crate::Timestamp;
use crate::id::{InvitationId, ThreadId, UserId};
use crate::participant::Role;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "thread_invitations")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: InvitationId,
    pub thread_id: ThreadId,
    /// Who invites: it is good for as long as they manage the thread.
    pub created_by: UserId,
    pub code_hash: Vec<u8>,
    /// What whoever comes by it may do.
    pub role: Role,
    /// How many may come by it; none for any number.
    pub max_uses: Option<i32>,
    pub use_count: i32,
    /// Where the thread's log stood when it was made: who was removed later does not come back by it.
    pub created_seq: i64,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
