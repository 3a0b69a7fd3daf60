//! Lists of referral codes, and of who came by them.

use entity::id::{ReferralCodeId, ReferralId};
use entity::{referral, referral_code};

use crate::access::Viewer;
use crate::app::App;
use crate::error::Result;
use crate::infra::keys::Column;
use crate::infra::list::{List, by_id, id_of};
use crate::infra::lists::Lists;
use crate::page::{Page, Window};

/// A place in a list of codes, or of referrals.
pub type Key = String;

/// The viewer's codes, the newest first.
pub async fn codes(app: &App, viewer: &Viewer, window: &Window<Key>) -> Result<Page<referral_code::Model>> {
    let (own, _) = viewer.require_session()?;
    let list = List {
        select: "*",
        from: "FROM referral_codes WHERE owner_id = $1",
        keys: &["id"],
        descending: true,
        values: vec![own.into()],
    };
    list.page(&app.db, &by_id::<ReferralCodeId>(window)).await
}

/// Referrals by their code.
const OF_CODES: Lists = Lists { table: "referrals", owner: "referral_code_id", key: ("id", Column::Id) };

/// Who came by each code, the last one first: one page for each. The codes are the viewer's own.
pub async fn pages(app: &App, asked: &[(ReferralCodeId, Window<Key>)]) -> Result<Vec<Page<referral::Model>>> {
    OF_CODES.pages(&app.db, asked, |id| id_of::<ReferralId>(id).into()).await
}
