//! The server's guard.
//!
//! Decides which sessions belong to a connection. Each connection that issues a session has a
//! number, which is put in front of the session in a storage and inside its tickets. A session that
//! is resumed up to TLS 1.2 keeps its number, because it is the same session. Each TLS 1.3
//! connection gives its tickets its own number. To forget is to remove what was stored and to
//! refuse the number. Leaves to [`denied`](super::denied) how numbers are refused, and to the core
//! when.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::server::{ProducesTickets, StoresServerSessions};

use super::denied::Denied;
use super::tag;
use crate::resumption::forget::ForgetSession;

/// How many numbers are refused individually by default.
const NUMBERS: usize = 16 * 1024;
/// How many stored sessions of one connection are removed individually; any more are refused by
/// their number.
const KEYS: usize = 16;

/// Guards what the connections of a server issued, and knows which connection each session came
/// from.
///
/// It wraps the storage and the ticketer of a configuration. For each connection it makes a
/// configuration, and a [`ServerForget`] that forgets the connection's sessions. Give that to
/// [`Session::with_forget`](crate::Session::with_forget), or call it when a connection has ended in
/// a fatal alert. After a [`forget`](ForgetSession::forget):
///
/// * Sessions that the connection stored are removed, and its tickets are refused. It issues no
///   more.
/// * Up to TLS 1.2, the session that it resumed is also removed and refused, as id and as ticket,
///   whichever connection issued them.
/// * Sessions and tickets of other connections stay, even those of the same client. In TLS 1.3 this
///   includes the ticket that was resumed: rustls takes it from a storage only once, but a ticketer
///   may accept it again.
///
/// A refused session costs its client a full handshake and no more.
///
/// Use each configuration for one connection. Connections that share a configuration are forgotten
/// together.
///
/// # Costs
///
/// Each ticket and each stored session takes 16 bytes more. Up to
/// [`with_capacity`](Self::with_capacity) refused connections are known individually, at 24 bytes
/// each at most. If one more is added, the oldest of them and all that are as old are refused. Only
/// a connection that issued or resumed a session takes a place. Handshakes that fail earlier take
/// none, and neither does a server that has never had a ticketer.
///
/// A configuration costs one clone of the rustls configuration, a few reference counts and short
/// vectors. We measured 0.15 µs, compared with some 150 µs for one end of a resumed handshake. A
/// connection that ends well costs nothing more.
///
/// # Limits
///
/// Only this guard knows what is refused, so it accepts nothing that another guard issued.
/// Processes that share a storage or a ticketer do not resume each other's sessions, and no session
/// is resumed across a restart.
///
/// # Use with tokio-rustls
///
/// Make a `TlsAcceptor::from(config)` for each connection. Then take its stream apart and adopt the
/// connection, by [`Session::adopt`](crate::Session::adopt) and `with_forget`. Or keep the stream,
/// and call `forget` if one of its `io::Error`s contains a [`rustls::Error`]: an alert that
/// arrived, or a fault that rustls answered with an alert.
///
/// # Examples
///
/// ```
/// use close_notify::{Policy, ServerGuard, Session};
/// use rustls::{ServerConfig, ServerConnection};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])?;
/// # let certificate = made.cert.der().clone();
/// # let key = rustls::pki_types::PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
/// # let provider = close_notify::provider(rustls::crypto::ring::default_provider());
/// let mut config: ServerConfig = // as usual
/// #     ServerConfig::builder_with_provider(provider.into())
/// #         .with_safe_default_protocol_versions()?
/// #         .with_no_client_auth()
/// #         .with_single_cert(vec![certificate], key)?;
/// config.ticketer = rustls::crypto::ring::Ticketer::new()?; // or none: sessions are then stored
/// let guard = ServerGuard::new(); // one for all connections
///
/// // for each connection
/// let (config, forget) = guard.for_connection(&config);
/// let connection = ServerConnection::new(config)?;
/// let session = Session::new(connection, Policy::STRICT).with_forget(forget);
/// # drop(session);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ServerGuard {
    numbers: Arc<Numbers>,
}

impl ServerGuard {
    /// Makes a guard that refuses up to 16,384 connections individually.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(NUMBERS)
    }

    /// Makes a guard that refuses up to this many connections individually.
    #[must_use]
    pub fn with_capacity(connections: usize) -> Self {
        Self {
            numbers: Arc::new(Numbers {
                guard: RandomState::new().hash_one(()),
                last: AtomicU64::new(0),
                denied: RwLock::new(Denied::new(connections)),
                has_tickets: AtomicBool::new(false),
            }),
        }
    }

    /// Makes the configuration of one connection, and what forgets its sessions.
    ///
    /// Everything but `session_storage` and `ticketer` is as in `config`. The storage and the
    /// ticketer of the result wrap those of `config`.
    #[must_use]
    pub fn for_connection(&self, config: &ServerConfig) -> (Arc<ServerConfig>, ServerForget) {
        if config.ticketer.enabled() {
            self.numbers.has_tickets.store(true, Ordering::Release);
        }
        let connection = Arc::new(Connection {
            numbers: Arc::clone(&self.numbers),
            storage: Arc::clone(&config.session_storage),
            ticketer: Arc::clone(&config.ticketer),
            known: Mutex::default(),
        });
        let mut config = config.clone();
        config.session_storage = Arc::<Connection>::clone(&connection);
        config.ticketer = Arc::<Connection>::clone(&connection);
        (Arc::new(config), ServerForget { connection })
    }
}

