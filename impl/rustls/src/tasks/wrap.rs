//! This crate's calls on tokio-rustls streams, a client's and a server's.
//!
//! Decides nothing: takes a stream apart and adopts its connection.

use std::io;

use close_notify_core::{AlertDescription, Close, Ending, Policy};
use rustls::{ClientConnection, Connection, ServerConnection};

use super::stream::Stream;
use super::transport::Transport;
use crate::engine::tls::Tls;
use crate::session::Session;

/// Adds this crate's endings to tokio-rustls streams:
/// [`client::TlsStream`](tokio_rustls::client::TlsStream),
/// [`server::TlsStream`](tokio_rustls::server::TlsStream) and
/// [`TlsStream`](tokio_rustls::TlsStream).
///
/// Use [`with_ending`](Self::with_ending) for a stream that you keep using. The other methods end
/// the stream immediately; dropping one of their futures drops the stream with it.
///
/// ```
/// use close_notify::{Close, Policy, tasks::WithEnding};
/// use tokio::net::TcpStream;
/// use tokio_rustls::client::TlsStream;
///
/// async fn goodbye(stream: TlsStream<TcpStream>) -> std::io::Result<()> {
///     let ending = stream.close(Policy::STRICT, Close::Graceful).await?;
///     println!("{ending}");
///     Ok(())
/// }
/// # let _ = goodbye;
/// ```
pub trait WithEnding: Sized {
    /// The rustls connection of the stream.
    type Connection: Tls;
    /// The underlying transport.
    type Transport: Transport;

    /// Returns the same stream, which now knows how it ends. The stream may have been read and
    /// written before: see [`Session::adopt`].
    fn with_ending(self, policy: Policy) -> Stream<Self::Transport, Self::Connection>;

    /// Ends the connection in this manner, as [`Stream::close`] does.
    ///
    /// # Errors
    ///
    /// Fails as [`Stream::close`] does.
    ///
    /// # Panics
    ///
    /// Panics in a runtime without timers, if it must wait under a deadline.
    fn close(self, policy: Policy, manner: Close) -> impl Future<Output = io::Result<Ending>> {
        async move { self.with_ending(policy).close(manner).await }
    }

    /// Resets the transport, as [`Stream::abort`] does.
    ///
    /// # Errors
    ///
    /// Fails as [`Stream::abort`] does.
    fn abort(self) -> io::Result<Ending> {
        self.with_ending(Policy::STRICT).abort()
    }

    /// Rejects the connection with a fatal alert, as [`Stream::reject`] does.
    ///
    /// # Errors
    ///
    /// Fails as [`Stream::reject`] does.
    ///
    /// # Panics
    ///
    /// Panics in a runtime without timers, if it must wait under a deadline.
    fn reject(self, alert: AlertDescription) -> impl Future<Output = io::Result<Ending>> {
        async move { self.with_ending(Policy::STRICT).reject(alert).await }
    }

    /// Ends TLS and gives the transport back, as [`Stream::hand_back`] does.
    ///
    /// # Errors
    ///
    /// Fails as [`Stream::hand_back`] does.
    ///
    /// # Panics
    ///
    /// Panics in a runtime without timers, if it must wait under a deadline.
    fn hand_back(self, policy: Policy) -> impl Future<Output = io::Result<(Self::Transport, Vec<u8>)>> {
        async move { self.with_ending(policy).hand_back().await }
    }
}

macro_rules! with_ending {
    ($stream:ty, $connection:ty) => {
        impl<IO: Transport> WithEnding for $stream {
            type Connection = $connection;
            type Transport = IO;

            fn with_ending(self, policy: Policy) -> Stream<IO, $connection> {
                let (io, connection) = self.into_inner();
                Stream::from_session(Session::adopt(connection, policy), io)
            }
        }
    };
}

with_ending!(tokio_rustls::client::TlsStream<IO>, ClientConnection);
with_ending!(tokio_rustls::server::TlsStream<IO>, ServerConnection);

impl<IO: Transport> WithEnding for tokio_rustls::TlsStream<IO> {
    type Connection = Connection;
    type Transport = IO;

    fn with_ending(self, policy: Policy) -> Stream<IO, Connection> {
        let (io, connection) = match self {
            Self::Client(client) => {
                let (io, connection) = client.into_inner();
                (io, Connection::Client(connection))
            }
            Self::Server(server) => {
                let (io, connection) = server.into_inner();
                (io, Connection::Server(connection))
            }
        };
        Stream::from_session(Session::adopt(connection, policy), io)
    }
}
