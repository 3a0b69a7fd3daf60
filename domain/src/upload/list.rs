//! The list of what somebody has put here that no message carries.

use entity::Timestamp;
use entity::id::UploadId;
use entity::upload;

use crate::access::Viewer;
use crate::app::App;
use crate::error::Result;
use crate::infra::list::{List, by_id};
use crate::page::{Page, Window};

/// The viewer's uploads that no message carries, the newest first.
pub(crate) async fn of_own(app: &App, viewer: &Viewer, window: &Window<String>) -> Result<Page<upload::Model>> {
    let own = viewer.require()?.user.id;
    let list = List {
        select: "*",
        from: "FROM uploads WHERE user_id = $1 AND collect_at > $2",
        keys: &["id"],
        descending: true,
        values: vec![own.into(), Timestamp::UNIX_EPOCH.into()],
    };
    list.page(&app.db, &by_id::<UploadId>(window)).await
}
