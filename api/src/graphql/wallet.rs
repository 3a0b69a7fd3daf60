//! Wallets: connecting them, signing in with them, and what they are called.

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result, SimpleObject};
use domain::account::{self, WalletSignUp};
use domain::wallet::{self, Changes, Signed};
use entity::wallet as row;

use super::cursor::{Args, ITEMS, List};
use super::device::{DeviceInput, client_on};
use super::error::{UserError, settle};
use super::nullable::Required;
use super::page::connection;
use super::scalar::{Cursor, DateTime};
use super::scope::{Scope, viewer};
use super::session::{SessionPayload, client};
use super::user::given;
use super::viewer::Own;
use super::{fault, id};

/// A wallet that is connected to your account.
#[derive(SimpleObject, Clone)]
pub(crate) struct Wallet {
    /// The wallet's id: `wal_…`.
    id: ID,
    /// Its address, with the checksum of EIP-55.
    address: String,
    /// The number of its chain (EIP-155).
    chain_id: i32,
    /// What you call it.
    label: Option<String>,
    /// Whether it is the one to use when nothing says which. One of your wallets is.
    is_primary: bool,
    /// When you last proved that its key is yours.
    verified_at: Option<DateTime>,
    /// When it was connected.
    created_at: DateTime,
}

impl From<row::Model> for Wallet {
    fn from(row: row::Model) -> Self {
        Self {
            id: row.id.to_string().into(),
            address: row.address,
            // Those that are taken are numbers of this size.
            chain_id: i32::try_from(row.chain_id).unwrap_or(i32::MAX),
            label: row.label,
            is_primary: row.is_primary,
            verified_at: row.verified_at.map(DateTime),
            created_at: row.created_at.into(),
        }
    }
}

connection!(WalletConnection, WalletEdge, Wallet, "wallets");

/// The viewer's wallets.
pub(crate) struct OwnWallets(pub(crate) Own);

#[Object]
impl OwnWallets {
    /// Your wallets, in the order in which they were connected. Not for API keys.
    async fn wallets(
        &self,
        #[graphql(desc = "How many from the beginning: 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<Cursor>,
    ) -> Required<WalletConnection> {
        Required::of(async {
            let Own(who, scope) = &self.0;
            let window = List::Wallets.window(Args { first, after, last, before }, ITEMS).map_err(fault)?;
            let page = wallet::list(scope.app(), who, &window).await.map_err(fault)?;
            Ok(WalletConnection::of(page.map(|row| (List::Wallets.cursor(&row.id.to_string()), row.into()))))
        })
        .await
    }
}

/// A message for a wallet to sign.
#[derive(SimpleObject)]
pub(crate) struct WalletChallenge {
    /// The text to have signed by `personal_sign`, as it stands. It says to whoever signs it what it is for.
    message: String,
    /// What makes it good for one use; it is in the message.
    nonce: String,
    /// Until when it is good: five minutes.
    expires_at: DateTime,
}

/// Which wallet is to sign.
#[derive(InputObject)]
pub(crate) struct WalletChallengeCreateInput {
    /// Its address: `0x` and 40 hexadecimal digits, whatever the case.
    address: String,
    /// The number of its chain (EIP-155), one of those that this server takes.
    chain_id: i32,
}

/// The outcome of walletChallengeCreate.
#[derive(SimpleObject)]
pub(crate) struct WalletChallengeCreatePayload {
    /// What to sign.
    challenge: Option<WalletChallenge>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

/// A wallet that has signed.
#[derive(InputObject)]
pub(crate) struct WalletConnectInput {
    /// The message from walletChallengeCreate, as it stands.
    message: String,
    /// The signature, as `personal_sign` gives it: `0x` and 65 bytes, the last of them 27 or 28.
    #[graphql(secret)]
    signature: String,
    /// What you call it: 1 to 100 characters.
    label: Option<String>,
    /// Your account's password, if it has one: a wallet signs in to it from now on. An account without a password takes a session
    /// that began less than ten minutes ago instead: sign in again with a wallet that is connected.
    #[graphql(secret)]
    password: Option<String>,
}

/// The outcome of walletConnect.
#[derive(SimpleObject)]
pub(crate) struct WalletConnectPayload {
    /// The wallet, which is yours now.
    wallet: Option<Wallet>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

/// What to change about a wallet: a field that is left out stays as it is, one given as null is emptied.
#[derive(InputObject)]
pub(crate) struct WalletUpdateInput {
    /// One of your wallets.
    id: ID,
    /// What you call it: 1 to 100 characters.
    label: MaybeUndefined<String>,
    /// `true` makes it the primary one, in place of whichever is.
    is_primary: Option<bool>,
}

/// The outcome of walletUpdate.
#[derive(SimpleObject)]
pub(crate) struct WalletUpdatePayload {
    /// The wallet as it is now.
    wallet: Option<Wallet>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

/// Which wallet to take away.
#[derive(InputObject)]
pub(crate) struct WalletRemoveInput {
    /// One of your wallets.
    id: ID,
    /// Your account's password, if it has one. An account without a password takes a session that began less than ten minutes ago
    /// instead: sign in again with a wallet that stays.
    #[graphql(secret)]
    password: Option<String>,
}

/// The outcome of walletRemove.
#[derive(SimpleObject)]
pub(crate) struct WalletRemovePayload {
    /// The wallet that is gone.
    removed_id: Option<ID>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

/// Who signs in with a wallet.
#[derive(InputObject)]
pub(crate) struct SessionCreateWithWalletInput {
    /// The message from walletChallengeCreate, asked for without being signed in.
    message: String,
    /// The signature, as `personal_sign` gives it: `0x` and 65 bytes, the last of them 27 or 28.
    #[graphql(secret)]
    signature: String,
    /// What they sign in on.
    device: Option<DeviceInput>,
}

/// Who signs up with a wallet.
#[derive(InputObject)]
pub(crate) struct AccountCreateWithWalletInput {
    /// The message from walletChallengeCreate, asked for without being signed in.
    message: String,
    /// The signature, as `personal_sign` gives it: `0x` and 65 bytes, the last of them 27 or 28.
    #[graphql(secret)]
    signature: String,
    /// 1 to 50 of `A-Za-z0-9_-`, unique whatever the case. Left out, one is made, which does not tell the address.
    username: Option<String>,
    /// The name to show, 1 to 100 characters; the username if left out.
    display_name: Option<String>,
    /// The code of whoever brought them along.
    referral_code: Option<String>,
    /// What they sign up on.
    device: Option<DeviceInput>,
}

#[derive(Default)]
pub(crate) struct WalletMutation;

#[Object]
impl WalletMutation {
    /// Gives a message for a wallet to sign, as "Sign-In with Ethereum" has it (EIP-4361). Asked for while signed in, it is for
    /// walletConnect, to this account; else for sessionCreateWithWallet and accountCreateWithWallet. The site that it
    /// names is the server's setting.
    async fn wallet_challenge_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which wallet.")] input: WalletChallengeCreateInput,
    ) -> Result<WalletChallengeCreatePayload> {
        let scope = Scope::fresh(ctx);
        let outcome = wallet::challenge(scope.app(), &client(ctx), viewer(ctx), &input.address, input.chain_id).await;
        let (given, errors) = settle(outcome)?;
        let challenge = given.map(|given| WalletChallenge {
            message: given.message,
            nonce: given.nonce,
            expires_at: given.expires_at.into(),
        });
        Ok(WalletChallengeCreatePayload { challenge, errors })
    }

