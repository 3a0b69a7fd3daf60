//! Everything a domain function may need, wired once.

use std::sync::Arc;
use std::time::Duration;

use entity::id::{ThreadId, UserId};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::assistant;
use crate::cache::Cache;
use crate::chirp::Feed;
use crate::commit::Writer;
use crate::credential::Open;
use crate::error::{Error, Result};
use crate::hub::Hubs;
use crate::inbox::Inboxes;
use crate::infra::bus::{self, Bus};
use crate::infra::chain::Chain;
use crate::infra::clock::Clock;
use crate::infra::db::Db;
use crate::infra::gather::Gather;
use crate::infra::mail::Mailer;
use crate::infra::model::Model;
use crate::job::Jobs;
use crate::limit::{Limits, Rates};
use crate::password::Hasher;
use crate::session::Presented;
use crate::signal::Signals;
use crate::upload::{self, Files};
use crate::user::Public;
use crate::watch::Watching;
use crate::{access, archive, cache, credential, hub, inbox, job, recurring, signal, system, thread, wallet, watch};

/// What an operator may set; the documentation of each is in `linnet.default.toml`.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Characters in a message, at the most.
    pub message_length: usize,
    /// Attachments of one message, at the most.
    pub message_attachments: usize,
    /// Bytes of a message's metadata written as JSON, at the most.
    pub metadata_bytes: usize,
    /// Members of a group when it is made, at the most.
    pub group_members: usize,
    /// Members up to which a thread shares receipts.
    pub receipts_members: i32,
    /// How often somebody may do something; none for benchmarks.
    pub rates: Option<Rates>,
    /// How long an access token is good for.
    pub access_lifetime: Duration,
    /// How long a session lives after its last refresh.
    pub session_lifetime: Duration,
    /// Where links in mails lead to, without a slash at its end; none for mails without links.
    pub public_url: Option<String>,
    /// How often hubs look at the log by themselves.
    pub hub_look: Duration,
    /// How often inbox streams look by themselves.
    pub inbox_look: Duration,
    /// After how long a quiet stream sends a heartbeat.
    pub heartbeat: Duration,
    /// How often each node asks which sessions were revoked.
    pub revocation_look: Duration,
    /// How long events stay in the log; none for ever.
    pub log_retention: Option<Duration>,
    /// Devices of one account, at the most.
    pub account_devices: i64,
    /// API keys of one account, at the most.
    pub account_api_keys: i64,
    /// How many jobs of a queue this node does at once; none if it does no jobs.
    pub job_workers: usize,
    /// How often workers look for jobs by themselves.
    pub job_look: Duration,
    /// How long jobs that were given up, and batches that were finished, are kept; none for ever.
    pub failed_job_retention: Option<Duration>,
    /// When messages of a thread go to the archive.
    pub archive: archive::Rule,
    /// Whether a lobby is there from the first start.
    pub lobby: bool,
    /// The site that wallets sign in to; none if they don't.
    pub wallets: Option<wallet::Site>,
    /// Files that are put here.
    pub uploads: upload::Settings,
    /// The assistant; none if there is no endpoint.
    pub assistant: Option<assistant::Settings>,
}

/// All of the infrastructure, and what this node keeps in memory.
pub struct App {
    /// What the operator set.
    pub settings: Settings,
    /// The database.
    pub db: Db,
    /// Hints between nodes.
    pub bus: Bus,
    /// Time and randomness.
    pub clock: Clock,
    /// Names the log; every cursor carries it.
    pub log_epoch: u32,
    pub(crate) writer: Writer,
    pub(crate) hubs: Hubs<ThreadId>,
    pub(crate) feed: Hubs<Feed>,
    pub(crate) inboxes: Inboxes,
    pub(crate) signals: Signals,
    pub(crate) watching: Watching,
    pub(crate) open: Open,
    pub(crate) hasher: Hasher,
    pub(crate) limits: Limits,
    pub(crate) mailer: Mailer,
    pub(crate) chain: Chain,
    pub(crate) model: Option<Model>,
    pub(crate) files: Files,
    pub(crate) jobs: Jobs,
    pub(crate) system: system::Watch,
    pub(crate) cache: Cache,
    pub(crate) sessions: Gather<Vec<u8>, Presented>,
    pub(crate) proofs: Gather<access::Asked, access::Row>,
    pub(crate) people: Gather<UserId, Arc<Public>>,
    pub(crate) fronts: Gather<thread::Front, Vec<thread::ListedRow>>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl App {
    /// Wires the application on a database that is migrated.
    pub async fn new(settings: Settings, db: Db, bus: Bus, mailer: Mailer) -> Result<Arc<Self>> {
        let instance: Option<entity::instance::Model> = db.one("SELECT * FROM instance WHERE id = 1", []).await?;
        let instance =
            instance.ok_or_else(|| Error::internal("the database has no `instance` row: run `linnet migrate up`"))?;
        let limits = Limits::new(settings.rates);
        let clock = Clock::default();
        let model = settings.assistant.as_ref().map(|assistant| Model::new(&assistant.endpoint));
        let model = model.transpose().map_err(Error::internal)?;
        let files = Files::open(&settings.uploads, &db, &clock).await?;
        Ok(Arc::new(Self {
            settings,
            db,
            bus,
            system: system::Watch::new(&clock),
            signals: Signals::new(&clock),
            clock,
            log_epoch: u32::try_from(instance.log_epoch).map_err(Error::internal)?,
            writer: Writer::default(),
            hubs: Hubs::default(),
            feed: Hubs::default(),
            inboxes: Inboxes::default(),
            watching: Watching::default(),
            open: Open::default(),
            hasher: Hasher::new()?,
            limits,
            mailer,
            chain: Chain::Ledger,
            model,
            files,
            jobs: Jobs::default(),
            cache: Cache::default(),
            sessions: Gather::default(),
            proofs: Gather::default(),
            people: Gather::default(),
            fronts: Gather::default(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        }))
    }

    /// Where tokens are minted.
    pub fn chain(&self) -> Chain {
        self.chain
    }

    /// Starts what runs beside the requests: what [`App::work`] starts, listening to hints, looking at the log, watching sessions.
    pub fn start(self: &Arc<Self>) {
        self.work();
        self.spawn(hub::listen(self.clone()));
        self.spawn(hub::look(self.clone()));
        self.spawn(inbox::listen(self.clone()));
        self.spawn(signal::listen(self.clone()));
        self.spawn(watch::listen(self.clone()));
        self.spawn(credential::watch(self.clone()));
    }

    /// Starts what a node needs that does jobs, and serves nobody: carrying hints, recurring work, the workers.
    pub fn work(self: &Arc<Self>) {
        self.spawn(bus::carry(self.clone()));
        self.spawn(cache::listen(self.clone()));
        self.spawn(job::listen(self.clone()));
        self.spawn(recurring::watch(self.clone()));
        if let Some(directory) = self.mailer.directory() {
            let directory = directory.display();
            tracing::info!(%directory, "no smtp_url is set: mails are not sent, but written there");
        }
        // Not dropped when the application stops: what it has begun, it ends or leaves to others.
        self.tasks.spawn(job::work(self.clone(), self.stop.clone()));
    }

    /// Runs a task until it ends or the application stops.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tasks.spawn(async move { stop.run_until_cancelled_owned(task).await });
    }

    /// Stops what [`App::start`] started and waits for the writer to finish what it was given.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.writer.finish().await;
        signal::leave(self);
        self.bus.finish().await;
    }
}
