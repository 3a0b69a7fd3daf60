//! Keyset pages of many lists at once: one for each owner, in a number of statements that does not depend on how many.

use std::collections::HashMap;

use entity::id::TypedId;
use sea_orm::{DbErr, FromQueryResult, QueryResult};

use super::db::Db;
use super::keys::{Column, Key};
use crate::error::{Error, Result};
use crate::page::{Page, Slice, Window};

/// Lists that are in one table, each sorted by one column, greatest first.
pub struct Lists {
    /// The table.
    pub table: &'static str,
    /// The column with the id of whose list a row is in.
    pub owner: &'static str,
    /// What a list is sorted by: unique in it, and never null. An index begins with both columns.
    pub key: (&'static str, Column),
}

/// What pages have in common, so that one statement can read them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Shape {
    slice: Slice,
    after: bool,
    before: bool,
}

/// Pages of one shape: which, and what the database needs to know of each.
struct Group<'a, O, K> {
    lists: &'a Lists,
    shape: Shape,
    asked: &'a [(O, Window<K>)],
    indices: Vec<usize>,
    key: fn(&K) -> Key,
}

impl Lists {
    /// A page of each list that is asked for, in their order. `key` tells how the database has a place in one.
    pub async fn pages<O: TypedId, K: Sync, T: FromQueryResult + Send>(
        &self,
        db: &Db,
        asked: &[(O, Window<K>)],
        key: fn(&K) -> Key,
    ) -> Result<Vec<Page<T>>> {
        let mut pages: Vec<Page<T>> = asked.iter().map(|_| Page::empty()).collect();
        let mut by_shape: HashMap<Shape, Vec<usize>> = HashMap::new();
        for (index, (_, window)) in asked.iter().enumerate() {
            let (after, before) = (window.after.is_some(), window.before.is_some());
            by_shape.entry(Shape { slice: window.slice(), after, before }).or_default().push(index);
        }
        for (shape, indices) in by_shape {
            Group { lists: self, shape, asked, indices, key }.read(db, &mut pages).await?;
        }
        Ok(pages)
    }

    /// The same where some of the lists are not to be seen: there is nothing of theirs on their pages, and nothing is asked of them.
    pub async fn pages_of_seen<O: TypedId, K: Sync, T: FromQueryResult + Send>(
        &self,
        db: &Db,
        asked: impl IntoIterator<Item = Option<(O, Window<K>)>>,
        key: fn(&K) -> Key,
    ) -> Result<Vec<Page<T>>> {
        let asked: Vec<_> = asked.into_iter().collect();
        let mut pages: Vec<Page<T>> = asked.iter().map(|_| Page::empty()).collect();
        let seen = asked.into_iter().enumerate().filter_map(|(index, asked)| Some((index, asked?)));
        let (indices, lists): (Vec<usize>, Vec<_>) = seen.unzip();
        for (index, page) in indices.into_iter().zip(self.pages(db, &lists, key).await?) {
            pages[index] = page;
        }
        Ok(pages)
    }
}

struct Numbered<T> {
    nth: i64,
    row: T,
}

impl<T: FromQueryResult> FromQueryResult for Numbered<T> {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        Ok(Self { nth: row.try_get(prefix, "nth")?, row: T::from_query_result(row, prefix)? })
    }
}

/// Whether a list has anything beyond the cursors of a page, what is at the cursors among it.
#[derive(FromQueryResult)]
struct Beyond {
    nth: i64,
    earlier: i32,
    later: i32,
}

impl<O: TypedId, K> Group<'_, O, K> {
    async fn read<T: FromQueryResult>(&self, db: &Db, pages: &mut [Page<T>]) -> Result<()> {
        let mut rows: HashMap<usize, Vec<T>> = HashMap::new();
        let (sql, keys) = (self.rows(db), self.keys(db));
        let numbered: Vec<Numbered<T>> = db.all(sql, [keys, i64::from(self.shape.slice.limit + 1).into()]).await?;
        for Numbered { nth, row } in numbered {
            rows.entry(usize::try_from(nth).map_err(Error::internal)?).or_default().push(row);
        }
        for &index in &self.indices {
            pages[index] = Page::cut(rows.remove(&index).unwrap_or_default(), &self.asked[index].1, false);
        }
        if !self.shape.after && !self.shape.before {
            return Ok(());
        }
        let beyond: Vec<Beyond> = db.all(self.beyond(db), [self.keys(db)]).await?;
        for Beyond { nth, earlier, later } in beyond {
            let page = &mut pages[usize::try_from(nth).map_err(Error::internal)?];
            page.has_previous |= earlier > 0;
            page.has_next |= later > 0;
        }
        Ok(())
    }

    fn columns(&self) -> [(&'static str, Column); 4] {
        let kind = self.lists.key.1;
        [("nth", Column::Number), ("owner", Column::Id), ("after_key", kind), ("before_key", kind)]
    }

    fn keys(&self, db: &Db) -> sea_orm::Value {
        // Where there is no cursor, no statement looks at it.
        let place = |at: &Option<K>| at.as_ref().map_or(Key::Nothing, self.key);
        let rows = self.indices.iter().map(|&index| {
            let (owner, window) = &self.asked[index];
            [Key::Number(index as i64), (*owner).into(), place(&window.after), place(&window.before)]
        });
        db.engine().keys(&self.columns(), rows)
    }

    fn owned(&self) -> String {
        format!("t.{} = w.owner", self.lists.owner)
    }

    /// The rows on the pages, and one more for each.
    fn rows(&self, db: &Db) -> String {
        let (engine, key) = (db.engine(), self.lists.key.0);
        let order = if self.shape.slice.backward { format!("t.{key}") } else { format!("t.{key} DESC") };
        let mut condition = self.owned();
        for (bounded, bound) in [(self.shape.after, "< w.after_key"), (self.shape.before, "> w.before_key")] {
            if bounded {
                condition.push_str(&format!(" AND t.{key} {bound}"));
            }
        }
        let first = engine.first_of_each(self.lists.table, &condition, &order, "$2");
        format!("WITH {} SELECT w.nth, t.* FROM {first} ORDER BY w.nth, {order}", engine.want(&self.columns(), 1))
    }

    fn beyond(&self, db: &Db) -> String {
        let (table, key) = (self.lists.table, self.lists.key.0);
        let any = |wanted: bool, bound: &str| match wanted {
            true => {
                format!(
                    "CASE WHEN EXISTS (SELECT 1 FROM {table} t WHERE {} AND t.{key} {bound}) THEN 1 ELSE 0 END",
                    self.owned()
                )
            }
            false => "0".to_owned(),
        };
        format!(
            "WITH {} SELECT w.nth, {} AS earlier, {} AS later FROM want w",
            db.engine().want(&self.columns(), 1),
            any(self.shape.after, ">= w.after_key"),
            any(self.shape.before, "<= w.before_key"),
        )
    }
}