impl Default for ServerGuard {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ServerGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerGuard").finish_non_exhaustive()
    }
}

/// Forgets the sessions of one server connection. A [`ServerGuard`] makes it.
///
/// ```
/// use close_notify::{ForgetSession, ServerForget, ServerGuard};
/// # fn example(config: &rustls::ServerConfig) {
/// let (_, forget): (_, ServerForget) = ServerGuard::new().for_connection(config);
/// forget.forget();
/// forget.forget(); // a second call changes nothing
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ServerForget {
    connection: Arc<Connection>,
}

impl ForgetSession for ServerForget {
    fn forget(&self) {
        self.connection.forget();
    }
}

/// What all connections of a guard share.
struct Numbers {
    /// Distinguishes this guard from others that share a storage or a ticketer. It need not be
    /// secret.
    guard: u64,
    last: AtomicU64,
    denied: RwLock<Denied>,
    /// Whether any connection had a ticketer. If not, a session exists only in the storage.
    has_tickets: AtomicBool,
}

impl Numbers {
    /// A number that was never given before. Numbers start at one and increase.
    fn next(&self) -> u64 {
        self.last.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn deny(&self, numbers: impl Iterator<Item = u64>) {
        let mut denied = self.denied.write().unwrap_or_else(PoisonError::into_inner);
        numbers.for_each(|number| denied.insert(number));
    }

    fn is_denied(&self, number: u64) -> bool {
        self.denied.read().unwrap_or_else(PoisonError::into_inner).contains(number)
    }
}

/// The storage and the ticketer as one connection sees them.
struct Connection {
    numbers: Arc<Numbers>,
    storage: Arc<dyn StoresServerSessions>,
    ticketer: Arc<dyn ProducesTickets>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    is_forgotten: bool,
    /// The number of what this connection issued.
    own: Option<u64>,
    /// The number of the session that was found, up to TLS 1.2. If any session is resumed, it is
    /// the last one found.
    found: Option<u64>,
    /// The storage keys of what this connection stored and found.
    keys: Vec<Vec<u8>>,
    /// Whether there were more keys.
    lacks_keys: bool,
}

impl Known {
    fn note_key(&mut self, key: Vec<u8>) {
        if self.keys.len() < KEYS {
            self.keys.push(key);
        } else {
            self.lacks_keys = true;
        }
    }
}

impl Connection {
    fn forget(&self) {
        let mut known = self.known();
        known.is_forgotten = true;
        if known.lacks_keys || self.numbers.has_tickets.load(Ordering::Acquire) {
            self.numbers.deny(known.own.into_iter().chain(known.found));
        }
        for key in known.keys.drain(..) {
            drop(self.storage.take(&key));
        }
    }

    /// The session with its number, unless the connection is forgotten.
    fn tagged(&self, known: &mut Known, session: &[u8]) -> Option<Vec<u8>> {
        if known.is_forgotten {
            return None;
        }
        let number = match known.found {
            Some(found) if !tag::is_tls13(session) => found,
            _ => *known.own.get_or_insert_with(|| self.numbers.next()),
        };
        Some(tag::tagged(self.numbers.guard, number, session))
    }

    /// The session without its number, unless the session or the connection is forgotten.
    fn untagged(&self, known: &mut Known, bytes: &[u8]) -> Option<Vec<u8>> {
        let (number, session) = tag::untagged(self.numbers.guard, bytes)?;
        if known.is_forgotten || self.numbers.is_denied(number) {
            return None;
        }
        known.found = (!tag::is_tls13(session)).then_some(number);
        Some(session.to_vec())
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StoresServerSessions for Connection {
    fn put(&self, key: Vec<u8>, value: Vec<u8>) -> bool {
        // Locked until the session is stored: a forget that comes in the meantime then finds the
        // key.
        let mut known = self.known();
        let Some(tagged) = self.tagged(&mut known, &value) else { return false };
        let is_stored = self.storage.put(key.clone(), tagged);
        if is_stored {
            known.note_key(key);
        }
        is_stored
    }

    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        let mut known = self.known();
        let session = self.untagged(&mut known, &self.storage.get(key)?)?;
        known.note_key(key.to_vec());
        Some(session)
    }

    fn take(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.untagged(&mut self.known(), &self.storage.take(key)?)
    }

    fn can_cache(&self) -> bool {
        self.storage.can_cache()
    }
}

impl ProducesTickets for Connection {
    fn enabled(&self) -> bool {
        self.ticketer.enabled()
    }

    fn lifetime(&self) -> u32 {
        self.ticketer.lifetime()
    }

    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        let tagged = self.tagged(&mut self.known(), plain)?;
        self.ticketer.encrypt(&tagged)
    }

    fn decrypt(&self, cipher: &[u8]) -> Option<Vec<u8>> {
        self.untagged(&mut self.known(), &self.ticketer.decrypt(cipher)?)
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("is_forgotten", &self.known().is_forgotten).finish_non_exhaustive()
    }
}
