//! The document: written as it is read. What has been written is never more than a page ahead of who reads it.

use std::fmt::Write as _;

use async_stream::try_stream;
use futures_util::Stream;
use serde_json::{Value, json};

use super::Source;
use super::list::{ApiKeys, AuditLog, Blocked, Chirps, Devices, Diary, ReferralCodes, Sessions, Uploads, Wallets};
use super::section::{Nested, Part, Section, at, name};
use super::token::{Collections, Mints, Nfts};
use super::written::{Mentions, Messages, Reactions, Threads};
use crate::error::{Error, Result};
use crate::{account, user};

/// What is said of the document's shape. A reader of one version reads every later document of it; fields may be added.
const FORMAT: u32 = 1;

/// Everything of one person's, piece by piece.
pub(super) fn document(source: Source) -> impl Stream<Item = Result<String>> + Send {
    try_stream! {
        yield opening(&source).await?;
        for await text in list::<Sessions>(source.clone()) { yield text?; }
        for await text in list::<Devices>(source.clone()) { yield text?; }
        for await text in list::<ApiKeys>(source.clone()) { yield text?; }
        for await text in list::<Wallets>(source.clone()) { yield text?; }
        for await text in nested::<ReferralCodes>(source.clone()) { yield text?; }
        for await text in list::<Blocked>(source.clone()) { yield text?; }
        for await text in list::<Diary>(source.clone()) { yield text?; }
        for await text in list::<Chirps>(source.clone()) { yield text?; }
        for await text in list::<Collections>(source.clone()) { yield text?; }
        for await text in list::<Nfts>(source.clone()) { yield text?; }
        for await text in list::<Mints>(source.clone()) { yield text?; }
        for await text in list::<Uploads>(source.clone()) { yield text?; }
        for await text in list::<Threads>(source.clone()) { yield text?; }
        for await text in nested::<Messages>(source.clone()) { yield text?; }
        for await text in list::<Mentions>(source.clone()) { yield text?; }
        for await text in list::<Reactions>(source.clone()) { yield text?; }
        for await text in list::<AuditLog>(source.clone()) { yield text?; }
        yield "\n}\n".to_owned();
    }
}

/// What comes once: the account and its profile.
async fn opening(source: &Source) -> Result<String> {
    let viewer = source.prove().await?;
    let own = &viewer.require()?.user;
    let pending = account::pending_email(&source.app, &viewer).await?;
    let public = user::by_ids(&source.app, &[own.id]).await?.remove(&own.id);
    let public = public.ok_or_else(|| Error::unavailable("an account was deleted while it was exported"))?;
    let user = json!({
        "id": public.id.to_string(),
        "username": public.username,
        "kind": name(&public.kind),
        "createdAt": at(public.created_at),
        "profile": {
            "displayName": public.display_name,
            "firstName": public.first_name,
            "lastName": public.last_name,
            "avatarUrl": public.avatar_url,
            "bio": public.bio,
        },
    });
    let fields: [(&str, Value); 6] = [
        ("format", FORMAT.into()),
        ("exportedAt", at(source.app.clock.now()).into()),
        ("user", user),
        ("email", own.email.clone().into()),
        ("emailVerifiedAt", own.email_verified_at.map(at).into()),
        ("pendingEmail", pending.into()),
    ];
    let fields: Vec<String> = fields.into_iter().map(|(field, value)| format!("{}: {value}", json!(field))).collect();
    Ok(format!("{{\n{}", fields.join(",\n")))
}

/// A list, read page by page.
fn list<S: Section>(source: Source) -> impl Stream<Item = Result<String>> + Send {
    try_stream! {
        let mut text = opened_list(S::NAME);
        let (mut after, mut separator) = (None, "\n");
        loop {
            let viewer = source.prove().await?;
            let Part { items, next } = S::read(&source.app, &viewer, after).await?;
            for item in items {
                push(&mut text, separator, &item);
                separator = ",\n";
            }
            yield std::mem::take(&mut text);
            if next.is_none() {
                break;
            }
            after = next;
        }
        yield "]".to_owned();
    }
}

/// A list whose items have lists of their own, which may be as long.
fn nested<N: Nested>(source: Source) -> impl Stream<Item = Result<String>> + Send {
    try_stream! {
        let mut text = opened_list(N::NAME);
        let (mut after, mut separator) = (None, "\n");
        loop {
            let viewer = source.prove().await?;
            let Part { items, next } = N::read(&source.app, &viewer, after).await?;
            for (item, inner) in items {
                push(&mut text, separator, &item);
                separator = ",\n";
                // The list is the object's last field.
                text.pop();
                text.push_str(&format!(",\"{}\":[", N::INNER));
                let mut place = inner;
                let mut comma = "";
                while let Some(inner) = place {
                    let viewer = source.prove().await?;
                    let Part { items, next } = N::read_inner(&source.app, &viewer, inner).await?;
                    for item in items {
                        push(&mut text, comma, &item);
                        comma = ",";
                    }
                    yield std::mem::take(&mut text);
                    place = next;
                }
                text.push_str("]}");
            }
            yield std::mem::take(&mut text);
            if next.is_none() {
                break;
            }
            after = next;
        }
        yield "]".to_owned();
    }
}

fn opened_list(name: &str) -> String {
    format!(",\n\"{name}\": [")
}

fn push(text: &mut String, separator: &str, item: &Value) {
    // A String takes whatever is written to it.
    let _ = write!(text, "{separator}{item}");
}
