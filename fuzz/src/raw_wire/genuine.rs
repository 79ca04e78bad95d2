//! The honest peer: rustls itself, or with the stand-in cipher its recorded handshake and its keys.

use std::io::{Read, Write};
use std::ops::Range;
use std::sync::{Arc, LazyLock};

use close_notify::{Role, Version};
use insecure_test_crypto::{ALERT, APPLICATION_DATA, Keys, client_config, server_config};
use rustls::{
    ClientConfig, ClientConnection, Connection, ServerConfig, ServerConnection, SupportedProtocolVersion,
};

use crate::forged_peer::pattern;
use crate::lab::{ROLES, Recording, VERSIONS};

/// Type, version and length.
const HEADER: usize = 5;

/// The set-up of a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setup {
    pub(super) version: Version,
    pub(super) role: Role,
    /// The handshake is over before the attacker controls the wire.
    pub(super) established: bool,
    pub(super) lenient: bool,
    /// The stream has a tracker.
    pub(super) tracked: bool,
    real: bool,
}

impl Setup {
    pub(super) fn read(byte: u8) -> Self {
        let bit = |at: u8| usize::from(byte >> at & 1);
        Self {
            version: VERSIONS[bit(0)],
            role: ROLES[bit(1)],
            established: bit(2) == 1,
            lenient: bit(3) == 1,
            tracked: byte >> 4 == 7,
            // A real handshake costs as much as thirty with the stand-in.
            real: byte >> 4 == 15,
        }
    }
}

/// The peer, and all that it has said.
pub(super) struct Genuine {
    pub(super) said: Vec<u8>,
    /// How many bytes of data it has written.
    pub(super) wrote: usize,
    /// The range of its close_notify.
    pub(super) notify: Option<Range<usize>>,
    kind: Kind,
}

enum Kind {
    Real(Box<Connection>),
    Played { flights: std::slice::Iter<'static, Vec<u8>>, keys: Keys },
}

impl Genuine {
    /// Makes our end, and the peer.
    pub(super) fn new(setup: &Setup) -> (Connection, Self) {
        let peer = |kind| Self { said: Vec::with_capacity(2048), wrote: 0, notify: None, kind };
        if setup.real {
            let configs = Configs::of(setup.version);
            let [client, server] = [configs.client(), configs.server()];
            let (ours, theirs) = if setup.role == Role::Client { (client, server) } else { (server, client) };
            let mut peer = peer(Kind::Real(Box::new(theirs)));
            peer.pull();
            return (ours, peer);
        }
        let recording = Recording::of(setup.version, setup.role);
        let kind = Kind::Played { flights: recording.flights.iter(), keys: recording.theirs[0] };
        let mut peer = peer(kind);
        if setup.role == Role::Server {
            peer.hear(&[0]);
        }
        (recording.unshaken(), peer)
    }

    /// Takes what our side sent. A recorded peer answers anything with its next flight.
    pub(super) fn hear(&mut self, mut bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        match &mut self.kind {
            Kind::Real(connection) => {
                while !bytes.is_empty() && connection.read_tls(&mut bytes).is_ok_and(|count| count > 0) {
                    // A peer that gets forged bytes gives up, and sends an alert.
                    if connection.process_new_packets().is_err() {
                        break;
                    }
                    while connection.reader().read(&mut [0; 4096]).is_ok_and(|count| count > 0) {}
                }
                self.pull();
            }
            Kind::Played { flights, .. } => self.said.extend(flights.next().into_iter().flatten()),
        }
    }

    fn is_done(&self) -> bool {
        match &self.kind {
            Kind::Real(connection) => !connection.is_handshaking(),
            Kind::Played { flights, .. } => flights.len() == 0,
        }
    }

    fn pull(&mut self) {
        if let Kind::Real(connection) = &mut self.kind {
            while connection.wants_write() {
                connection.write_tls(&mut self.said).expect("a Vec takes every byte");
            }
        }
    }

    /// Writes data, if the handshake is done and the peer has not closed.
    pub(super) fn write(&mut self, count: usize) {
        if !self.is_done() || self.notify.is_some() {
            return;
        }
        let data = pattern::piece(self.wrote, count);
        match &mut self.kind {
            Kind::Real(connection) => {
                // A connection that has failed takes nothing.
                self.wrote += connection.writer().write(data).unwrap_or(0);
                self.pull();
            }
            Kind::Played { keys, .. } => {
                keys.seal(APPLICATION_DATA, data, &mut self.said);
                self.wrote += count;
            }
        }
    }

    pub(super) fn close(&mut self) {
        if !self.is_done() || self.notify.is_some() {
            return;
        }
        let from = self.said.len();
        match &mut self.kind {
            Kind::Real(connection) => {
                connection.send_close_notify();
                self.pull();
            }
            Kind::Played { keys, .. } => keys.seal(ALERT, &[1, 0], &mut self.said),
        }
        // Nothing follows after its own alert.
        if self.said.len() > from {
            self.notify = Some(from..self.said.len());
        }
    }

    /// The length of the record at `at`, according to its header.
    pub(super) fn next_record(&self, at: usize) -> usize {
        match self.said[at..].first_chunk::<HEADER>() {
            Some(header) => HEADER + usize::from(u16::from_be_bytes([header[3], header[4]])),
            None => HEADER,
        }
    }
}

/// The configurations of one version, with the real cipher.
struct Configs {
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
}

impl Configs {
    fn of(version: Version) -> &'static Self {
        static OLD: LazyLock<Configs> = LazyLock::new(|| Configs::new(&rustls::version::TLS12));
        static NEW: LazyLock<Configs> = LazyLock::new(|| Configs::new(&rustls::version::TLS13));
        if version.has_independent_halves() { &NEW } else { &OLD }
    }

    fn new(version: &'static SupportedProtocolVersion) -> Self {
        let provider = Arc::new(close_notify::provider(rustls::crypto::ring::default_provider()));
        let client = client_config(Arc::clone(&provider), version).expect("the version is spoken");
        let server = server_config(provider, version, 2).expect("the version is spoken");
        Self { client: client.into(), server: server.into() }
    }

    fn client(&self) -> Connection {
        let name = "localhost".try_into().expect("a name");
        ClientConnection::new(Arc::clone(&self.client), name).expect("a client").into()
    }

    fn server(&self) -> Connection {
        ServerConnection::new(Arc::clone(&self.server)).expect("a server").into()
    }
}
