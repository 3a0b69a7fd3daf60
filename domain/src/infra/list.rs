//! Keyset pages: a part of a sorted list by the keys of its neighbours, so that page one thousand costs what page one does.

use entity::id::TypedId;
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

use super::db::Db;
use crate::error::Result;
use crate::page::{Page, Window};

/// A sorted list, as SQL.
pub struct List<'a> {
    /// The columns.
    pub select: &'a str,
    /// `FROM … WHERE …`; further conditions follow with AND.
    pub from: &'a str,
    /// What it is sorted by, together unique; none of it null.
    pub keys: &'a [&'a str],
    /// Greatest first.
    pub descending: bool,
    /// The values of `$1`, `$2` … in `from`.
    pub values: Vec<Value>,
}

#[derive(FromQueryResult)]
struct Found {
    #[expect(dead_code, reason = "that there is a row is all that matters")]
    found: i32,
}

/// What the cursors of a list hold that is sorted by id, as the database compares it. What is no id stands where nothing is.
pub fn by_id<I: TypedId + Into<Value>>(window: &Window<String>) -> Window<Vec<Value>> {
    window.map(|text| vec![id_of::<I>(text).into()])
}

/// The id that a cursor holds.
pub fn id_of<I: TypedId>(text: &str) -> I {
    I::parse(text).unwrap_or_else(|_| I::from_uuid(Uuid::nil()))
}

impl List<'_> {
    /// The part of the list that a window shows, with exact word on what lies to both sides.
    pub async fn page<T: FromQueryResult>(&self, db: &Db, window: &Window<Vec<Value>>) -> Result<Page<T>> {
        let mut values = self.values.clone();
        let mut conditions = String::new();
        for (bound, later) in [(&window.after, true), (&window.before, false)] {
            if let Some(bound) = bound {
                conditions.push_str(&self.beyond(later, "", values.len()));
                values.extend(bound.iter().cloned());
            }
        }
        let sql = format!(
            "SELECT {} {}{conditions} ORDER BY {} LIMIT {}",
            self.select,
            self.from,
            self.order(window.backward),
            window.limit + 1
        );
        let rows = db.all(sql, values).await?;
        let mut page = Page::cut(rows, window, false);
        if let Some(bound) = &window.after {
            page.has_previous |= self.any(db, bound, false).await?;
        }
        if let Some(bound) = &window.before {
            page.has_next |= self.any(db, bound, true).await?;
        }
        Ok(page)
    }

    /// Whether the list has anything at a key or on one side of it.
    async fn any(&self, db: &Db, bound: &[Value], later: bool) -> Result<bool> {
        let mut values = self.values.clone();
        let condition = self.beyond(later, "=", values.len());
        values.extend(bound.iter().cloned());
        let found: Option<Found> =
            db.one(format!("SELECT 1 AS found {}{condition} LIMIT 1", self.from), values).await?;
        Ok(found.is_some())
    }

    fn beyond(&self, later: bool, or_equal: &str, bound_at: usize) -> String {
        let operator = if later == self.descending { "<" } else { ">" };
        let parameters: Vec<String> = (1..=self.keys.len()).map(|n| format!("${}", bound_at + n)).collect();
        format!(" AND ({}) {operator}{or_equal} ({})", self.keys.join(", "), parameters.join(", "))
    }

    fn order(&self, backward: bool) -> String {
        let direction = if self.descending != backward { " DESC" } else { "" };
        self.keys.iter().map(|key| format!("{key}{direction}")).collect::<Vec<_>>().join(", ")
    }
}
