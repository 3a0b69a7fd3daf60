//! People as others see them.

use std::collections::HashMap;
use std::sync::Arc;

use entity::Timestamp;
use entity::id::UserId;
use entity::user::UserKind;
use sea_orm::FromQueryResult;

use crate::access::Viewer;
use crate::account::LONGEST_LOGIN;
use crate::app::App;
use crate::block;
use crate::error::Result;
use crate::page::{Page, Window};
use crate::text::{is_storable, prefix_end, search_key, unique_key};

/// The public face of an account; nothing private is even read.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct Public {
    /// The account.
    pub id: UserId,
    /// Its name, as its owner writes it.
    pub username: String,
    /// Who stands behind it.
    pub kind: UserKind,
    /// When it was made.
    pub created_at: Timestamp,
    /// From the profile.
    pub display_name: String,
    /// From the profile.
    pub first_name: Option<String>,
    /// From the profile.
    pub last_name: Option<String>,
    /// From the profile.
    pub avatar_url: Option<String>,
    /// From the profile.
    pub bio: Option<String>,
}

pub(crate) const PUBLIC: &str = "u.id, u.username, u.kind, u.created_at, \
                      p.display_name, p.first_name, p.last_name, p.avatar_url, p.bio";
const FROM: &str = "FROM users u JOIN profiles p ON p.user_id = u.id WHERE u.deleted_at IS NULL";

/// Accounts by id; those that are gone are missing. One that is being deleted has no name any more, but is there until it has left
/// its threads: whoever takes part is somebody.
pub async fn by_ids(app: &App, ids: &[UserId]) -> Result<HashMap<UserId, Arc<Public>>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    app.people.ask(ids.to_vec(), |ids| read(app, ids)).await
}

async fn read(app: &App, ids: Vec<UserId>) -> Result<HashMap<UserId, Arc<Public>>> {
    let engine = app.db.engine();
    let profile = engine.join_each("profiles p", "p.user_id = u.id");
    let sql = format!("SELECT {PUBLIC} FROM users u {profile} WHERE u.id {}", engine.among(1));
    let rows: Vec<Public> = app.db.all(sql, [engine.ids(ids)]).await?;
    Ok(rows.into_iter().map(|row| (row.id, Arc::new(row))).collect())
}

/// The account of that name, whatever the case.
pub async fn by_username(app: &App, username: &str) -> Result<Option<Public>> {
    if username.len() > LONGEST_LOGIN || !is_storable(username) {
        return Ok(None);
    }
    let sql = format!("SELECT {PUBLIC} {FROM} AND u.username_key = $1");
    app.db.one(sql, [unique_key(username).into()]).await
}

/// Accounts that lists show: neither gone nor at rest nor suspended. The conditions are those of the indexes, word by word.
const LISTED: &str = " AND u.suspended_at IS NULL AND u.is_active";

/// A place in the list of users: how well it matches, and what it is sorted by among its rank.
pub type Key = (i32, String, String);

/// An account in the list with its place.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Listed {
    /// The account.
    #[sea_orm(nested)]
    pub user: Public,
    /// 1 if the username matches, 2 if the display name alone does.
    pub rank: i32,
    /// What it is sorted by first: of rank 2 the display name's key.
    pub search_key: String,
    /// What it is sorted by then.
    pub username_key: String,
}

