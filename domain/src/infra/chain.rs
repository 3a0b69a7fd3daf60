//! A chain on which tokens are minted, as Linnet needs one.
//!
//! An order has a hash before anybody is asked for anything, the same each time, and a chain takes an order of one hash once. So
//! who does not know what has become of an order looks it up, and submits it again if it is not there. On a chain of Ethereum the
//! hash is that of the signed transaction; here there is a ledger, which is in this database and on no chain.

use entity::id::{CollectionId, MintId};

mod ledger;

use super::db::Db;
use crate::error::Result;

/// Where tokens are minted.
#[derive(Clone, Copy, Debug)]
pub enum Chain {
    /// Numbers that are given in this database.
    Ledger,
}

/// A token that is to be minted.
#[derive(Clone, Debug)]
pub struct Order {
    /// What tells it from all others.
    pub id: MintId,
    /// What the token is to belong to.
    pub contract: CollectionId,
    /// How many tokens that may ever have.
    pub most: Option<i64>,
}

/// A token that was minted.
#[derive(Clone, Debug)]
pub struct Token {
    /// Its number in the contract, in decimal digits.
    pub id: String,
}

impl Chain {
    /// Whether what is minted is on a chain that others can look at.
    pub fn is_public(self) -> bool {
        match self {
            Self::Ledger => false,
        }
    }

    /// By which the chain will know an order.
    pub fn hash(self, order: &Order) -> String {
        match self {
            Self::Ledger => ledger::hash(order),
        }
    }

    /// What has become of an order; nothing while the chain knows of none, or has not come to it.
    pub async fn look_up(self, db: &Db, hash: &str) -> Result<Option<Token>> {
        match self {
            Self::Ledger => ledger::look_up(db, hash).await,
        }
    }

    /// Asks for a token. Asked again for the same order, it makes no second one.
    ///
    /// Errors: [`crate::Error::Refused`] if there will never be one.
    pub async fn submit(self, db: &Db, order: &Order) -> Result<()> {
        match self {
            Self::Ledger => ledger::submit(db, order).await,
        }
    }
}
