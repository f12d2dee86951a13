//! Files that were asked for, and are sent between ports that nobody names.
//!
//! Source: RFC 1350 section 4: whoever is asked answers from a port of its own choice to the port
//!         that the request came from.
//! Limits: the last [`REQUESTS_MAX`] requests.

use std::collections::VecDeque;

use super::carried::Carried;
use crate::ip::protocol;

/// The requests that were seen last.
#[derive(Default)]
pub(super) struct Transfers {
    /// Address and port of the one who asked, address of the one asked.
    asked: VecDeque<((u128, u16), u128)>,
}

impl Transfers {
    /// A request was seen.
    pub(super) fn asked(&mut self, from: (u128, u16), of: u128) {
        if self.asked.len() >= REQUESTS_MAX {
            self.asked.pop_front();
        }
        self.asked.push_back((from, of));
    }

    /// Whether a new conversation between these ports is a transfer, and if so whether its first
    /// packet comes from the one who was asked.
    pub(super) fn find(&self, carried: &Carried<'_>, [from, to]: [u16; 2]) -> Option<bool> {
        if self.asked.is_empty() || carried.protocol != protocol::UDP {
            return None;
        }
        let sender = (carried.source, from);
        let receiver = (carried.destination, to);
        self.asked.iter().rev().find_map(|request| match request {
            (asker, of) if *asker == receiver && *of == sender.0 => Some(true),
            (asker, of) if *asker == sender && *of == receiver.0 => Some(false),
            _ => None,
        })
    }
}

/// Requests remembered. A transfer starts right behind its request.
const REQUESTS_MAX: usize = 64;
