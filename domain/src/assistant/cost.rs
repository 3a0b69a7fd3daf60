//! What the assistant costs: for each day and model how many answers, how many tokens, how much money.

use std::sync::Arc;

use chrono::NaiveDate;
use entity::{Timestamp, assistant_cost};
use sea_orm::{ConnectionTrait, DatabaseTransaction, Value};

use super::Settings;
use crate::access::Administrator;
use crate::app::App;
use crate::error::Result;
use crate::infra::db::{self, Engine};
use crate::infra::list::List;
use crate::infra::model::Usage;
use crate::job::Running;
use crate::page::{Page, Window};

/// Costs of one model on one day.
pub type Cost = assistant_cost::Model;

/// A place in the list of costs: the day and the model.
type Key = (NaiveDate, String);

/// Tokens for which a price is.
const PRICED: i128 = 1_000_000;

/// What came of an attempt, and what it took.
#[derive(Clone, Debug)]
pub(super) struct Spent {
    pub(super) model: String,
    pub(super) outcome: Outcome,
    pub(super) usage: Usage,
    pub(super) micro_dollars: i64,
}

/// What came of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Answered,
    Cached,
    Failed,
}

impl Spent {
    /// An attempt that took so many tokens.
    pub(super) fn new(settings: &Settings, outcome: Outcome, usage: Usage) -> Self {
        let price = i128::from(usage.input) * i128::from(settings.input_price)
            + i128::from(usage.output) * i128::from(settings.output_price);
        // What is begun counts: many small answers cost something, too.
        let micro_dollars = i64::try_from((price + PRICED - 1) / PRICED).unwrap_or(i64::MAX);
        Self { model: settings.endpoint.model.clone(), outcome, usage, micro_dollars }
    }
}

/// Adds it to the costs of the day, in the transaction of what it came from.
pub(super) async fn add(engine: Engine, on: &DatabaseTransaction, now: Timestamp, spent: &Spent) -> Result<()> {
    let sql = "INSERT INTO assistant_costs (day, model, answers, cached_answers, failed_attempts, input_tokens, \
               output_tokens, micro_dollars) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (day, model) DO UPDATE SET \
               answers = assistant_costs.answers + excluded.answers, \
               cached_answers = assistant_costs.cached_answers + excluded.cached_answers, \
               failed_attempts = assistant_costs.failed_attempts + excluded.failed_attempts, \
               input_tokens = assistant_costs.input_tokens + excluded.input_tokens, \
               output_tokens = assistant_costs.output_tokens + excluded.output_tokens, \
               micro_dollars = assistant_costs.micro_dollars + excluded.micro_dollars";
    let is = |outcome| i64::from(spent.outcome == outcome);
    let values = [
        now.date_naive().into(),
        spent.model.clone().into(),
        (1 - is(Outcome::Failed)).into(),
        is(Outcome::Cached).into(),
        is(Outcome::Failed).into(),
        spent.usage.input.into(),
        spent.usage.output.into(),
        spent.micro_dollars.into(),
    ];
    on.execute_raw(engine.sql(sql, values)).await?;
    Ok(())
}

/// The same where nothing came of it, for a job that is held.
pub(super) async fn write_off(app: &Arc<App>, held: Running, spent: Spent) -> Result<()> {
    let context = app.clone();
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            held.hold(transaction).await?;
            let engine = context.db.engine();
            let now = context.clock.moved(db::stamp(transaction, engine).await?);
            add(engine, transaction, now, &spent).await
        })
    });
    work.await
}

/// What the assistant has cost, the latest day first: for administrators.
pub async fn costs(app: &App, _: &Administrator, window: &Window<Key>) -> Result<Page<Cost>> {
    let bound = |(day, model): &Key| vec![Value::from(*day), Value::from(model.clone())];
    let list = List {
        select: "*",
        from: "FROM assistant_costs WHERE TRUE",
        keys: &["day", "model"],
        descending: true,
        values: Vec::new(),
    };
    list.page(&app.db, &window.map(bound)).await
}
