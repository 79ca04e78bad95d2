//! Which sessions a client offers and a server accepts, derived from how their connections ended.
//!
//! Decides it independently of the guards: a plain list of which side has which session, and which
//! ends forbid it. Sources: RFC 5246 §7.2.2 · fatal-forgets-session, RFC 9846 §6.2 ·
//! fatal-discards-tickets, RFC 2818 §2.2 · premature-forbids-reuse-https.

use std::collections::{BTreeSet, VecDeque};

use close_notify::{Role, Version};

/// How many tickets a client keeps for a name.
const TICKETS: usize = 8;

/// The origin of a session: the connections from which the client and the server have it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Origin {
    client: usize,
    server: usize,
}

/// How exactly resumption can be predicted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Room {
    /// Both sides keep all that they may keep.
    Enough,
    /// More may be forgotten than must be.
    Little,
    /// The client keeps nothing.
    None,
}

/// What is remembered of a connection.
#[derive(Clone, Debug)]
pub(super) struct Trace {
    name: usize,
    offered: Option<Origin>,
    /// The origin of its own sessions.
    own: Origin,
    is_answered: bool,
    is_shaken: bool,
    tickets: usize,
}

/// The observable state of an end of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shows {
    /// Whether its handshake resumed a session, once that is known.
    pub(super) resumed: Option<bool>,
    pub(super) is_shaken: bool,
    pub(super) tickets: usize,
}

/// All sessions of a run.
#[derive(Debug)]
pub(super) struct Remembered {
    version: Version,
    room: Room,
    /// Tickets by name, the oldest first.
    tickets: [VecDeque<Origin>; 2],
    sessions: [Option<Origin>; 2],
    forgotten: [BTreeSet<usize>; 2],
    /// Sessions offered to a server whose connection ended badly before it answered. It may have
    /// found them, and then forgets them.
    in_doubt: BTreeSet<usize>,
}

impl Remembered {
    pub(super) fn new(version: Version, room: Room) -> Self {
        Self {
            version,
            room,
            tickets: Default::default(),
            sessions: Default::default(),
            forgotten: Default::default(),
            in_doubt: BTreeSet::new(),
        }
    }

    /// Begins a connection, and decides which session the client offers.
    pub(super) fn begins(&mut self, number: usize, name: usize) -> Trace {
        let offered = match self.version {
            Version::Tls13 => self.tickets[name].pop_back(),
            _ => self.sessions[name],
        };
        let own = Origin { client: number, server: number };
        Trace { name, offered, own, is_answered: false, is_shaken: false, tickets: 0 }
    }

    /// Checks, once the server has answered, whether it resumes what was offered. Panics if it
    /// resumes what is forgotten, or does not resume what may be.
    pub(super) fn answers(&self, trace: &mut Trace, shows: &Shows) {
        let Some(resumed) = shows.resumed.filter(|_| !trace.is_answered) else { return };
        trace.is_answered = true;
        let offered = trace.offered.filter(|origin| !self.forgotten[1].contains(&origin.server));
        // fatal-forgets-session, fatal-discards-tickets
        assert!(offered.is_some() || !resumed, "a session was resumed that is forgotten: {trace:?}");
        let is_certain = offered.is_some_and(|origin| !self.in_doubt.contains(&origin.server));
        let must = self.room == Room::Enough && is_certain;
        assert!(resumed || !must, "a session was not resumed that may be: {trace:?}");
        if self.version != Version::Tls13 {
            // A client treats a new session as the one that it offered. With little room it may
            // have offered none.
            let shared = trace.offered.filter(|_| resumed || self.room == Room::Enough);
            trace.own.client = shared.map_or(trace.own.client, |origin| origin.client);
            trace.own.server = offered.filter(|_| resumed).map_or(trace.own.server, |origin| origin.server);
        }
    }

    /// Notes what the client has got: tickets, or the session of its handshake.
    pub(super) fn gets(&mut self, trace: &mut Trace, shows: &Shows) {
        let new = shows.tickets - trace.tickets;
        trace.tickets = shows.tickets;
        let is_shaken = shows.is_shaken && !std::mem::replace(&mut trace.is_shaken, shows.is_shaken);
        if self.room == Room::None || self.forgotten[0].contains(&trace.own.client) {
            return;
        }
        let kept = &mut self.tickets[trace.name];
        kept.extend(std::iter::repeat_n(trace.own, new));
        kept.drain(..kept.len().saturating_sub(TICKETS));
        if is_shaken && self.version != Version::Tls13 {
            self.sessions[trace.name] = Some(trace.own);
        }
    }

    /// Notes that the connection's end for this side forbids resuming its sessions.
    pub(super) fn forgets(&mut self, trace: &Trace, role: Role) {
        let [by_client, by_server] = &mut self.forgotten;
        match role {
            Role::Client => {
                by_client.insert(trace.own.client);
                // With little room it may have offered none.
                if self.version != Version::Tls13 && self.room == Room::Enough {
                    by_client.extend(trace.offered.map(|origin| origin.client));
                }
            }
            Role::Server => {
                by_server.insert(trace.own.server);
                if !trace.is_answered && self.version != Version::Tls13 {
                    self.in_doubt.extend(trace.offered.map(|origin| origin.server));
                }
            }
        }
        let is_forgotten = |origin: &Origin| self.forgotten[0].contains(&origin.client);
        self.tickets.iter_mut().for_each(|kept| kept.retain(|origin| !is_forgotten(origin)));
        for kept in &mut self.sessions {
            *kept = kept.filter(|origin| !is_forgotten(origin));
        }
    }
}
