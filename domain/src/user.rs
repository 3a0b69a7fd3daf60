//! People as others see them.

use std::collections::HashMap;

use entity::Timestamp;
use entity::id::UserId;
use entity::user::UserKind;
use sea_orm::FromQueryResult;

use crate::access::Viewer;
use crate::app::App;
use crate::error::Result;
use crate::page::{Page, Window};
use crate::text::{is_storable, prefix_end, search_key, unique_key};

/// The public face of an account; nothing private is even read.
#[derive(Debug, Clone, FromQueryResult)]
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

const PUBLIC: &str = "u.id, u.username, u.kind, u.created_at, \
                      p.display_name, p.first_name, p.last_name, p.avatar_url, p.bio";
const FROM: &str = "FROM users u JOIN profiles p ON p.user_id = u.id WHERE u.deleted_at IS NULL";

/// Accounts by id; those that are gone are missing.
pub async fn by_ids(app: &App, ids: &[UserId]) -> Result<HashMap<UserId, Public>> {
    let engine = app.db.engine();
    let sql = format!("SELECT {PUBLIC} {FROM} AND u.id {}", engine.among(1));
    let rows: Vec<Public> = app.db.all(sql, [engine.ids(ids.iter().copied())]).await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

/// The account of that name, whatever the case.
pub async fn by_username(app: &App, username: &str) -> Result<Option<Public>> {
    if !is_storable(username) {
        return Ok(None);
    }
    let sql = format!("SELECT {PUBLIC} {FROM} AND u.username_key = $1");
    app.db.one(sql, [unique_key(username).into()]).await
}

/// A place in the list of users: how well it matches, and the key that it is sorted by.
pub type Key = (i32, String);

/// An account in the list with its place.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Listed {
    /// The account.
    #[sea_orm(nested)]
    pub user: Public,
    /// 1 if the username matches, 2 if the display name alone does.
    pub rank: i32,
    /// What it is sorted by among its rank.
    pub sort_key: String,
}

/// All accounts by username; with `search`, those whose username begins with it and then those whose display name does.
/// Whatever the case, and for display names whatever the accents. Not for the anonymous.
pub async fn list(app: &App, viewer: &Viewer, search: Option<&str>, window: &Window<Key>) -> Result<Page<Listed>> {
    viewer.require()?;
    if search.is_some_and(|search| !is_storable(search)) {
        return Ok(Page::empty());
    }
    let search = search.map(str::trim).filter(|text| !text.is_empty());
    let by_name = Range { rank: 1, key: "u.username_key", from: search.map(unique_key), except: None };
    let by_display = search.map(|text| Range {
        rank: 2,
        key: "u.search_key || ' ' || u.username_key",
        from: Some(search_key(text)),
        except: Some(unique_key(text)),
    });
    let mut ranges: Vec<Range> = std::iter::once(by_name).chain(by_display).collect();
    if window.backward {
        ranges.reverse();
    }
    let wanted = window.limit as usize + 1;
    let mut rows = Vec::new();
    for range in &ranges {
        rows.extend(range.rows(app, window, wanted - rows.len()).await?);
        if rows.len() >= wanted {
            break;
        }
    }
    let beyond = match if window.backward { &window.before } else { &window.after } {
        None => false,
        Some(bound) => {
            let (after, before) =
                if window.backward { (Some(bound.clone()), None) } else { (None, Some(bound.clone())) };
            let other = Window { after, before, limit: 1, backward: !window.backward };
            let at_bound = Some(bound);
            let mut any = false;
            for range in &ranges {
                any |= range.holds(app, at_bound).await? || !range.rows(app, &other, 1).await?.is_empty();
            }
            any
        }
    };
    Ok(Page::cut(rows, window, beyond))
}

/// Accounts of one rank: those whose key begins with `from`, but whose username does not begin with `except`.
struct Range {
    rank: i32,
    key: &'static str,
    from: Option<String>,
    except: Option<String>,
}

impl Range {
    /// The column by whose index the prefix is found; the sort key begins with it.
    fn column(&self) -> &'static str {
        if self.rank == 1 { "u.username_key" } else { "u.search_key" }
    }

    fn conditions(&self) -> (String, Vec<sea_orm::Value>) {
        let mut sql = String::from(FROM);
        let mut values = Vec::new();
        let mut bind = |sql: &mut String, text: &str, value: String| {
            values.push(value.into());
            sql.push_str(&text.replace('?', &format!("${}", values.len())));
        };
        if let Some(prefix) = &self.from {
            bind(&mut sql, &format!(" AND {} >= ?", self.column()), prefix.clone());
            bind(&mut sql, &format!(" AND {} < ?", self.column()), prefix_end(prefix));
        }
        if let Some(prefix) = &self.except {
            bind(&mut sql, " AND NOT (u.username_key >= ?", prefix.clone());
            bind(&mut sql, " AND u.username_key < ?)", prefix_end(prefix));
        }
        (sql, values)
    }

    async fn rows(&self, app: &App, window: &Window<Key>, limit: usize) -> Result<Vec<Listed>> {
        let (mut sql, mut values) = self.conditions();
        for (bound, operator) in [(&window.after, ">"), (&window.before, "<")] {
            let Some((rank, key)) = bound else { continue };
            if *rank == self.rank {
                values.push(key.clone().into());
                sql.push_str(&format!(" AND {} {operator} ${}", self.key, values.len()));
            } else if (*rank > self.rank) == (operator == ">") {
                return Ok(Vec::new());
            }
        }
        let direction = if window.backward { "DESC" } else { "ASC" };
        let order = match self.rank {
            1 => format!("u.username_key {direction}"),
            _ => format!("u.search_key {direction}, u.username_key {direction}"),
        };
        let sql = format!(
            "SELECT {PUBLIC}, {} AS rank, {} AS sort_key {sql} ORDER BY {order} LIMIT {limit}",
            self.rank, self.key
        );
        app.db.all(sql, values).await
    }

    /// Whether an account stands exactly at a key.
    async fn holds(&self, app: &App, bound: Option<&Key>) -> Result<bool> {
        let Some((_, key)) = bound.filter(|(rank, _)| *rank == self.rank) else { return Ok(false) };
        let (mut sql, mut values) = self.conditions();
        values.push(key.clone().into());
        sql.push_str(&format!(" AND {} = ${}", self.key, values.len()));
        let sql = format!("SELECT {PUBLIC}, {} AS rank, {} AS sort_key {sql} LIMIT 1", self.rank, self.key);
        Ok(app.db.one::<Listed>(sql, values).await?.is_some())
    }
}
