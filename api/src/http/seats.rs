//! How many lasting things (connections, sockets, event streams) one address or one account has on this node.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use entity::id::UserId;

/// Who has something.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Holder {
    /// Connections of whoever is at the other end, a proxy perhaps.
    Peer(IpAddr),
    /// Sockets and event streams of an account.
    Account(UserId),
    /// Files of an account that are on their way here.
    Uploads(UserId),
    /// The same, of all who share an address.
    UploadsFrom(IpAddr),
    /// Sockets and event streams of all who share an address.
    Address(IpAddr),
}

/// What is taken.
#[derive(Clone, Default)]
pub(super) struct Seats(Arc<Mutex<HashMap<Holder, usize>>>);

/// One of them; free again when dropped.
pub(super) struct Seat {
    seats: Seats,
    holder: Holder,
}

impl Seats {
    /// One more for a holder, unless it has as many as it may.
    pub(super) fn take(&self, holder: Holder, most: usize) -> Option<Seat> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(holder).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        drop(taken);
        Some(Seat { seats: self.clone(), holder })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.holder) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.holder);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seat_is_free_again_when_it_is_left() {
        let seats = Seats::default();
        let holder = Holder::Address(IpAddr::from([192, 0, 2, 1]));
        let first = seats.take(holder, 2);
        let second = seats.take(holder, 2);
        assert!(first.is_some() && second.is_some() && seats.take(holder, 2).is_none());
        drop(first);
        assert!(seats.take(holder, 2).is_some());
        drop(second);
        assert!(seats.0.lock().is_ok_and(|taken| taken.is_empty()));
    }
}
