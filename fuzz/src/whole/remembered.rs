//! Which sessions a client offers and a server takes, told by how their connections ended.
//!
//! Decides it apart from the guards: a plain list of who has which session, and which ends forbid
//! it. Sources: RFC 5246 §7.2.2 · fatal-forgets-session, RFC 9846 §6.2 · fatal-discards-tickets,
//! RFC 2818 §2.2 · premature-forbids-reuse-https.

use std::collections::{BTreeSet, VecDeque};

use close_notify::{Role, Version};

/// So many tickets a client keeps for a name.
const TICKETS: usize = 8;

/// A session: by which connections it came, for the client and for the server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Origin {
    client: usize,
    server: usize,
}

/// How exactly it can be told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Room {
    /// Both sides keep all that they may.
    Enough,
    /// More may be forgotten than must.
    Little,
    /// The client keeps nothing.
    None,
}

/// A connection as it is remembered.
#[derive(Clone, Debug)]
pub(super) struct Trace {
    name: usize,
    offered: Option<Origin>,
    /// What its own sessions are known by.
    own: Origin,
    is_answered: bool,
    is_shaken: bool,
    tickets: usize,
}

/// What an end of a connection shows.
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
    /// By name, the oldest first.
    tickets: [VecDeque<Origin>; 2],
    sessions: [Option<Origin>; 2],
    forgotten: [BTreeSet<usize>; 2],
    /// Offered to a server whose connection ended ill before it answered: it may have found them,
    /// and forgets them then.
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

    /// A client begins to connect: what it offers is decided.
    pub(super) fn begins(&mut self, number: usize, name: usize) -> Trace {
        let offered = match self.version {
            Version::Tls13 => self.tickets[name].pop_back(),
            _ => self.sessions[name],
        };
        let own = Origin { client: number, server: number };
        Trace { name, offered, own, is_answered: false, is_shaken: false, tickets: 0 }
    }

    /// The server has answered: whether it resumes what was offered.
    ///
    /// Panics: where it resumes what is forgotten, or does not resume what may be.
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
            // A client takes a new session for the one that it offered; where it has little room it
            // may have offered none.
            let shared = trace.offered.filter(|_| resumed || self.room == Room::Enough);
            trace.own.client = shared.map_or(trace.own.client, |origin| origin.client);
            trace.own.server = offered.filter(|_| resumed).map_or(trace.own.server, |origin| origin.server);
        }
    }

    /// The client has got what it shows: tickets, or the session of its handshake.
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

    /// How the connection ended for this side forbids that its sessions are resumed.
    pub(super) fn forgets(&mut self, trace: &Trace, role: Role) {
        let [by_client, by_server] = &mut self.forgotten;
        match role {
            Role::Client => {
                by_client.insert(trace.own.client);
                // With little room it may have offered none: one that was resumed is its own then.
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
