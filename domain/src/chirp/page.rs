//! Pages of chirps, the newest first: of everybody's, and of those of many people at once.

use std::sync::Arc;

use entity::chirp::Model as Chirp;
use entity::id::UserId;

use super::feed::Tip;
use crate::access::Viewer;
use crate::app::App;
use crate::error::Result;
use crate::infra::keys::{Column, Key};
use crate::infra::list::List;
use crate::infra::lists::Lists;
use crate::page::{Page, Window};

/// A page of chirps, and where the feed's log stood before it was read: a stream that begins there misses nothing of it.
#[derive(Clone)]
pub struct Listed {
    /// The page.
    pub page: Page<Arc<Chirp>>,
    /// The seq.
    pub last_seq: i64,
}

/// What everybody has said.
pub async fn list(app: &App, window: &Window<i64>) -> Result<Listed> {
    // Before the page, so that nothing falls between the two.
    let last_seq = Tip::read(app).await?.last_seq;
    let list =
        List { select: "*", from: "FROM chirps WHERE TRUE", keys: &["seq"], descending: true, values: Vec::new() };
    let page = list.page(&app.db, &window.map(|seq| vec![(*seq).into()])).await?;
    Ok(Listed { page: page.map(Arc::new), last_seq })
}

/// What the viewer has said.
pub(crate) async fn of_own(app: &App, viewer: &Viewer, window: &Window<i64>) -> Result<Page<Chirp>> {
    let own = viewer.require()?.user.id;
    let list = List {
        select: "*",
        from: "FROM chirps WHERE user_id = $1",
        keys: &["seq"],
        descending: true,
        values: vec![own.into()],
    };
    list.page(&app.db, &window.map(|seq| vec![(*seq).into()])).await
}

/// Chirps by who has said them.
const OF_USERS: Lists = Lists { table: "chirps", owner: "user_id", key: ("seq", Column::Number) };

/// What each of these people has said: one page for each.
pub async fn pages(app: &App, asked: &[(UserId, Window<i64>)]) -> Result<Vec<Listed>> {
    let last_seq = Tip::read(app).await?.last_seq;
    let pages: Vec<Page<Chirp>> = OF_USERS.pages(&app.db, asked, |seq| Key::Number(*seq)).await?;
    Ok(pages.into_iter().map(|page| Listed { page: page.map(Arc::new), last_seq }).collect())
}
