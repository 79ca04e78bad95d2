//! Handshakes that say why they failed: this side's alert reaches the peer, and the peer's alert
//! reaches the caller.
//!
//! Decides nothing about closing: a handshake that fails ends as the core says (the whole alert is
//! sent, the write side is shut, a bounded drain follows).
//! Sources: RFC 9846 §6.2 · alert-survives-close, salvage-alert.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use close_notify_core::Policy;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, ServerConfig, ServerConnection};

use crate::blocking::given_up::given_up;
use crate::blocking::stream::Stream;
use crate::driver::lingering::Lingering;
use crate::resumption::{ClientGuard, ServerGuard};
use crate::session::Session;
use crate::transport::Transport;

/// How long a handshake may take by default.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Connects as a client over any transport: does the handshake and returns the stream.
///
/// ```
/// use std::net::TcpStream;
/// use close_notify::{Close, Connector, Policy};
/// # fn example(
/// #     config: rustls::ClientConfig,
/// #     socket: TcpStream,
/// # ) -> Result<(), Box<dyn std::error::Error>> {
/// let connector = Connector::new(config, Policy::STRICT);
/// // Fails with the server's alert, if it sends one.
/// let mut stream = connector.connect("example.org".try_into()?, socket)?;
/// println!("{}", stream.close(Close::Graceful)?);
/// # Ok(())
/// # }
/// # let _ = example;
/// ```
#[derive(Clone, Debug)]
pub struct Connector(Settings<ClientConfig, ClientGuard>);

impl Connector {
    /// Makes a connector for this configuration, preferably built with
    /// [`provider`](crate::provider). Its streams use this policy.
    #[must_use]
    pub fn new(config: impl Into<Arc<ClientConfig>>, policy: Policy) -> Self {
        Self(Settings::new(config.into(), policy))
    }

    /// Limits how long a handshake may take. The default is 10 s.
    #[must_use]
    pub const fn handshake_within(mut self, patience: Duration) -> Self {
        self.0.patience = patience;
        self
    }

    /// Sets the service that takes sockets once only TCP is left to finish. A handshake that fails
    /// is then done as soon as its alert has left. The connector's streams use the service too.
    #[cfg(unix)]
    #[must_use]
    pub fn with_lingerer(self, lingerer: &close_notify_linger::Lingerer) -> Self {
        Self(Settings { lingering: lingerer.clone().into(), ..self.0 })
    }

    /// Sets the guard that keeps the sessions of this connector, and forgets them when a rule
    /// requires it.
    #[must_use]
    pub fn with_guard(self, guard: ClientGuard) -> Self {
        Self(Settings { guard: Some(guard), ..self.0 })
    }

    fn session(&self, name: ServerName<'static>) -> io::Result<Session> {
        let made = |config| ClientConnection::new(config, name).map_err(misuse);
        let Settings { config, policy, guard, .. } = &self.0;
        Ok(match guard {
            None => Session::new(made(Arc::clone(config))?, *policy),
            Some(guard) => {
                let (config, forget) = guard.for_connection(config);
                Session::new(made(config)?, *policy).with_forget(forget)
            }
        })
    }

    /// Completes a handshake and returns the stream.
    ///
    /// # Errors
    ///
    /// * How the connection ended: the server's alert, not the reset that followed it.
    ///   [`Ending::find`](crate::FindEnding::find) finds the ending in the error.
    /// * `InvalidInput` if rustls refuses the configuration.
    /// * `InvalidInput` if the transport is nonblocking. Use [`Stream::complete_handshake`] for
    ///   such a transport.
    pub fn connect<T: Transport>(&self, name: ServerName<'static>, transport: T) -> io::Result<Stream<T>> {
        self.0.complete(self.session(name)?, transport)
    }

    /// Completes a handshake and returns the tokio stream.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the transport is dropped with it.
    ///
    /// # Errors
    ///
    /// Fails as [`connect`](Self::connect) does.
    ///
    /// # Panics
    ///
    /// Panics if it is awaited outside a tokio runtime with timers enabled.
    #[cfg(feature = "tokio")]
    pub async fn connect_async<IO: crate::tasks::Transport>(
        &self,
        name: ServerName<'static>,
        io: IO,
    ) -> io::Result<crate::tasks::Stream<IO>> {
        self.0.complete_async(self.session(name)?, io).await
    }
}

