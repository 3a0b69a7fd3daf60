//! Taking one's own data along.

use async_graphql::{Context, Enum, InputObject, Object, Result, SimpleObject};
use domain::export;

use crate::graphql::error::{UserError, settle};
use crate::graphql::scalar::DateTime;
use crate::graphql::scope::{Scope, viewer};
use crate::graphql::session::client;

/// How the file is written. May grow.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AccountExportFormat {
    /// One JSON document; its `format` says which version of it.
    Json,
}

/// What to export of your account: all of it.
#[derive(InputObject)]
pub(crate) struct AccountExportInput {
    /// How the file is to be written.
    #[graphql(default_with = "Some(AccountExportFormat::Json)")]
    format: Option<AccountExportFormat>,
}

/// The outcome of accountExport.
#[derive(SimpleObject)]
pub(crate) struct AccountExportPayload {
    /// Where to fetch the file, once and by GET, with no `Authorization`: the link is enough, so treat it as a password. A path from
    /// the root of this API, such as `/downloads/…`.
    url: Option<String>,
    /// Until when the link is good.
    expires_at: Option<DateTime>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

#[derive(Default)]
pub(crate) struct ExportMutation;

#[Object]
impl ExportMutation {
    /// Gives you a link to a file with everything of yours: your account and profile, where you are signed in, keys, wallets,
    /// referral codes, blocks, diary, threads, what you wrote, how you reacted, and your audit log; no secrets, and nothing that
    /// others wrote. The link is good for ten minutes, and once; a new one takes its place. The file is cut off, and not ended, if
    /// your session ends while you fetch it. Your address is told by mail, if it is proved. A few times an hour; not for API keys.
    async fn account_export(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How to write it.")] input: AccountExportInput,
    ) -> Result<AccountExportPayload> {
        let AccountExportInput { format: None | Some(AccountExportFormat::Json) } = input;
        let scope = Scope::fresh(ctx);
        let (link, errors) = settle(export::request(scope.app(), &client(ctx), viewer(ctx)).await)?;
        let (url, expires_at) = link.map(|link| (link.url, link.expires_at.into())).unzip();
        Ok(AccountExportPayload { url, expires_at, errors })
    }
}
