//! `assistant_answers`: what the assistant was asked, and what came of it.

use sea_orm::entity::prelude::*;

use crate::Timestamp;
use crate::id::{MessageId, ThreadId};

/// How far an answer has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Status {
    /// It waits, for the first time or after an attempt that failed.
    #[sea_orm(string_value = "queued")]
    Queued,
    /// It is being written.
    #[sea_orm(string_value = "answering")]
    Answering,
    /// It is there.
    #[sea_orm(string_value = "answered")]
    Answered,
    /// It was given up, until somebody asks for it once more.
    #[sea_orm(string_value = "failed")]
    Failed,
    /// The thread has had as many as it may for now.
    #[sea_orm(string_value = "limited")]
    Limited,
}

/// Why an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Failure {
    /// The endpoint could not be reached.
    #[sea_orm(string_value = "unreachable")]
    Unreachable,
    /// The endpoint had too much to do.
    #[sea_orm(string_value = "busy")]
    Busy,
    /// The endpoint failed, or answered with what is no answer.
    #[sea_orm(string_value = "broken")]
    Broken,
    /// The endpoint refused what it was asked for.
    #[sea_orm(string_value = "refused")]
    Refused,
    /// The answer ended in the middle.
    #[sea_orm(string_value = "cut_off")]
    CutOff,
    /// Nothing came for too long, or it took too long in all.
    #[sea_orm(string_value = "stalled")]
    Stalled,
    /// There was nothing in it.
    #[sea_orm(string_value = "empty")]
    Empty,
    /// Nobody writes in the thread any more, or the assistant doesn't.
    #[sea_orm(string_value = "closed")]
    Closed,
    /// This installation has no endpoint any more.
    #[sea_orm(string_value = "off")]
    Off,
}

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "assistant_answers")]
pub struct Model {
    /// The message that asks.
    #[sea_orm(primary_key, auto_increment = false)]
    pub question_id: MessageId,
    pub thread_id: ThreadId,
    /// The message that answers.
    pub answer_id: Option<MessageId>,
    pub status: Status,
    /// Of the last attempt that failed.
    pub failure: Option<Failure>,
    /// How often it was begun since it was asked for, or asked for once more.
    pub attempts: i32,
    /// From when on the thread may have answers again.
    pub retry_at: Option<Timestamp>,
    pub asked_at: Timestamp,
    /// When it was begun last.
    pub begun_at: Option<Timestamp>,
    pub updated_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
