//! A ledger in this database: each contract counts its tokens from one, and an order is a row by its hash. It refers to no other
//! table, and a transaction of its own stands for what a chain would do by itself.

use sea_orm::{ConnectionTrait, FromQueryResult};
use sha2::{Digest, Sha256};

use super::{Order, Token};
use crate::error::{Code, Error, Result};
use crate::infra::db::Db;

#[derive(FromQueryResult)]
struct Number {
    number: i64,
}

const LOOK_UP: &str = "SELECT token_number AS number FROM ledger_transactions WHERE hash = $1";

pub(super) fn hash(order: &Order) -> String {
    format!("0x{}", hex::encode(Sha256::digest(format!("ledger {}", order.id))))
}

pub(super) async fn look_up(db: &Db, hash: &str) -> Result<Option<Token>> {
    let found: Option<Number> = db.one(LOOK_UP, [hash.into()]).await?;
    Ok(found.map(|found| Token { id: found.number.to_string() }))
}

pub(super) async fn submit(db: &Db, order: &Order) -> Result<()> {
    let (engine, hash, Order { contract, most, .. }) = (db.engine(), hash(order), order.clone());
    let work = db.write(move |transaction| {
        Box::pin(async move {
            // The contract's row first: whoever submits the same order at once waits here, and then finds it.
            let sql = "INSERT INTO ledger_contracts (id, tokens) VALUES ($1, 1) \
                       ON CONFLICT (id) DO UPDATE SET tokens = ledger_contracts.tokens + 1 RETURNING tokens AS number";
            let given = Number::find_by_statement(engine.sql(sql, [contract.into()])).one(transaction).await?;
            let number = given.ok_or_else(|| Error::internal("a contract gave no number"))?.number;
            let sql = engine.sql(LOOK_UP, [hash.clone().into()]);
            if transaction.query_one_raw(sql).await?.is_some() {
                // The number goes back with the transaction.
                return Err(Error::unavailable("another node has submitted this order"));
            }
            if most.is_some_and(|most| number > most) {
                return Err(Error::refuse(Code::Conflict, "collection_id", "The collection has all of its tokens."));
            }
            let sql = "INSERT INTO ledger_transactions (hash, contract_id, token_number) VALUES ($1, $2, $3)";
            transaction.execute_raw(engine.sql(sql, [hash.into(), contract.into(), number.into()])).await?;
            Ok(())
        })
    });
    work.await
}
