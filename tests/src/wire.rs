//! A network of two: this host and a network namespace, with a wire between that can be pulled.

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::engine::fresh_number;

/// A pair of virtual network cards, the far one in a namespace of its own; gone when this is dropped.
pub struct Wire {
    name: String,
    network: u32,
}

impl Wire {
    /// Lays a wire; none where namespaces can't be made.
    pub fn lay() -> Option<Self> {
        if !succeeds(&["netns", "list"]) {
            return None;
        }
        // A number of its own, so that tests that run at once do not share addresses; taken ones are passed over.
        for _ in 0..16 {
            let number = fresh_number();
            // One of the networks of four addresses in 10.213.0.0/16.
            let network = u32::from(Ipv4Addr::new(10, 213, 0, 0)) + (number % (1 << 14)) as u32 * 4;
            let wire = Self { name: format!("ln{:08x}", number >> 32), network };
            if wire.is_free() {
                return wire.connect().then_some(wire);
            }
        }
        None
    }

    fn is_free(&self) -> bool {
        let used = Command::new("ip").args(["-4", "addr"]).output();
        used.is_ok_and(|used| !String::from_utf8_lossy(&used.stdout).contains(&format!("{}/", self.near_end())))
    }

    fn connect(&self) -> bool {
        let (name, near, far) = (self.name.as_str(), self.near_card(), self.far_card());
        let (near_end, far_end) = (format!("{}/30", self.near_end()), format!("{}/30", self.far_end()));
        succeeds(&["netns", "add", name])
            && succeeds(&["link", "add", &near, "type", "veth", "peer", "name", &far, "netns", name])
            && succeeds(&["addr", "add", &near_end, "dev", &near])
            && succeeds(&["link", "set", &near, "up"])
            && succeeds(&["-n", name, "addr", "add", &far_end, "dev", &far])
            && succeeds(&["-n", name, "link", "set", &far, "up"])
    }

    fn near_card(&self) -> String {
        format!("{}n", self.name)
    }

    fn far_card(&self) -> String {
        format!("{}f", self.name)
    }

    fn near_end(&self) -> Ipv4Addr {
        Ipv4Addr::from(self.network + 1)
    }

    /// The address of the far end.
    pub fn far_end(&self) -> Ipv4Addr {
        Ipv4Addr::from(self.network + 2)
    }

    /// A program that is run at the far end.
    pub fn at_the_far_end(&self, program: &Path) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name]).arg(program);
        command
    }

    /// Pulls the wire at the far end: what is sent from here on gets lost, and this end goes on sending.
    pub fn pull(&self) {
        assert!(succeeds(&["-n", &self.name, "link", "set", &self.far_card(), "down"]), "the wire is pulled");
    }

    /// Puts it back.
    pub fn put_back(&self) {
        assert!(succeeds(&["-n", &self.name, "link", "set", &self.far_card(), "up"]), "the wire is put back");
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        // The cards go with the namespace, or by themselves if it was not made to the end.
        succeeds(&["link", "delete", &self.near_card()]);
        succeeds(&["netns", "delete", &self.name]);
    }
}

fn succeeds(arguments: &[&str]) -> bool {
    let mut command = Command::new("ip");
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
