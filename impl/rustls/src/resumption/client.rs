//! The client's guard.
//!
//! Decides which sessions belong to a connection: the tickets that it received, and up to TLS 1.2
//! the session that it made or offered. Leaves to [`kept`](super::kept) how they are kept, and to
//! the core when they are forgotten.
//!
//! It keeps the sessions itself. A store of the user cannot be guarded: the values of rustls name
//! neither their session nor their connection, and a ticket can only be inspected by taking it out,
//! which hides it from other connections.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::client::{
    ClientSessionStore, Resumption, Tls12ClientSessionValue, Tls12Resumption, Tls13ClientSessionValue,
};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, NamedGroup};

use super::kept::{Kept, Origin};
use crate::resumption::forget::ForgetSession;

/// How many sessions are kept by default, as in rustls: eight for each of 256 names.
const SESSIONS: usize = 256 * super::kept::TICKETS;

/// Keeps the sessions of a client, and knows which connection each one came from.
///
/// It replaces the rustls [`Resumption`], with the same bounds and the same order. For each
/// connection it makes a configuration, and a [`ClientForget`] that forgets the connection's
/// sessions. Give that to [`Session::with_forget`](crate::Session::with_forget), or call it when a
/// connection has ended in a fatal alert. After a [`forget`](ForgetSession::forget):
///
/// * Tickets that arrived on the connection are gone, and those that still arrive are not kept.
/// * Up to TLS 1.2, the session that the connection made or resumed is gone, whichever connection
///   stored it last. Connections that are about to resume it do not store it again.
/// * Tickets of other connections to the same name stay, and so do hints for the key exchange.
///
/// rustls does not say whether an offered TLS 1.2 session was also resumed, so it counts as
/// resumed. More may be forgotten than necessary, which costs a full handshake.
///
/// The policy chooses which ends forbid resumption:
/// [`ResumptionRule::Rfc2818`](crate::ResumptionRule::Rfc2818) also forgets after a bare FIN.
///
/// Use each configuration for one connection. Connections that share a configuration are forgotten
/// together.
///
/// A configuration costs one clone of the rustls configuration, a few reference counts and short
/// vectors. We measured 0.15 µs, compared with some 150 µs for one end of a resumed handshake. A
/// connection that ends well costs nothing more.
///
/// # Use with tokio-rustls
///
/// Make a `TlsConnector::from(config)` for each connection. Then take its stream apart and adopt
/// the connection, by [`Session::adopt`](crate::Session::adopt) and `with_forget`. Or keep the
/// stream, and call `forget` if one of its `io::Error`s contains a [`rustls::Error`]: an alert that
/// arrived, or a fault that rustls answered with an alert.
///
/// # Examples
///
/// ```
/// use close_notify::{ClientGuard, Policy, Session};
/// use rustls::{ClientConfig, ClientConnection, RootCertStore};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let provider = close_notify::provider(rustls::crypto::ring::default_provider());
/// let config: ClientConfig = // as usual
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
    /// Makes a guard with room for as many sessions as rustls keeps by default.
    #[must_use]
    pub fn new() -> Self {
        Self::with_sessions(SESSIONS)
    }

    /// Makes a guard with room for this many sessions, eight for each name, rounded up to whole
    /// names, as in [`Resumption::in_memory_sessions`].
    #[must_use]
    pub fn with_sessions(sessions: usize) -> Self {
        Self { kept: Arc::new(Kept::new(sessions)), tls12: Tls12Resumption::SessionIdOrTickets }
    }

    /// Sets how TLS 1.2 sessions are resumed. The default is that of rustls, ids or tickets.
    ///
    /// `Disabled` really disables resumption: rustls alone still offers ids if its store has some.
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

    /// Makes the configuration of one connection, and what forgets its sessions.
    ///
    /// Everything but `resumption` is as in `config`, whose own sessions are neither used nor seen.
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

/// Forgets the sessions of one client connection. A [`ClientGuard`] makes it.
///
/// ```
/// use close_notify::{ClientForget, ClientGuard, ForgetSession};
/// # fn example(config: &rustls::ClientConfig) {
/// let (_, forget): (_, ClientForget) = ClientGuard::new().for_connection(config);
/// forget.forget();
/// forget.forget(); // a second call changes nothing
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
    /// The name for which sessions were stored or offered.
    name: Option<ServerName<'static>>,
    /// The origin of the TLS 1.2 session that was offered.
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
        // A session that is offered after the forgetting would not be forgotten.
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
