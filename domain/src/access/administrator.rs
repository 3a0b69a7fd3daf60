//! Who administers the installation. It gives no right to anything in a thread, nor to what is private to others.

use entity::id::UserId;
use entity::user;
use sea_orm::{DatabaseTransaction, FromQueryResult};

use super::Viewer;
use crate::app::App;
use crate::error::{Code, Error, Result};
use crate::infra::db::Engine;
use crate::session::may_sign_in;

/// Proof that the viewer administers the installation.
#[derive(Clone)]
pub struct Administrator(UserId);

impl Administrator {
    /// The law: an administrator who may sign in.
    fn admit(row: &user::Model) -> Option<Self> {
        (row.is_admin && may_sign_in(row)).then_some(Self(row.id))
    }

    /// Who it is.
    pub fn user_id(&self) -> UserId {
        self.0
    }

    /// The proof, if the viewer is one. What the viewer was when they came may be long ago on a socket, so it is asked again;
    /// and by a session, since an API key does not administer.
    pub async fn prove(app: &App, viewer: &Viewer) -> Result<Option<Self>> {
        let Ok((user_id, _)) = viewer.require_session() else { return Ok(None) };
        let row: Option<user::Model> = app.db.one("SELECT * FROM users WHERE id = $1", [user_id.into()]).await?;
        Ok(row.as_ref().and_then(Self::admit))
    }

    /// The proof, if the viewer's account, as [`crate::credential::hold`] has found and locked it, is one's.
    pub(crate) fn held(viewer: &Viewer, row: &user::Model) -> Option<Self> {
        viewer.session().and_then(|_| Self::admit(row))
    }

    /// The proof, with the account that is to be acted on, both locked until the transaction ends: so of two administrators who
    /// suspend each other, one is too late.
    pub(crate) async fn over(
        engine: Engine,
        on: &DatabaseTransaction,
        own: UserId,
        other: UserId,
    ) -> Result<(Self, user::Model)> {
        let sql = format!("SELECT * FROM users WHERE id IN ($1, $2) ORDER BY id{}", engine.for_no_key_update());
        let rows = user::Model::find_by_statement(engine.sql(sql, [own.into(), other.into()])).all(on).await?;
        let proof = rows.iter().find(|row| row.id == own).and_then(Self::admit);
        let proof = proof.ok_or_else(|| Error::refuse(Code::Forbidden, "id", "Only an administrator may do this."))?;
        let row = rows.into_iter().find(|row| row.id == other && row.deleted_at.is_none());
        Ok((proof, row.ok_or_else(|| Error::not_found("id", "account"))?))
    }
}
