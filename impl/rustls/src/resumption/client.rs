//! The guard of a client.
//!
//! Decides which sessions are a connection's own: the tickets that came on it, and up to TLS 1.2
//! the session that it made or offered. Leaves to [`kept`](super::kept) how they are kept, and to
//! the core when they are forgotten.
//!
//! It keeps the sessions itself. A store of the user cannot be guarded: rustls's values name
//! neither their session nor their connection, and a ticket can be seen only by taking it out,
//! where other connections then miss it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::client::{
    ClientSessionStore, Resumption, Tls12ClientSessionValue, Tls12Resumption, Tls13ClientSessionValue,
};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, NamedGroup};

use super::kept::{Kept, Origin};
use crate::resumption::forget::ForgetSession;

/// How many sessions are kept where nobody says otherwise, as in rustls: eight for each of 256
/// names.
const SESSIONS: usize = 256 * super::kept::TICKETS;

/// The sessions of a client, each known by the connection that it came from.
///
/// It takes the place of rustls's [`Resumption`]: same bounds, same order. Each connection gets a
/// configuration and what forgets its sessions: give that to
/// [`Session::with_forget`](crate::Session::with_forget), or call it where a connection ended by a
/// fatal alert. Behind a [`forget`](ForgetSession::forget)
///
/// * tickets that came on the connection are gone, and those that still come are not kept;
/// * up to TLS 1.2 the session that it made or resumed is gone, whichever connection stored it
///   last, and those that are about to resume it do not store it again;
/// * tickets of other connections to the same name stay, and so do hints for the key exchange.
///
/// rustls does not say whether a session of TLS 1.2 that was offered was also resumed: it counts as
/// resumed. More may then be forgotten than must be, which costs a full handshake.
///
/// Which ends forbid resumption is the policy's choice:
/// [`ResumptionRule::Rfc2818`](crate::ResumptionRule::Rfc2818) forgets behind a bare FIN too.
///
/// Units: a configuration costs one clone of rustls's, some reference counts and short vectors:
/// 0.15 µs where we measured it, beside some 150 µs that its end of a resumed handshake takes. A
/// connection that ends well costs nothing more.
///
/// Shape: one configuration for one connection. Connections that share one are forgotten together.
///
/// With tokio-rustls: `TlsConnector::from(config)` for each connection. Take its stream apart and
/// adopt the connection with what forgets, by [`Session::adopt`](crate::Session::adopt) and
/// `with_forget`; or keep the stream, and call `forget` where an `io::Error` of it holds a
/// [`rustls::Error`]: an alert that came, or a fault that rustls answered with one.
///
/// ```
/// use close_notify::{ClientGuard, Policy, Session};
/// use rustls::{ClientConfig, ClientConnection, RootCertStore};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let provider = close_notify::provider(rustls::crypto::ring::default_provider());
/// let config: ClientConfig = // as ever
/// #     ClientConfig::builder_with_provider(provider.into())
/// #         .with_safe_default_protocol_versions()?
/// #         .with_root_certificates(RootCertStore::empty())
/// #         .with_no_client_auth();
/// let guard = ClientGuard::new(); // one for all connections
///
/// // for each connection
/// let (config, forget) = guard.for_connection(&config);
/// let connection = ClientConnection::new(config, "localhost".try_into()?)?;
/// let session = Session::new(connection, Policy::STRICT).with_forget(forget);
/// # drop(session);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ClientGuard {
    kept: Arc<Kept>,
    tls12: Tls12Resumption,
}

impl ClientGuard {
    /// A guard with room for as many sessions as rustls keeps where nobody says otherwise.
    #[must_use]
    pub fn new() -> Self {
        Self::with_sessions(SESSIONS)
    }

    /// A guard with room for this many sessions.
    ///
    /// Units: sessions, eight for each name, rounded up to whole names: as in
    /// [`Resumption::in_memory_sessions`].
    #[must_use]
    pub fn with_sessions(sessions: usize) -> Self {
        Self { kept: Arc::new(Kept::new(sessions)), tls12: Tls12Resumption::SessionIdOrTickets }
    }

