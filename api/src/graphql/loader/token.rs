//! Questions about tokens and what they belong to.

use domain::nft::Key;
use domain::{collection, nft};
use entity::id::{CollectionId, NftId};

use super::*;

question!(CollectionId => Arc<collection::Model>, |app, keys| { collection::by_ids(app, keys).await });

question!(NftId => Arc<nft::Model>, |app, keys| {
    nft::by_ids(app, keys).await.map(|rows| rows.into_iter().map(|row| (row.id, row)).collect())
});

/// A page of the tokens of a collection.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct NftsIn(pub(crate) CollectionId, pub(crate) Window<Key>);

question!(NftsIn => Page<Arc<nft::Model>>, |app, keys| {
    let asked: Vec<_> = keys.iter().map(|key| (key.0, key.1.clone())).collect();
    nft::of_collections(app, &asked).await.map(|pages| zip(keys, shared(pages)))
});

/// A page of somebody's tokens.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct NftsOf(pub(crate) UserId, pub(crate) Window<Key>);

question!(NftsOf => Page<Arc<nft::Model>>, |app, keys| {
    let asked: Vec<_> = keys.iter().map(|key| (key.0, key.1.clone())).collect();
    nft::of_users(app, &asked).await.map(|pages| zip(keys, shared(pages)))
});

asks!(CollectionId, NftId, NftsIn, NftsOf);