/// Accepts as a server over any transport: does the handshake and returns the stream.
///
/// ```
/// use std::net::TcpListener;
/// use close_notify::{Acceptor, Close, Policy};
/// # fn example(config: rustls::ServerConfig, listener: TcpListener) -> std::io::Result<()> {
/// let acceptor = Acceptor::new(config, Policy::STRICT);
/// let mut stream = acceptor.accept(listener.accept()?.0)?; // lingers if it refuses the client
/// println!("{}", stream.close(Close::Linger)?);
/// # Ok(())
/// # }
/// # let _ = example;
/// ```
#[derive(Clone, Debug)]
pub struct Acceptor(Settings<ServerConfig, ServerGuard>);

impl Acceptor {
    /// Makes an acceptor for this configuration, preferably built with
    /// [`provider`](crate::provider). Its streams use this policy.
    #[must_use]
    pub fn new(config: impl Into<Arc<ServerConfig>>, policy: Policy) -> Self {
        Self(Settings::new(config.into(), policy))
    }

    /// Limits how long a handshake may take. The default is 10 s.
    #[must_use]
    pub const fn handshake_within(mut self, patience: Duration) -> Self {
        self.0.patience = patience;
        self
    }

    /// Sets the service that takes sockets once only TCP is left to finish. A handshake that fails
    /// is then done as soon as its alert has left. The acceptor's streams use the service too.
    #[cfg(unix)]
    #[must_use]
    pub fn with_lingerer(self, lingerer: &close_notify_linger::Lingerer) -> Self {
        Self(Settings { lingering: lingerer.clone().into(), ..self.0 })
    }

    /// Sets the guard that forgets the sessions of this acceptor when a rule requires it.
    #[must_use]
    pub fn with_guard(self, guard: ServerGuard) -> Self {
        Self(Settings { guard: Some(guard), ..self.0 })
    }

    fn session(&self) -> io::Result<Session> {
        let made = |config| ServerConnection::new(config).map_err(misuse);
        let Settings { config, policy, guard, .. } = &self.0;
        Ok(match guard {
            None => Session::new(made(Arc::clone(config))?, *policy),
            Some(guard) => {
                let (config, forget) = guard.for_connection(config);
                Session::new(made(config)?, *policy).with_forget(forget)
            }
        })
    }

    /// Completes a handshake and returns the stream.
    ///
    /// # Errors
    ///
    /// * How the connection ended. [`Ending::find`](crate::FindEnding::find) finds the ending in
    ///   the error.
    /// * `InvalidInput` if rustls refuses the configuration.
    /// * `InvalidInput` if the transport is nonblocking. Use [`Stream::complete_handshake`] for
    ///   such a transport.
    pub fn accept<T: Transport>(&self, transport: T) -> io::Result<Stream<T>> {
        self.0.complete(self.session()?, transport)
    }

    /// Completes a handshake and returns the tokio stream.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the transport is dropped with it. An alert that has not left by
    /// then is not sent.
    ///
    /// # Errors
    ///
    /// Fails as [`accept`](Self::accept) does.
    ///
    /// # Panics
    ///
    /// Panics if it is awaited outside a tokio runtime with timers enabled.
    #[cfg(feature = "tokio")]
    pub async fn accept_async<IO: crate::tasks::Transport>(
        &self,
        io: IO,
    ) -> io::Result<crate::tasks::Stream<IO>> {
        self.0.complete_async(self.session()?, io).await
    }
}

/// What both sides of a handshake are given.
#[derive(Clone, Debug)]
struct Settings<C, G> {
    config: Arc<C>,
    policy: Policy,
    patience: Duration,
    guard: Option<G>,
    lingering: Lingering,
}

impl<C, G> Settings<C, G> {
    fn new(config: Arc<C>, policy: Policy) -> Self {
        Self { config, policy, patience: HANDSHAKE, guard: None, lingering: Lingering::default() }
    }

    fn complete<T: Transport>(&self, session: Session, transport: T) -> io::Result<Stream<T>> {
        let mut stream = Stream::from_session(session, transport).lingering_in(&self.lingering);
        match stream.complete_handshake_within(self.patience) {
            Ok(()) => Ok(stream),
            Err(error) => Err(given_up(stream, error)),
        }
    }

    #[cfg(feature = "tokio")]
    async fn complete_async<IO: crate::tasks::Transport>(
        &self,
        session: Session,
        io: IO,
    ) -> io::Result<crate::tasks::Stream<IO>> {
        let mut stream = crate::tasks::Stream::from_session(session, io).lingering_in(&self.lingering);
        stream.complete_handshake_within(self.patience).await?;
        Ok(stream)
    }
}

fn misuse(error: rustls::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, error)
}
