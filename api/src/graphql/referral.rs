//! Referrals: codes that people give to others, and who came by them.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use domain::page::Page;
use domain::referral::{self, Draft, Key};
use entity::id::ReferralCodeId;
use entity::{referral as row, referral_code};

use super::cursor::{Args, ITEMS, List};
use super::error::{UserError, settle};
use super::loader::ReferralsBy;
use super::nullable::Required;
use super::page::connection;
use super::scalar::{Cursor, DateTime};
use super::scope::{Scope, Shown, viewer};
use super::session::client;
use super::user::User;
use super::viewer::Own;
use super::{fault, id};

/// A code by which you bring others along.
#[derive(Clone)]
pub(crate) struct ReferralCode {
    scope: Scope,
    row: referral_code::Model,
}

connection!(ReferralCodeConnection, ReferralCodeEdge, ReferralCode, "referral codes");

/// The viewer's referral codes.
pub(crate) struct OwnReferrals(pub(crate) Own);

#[Object]
impl OwnReferrals {
    /// The referral codes that you have made, the newest first. Not for API keys.
    async fn referral_codes(
        &self,
        #[graphql(desc = "How many from the beginning: 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<Cursor>,
    ) -> Required<ReferralCodeConnection> {
        Required::of(async {
            let Own(who, scope) = &self.0;
            let window = List::ReferralCodes.window(Args { first, after, last, before }, ITEMS).map_err(fault)?;
            let page = referral::codes(scope.app(), who, &window).await.map_err(fault)?;
            let shown = Shown { referral_codes: page.items.iter().map(|row| row.id).collect(), ..Shown::default() };
            let scope = scope.showing(shown);
            Ok(ReferralCodeConnection::of(page.map(|row| {
                (List::ReferralCodes.cursor(&row.id.to_string()), ReferralCode { scope: scope.clone(), row })
            })))
        })
        .await
    }
}

/// A code by which you bring others along.
#[Object]
impl ReferralCode {
    /// The code's id: `rfc_…`.
    async fn id(&self) -> ID {
        self.row.id.to_string().into()
    }

    /// What to give to others, who may write it in any case.
    async fn code(&self) -> &str {
        &self.row.code
    }

    /// How many may come by it; null for any number.
    async fn max_uses(&self) -> Option<i32> {
        self.row.max_uses
    }

    /// How many have come by it, those whose accounts are gone among them.
    async fn use_count(&self) -> i32 {
        self.row.use_count
    }

    /// When it ends by itself.
    async fn expires_at(&self) -> Option<DateTime> {
        self.row.expires_at.map(DateTime)
    }

    /// When you ended it.
    async fn disabled_at(&self) -> Option<DateTime> {
        self.row.disabled_at.map(DateTime)
    }

    /// When you made it.
    async fn created_at(&self) -> DateTime {
        self.row.created_at.into()
    }

    /// Who came by it, the last one first.
    async fn referrals(
        &self,
        #[graphql(desc = "How many from the beginning: 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<Cursor>,
    ) -> Required<ReferralConnection> {
        Required::of(async {
            let window = List::Referrals.window::<Key>(Args { first, after, last, before }, ITEMS).map_err(fault)?;
            let key = |id: ReferralCodeId| ReferralsBy(id, window.clone());
            let all = |shown: &Shown| shown.referral_codes.iter().copied().map(key).collect();
            let (page, scope) = self.scope.load(key(self.row.id), all).await?;
            let page = page
                .unwrap_or_else(Page::empty)
                .map(|row| (List::Referrals.cursor(&row.id.to_string()), Referral { scope: scope.clone(), row }));
            Ok(ReferralConnection::of(page))
        })
        .await
    }
}

/// Somebody who came by a referral code.
#[derive(Clone)]
pub(crate) struct Referral {
    scope: Scope,
    row: row::Model,
}

mod of_code {
    use super::*;

    connection!(ReferralConnection, ReferralEdge, Referral, "referrals");
}

pub(crate) use of_code::ReferralConnection;

/// Somebody who came by a referral code.
#[Object]
impl Referral {
    /// Who.
    async fn user(&self) -> Required<User> {
        Required::of(async { User::require(&self.scope, self.row.referred_user_id).await }).await
    }

    /// When they signed up.
    async fn created_at(&self) -> DateTime {
        self.row.created_at.into()
    }
}

/// What a referral code is to be.
#[derive(InputObject)]
pub(crate) struct ReferralCodeCreateInput {
    /// 4 to 32 of `A-Za-z0-9_-`, unique whatever the case. Left out, one is made that nobody guesses.
    code: Option<String>,
    /// How many may come by it: 1 to 1,000,000. Left out, any number.
    max_uses: Option<i32>,
    /// When it ends by itself.
    expires_at: Option<DateTime>,
}

/// The outcome of referralCodeCreate.
#[derive(SimpleObject)]
pub(crate) struct ReferralCodeCreatePayload {
    /// The code.
    referral_code: Option<ReferralCode>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

/// Which code to end.
#[derive(InputObject)]
pub(crate) struct ReferralCodeDisableInput {
    /// One of your codes.
    id: ID,
}

/// The outcome of referralCodeDisable.
#[derive(SimpleObject)]
pub(crate) struct ReferralCodeDisablePayload {
    /// The code, by which nobody comes any more.
    referral_code: Option<ReferralCode>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

#[derive(Default)]
pub(crate) struct ReferralMutation;

#[Object]
impl ReferralMutation {
    /// Makes a code for others to sign up with.
    async fn referral_code_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What it is to be.")] input: ReferralCodeCreateInput,
    ) -> Result<ReferralCodeCreatePayload> {
        let scope = Scope::fresh(ctx);
        let expires_at = input.expires_at.map(|DateTime(at)| at);
        let draft = Draft { code: input.code, max_uses: input.max_uses, expires_at };
        let (row, errors) = settle(referral::create(scope.app(), &client(ctx), viewer(ctx), draft).await)?;
        Ok(ReferralCodeCreatePayload { referral_code: row.map(|row| ReferralCode { scope, row }), errors })
    }

    /// Ends one of your codes: nobody signs up with it any more. Who came by it stays.
    async fn referral_code_disable(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: ReferralCodeDisableInput,
    ) -> Result<ReferralCodeDisablePayload> {
        let (scope, who) = (Scope::fresh(ctx), viewer(ctx));
        let outcome = async {
            who.require()?;
            referral::disable(scope.app(), who, id::parse("id", &input.id)?).await
        };
        let (row, errors) = settle(outcome.await)?;
        Ok(ReferralCodeDisablePayload { referral_code: row.map(|row| ReferralCode { scope, row }), errors })
    }
}
