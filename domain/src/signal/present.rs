//! Who is in a thread, and on which nodes. Somebody is there from their first device to their last, wherever those are: only what changes
//! that is told.

use std::collections::{HashMap, HashSet};

use entity::id::{NodeId, UserId};

/// Who watches a thread, as one node knows it.
#[derive(Default)]
pub(super) struct Present {
    /// How many streams each member has open on this node.
    streams: HashMap<UserId, usize>,
    /// The nodes on which each member is. This one is among them for a while after their last stream here.
    nodes: HashMap<UserId, HashSet<NodeId>>,
    /// Where members are only if they are heard of again.
    doubted: HashSet<(UserId, NodeId)>,
}

impl Present {
    /// One more stream of a member's on this node. Whether they have been nowhere until now.
    pub(super) fn come(&mut self, user_id: UserId, here: NodeId) -> bool {
        *self.streams.entry(user_id).or_default() += 1;
        self.arrive(user_id, here)
    }

    /// One stream fewer of a member's on this node. Whether it was their last one here.
    pub(super) fn go(&mut self, user_id: UserId) -> bool {
        let Some(count) = self.streams.get_mut(&user_id) else { return false };
        *count -= 1;
        let is_last = *count == 0;
        if is_last {
            self.streams.remove(&user_id);
        }
        is_last
    }

    /// Whether a member has a stream open on this node.
    pub(super) fn streams_here(&self, user_id: UserId) -> bool {
        self.streams.contains_key(&user_id)
    }

    /// The members who have a stream open on this node.
    pub(super) fn here(&self) -> Vec<UserId> {
        self.streams.keys().copied().collect()
    }

    /// Everybody who is there.
    pub(super) fn everybody(&self) -> Vec<UserId> {
        self.nodes.keys().copied().collect()
    }

    /// Whether nobody is there, and nobody may still be told to be gone.
    pub(super) fn is_empty_here(&self, here: NodeId) -> bool {
        !self.nodes.values().any(|nodes| nodes.contains(&here))
    }

    /// A member is on a node. Whether they have been nowhere until now.
    pub(super) fn arrive(&mut self, user_id: UserId, node: NodeId) -> bool {
        let nodes = self.nodes.entry(user_id).or_default();
        let was_nowhere = nodes.is_empty();
        nodes.insert(node);
        self.doubted.remove(&(user_id, node));
        was_nowhere
    }

    /// A member is on a node no longer. Whether they are nowhere now.
    pub(super) fn depart(&mut self, user_id: UserId, node: NodeId) -> bool {
        self.doubted.remove(&(user_id, node));
        let Some(nodes) = self.nodes.get_mut(&user_id) else { return false };
        let was_there = nodes.remove(&node);
        let is_nowhere = nodes.is_empty();
        if is_nowhere {
            self.nodes.remove(&user_id);
        }
        was_there && is_nowhere
    }

    /// Something may have been missed: whoever is on another node may have gone.
    pub(super) fn doubt(&mut self, here: NodeId) {
        let on_nodes = self.nodes.iter().flat_map(|(user_id, nodes)| nodes.iter().map(|node| (*user_id, *node)));
        self.doubted.extend(on_nodes.filter(|(_, node)| *node != here));
    }

    /// Takes for gone whoever was doubted and not heard of since. Who is nowhere now, and where they were.
    pub(super) fn settle(&mut self) -> Vec<(UserId, NodeId)> {
        let silent = std::mem::take(&mut self.doubted);
        silent.into_iter().filter(|(user_id, node)| self.depart(*user_id, *node)).collect()
    }

    /// Nobody is on a node any more. Who is nowhere now.
    pub(super) fn lose(&mut self, node: NodeId) -> Vec<UserId> {
        let on_it: Vec<UserId> =
            self.nodes.iter().filter(|(_, nodes)| nodes.contains(&node)).map(|(user_id, _)| *user_id).collect();
        on_it.into_iter().filter(|user_id| self.depart(*user_id, node)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infra::clock::Clock;

    #[test]
    fn somebody_is_there_from_their_first_device_to_their_last() {
        let clock = Clock::default();
        let (bob, here, elsewhere): (UserId, NodeId, NodeId) = (clock.id(), clock.id(), clock.id());
        let mut present = Present::default();
        assert!(present.come(bob, here));
        assert!(!present.come(bob, here) && !present.arrive(bob, elsewhere), "he was there already");
        assert!(!present.go(bob) && present.go(bob) && !present.streams_here(bob));
        assert!(!present.depart(bob, here), "he is elsewhere still");
        assert!(!present.depart(bob, here) && present.depart(bob, elsewhere) && !present.depart(bob, elsewhere));
        assert!(present.everybody().is_empty());
    }

    #[test]
    fn who_is_not_heard_of_again_is_gone() {
        let clock = Clock::default();
        let (bob, carol, here, elsewhere): (UserId, UserId, NodeId, NodeId) =
            (clock.id(), clock.id(), clock.id(), clock.id());
        let mut present = Present::default();
        present.come(bob, here);
        present.arrive(bob, elsewhere);
        present.arrive(carol, elsewhere);
        present.doubt(here);
        assert!(!present.arrive(carol, elsewhere));
        assert!(present.settle().is_empty() && present.everybody().len() == 2, "who is here is not asked for");
        present.doubt(here);
        assert_eq!((present.settle(), present.everybody()), (vec![(carol, elsewhere)], vec![bob]));
        assert!(present.settle().is_empty());
    }

    #[test]
    fn with_a_node_goes_who_is_on_no_other() {
        let clock = Clock::default();
        let (bob, carol, here, elsewhere): (UserId, UserId, NodeId, NodeId) =
            (clock.id(), clock.id(), clock.id(), clock.id());
        let mut present = Present::default();
        present.come(bob, here);
        present.arrive(bob, elsewhere);
        present.arrive(carol, elsewhere);
        assert_eq!(present.lose(elsewhere), [carol]);
        assert_eq!((present.everybody(), present.here()), (vec![bob], vec![bob]));
        assert!(!present.is_empty_here(here) && present.is_empty_here(elsewhere));
    }
}
