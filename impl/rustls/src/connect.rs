//! Handshakes that say why they failed: the alert of this side reaches the peer, and the peer's
//! reaches the caller.
//!
//! Decides nothing about closing: a handshake that fails ends as the core says (the alert whole,
//! the write side shut, a bounded drain). Sources: RFC 9846 §6.2 · alert-survives-close,
//! salvage-alert.

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

/// How long a handshake may take where nobody says otherwise.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Connects: a client's handshake over any transport, and the stream behind it.
///
/// ```
/// use std::net::TcpStream;
/// use close_notify::{Connector, Manner, Policy};
/// # fn example(config: rustls::ClientConfig, socket: TcpStream) -> Result<(), Box<dyn std::error::Error>> {
/// let connector = Connector::new(config, Policy::STRICT);
/// let mut stream = connector.connect("example.org".try_into()?, socket)?; // or the server's alert, by name
/// println!("{}", stream.close(Manner::Graceful)?);
/// # Ok(())
/// # }
/// # let _ = example;
/// ```
#[derive(Clone, Debug)]
pub struct Connector {
    config: Arc<ClientConfig>,
    policy: Policy,
    patience: Duration,
    guard: Option<ClientGuard>,
    lingering: Lingering,
}

impl Connector {
    /// A connector of this configuration, built with [`provider`](crate::provider) best; its
    /// streams have this policy.
    #[must_use]
    pub fn new(config: impl Into<Arc<ClientConfig>>, policy: Policy) -> Self {
        Self {
            config: config.into(),
            policy,
            patience: HANDSHAKE,
            guard: None,
            lingering: Lingering::default(),
        }
    }

    /// The same connector, whose handshakes take no longer than this. The default is 10 s.
    #[must_use]
    pub const fn handshake_within(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The same connector, whose sockets go to this service once nothing but TCP is left to finish:
    /// a handshake that fails is done then as soon as its alert has left. Its streams have the
    /// service too.
    #[cfg(unix)]
    #[must_use]
    pub fn with_lingerer(self, lingerer: &close_notify_linger::Lingerer) -> Self {
        Self { lingering: lingerer.clone().into(), ..self }
    }

    /// The same connector, whose sessions are kept by this guard and forgotten where a rule asks
    /// for it.
    #[must_use]
    pub fn with_guard(self, guard: ClientGuard) -> Self {
        Self { guard: Some(guard), ..self }
    }

    fn session(&self, name: ServerName<'static>) -> io::Result<Session> {
        let made = |config| ClientConnection::new(config, name).map_err(misuse);
        Ok(match &self.guard {
            None => Session::new(made(Arc::clone(&self.config))?, self.policy),
            Some(guard) => {
                let (config, forget) = guard.for_connection(&self.config);
                Session::new(made(config)?, self.policy).with_forget(forget)
            }
        })
    }

    /// A stream whose handshake is done.
    ///
    /// Errors: how the connection ended, in an error that [`Ending::find`](crate::FindEnding::find)
    /// reads: the server's alert by name, not the reset that followed it; `InvalidInput` if
    /// rustls refuses the configuration, and if the transport does not block:
    /// [`Stream::complete_handshake`] is for one that does not.
    pub fn connect<T: Transport>(&self, name: ServerName<'static>, transport: T) -> io::Result<Stream<T>> {
        let mut stream = Stream::from_session(self.session(name)?, transport).lingering_in(&self.lingering);
        match stream.complete_handshake_within(self.patience) {
            Ok(()) => Ok(stream),
            Err(error) => Err(given_up(stream, error)),
        }
    }

    /// A stream of tokio whose handshake is done.
    ///
    /// Cancel: the transport is dropped with the handshake.
    ///
    /// Errors: those of [`connect`](Self::connect).
    #[cfg(feature = "tokio")]
    pub async fn connect_async<IO: crate::tokio::Transport>(
        &self,
        name: ServerName<'static>,
        io: IO,
    ) -> io::Result<crate::tokio::Stream<IO>> {
        let stream = crate::tokio::Stream::from_session(self.session(name)?, io);
        let mut stream = stream.lingering_in(&self.lingering);
        stream.complete_handshake_within(self.patience).await?;
        Ok(stream)
    }
}

/// Accepts: a server's handshake over any transport, and the stream behind it.
///
/// ```
/// use std::net::TcpListener;
/// use close_notify::{Acceptor, Manner, Policy};
/// # fn example(config: rustls::ServerConfig, listener: TcpListener) -> std::io::Result<()> {
/// let acceptor = Acceptor::new(config, Policy::STRICT);
/// let mut stream = acceptor.accept(listener.accept()?.0)?; // lingers over one that is refused
/// println!("{}", stream.close(Manner::Linger)?);
/// # Ok(())
/// # }
/// # let _ = example;
/// ```
#[derive(Clone, Debug)]
pub struct Acceptor {
    config: Arc<ServerConfig>,
    policy: Policy,
    patience: Duration,
    guard: Option<ServerGuard>,
    lingering: Lingering,
}

impl Acceptor {
    /// An acceptor of this configuration, built with [`provider`](crate::provider) best; its
    /// streams have this policy.
    #[must_use]
    pub fn new(config: impl Into<Arc<ServerConfig>>, policy: Policy) -> Self {
        Self {
            config: config.into(),
            policy,
            patience: HANDSHAKE,
            guard: None,
            lingering: Lingering::default(),
        }
    }

