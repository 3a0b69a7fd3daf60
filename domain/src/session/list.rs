//! An account's own sessions.

use entity::{user_device, user_session};
use sea_orm::{DbErr, FromQueryResult, QueryResult};

use crate::access::{Viewer, columns};
use crate::app::App;
use crate::error::Result;
use crate::infra::list::{List, by_id};
use crate::page::{Page, Window};

/// A session in the list, with the device that it was opened on.
pub struct Listed {
    /// The session.
    pub session: user_session::Model,
    /// The device; none if the client named none.
    pub device: Option<user_device::Model>,
}

impl FromQueryResult for Listed {
    fn from_query_result(row: &QueryResult, _: &str) -> Result<Self, DbErr> {
        Ok(Self {
            session: user_session::Model::from_query_result(row, "s_")?,
            device: user_device::Model::from_query_result_optional(row, "d_")?,
        })
    }
}

/// The viewer's sessions that have not ended, the newest first.
pub async fn list(app: &App, viewer: &Viewer, window: &Window<String>) -> Result<Page<Listed>> {
    let (own, _) = viewer.require_session()?;
    let select =
        format!("{}, {}", columns::<user_session::Entity>("s", "s_"), columns::<user_device::Entity>("d", "d_"));
    let list = List {
        select: &select,
        from: "FROM user_sessions s LEFT JOIN user_devices d ON d.id = s.device_id \
               WHERE s.user_id = $1 AND s.revoked_at IS NULL AND s.expires_at > $2",
        keys: &["s.id"],
        descending: true,
        values: vec![own.into(), app.clock.now().into()],
    };
    list.page(&app.db, &by_id::<entity::id::SessionId>(window)).await
}
