//! Invitations as the writer of their thread sees them: those that changes look at, and what becomes of them.

use std::collections::{BTreeSet, HashMap};

use entity::id::{InvitationId, ThreadId};
use entity::invitation::{Entity, Model};
use sea_orm::{ConnectionTrait, DatabaseTransaction, EntityTrait, IntoActiveModel};

use crate::error::Result;
use crate::infra::db::{self, Engine, all};

/// What a batch of changes knows of invitations, and does to them.
#[derive(Default)]
pub(crate) struct Work {
    known: HashMap<InvitationId, Model>,
    count: i64,
    made: Vec<InvitationId>,
    used: BTreeSet<InvitationId>,
    withdrawn: BTreeSet<InvitationId>,
}

impl Work {
    /// Reads those that are asked for, of a thread that is locked; and how many there are, if that is.
    pub(crate) async fn read(
        engine: Engine,
        on: &DatabaseTransaction,
        thread_id: ThreadId,
        ids: BTreeSet<InvitationId>,
        counted: bool,
    ) -> Result<Self> {
        let mut work = Self::default();
        if !ids.is_empty() {
            let sql = format!("SELECT * FROM thread_invitations WHERE thread_id = $1 AND id {}", engine.among(2));
            let rows: Vec<Model> = all(on, engine, sql, [thread_id.into(), engine.ids(ids)]).await?;
            work.known = rows.into_iter().map(|row| (row.id, row)).collect();
        }
        if counted {
            // Those that have ended among them, until they are removed.
            let sql = "SELECT count(*) FROM thread_invitations WHERE thread_id = $1";
            work.count = db::count(on, engine, sql, [thread_id.into()]).await?;
        }
        Ok(work)
    }

    /// One that changes have named, as they have left it; none if it is not there.
    pub(crate) fn get(&self, id: InvitationId) -> Option<&Model> {
        self.known.get(&id).filter(|_| !self.withdrawn.contains(&id))
    }

    /// How many the thread has.
    pub(crate) fn count(&self) -> i64 {
        self.count
    }

    /// Notes one that is made.
    pub(crate) fn make(&mut self, invitation: Model) {
        self.count += 1;
        self.made.push(invitation.id);
        self.known.insert(invitation.id, invitation);
    }

    /// Notes that somebody has come by one.
    pub(crate) fn count_use(&mut self, id: InvitationId) {
        if let Some(invitation) = self.known.get_mut(&id) {
            invitation.use_count += 1;
            self.used.insert(id);
        }
    }

    /// Notes that one is no more.
    pub(crate) fn withdraw(&mut self, id: InvitationId) {
        self.withdrawn.insert(id);
    }

    /// Writes what was noted.
    pub(crate) async fn store(self, engine: Engine, on: &DatabaseTransaction) -> Result<()> {
        let made = self.made.iter().filter_map(|id| self.get(*id).cloned());
        let made: Vec<_> = made.map(IntoActiveModel::into_active_model).collect();
        if !made.is_empty() {
            Entity::insert_many(made).exec_without_returning(on).await?;
        }
        for id in self.used.iter().filter(|id| !self.made.contains(id)) {
            if let Some(invitation) = self.get(*id) {
                let sql = "UPDATE thread_invitations SET use_count = $2 WHERE id = $1";
                on.execute_raw(engine.sql(sql, [(*id).into(), invitation.use_count.into()])).await?;
            }
        }
        if !self.withdrawn.is_empty() {
            let sql = format!("DELETE FROM thread_invitations WHERE id {}", engine.among(1));
            on.execute_raw(engine.sql(sql, [engine.ids(self.withdrawn)])).await?;
        }
        Ok(())
    }
}
