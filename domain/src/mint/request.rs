//! Asking for tokens.

use super::*;
use crate::collection;
use crate::error::Refusal;
use crate::job::{self, Task};
use crate::limit::{self, Class};
use crate::text::Checks;
use sea_orm::{EntityTrait, IntoActiveModel};
use sha2::{Digest, Sha256};

/// Tokens that are asked for together, at the most.
const TOGETHER: usize = 100;
/// What one account may have asked for that is not there yet, at the most.
const QUEUED: i64 = 500;
/// Characters of a metadata address, at the most.
const LONGEST_URI: usize = 2000;

/// What is asked for.
#[derive(Clone)]
pub struct Draft {
    /// What the tokens are to belong to.
    pub collection_id: CollectionId,
    /// The address of each token's metadata: 1 to 100 of them.
    pub metadata_uris: Vec<String>,
    /// Whether they are a batch; without it, there is one of them.
    pub together: bool,
    /// The wallet that they are for: one of the viewer's, or the primary one if there is any.
    pub wallet_id: Option<WalletId>,
    /// Unique per account: asking again with it gives what was asked for first. 1 to 100 characters.
    pub client_key: Option<String>,
}

/// What was asked for.
pub struct Requested {
    /// The rows, in the order of the draft.
    pub mints: Vec<Model>,
    /// Their batch.
    pub batch_id: Option<BatchId>,
}

/// Where tokens' metadata may be.
const SCHEMES: [&str; 4] = ["https://", "http://", "ipfs://", "ar://"];

impl Draft {
    fn check(&self) -> Result<()> {
        let mut checks = Checks::default();
        let count = self.metadata_uris.len();
        checks.require(count <= TOGETHER, Code::TooLong, "metadata_uris", format!("At most {TOGETHER} at once."));
        checks.require(count > 0, Code::Blank, "metadata_uris", "Give at least one.");
        for (index, uri) in self.metadata_uris.iter().take(TOGETHER).enumerate() {
            checks.take(check_uri(uri), |refusal| match self.together {
                true => Refusal { path: vec!["metadata_uris".into(), index.to_string().into()], ..refusal },
                false => refusal,
            });
        }
        if let Some(key) = &self.client_key {
            checks.text("client_key", key, 100);
        }
        checks.done()
    }

    /// What tells whether the same key comes with the same request.
    fn fingerprint(&self) -> Vec<u8> {
        let wallet = self.wallet_id.map(|id| id.to_string());
        let all = serde_json::json!([self.collection_id, self.metadata_uris, self.together, wallet]);
        Sha256::digest(all.to_string())[..16].to_vec()
    }
}

fn check_uri(uri: &str) -> Checks {
    let mut checks = Checks::default();
    checks.text("metadata_uri", uri, LONGEST_URI);
    let known = SCHEMES.iter().any(|scheme| uri.len() > scheme.len() && uri.starts_with(scheme));
    let clean = !uri.contains(|c: char| c.is_whitespace() || c.is_control());
    let why = "It must be an address that begins with https, http, ipfs or ar.";
    checks.require(known && clean, Code::Invalid, "metadata_uri", why);
    checks
}

/// Asks for tokens: a row for each, and a job. Guests ask for none. Refuses with [`Code::Conflict`] a key that was used for something
/// else, and with [`Code::TooLong`] more than may be queued.
pub async fn request(app: &Arc<App>, viewer: &Viewer, draft: Draft) -> Result<Requested> {
    viewer.require_session()?;
    let own = viewer.require_account()?.user.id;
    draft.check()?;
    // The request itself was charged as one.
    let further = u32::try_from(draft.metadata_uris.len() - 1).unwrap_or(u32::MAX);
    limit::charge(app, viewer, None, Class::Writes, further)?;
    let (context, viewer, now) = (app.clone(), viewer.clone(), app.clock.now());
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            let engine = context.db.engine();
            // Of two who come with one key at once, the second finds what the first has asked for.
            credential::hold(engine, transaction, &viewer, now).await?;
            if let Some(found) = before(engine, transaction, own, &draft).await? {
                return Ok(found);
            }
            collection::open_to(engine, transaction, draft.collection_id, own).await?;
            require_room(engine, transaction, own, draft.metadata_uris.len()).await?;
            let address = wallet(engine, transaction, own, draft.wallet_id).await?;
            enqueue(&context, transaction, own, draft, address).await
        })
    });
    work.await
}

