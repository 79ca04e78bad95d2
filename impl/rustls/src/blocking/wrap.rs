//! This crate's calls on rustls' own streams, owned and borrowed.
//!
//! Decides nothing: takes a rustls stream apart and adopts its connection.

use std::io::{self, Read, Write};

use close_notify_core::{AlertDescription, Close, Ending, Policy};
use rustls::{ConnectionCommon, SideData};

use crate::blocking::given_up::given_up;
use crate::blocking::stream::Stream;
use crate::engine::tls::Tls;
use crate::session::Session;
use crate::transport::Transport;

/// Adds this crate's endings to rustls' own streams: [`rustls::StreamOwned`], and
/// [`rustls::Stream`] with what it borrows.
///
/// Use [`with_ending`](Self::with_ending) for a stream that you keep using. The other methods end
/// the stream immediately.
///
/// ```
/// use close_notify::{Close, Pipe, Policy, WithEnding};
/// # fn connection() -> rustls::ClientConnection {
/// #     let provider = close_notify::provider(rustls::crypto::ring::default_provider());
/// #     let config = rustls::ClientConfig::builder_with_provider(provider.into())
/// #         .with_safe_default_protocol_versions().unwrap()
/// #         .with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
/// #     rustls::ClientConnection::new(config.into(), "localhost".try_into().unwrap()).unwrap()
/// # }
/// let (socket, peer) = Pipe::pair(16_384);
/// # drop(peer);
/// let stream = rustls::StreamOwned::new(connection(), socket);
/// let ending = stream.close(Policy::STRICT, Close::AtOnce)?;
/// assert!(!ending.is_clean());
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait WithEnding: Sized {
    /// The connection, owned or borrowed.
    type Connection: Tls;
    /// The transport, owned or borrowed.
    type Transport: Transport;

    /// Returns the same stream, which now knows how it ends. The stream may have been read and
    /// written before: see [`Session::adopt`].
    fn with_ending(self, policy: Policy) -> Stream<Self::Transport, Self::Connection>;

    /// Ends the connection in this manner, as [`Stream::close`] does.
    ///
    /// # Errors
    ///
    /// Fails as [`Stream::close`] does, but with `InvalidInput` and the ending in place of
    /// `WouldBlock`. With a nonblocking transport, keep the stream by
    /// [`with_ending`](Self::with_ending) instead.
    fn close(self, policy: Policy, manner: Close) -> io::Result<Ending> {
        to_its_end(self.with_ending(policy), |stream| stream.close(manner))
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
    /// Fails as [`Stream::reject`] and [`close`](Self::close) do.
    fn reject(self, alert: AlertDescription) -> io::Result<Ending> {
        to_its_end(self.with_ending(Policy::STRICT), |stream| stream.reject(alert))
    }

    /// Ends TLS and keeps the transport, as [`Stream::hand_back`] does.
    ///
    /// Bytes that rustls read after the peer's close_notify before this call are lost: the policy
    /// of your protocol says who may send at that point.
    ///
    /// # Errors
    ///
    /// Fails as [`Stream::hand_back`] and [`close`](Self::close) do.
    fn hand_back(self, policy: Policy) -> io::Result<(Self::Transport, Vec<u8>)> {
        to_its_end(self.with_ending(policy), Stream::hand_back)
    }
}

/// Makes a call that consumes the stream.
fn to_its_end<T: Transport, C: Tls, R>(
    mut stream: Stream<T, C>,
    call: impl FnOnce(&mut Stream<T, C>) -> io::Result<R>,
) -> io::Result<R> {
    call(&mut stream).map_err(|error| given_up(stream, error))
}

impl<C, S, T> WithEnding for rustls::StreamOwned<C, T>
where
    C: Tls + std::ops::DerefMut<Target = ConnectionCommon<S>>,
    S: SideData,
    T: Transport,
{
    type Connection = C;
    type Transport = T;

    fn with_ending(self, policy: Policy) -> Stream<T, C> {
        let (connection, transport) = self.into_parts();
        Stream::from_session(Session::adopt(connection, policy), transport)
    }
}

impl<'a, C, T> WithEnding for rustls::Stream<'a, C, T>
where
    C: Tls,
    T: Transport + Read + Write,
{
    type Connection = &'a mut C;
    type Transport = &'a mut T;

    fn with_ending(self, policy: Policy) -> Stream<&'a mut T, &'a mut C> {
        Stream::from_session(Session::adopt(self.conn, policy), self.sock)
    }
}
