//! Diaries: what people write for themselves alone.
//!
//! Every statement here names its owner, the viewer, beside the entry: there is no other way to one, for nobody, and so no
//! proof to carry. What is searched is a copy of title and content without case and accents, looked through entry by entry in
//! the order of the list and no further than the page needs. The engines' full-text indexes tell words apart each in its own
//! way, and would sort all diaries into one index for the sake of searching one.

use chrono::{Datelike, Months, NaiveDate};
use entity::Date;
use entity::diary_entry::{self, Model as Entry};
use entity::id::{DiaryEntryId, TypedId, UserId};
use sea_orm::{
    ActiveModelTrait, ActiveValue, ConnectionTrait, DatabaseTransaction, EntityTrait, FromQueryResult, IntoActiveModel,
    Value,
};
use uuid::Uuid;

use crate::access::Viewer;
use crate::app::App;
use crate::credential;
use crate::error::{Code, Error, Refusal, Result};
use crate::infra::list::List;
use crate::page::{Page, Window};
use crate::text::{Checks, folded, is_storable};

/// Characters of a title, at the most.
const LONGEST_TITLE: usize = 255;
/// Characters of what an entry says, at the most.
const LONGEST_CONTENT: usize = 20_000;
/// Characters that are searched for, at the most.
const LONGEST_SEARCH: usize = 1000;
/// Characters of a mood, at the most.
const LONGEST_MOOD: usize = 50;

/// An entry to be written.
#[derive(Clone)]
pub struct Draft {
    /// 1 to 255 characters.
    pub title: String,
    /// 1 to 20,000 characters.
    pub content: String,
    /// 1 to 50 characters.
    pub mood: Option<String>,
    /// The day that it is about.
    pub entry_date: Date,
}

/// What to change; `None` leaves a field as it is.
#[derive(Clone, Default)]
pub struct Changes {
    /// 1 to 255 characters.
    pub title: Option<String>,
    /// 1 to 20,000 characters.
    pub content: Option<String>,
    /// 1 to 50 characters; an inner `None` takes it away.
    pub mood: Option<Option<String>>,
    /// The day that it is about.
    pub entry_date: Option<Date>,
}

fn check(title: Option<&str>, content: Option<&str>, mood: Option<&str>) -> Result<()> {
    let mut checks = Checks::default();
    for (field, text, longest) in
        [("title", title, LONGEST_TITLE), ("content", content, LONGEST_CONTENT), ("mood", mood, LONGEST_MOOD)]
    {
        if let Some(text) = text {
            checks.text(field, text, longest);
        }
    }
    checks.done()
}

/// What an entry is found by.
fn search_text(title: &str, content: &str) -> String {
    folded(&format!("{title}\n{content}"))
}

/// Writes an entry. Guests keep no diary.
pub async fn create(app: &App, viewer: &Viewer, draft: Draft) -> Result<Entry> {
    let user_id = viewer.require_account()?.user.id;
    check(Some(&draft.title), Some(&draft.content), draft.mood.as_deref())?;
    let now = app.clock.now();
    let entry = Entry {
        id: app.clock.id(),
        user_id,
        search_text: search_text(&draft.title, &draft.content),
        title: draft.title,
        content: draft.content,
        mood: draft.mood,
        entry_date: draft.entry_date,
        created_at: now,
        updated_at: now,
    };
    let (engine, viewer, row) = (app.db.engine(), viewer.clone(), entry.clone().into_active_model());
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            credential::hold(engine, transaction, &viewer, now).await?;
            Ok(diary_entry::Entity::insert(row).exec_without_returning(transaction).await?)
        })
    });
    work.await?;
    Ok(entry)
}

/// Changes one of the viewer's entries.
pub async fn update(app: &App, viewer: &Viewer, id: DiaryEntryId, changes: Changes) -> Result<Entry> {
    let user_id = viewer.require_account()?.user.id;
    check(changes.title.as_deref(), changes.content.as_deref(), changes.mood.as_ref().and_then(Option::as_deref))?;
    let (engine, viewer, now) = (app.db.engine(), viewer.clone(), app.clock.now());
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            credential::hold(engine, transaction, &viewer, now).await?;
            let sql = format!("SELECT * FROM diaries WHERE id = $1 AND user_id = $2{}", engine.for_update());
            let entry = Entry::find_by_statement(engine.sql(sql, own(id, user_id))).one(transaction).await?;
            write(transaction, entry.ok_or_else(not_found)?, changes, now).await
        })
    });
    work.await
}

async fn write(on: &DatabaseTransaction, entry: Entry, changes: Changes, now: entity::Timestamp) -> Result<Entry> {
    let (title, content) = (changes.title.unwrap_or(entry.title), changes.content.unwrap_or(entry.content));
    let row = diary_entry::ActiveModel {
        id: ActiveValue::Unchanged(entry.id),
        user_id: ActiveValue::Unchanged(entry.user_id),
        search_text: ActiveValue::Set(search_text(&title, &content)),
        title: ActiveValue::Set(title),
        content: ActiveValue::Set(content),
        mood: ActiveValue::Set(changes.mood.unwrap_or(entry.mood)),
        entry_date: ActiveValue::Set(changes.entry_date.unwrap_or(entry.entry_date)),
        created_at: ActiveValue::Unchanged(entry.created_at),
        updated_at: ActiveValue::Set(now),
    };
    Ok(row.update(on).await?)
}