    /// Connects a wallet to your account, by a message that it has signed. The first one is the primary one; one that is
    /// connected already is proved anew. An address is of one account on each chain. Only wallets with a key of their own
    /// are taken, since no chain is asked what a contract would say.
    async fn wallet_connect(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which wallet.")] input: WalletConnectInput,
    ) -> Result<WalletConnectPayload> {
        let scope = Scope::fresh(ctx);
        let signed = Signed { message: input.message, signature: input.signature };
        let outcome = {
            let (client, label) = (client(ctx), input.label);
            wallet::connect(scope.app(), &client, viewer(ctx), &signed, label, input.password).await
        };
        let (row, errors) = settle(outcome)?;
        Ok(WalletConnectPayload { wallet: row.map(Wallet::from), errors })
    }

    /// Changes what one of your wallets is called, or makes it the primary one.
    async fn wallet_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: WalletUpdateInput,
    ) -> Result<WalletUpdatePayload> {
        let (scope, who) = (Scope::fresh(ctx), viewer(ctx));
        let outcome = async {
            who.require()?;
            let changes = Changes { label: given(input.label), is_primary: input.is_primary };
            wallet::update(scope.app(), who, id::parse("id", &input.id)?, changes).await
        };
        let (row, errors) = settle(outcome.await)?;
        Ok(WalletUpdatePayload { wallet: row.map(Wallet::from), errors })
    }

    /// Takes a wallet away from your account. Sessions that were signed in with it go on; if it was the primary one, the first
    /// of the others is now. The last one stays if there is no other way to sign in.
    async fn wallet_remove(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which wallet.")] input: WalletRemoveInput,
    ) -> Result<WalletRemovePayload> {
        let (scope, who) = (Scope::fresh(ctx), viewer(ctx));
        let outcome = async {
            who.require()?;
            let id = id::parse("id", &input.id)?;
            wallet::remove(scope.app(), &client(ctx), who, id, input.password).await
        };
        let (removed, errors) = settle(outcome.await)?;
        Ok(WalletRemovePayload { removed_id: removed.map(|id| id.to_string().into()), errors })
    }

    /// Signs in with a wallet that is connected to an account. NOT_FOUND says that no account has it, and leaves the message
    /// good for accountCreateWithWallet.
    async fn session_create_with_wallet(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who signs in.")] input: SessionCreateWithWalletInput,
    ) -> Result<SessionPayload> {
        let scope = Scope::fresh(ctx);
        let signed = Signed { message: input.message, signature: input.signature };
        let outcome = async { wallet::create_session(scope.app(), &client_on(ctx, input.device)?, &signed).await };
        SessionPayload::of(&scope, outcome.await).await
    }

    /// Signs up with a wallet, and in: an account without email and password, whose primary wallet it is. Only where the server
    /// allows it.
    async fn account_create_with_wallet(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who signs up.")] input: AccountCreateWithWalletInput,
    ) -> Result<SessionPayload> {
        let scope = Scope::fresh(ctx);
        let signed = Signed { message: input.message, signature: input.signature };
        let sign_up = WalletSignUp {
            username: input.username,
            display_name: input.display_name,
            referral_code: input.referral_code,
        };
        let outcome = async {
            let client = client_on(ctx, input.device)?;
            account::create_with_wallet(scope.app(), &client, viewer(ctx), &signed, sign_up).await
        };
        SessionPayload::of(&scope, outcome.await).await
    }
}