    /// The same guard, resuming TLS 1.2 by these means. The default is rustls's, ids or tickets.
    ///
    /// `Disabled` is taken by its word: rustls alone offers ids even then, where its store has
    /// some.
    ///
    /// ```
    /// use close_notify::ClientGuard;
    /// use rustls::client::Tls12Resumption;
    /// let guard = ClientGuard::new().tls12_resumption(Tls12Resumption::SessionIdOnly);
    /// # drop(guard);
    /// ```
    #[must_use]
    pub fn tls12_resumption(self, tls12: Tls12Resumption) -> Self {
        Self { tls12, ..self }
    }

    /// The configuration of one connection, and what forgets its sessions.
    ///
    /// All but `resumption` is as in `config`, whose own sessions are neither used nor seen.
    #[must_use]
    pub fn for_connection(&self, config: &ClientConfig) -> (Arc<ClientConfig>, ClientForget) {
        let connection = Arc::new(Connection {
            kept: Arc::clone(&self.kept),
            offers_tls12: self.tls12 != Tls12Resumption::Disabled,
            own: Origin::default(),
            seen: Mutex::default(),
        });
        let store: Arc<dyn ClientSessionStore> = Arc::<Connection>::clone(&connection);
        let mut config = config.clone();
        config.resumption = Resumption::store(store).tls12_resumption(self.tls12);
        (Arc::new(config), ClientForget { connection })
    }
}

impl Default for ClientGuard {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ClientGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientGuard").field("tls12_resumption", &self.tls12).finish_non_exhaustive()
    }
}

/// Forgets the sessions of one connection of a client: see [`ClientGuard`], which makes it.
///
/// ```
/// use close_notify::{ClientForget, ClientGuard, ForgetSession};
/// # fn example(config: &rustls::ClientConfig) {
/// let (_, forget): (_, ClientForget) = ClientGuard::new().for_connection(config);
/// forget.forget();
/// forget.forget(); // as good as once
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ClientForget {
    connection: Arc<Connection>,
}

impl ForgetSession for ClientForget {
    fn forget(&self) {
        self.connection.forget();
    }
}

/// The store as one connection sees it.
struct Connection {
    kept: Arc<Kept>,
    offers_tls12: bool,
    own: Origin,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// The name whose sessions were stored or offered.
    name: Option<ServerName<'static>>,
    /// Where the session of TLS 1.2 came from that was offered.
    offered: Option<Origin>,
}

impl Connection {
    fn forget(&self) {
        let seen = self.seen();
        self.own.forget();
        // RFC 5246 §7.2.2 · fatal-forgets-session: for all connections that share it
        if let Some(offered) = &seen.offered {
            offered.forget();
        }
        if let Some(name) = &seen.name {
            self.kept.drop_forgotten(name);
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientSessionStore for Connection {
    fn set_kx_hint(&self, server_name: ServerName<'static>, group: NamedGroup) {
        self.kept.set_kx_hint(server_name, group);
    }

    fn kx_hint(&self, server_name: &ServerName<'_>) -> Option<NamedGroup> {
        self.kept.kx_hint(server_name)
    }

    fn set_tls12_session(&self, server_name: ServerName<'static>, value: Tls12ClientSessionValue) {
        let mut seen = self.seen();
        let origin = seen.offered.as_ref().unwrap_or(&self.own).clone();
        seen.name = Some(server_name.clone());
        self.kept.set_tls12(server_name, value, origin);
    }

    fn tls12_session(&self, server_name: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        let mut seen = self.seen();
        // What is offered behind the forgetting would not be forgotten.
        if !self.offers_tls12 || self.own.is_forgotten() {
            return None;
        }
        let (value, origin) = self.kept.tls12(server_name)?;
        seen.name = Some(server_name.to_owned());
        seen.offered = Some(origin);
        Some(value)
    }

    fn remove_tls12_session(&self, server_name: &ServerName<'static>) {
        self.kept.remove_tls12(server_name);
    }

    fn insert_tls13_ticket(&self, server_name: ServerName<'static>, value: Tls13ClientSessionValue) {
        self.seen().name = Some(server_name.clone());
        self.kept.insert_tls13(server_name, value, self.own.clone());
    }

    fn take_tls13_ticket(&self, server_name: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        self.kept.take_tls13(server_name)
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("is_forgotten", &self.own.is_forgotten()).finish_non_exhaustive()
    }
}
