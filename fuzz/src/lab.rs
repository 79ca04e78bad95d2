//! Makes connections of rustls with a finished handshake in microseconds, with the stand-in
//! cryptography and one side played back.
//!
//! A handshake is recorded once for each version and role. A fresh connection then gets what the
//! other side said in it. That fits to the byte, because nothing in the stand-in is random. The
//! keys of both directions are available to the test.

use std::sync::{Arc, LazyLock};

use close_notify::{Role, Version};
use insecure_test_crypto::{
    Keys, client_config, keys_made_by, provider_without_any_security, reseed, server_config,
};
use rustls::client::UnbufferedClientConnection;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::ServerName;
use rustls::server::UnbufferedServerConnection;
use rustls::{
    ClientConfig, ClientConnection, Connection, ServerConfig, ServerConnection, SupportedProtocolVersion,
};

/// The versions that rustls supports.
pub const VERSIONS: [Version; 2] = [Version::Tls12, Version::Tls13];
/// Both ends.
pub const ROLES: [Role; 2] = [Role::Client, Role::Server];
/// How often a side may change its keys in one run (TLS 1.3).
pub const UPDATES: usize = 8;
/// The most tickets that a run asks for.
pub const TICKETS: usize = 4;

/// The keys of a direction: first the current ones, then those of each coming KeyUpdate.
pub type Chain = Vec<Keys>;

/// A recorded handshake, to be played to one end.
#[derive(Debug)]
pub struct Recording {
    version: Version,
    role: Role,
    /// What the other end sent, flight by flight.
    pub flights: Vec<Vec<u8>>,
    /// The other end's sealing keys after the handshake.
    pub theirs: Chain,
    /// This end's sealing keys after the handshake.
    pub ours: Chain,
}

impl Recording {
    /// The recording for an end of this version and role.
    #[must_use]
    pub fn of(version: Version, role: Role) -> &'static Self {
        static ALL: LazyLock<[Recording; 4]> = LazyLock::new(|| {
            let [old, new] = VERSIONS;
            let [client, server] = ROLES;
            [(old, client), (old, server), (new, client), (new, server)]
                .map(|(version, role)| Recording::make(version, role))
        });
        &ALL[usize::from(version.has_independent_halves()) * 2 + usize::from(role == Role::Server)]
    }

    fn make(version: Version, role: Role) -> Self {
        let mut ends = [End::new(version, Role::Client, 0), End::new(version, Role::Server, 0)];
        let mut said: [Vec<Vec<u8>>; 2] = Default::default();
        let mut last = Vec::new();
        for turn in 0..8 {
            let end = &mut ends[turn % 2];
            last = end.turn(&last);
            said[turn % 2].push(last.clone());
        }
        let [client, server] = ends.map(End::into_chain);
        let [from_client, from_server] = said;
        let (flights, theirs, ours) = match role {
            Role::Client => (from_server, server, client),
            Role::Server => (from_client, client, server),
        };
        let flights = flights.into_iter().filter(|flight| !flight.is_empty()).collect();
        Self { version, role, flights, theirs, ours }
    }

    /// A connection before its first byte.
    #[must_use]
    pub fn unshaken(&self) -> Connection {
        reseed(seed(self.role, 0));
        connection(self.version, self.role, 0)
    }

    /// A connection after its handshake. All that it sent during the handshake is gone.
    #[must_use]
    pub fn established(&self) -> Connection {
        self.played(End::new(self.version, self.role, 0))
    }

    /// The same without the hook of `close_notify::provider`: rustls alone.
    #[must_use]
    pub fn established_bare(&self) -> Connection {
        self.played(End::of(self.role, || Configs::bare(self.version).connection(self.role, 0)))
    }

    fn played(&self, mut end: End) -> Connection {
        if self.role == Role::Client {
            end.turn(&[]);
        }
        self.flights.iter().for_each(|flight| drop(end.turn(flight)));
        debug_assert!(!end.connection.is_handshaking(), "a recorded handshake ends");
        end.connection
    }

    /// The same for the unbuffered API: `turn` gets each flight. The first flight of a client is
    /// empty.
    #[must_use]
    pub fn established_unbuffered(&self, mut turn: impl FnMut(&mut Unbuffered, &[u8])) -> Unbuffered {
        reseed(seed(self.role, 0));
        let configs = Configs::of(self.version);
        let mut connection = match self.role {
            Role::Client => Unbuffered::Client(
                UnbufferedClientConnection::new(Arc::clone(&configs.client), name()).expect("a client"),
            ),
            Role::Server => Unbuffered::Server(
                UnbufferedServerConnection::new(Arc::clone(&configs.servers[0])).expect("a server"),
            ),
        };
        let first = (self.role == Role::Client).then_some(&[][..]);
        for (number, flight) in first.into_iter().chain(self.flights.iter().map(Vec::as_slice)).enumerate() {
            reseed(seed(self.role, number as u64 + 1));
            turn(&mut connection, flight);
        }
        connection
    }
}

