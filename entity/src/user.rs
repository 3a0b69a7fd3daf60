//! `users`: accounts, whether of people, guests or assistants.

use sea_orm::entity::prelude::*;

use crate::Timestamp;
use crate::id::UserId;

/// Who stands behind an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum UserKind {
    /// A person with a password.
    #[sea_orm(string_value = "human")]
    Human,
    /// A visitor with a username alone.
    #[sea_orm(string_value = "guest")]
    Guest,
    /// A program that answers.
    #[sea_orm(string_value = "assistant")]
    Assistant,
}

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: UserId,
    /// 1 to 50 of `A-Za-z0-9_-`, as its owner writes it.
    pub username: String,
    /// The username normalised; unique.
    #[sea_orm(unique)]
    pub username_key: String,
    pub email: Option<String>,
    /// The email normalised; unique.
    pub email_key: Option<String>,
    /// The display name normalised and stripped of accents.
    pub search_key: String,
    pub email_verified_at: Option<Timestamp>,
    /// PHC string of argon2id, or a hash of bcrypt that was imported and not used yet; none for guests and assistants.
    pub password_hash: Option<String>,
    pub kind: UserKind,
    pub is_admin: bool,
    pub is_active: bool,
    pub suspended_at: Option<Timestamp>,
    pub deleted_at: Option<Timestamp>,
    pub last_login_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
