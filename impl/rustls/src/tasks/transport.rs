//! What an adapter needs from a tokio transport besides reading and writing.
//!
//! Decides how each step is done. Leaves to the core which step is due.
//! Sources: as [`crate::Transport`]'s.

use std::io;
#[cfg(unix)]
use std::os::fd::{AsFd, OwnedFd};
use std::pin::Pin;
use std::task::{Context, Poll};

use ::tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use ::tokio::net::TcpStream;
#[cfg(unix)]
use ::tokio::net::UnixStream;

/// A tokio transport that can be ended. Dropping it closes it;
/// [`poll_shutdown`](AsyncWrite::poll_shutdown) shuts its write side.
///
/// ```
/// use std::io;
/// use close_notify::tasks::Transport;
/// # struct Tunnel(tokio::io::DuplexStream);
/// # use std::{pin::Pin, task::{Context, Poll}};
/// # use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
/// # impl AsyncRead for Tunnel {
/// #     fn poll_read(
/// #         mut self: Pin<&mut Self>, cx: &mut Context<'_>, b: &mut ReadBuf<'_>,
/// #     ) -> Poll<io::Result<()>> {
/// #         Pin::new(&mut self.0).poll_read(cx, b) } }
/// # impl AsyncWrite for Tunnel {
/// #     fn poll_write(
/// #         mut self: Pin<&mut Self>, cx: &mut Context<'_>, b: &[u8],
/// #     ) -> Poll<io::Result<usize>> {
/// #         Pin::new(&mut self.0).poll_write(cx, b) }
/// #     fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
/// #         Pin::new(&mut self.0).poll_flush(cx) }
/// #     fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
/// #         Pin::new(&mut self.0).poll_shutdown(cx) } }
/// // For a `Tunnel` that is AsyncRead and AsyncWrite:
/// impl Transport for Tunnel {
///     fn reset(&mut self) -> io::Result<()> {
///         Ok(()) // a tunnel without resets: its peer sees an end without close_notify
///     }
/// }
/// ```
pub trait Transport: AsyncRead + AsyncWrite + Unpin {
    /// Writes bytes that only the end of the write side follows. An implementation may hold them
    /// back until the write side is shut, so that both leave together.
    ///
    /// # Errors
    ///
    /// As [`AsyncWrite::poll_write`].
    fn poll_write_last(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(self).poll_write(cx, bytes)
    }

    /// Resets the transport, at the latest when it is dropped: the peer must not read an end.
    /// [`crate::Transport::reset`] describes what this means for sockets.
    ///
    /// # Errors
    ///
    /// The system's errors.
    fn reset(&mut self) -> io::Result<()>;

    /// The underlying socket, for a [service](super::Stream::set_lingerer) to linger with.
    ///
    /// The default gives none: the transport lingers in its stream, and is closed at once if the
    /// stream is dropped. A wrapper passes the socket on: `self.0.into_socket().map_err(|io|
    /// io.map(|io| Self(io, self.1)))`.
    ///
    /// # Errors
    ///
    /// Returns the transport, unchanged, or `None` if it is lost.
    #[cfg(unix)]
    fn into_socket(self) -> Result<OwnedFd, Option<Self>>
    where
        Self: Sized,
    {
        Err(Some(self))
    }
}

impl Transport for TcpStream {
    // Our measurement: the close_notify and the FIN leave as one segment.
    #[cfg(target_os = "linux")]
    fn poll_write_last(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        use ::tokio::io::Interest;
        loop {
            std::task::ready!(self.poll_write_ready(cx))?;
            match self
                .try_io(Interest::WRITABLE, || crate::transport::socket::write_more(&*self, bytes, None))
            {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => return Poll::Ready(written),
            }
        }
    }

    #[cfg(unix)]
    fn reset(&mut self) -> io::Result<()> {
        close_notify_linger::reset(&*self)
    }

    #[cfg(not(unix))]
    fn reset(&mut self) -> io::Result<()> {
        self.set_zero_linger()
    }

    #[cfg(unix)]
    fn into_socket(self) -> Result<OwnedFd, Option<Self>> {
        descriptor(self, Self::into_std)
    }
}

/// Copies the descriptor, because `into_std` closes a socket when it fails. If no descriptor is
/// left for a copy, `into_std` is the next best.
#[cfg(unix)]
fn descriptor<S: AsFd, R: Into<OwnedFd>>(
    socket: S,
    into_std: impl FnOnce(S) -> io::Result<R>,
) -> Result<OwnedFd, Option<S>> {
    match socket.as_fd().try_clone_to_owned() {
        Ok(copy) => Ok(copy),
        Err(_) => into_std(socket).map(R::into).map_err(|_| None),
    }
}

#[cfg(unix)]
impl Transport for UnixStream {
    /// A Unix socket cannot be reset: the peer reads an end without close_notify, which it
    /// recognizes as a truncation.
    fn reset(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn into_socket(self) -> Result<OwnedFd, Option<Self>> {
        descriptor(self, Self::into_std)
    }
}

impl Transport for DuplexStream {
    /// A pipe in memory cannot be reset, just as a Unix socket cannot.
    fn reset(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<T: Transport + ?Sized> Transport for &mut T {
    fn poll_write_last(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        (**self).poll_write_last(cx, bytes)
    }

    fn reset(&mut self) -> io::Result<()> {
        (**self).reset()
    }
}

/// Any transport, treated as one that cannot be reset: an abort is then an end without
/// close_notify.
///
/// ```
/// use close_notify::tasks::{Irresettable, Transport};
/// let (near, _far) = tokio::io::duplex(64);
/// assert!(Irresettable(tokio::io::BufWriter::new(near)).reset().is_ok());
/// ```
#[derive(Debug)]
pub struct Irresettable<T>(pub T);

impl<T: AsyncRead + AsyncWrite + Unpin> Transport for Irresettable<T> {
    fn reset(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Irresettable<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Irresettable<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