/// A connection of rustls's unbuffered API.
pub enum Unbuffered {
    /// A client's.
    Client(UnbufferedClientConnection),
    /// A server's.
    Server(UnbufferedServerConnection),
}

/// A client and a server after their handshake, and the server's tickets, which the client has not
/// read.
#[must_use]
pub fn pair(version: Version, tickets: usize) -> ([Connection; 2], Vec<u8>) {
    let mut ends = [End::new(version, Role::Client, tickets), End::new(version, Role::Server, tickets)];
    let mut last = Vec::new();
    for turn in 0..8 {
        // What a server seals after the end of the handshake is not part of it.
        if ends.iter().all(|end| !end.connection.is_handshaking()) && turn % 2 == 0 {
            break;
        }
        last = ends[turn % 2].turn(&last);
    }
    (ends.map(|end| end.connection), last)
}

/// A client and a server after their handshake, each played against the recorded other side:
/// nothing is in flight between them.
#[must_use]
pub fn played_pair(version: Version) -> [Connection; 2] {
    ROLES.map(|role| Recording::of(version, role).established())
}

/// One end of a handshake, which proceeds by turns.
struct End {
    connection: Connection,
    role: Role,
    turns: u64,
    keys: Option<Keys>,
}

impl End {
    fn new(version: Version, role: Role, tickets: usize) -> Self {
        Self::of(role, || connection(version, role, tickets))
    }

    fn of(role: Role, connection: impl FnOnce() -> Connection) -> Self {
        reseed(seed(role, 0));
        let (connection, made) = keys_made_by(connection);
        Self { connection, role, turns: 0, keys: made.last().copied() }
    }

    /// Takes what the other end sent, and returns the answer.
    fn turn(&mut self, heard: &[u8]) -> Vec<u8> {
        self.turns += 1;
        reseed(seed(self.role, self.turns));
        let (said, made) = keys_made_by(|| turn(&mut self.connection, heard));
        self.keys = made.last().copied().or(self.keys);
        said
    }

    /// The keys that this end seals with, and those of the updates that it could make.
    fn into_chain(mut self) -> Chain {
        let is_13 = self.connection.protocol_version() == Some(rustls::ProtocolVersion::TLSv1_3);
        let first = self.keys.expect("a handshake that is done has made keys");
        if !is_13 {
            return vec![first.skip(1)]; // its Finished
        }
        let updates = (0..UPDATES).map(|_| {
            let (updated, made) = keys_made_by(|| self.connection.refresh_traffic_keys());
            updated.expect("TLS 1.3 changes its keys");
            made[0]
        });
        [first].into_iter().chain(updates).collect()
    }
}

/// The seed for an end's turn.
const fn seed(role: Role, turn: u64) -> u64 {
    (role as u64) << 32 | turn
}

fn turn(connection: &mut Connection, mut heard: &[u8]) -> Vec<u8> {
    while !heard.is_empty() {
        connection.read_tls(&mut heard).expect("a slice can be read");
        connection.process_new_packets().expect("the other end keeps to the protocol");
    }
    let mut said = Vec::new();
    while connection.wants_write() {
        connection.write_tls(&mut said).expect("a Vec takes every byte");
    }
    said
}

fn connection(version: Version, role: Role, tickets: usize) -> Connection {
    Configs::of(version).connection(role, tickets)
}

fn name() -> ServerName<'static> {
    "localhost".try_into().expect("a name")
}

/// The configurations of one version.
struct Configs {
    client: Arc<ClientConfig>,
    /// By the number of tickets that they send.
    servers: Vec<Arc<ServerConfig>>,
}

