//! The viewer's diary. Its entries are reached through `viewer` alone: they have ids to change them by, and no other type leads
//! to one, `node` included.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result, SimpleObject};
use domain::diary::{self, Changes, Draft};
use entity::diary_entry;

use super::budget::Budget;
use super::cursor::List;
use super::error::{UserError, settle};
use super::id;
use super::nullable::Required;
use super::page::connection;
use super::scalar::{Date, DateTime};
use super::scope::{Scope, viewer};
use super::user::{given, kept};

/// Something that you have written for yourself alone.
#[derive(Clone)]
pub(crate) struct DiaryEntry(pub(crate) Arc<diary_entry::Model>);

connection!(DiaryEntryConnection, DiaryEntryEdge, DiaryEntry, "diary entries");

impl From<diary_entry::Model> for DiaryEntry {
    fn from(row: diary_entry::Model) -> Self {
        Self(Arc::new(row))
    }
}

impl DiaryEntryConnection {
    /// A page of the viewer's entries.
    pub(crate) fn listed(page: domain::page::Page<diary_entry::Model>) -> Self {
        Self::of(page.map(|row| (List::Diary.cursor(&diary::key(&row)), row.into())))
    }
}

/// Something that you have written for yourself alone. Nobody else ever sees it, administrators included.
#[Object]
impl DiaryEntry {
    /// The entry's id: `dia_…`. For diaryEntryUpdate, diaryEntryDelete and `viewer.diaryEntry`; `node` does not take it.
    async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// What it is called.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// What it says.
    async fn content(&self, ctx: &Context<'_>) -> Required<&str> {
        Required::of(async {
            Budget::spend(ctx, self.0.content.len())?;
            Ok(self.0.content.as_str())
        })
        .await
    }

    /// How you felt, in a word or an emoji.
    async fn mood(&self) -> Option<&str> {
        self.0.mood.as_deref()
    }

    /// The day that it is about.
    async fn entry_date(&self) -> Date {
        Date(self.0.entry_date)
    }

    /// When it was written.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// When it was last changed.
    async fn updated_at(&self) -> DateTime {
        self.0.updated_at.into()
    }
}

/// An entry to be written.
#[derive(InputObject)]
pub(crate) struct DiaryEntryCreateInput {
    /// What it is called: 1 to 255 characters.
    title: String,
    /// What it says: 1 to 20,000 characters.
    content: String,
    /// How you feel: 1 to 50 characters.
    mood: Option<String>,
    /// The day that it is about, by your own calendar.
    entry_date: Date,
}

/// What to change about an entry: a field that is left out stays as it is.
#[derive(InputObject)]
pub(crate) struct DiaryEntryUpdateInput {
    /// Which of your entries.
    id: ID,
    /// What it is called: 1 to 255 characters.
    title: MaybeUndefined<String>,
    /// What it says: 1 to 20,000 characters.
    content: MaybeUndefined<String>,
    /// How you felt: 1 to 50 characters; null takes it away.
    mood: MaybeUndefined<String>,
    /// The day that it is about.
    entry_date: MaybeUndefined<Date>,
}

/// Which entry to take away.
#[derive(InputObject)]
pub(crate) struct DiaryEntryDeleteInput {
    /// Which of your entries.
    id: ID,
}

/// The outcome of diaryEntryCreate.
#[derive(SimpleObject)]
pub(crate) struct DiaryEntryCreatePayload {
    /// The entry; null if none was written.
    diary_entry: Option<DiaryEntry>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

/// The outcome of diaryEntryUpdate.
#[derive(SimpleObject)]
pub(crate) struct DiaryEntryUpdatePayload {
    /// The entry as it is now; null if nothing was changed.
    diary_entry: Option<DiaryEntry>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

/// The outcome of diaryEntryDelete.
#[derive(SimpleObject)]
pub(crate) struct DiaryEntryDeletePayload {
    /// The entry that is gone.
    deleted_id: Option<ID>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

#[derive(Default)]
pub(crate) struct DiaryMutation;

#[Object]
impl DiaryMutation {
    /// Writes an entry into your diary. Guests have none.
    async fn diary_entry_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to write.")] input: DiaryEntryCreateInput,
    ) -> Result<DiaryEntryCreatePayload> {
        let (scope, viewer) = (Scope::fresh(ctx), viewer(ctx));
        let Date(entry_date) = input.entry_date;
        let draft = Draft { title: input.title, content: input.content, mood: input.mood, entry_date };
        let (entry, errors) = settle(diary::create(scope.app(), viewer, draft).await)?;
        Ok(DiaryEntryCreatePayload { diary_entry: entry.map(DiaryEntry::from), errors })
    }

    /// Changes an entry of your diary.
    async fn diary_entry_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which entry, and what to change.")] input: DiaryEntryUpdateInput,
    ) -> Result<DiaryEntryUpdatePayload> {
        let (scope, viewer) = (Scope::fresh(ctx), viewer(ctx));
        let outcome = async {
            viewer.require()?;
            let changes = Changes {
                title: kept("title", input.title)?,
                content: kept("content", input.content)?,
                mood: given(input.mood),
                entry_date: kept("entry_date", input.entry_date)?.map(|Date(day)| day),
            };
            diary::update(scope.app(), viewer, id::parse("id", &input.id)?, changes).await
        };
        let (entry, errors) = settle(outcome.await)?;
        Ok(DiaryEntryUpdatePayload { diary_entry: entry.map(DiaryEntry::from), errors })
    }

    /// Takes an entry out of your diary, for good.
    async fn diary_entry_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which entry.")] input: DiaryEntryDeleteInput,
    ) -> Result<DiaryEntryDeletePayload> {
        let (scope, viewer) = (Scope::fresh(ctx), viewer(ctx));
        let outcome = async {
            viewer.require()?;
            diary::delete(scope.app(), viewer, id::parse("id", &input.id)?).await
        };
        let (deleted, errors) = settle(outcome.await)?;
        Ok(DiaryEntryDeletePayload { deleted_id: deleted.map(|id| id.to_string().into()), errors })
    }
}
