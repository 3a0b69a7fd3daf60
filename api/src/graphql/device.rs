//! Devices that an account signs in on.

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result, SimpleObject};
use domain::device::{self, Changes, Introduction};
use domain::session::Client;
use entity::id::DeviceId;
use entity::user_device;

use super::cursor::{Args, ITEMS, List};
use super::error::{UserError, settle};
use super::nullable::Required;
use super::page::connection;
use super::scalar::{Cursor, DateTime};
use super::scope::{Scope, viewer};
use super::session::client;
use super::user::given;
use super::viewer::Own;
use super::{fault, id};

/// Something that you sign in on: a browser, a telephone.
#[derive(SimpleObject, Clone)]
pub(crate) struct Device {
    /// The device's id: `dev_…`. Not the one that its client keeps.
    id: ID,
    /// What you know it by.
    name: String,
    /// What it is, in its client's words.
    platform: Option<String>,
    /// Whether it has said where to push to.
    receives_push: bool,
    /// When it was last used, to the minute.
    last_seen_at: DateTime,
    /// When you first signed in on it.
    created_at: DateTime,
    /// Whether it is the one that asks.
    is_current: bool,
}

connection!(DeviceConnection, DeviceEdge, Device, "devices");

impl Device {
    /// A device as who signed in on `current` sees it.
    pub(crate) fn of(row: user_device::Model, current: Option<DeviceId>) -> Self {
        Self {
            is_current: current == Some(row.id),
            id: row.id.to_string().into(),
            name: row.name,
            platform: row.platform,
            receives_push: row.push_token.is_some(),
            last_seen_at: row.last_seen_at.into(),
            created_at: row.created_at.into(),
        }
    }
}

/// What you sign in on. A client that says so is recognised when it comes again, and the account is told when it comes for the
/// first time. An account has a number of devices (100, if the operator has not said otherwise): beyond it, the one that was not seen
/// for the longest is forgotten, of those that have no session open if there are any. Otherwise you are signed out there.
#[derive(InputObject)]
pub(crate) struct DeviceInput {
    /// What the client made once, at random, and keeps: 16 to 200 characters. Only for an account's own devices does it have to
    /// be unique.
    #[graphql(secret)]
    id: String,
    /// What to call the device if it is new: 1 to 100 characters.
    name: String,
    /// What it is: at most 50 characters.
    platform: Option<String>,
    /// Where to push to: at most 4,096 characters.
    #[graphql(secret)]
    push_token: Option<String>,
}

/// The client that asks, on the device that it says it is.
pub(crate) fn client_on(ctx: &Context<'_>, input: Option<DeviceInput>) -> domain::Result<Client> {
    let introduce = |DeviceInput { id, name, platform, push_token }| {
        device::introduce(Introduction { id, name, platform, push_token }).map_err(|error| error.within("device"))
    };
    Ok(Client { device: input.map(introduce).transpose()?, ..client(ctx) })
}

/// The viewer's devices.
pub(crate) struct OwnDevices(pub(crate) Own);

#[Object]
impl OwnDevices {
    /// The devices that you have signed in on, the newest first. Not for API keys.
    async fn devices(
        &self,
        #[graphql(desc = "How many from the beginning: 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<Cursor>,
    ) -> Required<DeviceConnection> {
        Required::of(async {
            let Own(who, scope) = &self.0;
            let window = List::Devices.window(Args { first, after, last, before }, ITEMS).map_err(fault)?;
            let page = device::list(scope.app(), who, &window).await.map_err(fault)?;
            let current = who.session().and_then(|session| session.device_id);
            Ok(DeviceConnection::of(
                page.map(|row| (List::Devices.cursor(&row.id.to_string()), Device::of(row, current))),
            ))
        })
        .await
    }
}

/// What to change about a device: a field that is left out stays as it is.
#[derive(InputObject)]
pub(crate) struct DeviceUpdateInput {
    /// One of your devices.
    id: ID,
    /// What to call it: 1 to 100 characters.
    name: MaybeUndefined<String>,
    /// Where to push to, at most 4,096 characters; null to end pushing.
    #[graphql(secret)]
    push_token: MaybeUndefined<String>,
}

/// The outcome of deviceUpdate.
#[derive(SimpleObject)]
pub(crate) struct DeviceUpdatePayload {
    /// The device as it is now.
    device: Option<Device>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

/// Which device to forget.
#[derive(InputObject)]
pub(crate) struct DeviceRemoveInput {
    /// One of your devices.
    id: ID,
}

/// The outcome of deviceRemove.
#[derive(SimpleObject)]
pub(crate) struct DeviceRemovePayload {
    /// The device that is forgotten.
    removed_id: Option<ID>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

#[derive(Default)]
pub(crate) struct DeviceMutation;

#[Object]
impl DeviceMutation {
    /// Changes the name of one of your devices, or where to push to.
    async fn device_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: DeviceUpdateInput,
    ) -> Result<DeviceUpdatePayload> {
        let (scope, who) = (Scope::fresh(ctx), viewer(ctx));
        let outcome = async {
            who.require()?;
            let changes = Changes { name: given(input.name), push_token: given(input.push_token) };
            device::update(scope.app(), who, id::parse("id", &input.id)?, changes).await
        };
        let (row, errors) = settle(outcome.await)?;
        let current = who.session().and_then(|session| session.device_id);
        Ok(DeviceUpdatePayload { device: row.map(|row| Device::of(row, current)), errors })
    }

    /// Forgets one of your devices: its sessions end, and their sockets close within a second with code 4403.
    async fn device_remove(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which device.")] input: DeviceRemoveInput,
    ) -> Result<DeviceRemovePayload> {
        let (scope, who) = (Scope::fresh(ctx), viewer(ctx));
        let outcome = async {
            who.require()?;
            device::remove(scope.app(), &client(ctx), who, id::parse("id", &input.id)?).await
        };
        let (removed, errors) = settle(outcome.await)?;
        Ok(DeviceRemovePayload { removed_id: removed.map(|()| input.id.clone()), errors })
    }
}