impl Configs {
    fn of(version: Version) -> &'static Self {
        static BOTH: LazyLock<[Configs; 2]> =
            LazyLock::new(|| Configs::both(&close_notify::provider(provider_without_any_security())));
        &BOTH[usize::from(version.has_independent_halves())]
    }

    /// The configurations of rustls alone.
    fn bare(version: Version) -> &'static Self {
        static BOTH: LazyLock<[Configs; 2]> =
            LazyLock::new(|| Configs::both(&provider_without_any_security()));
        &BOTH[usize::from(version.has_independent_halves())]
    }

    fn both(provider: &CryptoProvider) -> [Self; 2] {
        [&rustls::version::TLS12, &rustls::version::TLS13].map(|version| Self::new(provider, version))
    }

    fn new(provider: &CryptoProvider, version: &'static SupportedProtocolVersion) -> Self {
        let provider = Arc::new(provider.clone());
        let client = client_config(Arc::clone(&provider), version).expect("the version is spoken");
        let server = |tickets| {
            server_config(Arc::clone(&provider), version, tickets).expect("the version is spoken").into()
        };
        Self { client: client.into(), servers: (0..=TICKETS).map(server).collect() }
    }

    fn connection(&self, role: Role, tickets: usize) -> Connection {
        match role {
            Role::Client => ClientConnection::new(Arc::clone(&self.client), name()).expect("a client").into(),
            Role::Server => {
                let config = &self.servers[tickets.min(TICKETS)];
                ServerConnection::new(Arc::clone(config)).expect("a server").into()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use insecure_test_crypto::APPLICATION_DATA;

    use super::*;

    #[test]
    fn a_played_connection_opens_what_the_recorded_keys_seal_and_vice_versa() {
        for (version, role) in VERSIONS.into_iter().flat_map(|version| ROLES.map(|role| (version, role))) {
            let recording = Recording::of(version, role);
            let mut connection = recording.established();
            let mut record = Vec::new();
            recording.theirs[0].clone().seal(APPLICATION_DATA, b"hello", &mut record);
            assert!(turn(&mut connection, &record).is_empty());
            let mut heard = [0; 5];
            connection.reader().read_exact(&mut heard).unwrap();
            assert_eq!(&heard, b"hello", "{version:?} {role:?}");

            connection.writer().write_all(b"world").unwrap();
            let said = turn(&mut connection, &[]);
            let opened =
                recording.ours[0].clone().open(&said).map(|opened| (opened.content, opened.payload.to_vec()));
            assert_eq!(opened, Some((APPLICATION_DATA, b"world".to_vec())), "{version:?} {role:?}");
        }
    }

    #[test]
    fn keys_of_an_update_open_what_comes_after_it() {
        let recording = Recording::of(Version::Tls13, Role::Client);
        let mut connection = recording.established();
        let mut bytes = Vec::new();
        for update in 0..UPDATES {
            recording.theirs[update].clone().seal(22, &[24, 0, 0, 1, 0], &mut bytes);
        }
        recording.theirs[UPDATES].clone().seal(APPLICATION_DATA, b"x", &mut bytes);
        turn(&mut connection, &bytes);
        assert_eq!(connection.reader().read(&mut [0; 8]).unwrap(), 1);
    }

    #[test]
    fn two_played_ends_understand_each_other_and_tickets_are_sealed_with_the_recorded_keys() {
        for version in VERSIONS {
            let [mut client, mut server] = played_pair(version);
            client.writer().write_all(b"x").unwrap();
            let said = turn(&mut client, &[]);
            turn(&mut server, &said);
            assert_eq!(server.reader().read(&mut [0; 8]).unwrap(), 1);
            assert!(Recording::of(version, Role::Client).ours[0].clone().open(&said).is_some());
        }
        let (_, tickets) = pair(Version::Tls13, 1);
        assert!(Recording::of(Version::Tls13, Role::Server).ours[0].clone().open(&tickets).is_some());
    }

    #[test]
    fn a_pair_speaks_and_holds_its_tickets_back() {
        for (version, tickets) in [(Version::Tls12, 0), (Version::Tls13, 0), (Version::Tls13, 2)] {
            let ([mut client, mut server], left) = pair(version, tickets);
            assert_eq!(left.is_empty(), tickets == 0);
            turn(&mut client, &left);
            client.writer().write_all(b"x").unwrap();
            let said = turn(&mut client, &[]);
            turn(&mut server, &said);
            assert_eq!(server.reader().read(&mut [0; 8]).unwrap(), 1);
        }
    }
}
