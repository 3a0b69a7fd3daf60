//! What is to be done once the transaction at hand is committed, and only then: whoever is told of it looks at the database.

use std::cell::RefCell;

type Then = Box<dyn FnOnce() + Send>;

tokio::task_local! {
    static NOTED: RefCell<Vec<Then>>;
}

/// Runs a transaction within which [`after_commit`] may be called.
pub(super) fn noting<F: Future>(transaction: F) -> impl Future<Output = F::Output> {
    NOTED.scope(RefCell::default(), transaction)
}

/// Does what was noted.
pub(super) fn committed() {
    NOTED.with(RefCell::take).into_iter().for_each(|then| then());
}

/// Notes what is to be done after the commit of the transaction at hand, which is one of [`super::Db::write`]. It should not take
/// long, and is not done if the transaction is rolled back.
pub fn after_commit(then: impl FnOnce() + Send + 'static) {
    let noted = NOTED.try_with(|list| list.borrow_mut().push(Box::new(then)));
    debug_assert!(noted.is_ok(), "outside of a transaction nothing is committed");
}