/// Takes one of the viewer's entries away, for good.
pub async fn delete(app: &App, viewer: &Viewer, id: DiaryEntryId) -> Result<DiaryEntryId> {
    let user_id = viewer.require_account()?.user.id;
    let (engine, viewer, now) = (app.db.engine(), viewer.clone(), app.clock.now());
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            credential::hold(engine, transaction, &viewer, now).await?;
            let sql = "DELETE FROM diaries WHERE id = $1 AND user_id = $2";
            Ok(transaction.execute_raw(engine.sql(sql, own(id, user_id))).await?.rows_affected())
        })
    });
    if work.await? == 0 { Err(not_found()) } else { Ok(id) }
}

fn own(id: DiaryEntryId, user_id: UserId) -> [Value; 2] {
    [id.into(), user_id.into()]
}

fn not_found() -> Error {
    Error::not_found("id", "diary entry")
}

/// One of the viewer's entries.
pub async fn by_id(app: &App, viewer: &Viewer, id: DiaryEntryId) -> Result<Option<Entry>> {
    let (user_id, _) = viewer.require_session()?;
    app.db.one("SELECT * FROM diaries WHERE id = $1 AND user_id = $2", own(id, user_id)).await
}

/// What part of one's diary to look at.
#[derive(Clone, Default)]
pub struct Filter {
    /// Entries about days of this month, such as `2026-11`.
    pub month: Option<String>,
    /// Entries that have this text in their title or content, whatever the case and the accents.
    pub search: Option<String>,
}

/// A place in the list of entries: the day, and which entry.
pub type Key = (String, String);

/// The place of an entry.
pub fn key(entry: &Entry) -> Key {
    (entry.entry_date.to_string(), entry.id.to_string())
}

/// The viewer's entries, the latest day first.
pub async fn list(app: &App, viewer: &Viewer, filter: &Filter, window: &Window<Key>) -> Result<Page<Entry>> {
    let (user_id, _) = viewer.require_session()?;
    let month = filter.month.as_deref().map(month).transpose()?;
    let mut checks = Checks::default();
    checks.longest("search", filter.search.as_deref().unwrap_or_default(), LONGEST_SEARCH);
    checks.done()?;
    let search = filter.search.as_deref().map(folded).filter(|text| !text.is_empty());
    if search.as_deref().is_some_and(|text| !is_storable(text)) {
        return Ok(Page::empty());
    }
    let mut from = String::from("FROM diaries WHERE user_id = $1");
    let mut values: Vec<Value> = vec![user_id.into()];
    if let Some((first, last)) = month {
        from.push_str(" AND entry_date >= $2 AND entry_date <= $3");
        values.extend([first.into(), last.into()]);
    }
    if let Some(text) = search {
        values.push(text.into());
        from.push_str(&format!(" AND {}", app.db.engine().contains("search_text", values.len())));
    }
    let list = List { select: "*", from: &from, keys: &["entry_date", "id"], descending: true, values };
    list.page(&app.db, &window.map(bound)).await
}

/// A place as the database compares it. One that is no place of an entry is made up, and stands anywhere.
fn bound((day, id): &Key) -> Vec<Value> {
    let id = DiaryEntryId::parse(id).unwrap_or_else(|_| DiaryEntryId::from_uuid(Uuid::nil()));
    vec![parse_day(day).unwrap_or_default().into(), id.into()]
}

/// The day that a text such as `2026-11-20` names, of the years 1 to 9999.
pub fn parse_day(text: &str) -> Option<Date> {
    let formed = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let day = formed.then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()).flatten()?;
    (day.year() >= 1).then_some(day)
}

/// The first day of a month, and its last.
fn month(text: &str) -> Result<(Date, Date)> {
    let first = parse_day(&format!("{text}-01"));
    let last = first.and_then(|first| first.checked_add_months(Months::new(1))?.pred_opt());
    let why = "It must be a month, such as `2026-11`.";
    first.zip(last).ok_or_else(|| Refusal::new(Code::Invalid, "month", why).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_months_have_one_spelling() {
        let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap();
        assert_eq!(parse_day("2024-02-29"), Some(day(2024, 2, 29)));
        for text in
            ["", "2023-02-29", "2026-1-01", "+026-01-01", "0000-01-01", "2026-01-01 ", "12026-01-1", "2026/01/01"]
        {
            assert_eq!(parse_day(text), None, "{text}");
        }
        assert_eq!(month("2026-12").unwrap(), (day(2026, 12, 1), day(2026, 12, 31)));
        for text in ["2026", "2026-13", "2026-1", "2026-11-01", "", "-2026-1"] {
            assert!(month(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_searched_has_neither_case_nor_accents_nor_lines() {
        assert_eq!(search_text("Café", "Über\n\n  den   Wolken"), "cafe uber den wolken");
    }
}