/// All accounts by username; with `search`, those whose username begins with it and then those whose display name does,
/// whatever the case and the accents. No name begins with more than any is long. Without those at rest, suspended, or blocked either way. Not for the anonymous.
pub async fn list(app: &App, viewer: &Viewer, search: Option<&str>, window: &Window<Key>) -> Result<Page<Listed>> {
    let viewer = viewer.require()?.user.id;
    if search.is_some_and(|search| search.len() > LONGEST_LOGIN || !is_storable(search)) {
        return Ok(Page::empty());
    }
    // Usernames have no accents, so the key without them is theirs, too.
    let search = search.map(search_key).filter(|key| !key.is_empty());
    let by_display = search.clone().map(|key| Range { viewer, rank: 2, from: Some(key) });
    let mut ranges: Vec<Range> = std::iter::once(Range { viewer, rank: 1, from: search }).chain(by_display).collect();
    if window.backward {
        ranges.reverse();
    }
    let wanted = window.limit as usize + 1;
    let after = window.after.iter().map(|key| (key, ">"));
    let bounds: Vec<(&Key, &str)> = after.chain(window.before.iter().map(|key| (key, "<"))).collect();
    let mut rows = Vec::new();
    for range in &ranges {
        rows.extend(range.rows(app, &bounds, window.backward, wanted - rows.len()).await?);
        if rows.len() >= wanted {
            break;
        }
    }
    let mut page = Page::cut(rows, window, false);
    if let Some(bound) = &window.after {
        page.has_previous |= any(app, &ranges, bound, "<=").await?;
    }
    if let Some(bound) = &window.before {
        page.has_next |= any(app, &ranges, bound, ">=").await?;
    }
    Ok(page)
}

/// Whether the list has anything at a key or on one side of it.
async fn any(app: &App, ranges: &[Range], bound: &Key, side: &str) -> Result<bool> {
    for range in ranges {
        if !range.rows(app, &[(bound, side)], false, 1).await?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Accounts of one rank: those whose key begins with `from`; of rank 2, but for those whose username does, too.
struct Range {
    viewer: UserId,
    rank: i32,
    from: Option<String>,
}

impl Range {
    /// The column by whose index the prefix is found; it is sorted by that, and then by username.
    fn column(&self) -> &'static str {
        if self.rank == 1 { "u.username_key" } else { "u.search_key" }
    }

    fn conditions(&self) -> (String, Vec<sea_orm::Value>) {
        let mut sql = format!("{FROM}{LISTED}{}", block::hides("u.id", 1));
        let mut values = vec![self.viewer.into()];
        let mut bind = |sql: &mut String, text: &str, value: String| {
            values.push(value.into());
            sql.push_str(&text.replace('?', &format!("${}", values.len())));
        };
        if let Some(prefix) = &self.from {
            bind(&mut sql, &format!(" AND {} >= ?", self.column()), prefix.clone());
            bind(&mut sql, &format!(" AND {} < ?", self.column()), prefix_end(prefix));
            if self.rank == 2 {
                // Most people are called as their username is; the index of names leaves them out.
                sql.push_str(" AND u.search_key <> u.username_key");
                bind(&mut sql, " AND NOT (u.username_key >= ?", prefix.clone());
                bind(&mut sql, " AND u.username_key < ?)", prefix_end(prefix));
            }
        }
        (sql, values)
    }

    /// The first rows within bounds, each a key and on which side of it to be; from the other end if `backward`.
    async fn rows(&self, app: &App, bounds: &[(&Key, &str)], backward: bool, limit: usize) -> Result<Vec<Listed>> {
        let (mut sql, mut values) = self.conditions();
        for ((rank, first, second), side) in bounds {
            if *rank != self.rank {
                // A range lies as a whole on one side of another's key.
                if (*rank > self.rank) == side.starts_with('>') {
                    return Ok(Vec::new());
                }
                continue;
            }
            let at = values.len();
            match self.rank {
                1 => sql.push_str(&format!(" AND u.username_key {side} ${}", at + 1)),
                _ => sql.push_str(&format!(" AND (u.search_key, u.username_key) {side} (${}, ${})", at + 2, at + 1)),
            }
            values.push(second.clone().into());
            if self.rank != 1 {
                values.push(first.clone().into());
            }
        }
        let direction = if backward { "DESC" } else { "ASC" };
        let order = match self.rank {
            1 => format!("u.username_key {direction}"),
            _ => format!("u.search_key {direction}, u.username_key {direction}"),
        };
        let sql = format!(
            "SELECT {PUBLIC}, {} AS rank, u.search_key, u.username_key {sql} ORDER BY {order} LIMIT {limit}",
            self.rank
        );
        app.db.all(sql, values).await
    }
}
