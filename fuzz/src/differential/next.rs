//! The development version of the next rustls, as a careful application uses it. `bare` does the
//! same with the current one.
//!
//! Its connections own no buffers: they append their output to one of ours, and read their input
//! from another.

use std::io::{ErrorKind, Write};
use std::sync::{Arc, LazyLock};

use close_notify::{Role, Version};
use rustls_next::client::ClientSide;
use rustls_next::crypto::Identity;
use rustls_next::server::ServerSide;
use rustls_next::{ClientConfig, Connection, Error, IoState, RootCertStore, ServerConfig, Tcp, VecInput};

use super::keyed_peer::Directions;
use super::outcome::{Kind, Outcome};
use super::peer::{bytes, said};
use super::real_peer::{IDENTITY, shakes};
use super::script::Script;
use super::subject::{DATA, End, play};
use super::wire::Wire;

/// The outcome of the script.
pub(super) fn outcome(script: &Script) -> Outcome {
    let wire = Wire::new(usize::MAX);
    let (next, mut keys) = connected(script, &wire);
    wire.set_chunk(script.chunk);
    let arriving = bytes(script, &mut keys);
    let (read, kind) = play(script, &arriving, &wire, next);
    Outcome { kind, read, said: said(&wire.take_written(), &mut keys) }
}

/// Both ends after their handshake.
fn connected(script: &Script, wire: &Wire) -> (Next, Directions) {
    let configs = &CONFIGS[usize::from(script.version.has_independent_halves())];
    let mut out = Vec::new();
    let connection = match script.role {
        Role::Client => {
            let name = "localhost".try_into().expect("a name");
            Side::Client(configs.0.connect(name).build(&mut out).expect("a client"))
        }
        Role::Server => Side::Server(Connection::new(Arc::clone(&configs.1)).expect("a server")),
    };
    let input = VecInput::default();
    let mut next = Next { connection, input, out, wire: wire.clone(), has_failed: false };
    let keys = shakes(script, wire, || {
        next.flush();
        while next.receive().is_none() {}
        !next.connection.is_handshaking()
    });
    (next, keys)
}

type Configs = (Arc<ClientConfig>, Arc<ServerConfig>);

/// The configurations of TLS 1.2 and 1.3.
static CONFIGS: LazyLock<[Configs; 2]> = LazyLock::new(|| [Version::Tls12, Version::Tls13].map(configs));

fn configs(version: Version) -> Configs {
    let provider = Arc::new(match version.has_independent_halves() {
        true => rustls_ring::DEFAULT_TLS13_PROVIDER,
        false => rustls_ring::DEFAULT_TLS12_PROVIDER,
    });
    let mut roots = RootCertStore::empty();
    roots.add(IDENTITY.certificate.clone()).expect("a certificate");
    let client = ClientConfig::builder(Arc::clone(&provider))
        .with_root_certificates(roots)
        .with_no_client_auth()
        .expect("a configuration");
    let identity = Identity::from_cert_chain(vec![IDENTITY.certificate.clone()]).expect("a certificate");
    let mut server = ServerConfig::builder(provider)
        .with_no_client_auth()
        .with_single_cert(Arc::new(identity), IDENTITY.key.clone_key())
        .expect("the key fits");
    server.send_tls13_tickets.default = 0;
    (Arc::new(client), Arc::new(server))
}

enum Side {
    Client(Connection<ClientSide, Tcp>),
    Server(Connection<ServerSide, Tcp>),
}

impl Side {
    fn is_handshaking(&self) -> bool {
        match self {
            Self::Client(client) => client.is_handshaking(),
            Self::Server(server) => server.is_handshaking(),
        }
    }

    fn handle(
        &mut self,
        input: &mut VecInput,
        out: &mut Vec<u8>,
        data: &mut Vec<u8>,
    ) -> Result<IoState, Error> {
        match self {
            Self::Client(client) => client.read_tls(input, out).handle_all(data),
            Self::Server(server) => server.read_tls(input, out).handle_all(data),
        }
    }

    fn write(&mut self, data: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        match self {
            Self::Client(client) => client.write(data.into(), out),
            Self::Server(server) => server.write(data.into(), out),
        }
    }

    fn send_close_notify(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        match self {
            Self::Client(client) => client.send_close_notify(out),
            Self::Server(server) => server.send_close_notify(out),
        }
    }
}

struct Next {
    connection: Side,
    input: VecInput,
    out: Vec<u8>,
    wire: Wire,
    has_failed: bool,
}

impl Next {
    fn flush(&mut self) {
        // A write that fails does not stop reading.
        let _ = self.wire.write_all(&self.out);
        self.out.clear();
    }

    /// Handles what came. Returns the number of bytes and the state, unless more must be read
    /// first.
    fn receive(&mut self) -> Option<(usize, Kind)> {
        let mut data = Vec::new();
        let is_at_end = match self.input.read(&mut self.wire) {
            Ok(count) => count == 0,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Some((0, Kind::Nothing)),
            Err(_) => return Some((0, Kind::Reset)),
        };
        let handled = self.connection.handle(&mut self.input, &mut self.out, &mut data);
        self.flush();
        match handled {
            Err(error) => Some((data.len(), failure(&error))),
            Ok(state) if state.peer_has_closed() => Some((data.len(), Kind::Clean)),
            Ok(_) if is_at_end => Some((data.len(), Kind::Truncated)),
            Ok(_) if data.is_empty() => None,
            Ok(_) => Some((data.len(), Kind::Nothing)),
        }
    }
}

fn failure(error: &Error) -> Kind {
    match error {
        Error::AlertReceived(alert) => Kind::Alert(u8::from(*alert)),
        _ => Kind::Refused,
    }
}

impl End for Next {
    fn read(&mut self) -> (usize, Kind) {
        let mut count = 0;
        loop {
            match self.receive() {
                None => {}
                Some((some @ 1.., Kind::Nothing)) => count += some,
                Some((some, kind)) => {
                    self.has_failed = !matches!(kind, Kind::Nothing | Kind::Clean | Kind::Truncated);
                    return (count + some, kind);
                }
            }
        }
    }

    fn write(&mut self) {
        let _ = self.connection.write(DATA, &mut self.out);
        self.flush();
    }

    fn close(&mut self, _: bool) {
        // RFC 9846 §6.1 · fatal-no-notify
        if !self.has_failed {
            let _ = self.connection.send_close_notify(&mut self.out);
        }
        self.flush();
        self.wire.shut();
    }
}
