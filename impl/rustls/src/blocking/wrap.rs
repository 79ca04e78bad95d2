//! Our calls on the streams that programs have: those of rustls, owned and lent.
//!
//! Decides nothing: a stream of rustls is taken apart, and its connection adopted.

use std::io::{self, Read, Write};

use close_notify_core::{AlertDescription, Ending, Manner, Policy};
use rustls::{ConnectionCommon, SideData};

use crate::blocking::given_up::given_up;
use crate::blocking::stream::Stream;
use crate::engine::tls::Tls;
use crate::session::Session;
use crate::transport::Transport;

/// Ends a stream of rustls well: [`rustls::StreamOwned`], [`rustls::Stream`] and what lends the
/// two.
///
/// [`with_ending`](Self::with_ending) is for a stream that is used on; the others end it here and
/// now.
///
/// ```
/// use close_notify::{Manner, Pipe, Policy, WithEnding};
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
/// let ending = stream.close(Policy::STRICT, Manner::AtOnce)?;
/// assert!(!ending.is_clean());
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait WithEnding: Sized {
    /// What owns or lends the connection.
    type Connection: Tls;
    /// What owns or lends the transport.
    type Transport: Transport;

    /// The same stream, which knows how it ends. It may have been read and written before: see
    /// [`Session::adopt`].
    fn with_ending(self, policy: Policy) -> Stream<Self::Transport, Self::Connection>;

    /// Ends the connection in this manner; [`Stream::close`] says how.
    ///
    /// Errors: those of [`Stream::close`]; `InvalidInput` in place of `WouldBlock`, with the
    /// ending: who has a transport that does not block keeps the stream by
    /// [`with_ending`](Self::with_ending).
    fn close(self, policy: Policy, manner: Manner) -> io::Result<Ending> {
        to_its_end(self.with_ending(policy), |stream| stream.close(manner))
    }

    /// Resets the transport; [`Stream::abort`] says how.
    ///
    /// Errors: those of [`Stream::abort`].
    fn abort(self) -> io::Result<Ending> {
        self.with_ending(Policy::STRICT).abort()
    }

    /// Rejects the connection with a fatal alert; [`Stream::reject`] says how.
    ///
    /// Errors: those of [`Stream::reject`], and of [`close`](Self::close).
    fn reject(self, alert: AlertDescription) -> io::Result<Ending> {
        to_its_end(self.with_ending(Policy::STRICT), |stream| stream.reject(alert))
    }

    /// Ends TLS and keeps the transport; [`Stream::hand_back`] says how.
    ///
    /// Shape: what rustls read behind the peer's close_notify before it was adopted is gone: see
    /// the policy of your protocol for who may send then.
    ///
    /// Errors: those of [`Stream::hand_back`], and of [`close`](Self::close).
    fn hand_back(self, policy: Policy) -> io::Result<(Self::Transport, Vec<u8>)> {
        to_its_end(self.with_ending(policy), Stream::hand_back)
    }
}

/// A call on a stream that nobody has afterwards.
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