    /// The same acceptor, whose handshakes take no longer than this. The default is 10 s.
    #[must_use]
    pub const fn handshake_within(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The same acceptor, whose sockets go to this service once nothing but TCP is left to finish:
    /// a handshake that fails is done then as soon as its alert has left. Its streams have the
    /// service too.
    #[cfg(unix)]
    #[must_use]
    pub fn with_lingerer(self, lingerer: &close_notify_linger::Lingerer) -> Self {
        Self { lingering: lingerer.clone().into(), ..self }
    }

    /// The same acceptor, whose sessions this guard forgets where a rule asks for it.
    #[must_use]
    pub fn with_guard(self, guard: ServerGuard) -> Self {
        Self { guard: Some(guard), ..self }
    }

    fn session(&self) -> io::Result<Session> {
        let made = |config| ServerConnection::new(config).map_err(misuse);
        Ok(match &self.guard {
            None => Session::new(made(Arc::clone(&self.config))?, self.policy),
            Some(guard) => {
                let (config, forget) = guard.for_connection(&self.config);
                Session::new(made(config)?, self.policy).with_forget(forget)
            }
        })
    }

    /// A stream whose handshake is done.
    ///
    /// Errors: how the connection ended, in an error that [`Ending::find`](crate::FindEnding::find)
    /// reads; `InvalidInput` if rustls refuses the configuration, and if the transport does
    /// not block: [`Stream::complete_handshake`] is for one that does not.
    pub fn accept<T: Transport>(&self, transport: T) -> io::Result<Stream<T>> {
        let mut stream = Stream::from_session(self.session()?, transport).lingering_in(&self.lingering);
        match stream.complete_handshake_within(self.patience) {
            Ok(()) => Ok(stream),
            Err(error) => Err(given_up(stream, error)),
        }
    }

    /// A stream of tokio whose handshake is done.
    ///
    /// Cancel: the transport is dropped with the handshake, and an alert that had not left stays
    /// unsaid.
    ///
    /// Errors: those of [`accept`](Self::accept).
    #[cfg(feature = "tokio")]
    pub async fn accept_async<IO: crate::tokio::Transport>(
        &self,
        io: IO,
    ) -> io::Result<crate::tokio::Stream<IO>> {
        let stream = crate::tokio::Stream::from_session(self.session()?, io);
        let mut stream = stream.lingering_in(&self.lingering);
        stream.complete_handshake_within(self.patience).await?;
        Ok(stream)
    }
}

fn misuse(error: rustls::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, error)
}