/// What was asked for with this key before.
async fn before(engine: Engine, on: &DatabaseTransaction, own: UserId, draft: &Draft) -> Result<Option<Requested>> {
    let Some(key) = &draft.client_key else { return Ok(None) };
    let sql = "SELECT * FROM minting_queue_items WHERE user_id = $1 AND client_key = $2 AND client_key IS NOT NULL \
               ORDER BY place";
    let mints: Vec<Model> = db::all(on, engine, sql, [own.into(), key.clone().into()]).await?;
    let Some(first) = mints.first() else { return Ok(None) };
    if first.request_hash != Some(draft.fingerprint()) {
        return Err(Error::refuse(Code::Conflict, "client_key", "This key was used to ask for something else."));
    }
    Ok(Some(Requested { batch_id: first.batch_id, mints }))
}

async fn require_room(engine: Engine, on: &DatabaseTransaction, own: UserId, more: usize) -> Result<()> {
    let sql =
        "SELECT COUNT(*) AS count FROM minting_queue_items WHERE user_id = $1 AND status IN ('queued', 'submitted')";
    let queued = db::count(on, engine, sql, [own.into()]).await?;
    if queued + i64::try_from(more).unwrap_or(i64::MAX) <= QUEUED {
        return Ok(());
    }
    Err(Refusal::new(Code::TooLong, "collection_id", format!("You have {queued} mints queued, of at most {QUEUED}."))
        .into())
}

#[derive(FromQueryResult)]
struct Address {
    address: String,
}

/// The wallet that tokens are for; none if it was not said and there is none.
async fn wallet(engine: Engine, on: &DatabaseTransaction, own: UserId, id: Option<WalletId>) -> Result<Option<String>> {
    let sql = match id {
        Some(id) => engine.sql("SELECT address FROM wallets WHERE user_id = $1 AND id = $2", [own.into(), id.into()]),
        None => engine.sql("SELECT address FROM wallets WHERE user_id = $1 AND is_primary", [own.into()]),
    };
    let found = Address::find_by_statement(sql).one(on).await?;
    match (id, found) {
        (Some(_), None) => Err(Error::not_found("wallet_id", "wallet of yours")),
        (_, found) => Ok(found.map(|found| found.address)),
    }
}

async fn enqueue(
    app: &App,
    on: &DatabaseTransaction,
    own: UserId,
    draft: Draft,
    wallet_address: Option<String>,
) -> Result<Requested> {
    let now = app.clock.now();
    let batch_id: Option<BatchId> = draft.together.then(|| app.clock.id());
    let request_hash = draft.client_key.is_some().then(|| draft.fingerprint());
    let rows = draft.metadata_uris.into_iter().zip(0..).map(|(metadata_uri, place)| Model {
        id: app.clock.id(),
        user_id: own,
        collection_id: draft.collection_id,
        wallet_address: wallet_address.clone(),
        metadata_uri,
        status: MintStatus::Queued,
        attempts: 0,
        transaction_hash: None,
        last_error: None,
        nft_id: None,
        batch_id,
        place,
        client_key: draft.client_key.clone(),
        request_hash: request_hash.clone(),
        created_at: now,
        updated_at: now,
    });
    let mints: Vec<Model> = rows.collect();
    let inserted = mints.iter().cloned().map(IntoActiveModel::into_active_model);
    entity::mint::Entity::insert_many(inserted).exec_without_returning(on).await?;
    let tasks: Vec<Task> = mints.iter().map(|mint| Task::Mint { mint_id: mint.id }).collect();
    match batch_id {
        Some(id) => {
            batches::begin(app, on, batches::Draft { id, name: "mint", tasks: &tasks, then: None }).await?;
        }
        None => {
            for task in &tasks {
                job::add(app, on, task).await?;
            }
        }
    }
    Ok(Requested { mints, batch_id })
}
