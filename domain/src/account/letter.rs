//! What accounts are told by mail. In English; who wants another language reads the account's events and writes its own.

use std::net::IpAddr;

use entity::{api_key, user, user_device, wallet};

use crate::app::Settings;
use crate::mail::Mail;

/// The address of an account that letters go to. One that nobody has proved may be anybody's, who is written to by nobody but for
/// the proof itself and for a new password, and never with what somebody else has written.
pub(crate) fn proved(user: &user::Model) -> Option<String> {
    user.email.clone().filter(|_| user.email_verified_at.is_some())
}

/// Says how to prove an address.
pub(super) fn prove_address(settings: &Settings, user: &user::Model, to: String, token: &str) -> Mail {
    let text = format!(
        "please prove that this is the email address of your account {}.{}\n\n\
         The code is good for a day. If you have not asked for it, somebody else has given your address: do nothing, \
         and it will not be theirs.",
        user.username,
        way(settings, "verify-email", token),
    );
    letter(user, to, "Prove your email address", &text)
}

/// Says to who has an address that another account wants it.
pub(super) fn address_in_use(to: String, user: &user::Model) -> Mail {
    let text = format!(
        "somebody asked for this address to become that of the account {}. It is the address of another account \
         already, so nothing was done. If it was you, change or deactivate the other account first.",
        user.username
    );
    letter(user, to, "Your email address was given for another account", &text)
}

/// Says to the old address that another one was asked for.
pub(super) fn address_to_change(to: String, user: &user::Model, address: &str) -> Mail {
    let text = format!(
        "somebody who knows your password asked for the email address of your account {} to be changed to {address}. \
         It will be once that address is proved. If it was not you, change your password now.",
        user.username
    );
    letter(user, to, "Your email address is to be changed", &text)
}

/// Says to the old address that it is so no more.
pub(super) fn address_changed(to: String, user: &user::Model, address: &str) -> Mail {
    let text = format!(
        "the email address of your account {} is {address} now; this one is no longer in use. If it was not you who \
         changed it, tell whoever runs this service.",
        user.username
    );
    letter(user, to, "Your email address was changed", &text)
}

/// Says how to set a new password.
pub(super) fn reset_password(settings: &Settings, user: &user::Model, to: String, token: &str) -> Mail {
    let text = format!(
        "somebody asked for a new password for your account {}.{}\n\n\
         The code is good for an hour, and once. If you have not asked for it, do nothing: your password stays as it is.",
        user.username,
        way(settings, "reset-password", token),
    );
    letter(user, to, "Set a new password", &text)
}

/// Says that the password is another one.
pub(super) fn password_changed(to: String, user: &user::Model) -> Mail {
    let text = format!(
        "the password of your account {} was changed, and whoever was signed in elsewhere no longer is. API keys and \
         wallets still work: look through them. If it was not you, ask for a new password at once.",
        user.username
    );
    letter(user, to, "Your password was changed", &text)
}

/// Says that the password was set anew, and what ended by that.
pub(super) fn password_reset(to: String, user: &user::Model) -> Mail {
    let text = format!(
        "the password of your account {} was changed by a code that was sent to this address. Whoever was signed in no \
         longer is, and all API keys were revoked. Wallets still work: look through them. If it was not you, ask for a \
         new password at once.",
        user.username
    );
    letter(user, to, "Your password was changed", &text)
}

/// Says that the account rests, and how to take it up again.
pub(super) fn deactivated(to: String, user: &user::Model) -> Mail {
    let text =
        format!("your account {} was deactivated. Sign in with your password, and it is as it was.", user.username);
    letter(user, to, "Your account was deactivated", &text)
}

/// Says that the account is gone.
pub(super) fn deleted(to: String, user: &user::Model) -> Mail {
    let text = format!(
        "your account {} was deleted. What you wrote to others stays with them, without your name. If it was not you, tell \
         whoever runs this service.",
        user.username
    );
    letter(user, to, "Your account was deleted", &text)
}

/// Says that somebody signed in on a device for the first time.
pub(crate) fn new_device(to: String, user: &user::Model, device: &user_device::Model, from: Option<IpAddr>) -> Mail {
    let name = on_one_line(&device.name);
    let from = from.map(|address| format!(" from {address}")).unwrap_or_default();
    let at = device.created_at.format("%Y-%m-%d %H:%M");
    let text = format!(
        "somebody signed in to your account {} on a new device{from} at {at} UTC. It calls itself:\n\n    {name}\n\n\
         If it was not you, change your password now, and look through your devices and sessions.",
        user.username
    );
    letter(user, to, "A new device signed in to your account", &text)
}

/// Says that a program speaks for the account from now on.
pub(crate) fn new_api_key(to: String, user: &user::Model, key: &api_key::Model) -> Mail {
    let (name, may) = (on_one_line(&key.name), if key.can_write { "read and write messages" } else { "read messages" });
    let text = format!(
        "an API key was made that lets a program {may} as your account {}. It is called:\n\n    {name}\n\n\
         If it was not you, revoke it, and change your password now.",
        user.username
    );
    letter(user, to, "An API key was made for your account", &text)
}

/// Says that a wallet signs in to the account from now on.
pub(crate) fn new_wallet(to: String, user: &user::Model, wallet: &wallet::Model) -> Mail {
    let text = format!(
        "the wallet {} was connected to your account {}, and signs in to it from now on. If it was not you, remove the wallet, and \
         change your password now.",
        wallet.address, user.username
    );
    letter(user, to, "A wallet was connected to your account", &text)
}

/// Says that somebody takes everything of the account's along.
pub(crate) fn exported(to: String, user: &user::Model) -> Mail {
    let text = format!(
        "somebody who is signed in to your account {} asked for a file of everything in it. If it was not you, change your password \
         now: that ends the link to the file, too.",
        user.username
    );
    letter(user, to, "Your data was exported", &text)
}

/// A name as whoever was signed in wrote it: on one line it is a name and no more.
fn on_one_line(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// How to use a token: by a link, if it is known to where, and by typing it in.
fn way(settings: &Settings, page: &str, token: &str) -> String {
    // Behind a `#`, since what stands there is sent to no server and no other page.
    let link = settings.public_url.as_ref().map(|url| format!("\n\nOpen\n\n{url}/{page}#token={token}"));
    let (link, or) = link.map_or_else(|| (String::new(), "Enter"), |link| (link, "or enter"));
    format!("{link}\n\n{or} this code:\n\n{token}")
}

fn letter(user: &user::Model, to: String, subject: &str, text: &str) -> Mail {
    Mail { user_id: Some(user.id), to, subject: subject.to_owned(), text: format!("Hello,\n\n{text}\n") }
}
