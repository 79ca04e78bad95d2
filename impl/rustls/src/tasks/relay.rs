//! A relay that never turns an unclean end of one side into a clean end of the other.
//!
//! Decides in which order bytes and ends pass. Leaves to the core how a downstream is ended
//! ([`Close::for_downstream`]).
//! Source: RFC 9846 §6.1, RFC 9112 §8 · no-laundering.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use close_notify_core::{Close, Ending, ReadEnd, WriteEnd};

use super::stream::Stream;
use super::transport::Transport;
use crate::engine::tls::Tls;

/// The most that a direction moves at once.
const PIECE: usize = 16 * 1024;

/// A side of a relay: a [`Stream`], or a [`Plain`] transport.
///
/// A read that returns zero is an end; [`tls_ending`](Self::tls_ending) says whether it was clean.
///
/// ```
/// use close_notify::{Policy, tasks::{Side, Stream}};
/// # mod lab { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/lab.rs")); }
/// # let (client, _server) = lab::connections();
/// let (near, _far) = tokio::io::duplex(64);
/// let side = Stream::new(client, near, Policy::proxy());
/// assert!(side.tls_ending().is_some());
/// ```
pub trait Side: AsyncRead + AsyncWrite + Unpin {
    /// How TLS has ended on this side, if it has TLS.
    fn tls_ending(&self) -> Option<Ending>;

    /// Resets the side: its peer must not take what it has for the whole.
    fn abort(&mut self);

    /// Ends the side cleanly, once both directions have ended well.
    ///
    /// # Errors
    ///
    /// Those of a close.
    ///
    /// # Panics
    ///
    /// Panics in a runtime without timers, if it must wait under a deadline.
    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
}

impl<IO: Transport, C: Tls + Unpin> Side for Stream<IO, C> {
    fn tls_ending(&self) -> Option<Ending> {
        Some(self.ending())
    }

    fn abort(&mut self) {
        // A peer cannot make an abort fail.
        let _ = Self::abort(self);
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Self::poll_close(self, cx, Close::Graceful).map_ok(|_| ())
    }
}

/// A side without TLS, whose only sign of an end is a FIN.
///
/// ```
/// use close_notify::tasks::{Plain, Side};
/// let (near, _far) = tokio::io::duplex(64);
/// assert!(Plain::new(near).tls_ending().is_none());
/// ```
#[derive(Debug)]
pub struct Plain<IO>(Option<IO>);

impl<IO: Transport> Plain<IO> {
    /// Makes a side of this transport.
    #[must_use]
    pub const fn new(io: IO) -> Self {
        Self(Some(io))
    }

    /// The transport, unless it was reset.
    #[must_use]
    pub fn into_inner(self) -> Option<IO> {
        self.0
    }

    fn io(&mut self) -> io::Result<Pin<&mut IO>> {
        self.0.as_mut().map(Pin::new).ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl<IO: Transport> AsyncRead for Plain<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.io()?.poll_read(cx, buffer)
    }
}

impl<IO: Transport> AsyncWrite for Plain<IO> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        self.io()?.poll_write(cx, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io()?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io()?.poll_shutdown(cx)
    }
}

impl<IO: Transport> Side for Plain<IO> {
    fn tls_ending(&self) -> Option<Ending> {
        None
    }

    fn abort(&mut self) {
        if let Some(mut io) = self.0.take() {
            // A transport that cannot be reset is dropped anyway.
            let _ = io.reset();
        }
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self).poll_shutdown(cx)
    }
}

/// What a relay moved, and how both sides ended.
///
/// ```
/// use close_notify::{Policy, tasks::{Plain, Stream, copy_bidirectional}};
/// use tokio::io::AsyncWriteExt;
/// # mod lab { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/lab.rs")); }
/// # fn main() -> std::io::Result<()> {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// # let (client, server) = lab::connections();
/// let (near, far) = tokio::io::duplex(1 << 14);
/// let mut client = Stream::new(client, near, Policy::STRICT);
/// client.write_all(b"half an upl").await?;
/// drop(client); // sends nothing
///
/// let (backend, _far) = tokio::io::duplex(1 << 14);
/// let mut downstream = Stream::new(server, far, Policy::proxy());
/// let relayed = copy_bidirectional(&mut downstream, &mut Plain::new(backend)).await?;
/// assert_eq!(relayed.bytes, [11, 0]);
/// assert!(!relayed.is_whole); // and the backend was reset
/// println!("{}", relayed.endings[0].expect("this side has TLS"));
/// # Ok(()) })
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Relayed {
    /// The bytes moved from the first side to the second, and back.
    pub bytes: [u64; 2],
    /// How TLS ended on each side that has it.
    pub endings: [Option<Ending>; 2],
    /// Whether both directions ended well and each side received that end. If not, both sides were
    /// reset.
    ///
    /// Up to TLS 1.2 one close_notify ends both directions (RFC 5246 §7.2.1). Once a side has sent
    /// one, the end is passed on to the other side; how that side ends afterwards is only in its
    /// own ending.
    pub is_whole: bool,
}

/// Moves bytes both ways until both directions have ended, and ends each side as the other one
/// ended.
///
/// A clean end of one side becomes a clean end of that direction on the other. Any other end, such
/// as a truncation, a reset or an alert, resets both sides, so that neither peer can take what it
/// has for the whole.
///
/// # Cancel safety
///
/// Not cancel safe: bytes that were read and not yet written are lost with the future. Drop both
/// sides then.
///
/// # Errors
///
/// A peer cannot cause an error: the value says how the relay ended.
///
/// # Panics
///
/// Panics in a runtime without timers, if it must wait under a deadline.
///
/// # Examples
///
/// ```
/// use close_notify::tasks::{Plain, Stream, copy_bidirectional};
/// use tokio::net::TcpStream;
/// async fn terminate(
///     mut downstream: Stream<TcpStream>,
///     backend: TcpStream,
/// ) -> std::io::Result<()> {
///     let relayed = copy_bidirectional(&mut downstream, &mut Plain::new(backend)).await?;
///     let [up, down] = relayed.bytes;
///     println!("{up} bytes up, {down} down, whole: {}", relayed.is_whole);
///     Ok(())
/// }
/// # let _ = terminate;
/// ```
pub async fn copy_bidirectional(near: &mut impl Side, far: &mut impl Side) -> io::Result<Relayed> {
    let mut up = Direction::new();
    let mut down = Direction::new();
    let is_whole = poll_fn(|cx| {
        let up = up.poll(cx, near, far);
        let down = down.poll(cx, far, near);
        match (up, down) {
            (Poll::Ready(Err(Broken)), _) | (_, Poll::Ready(Err(Broken))) => Poll::Ready(false),
            (Poll::Ready(Ok(())), Poll::Ready(Ok(()))) => Poll::Ready(true),
            (Poll::Pending, _) | (_, Poll::Pending) => Poll::Pending,
        }
    })
    .await;
    if is_whole {
        close_both(near, far).await;
    } else {
        near.abort();
        far.abort();
    }
    Ok(Relayed { bytes: [up.moved, down.moved], endings: [near.tls_ending(), far.tls_ending()], is_whole })
}

/// Closes both sides. Each direction has already ended, and the endings say how the close went.
async fn close_both(near: &mut impl Side, far: &mut impl Side) {
    let mut done = [false; 2];
    poll_fn(|cx| {
        done[0] = done[0] || near.poll_close(cx).is_ready();
        done[1] = done[1] || far.poll_close(cx).is_ready();
        if done == [true; 2] { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// An end that is not clean.
struct Broken;

/// The bytes between reading one side and writing the other.
struct Direction {
    piece: Vec<u8>,
    written: usize,
    moved: u64,
    ends: Ends,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ends {
    NotYet,
    Passing,
    Passed,
}

impl Direction {
    fn new() -> Self {
        Self { piece: Vec::new(), written: 0, moved: 0, ends: Ends::NotYet }
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut impl Side,
        to: &mut impl Side,
    ) -> Poll<Result<(), Broken>> {
        loop {
            if self.ends == Ends::Passed {
                return Poll::Ready(Ok(()));
            }
            let step = if self.written < self.piece.len() {
                ready!(self.poll_write(cx, to))
            } else if self.ends == Ends::Passing {
                ready!(Pin::new(&mut *to).poll_shutdown(cx)).map(|()| self.ends = Ends::Passed)
            } else {
                ready!(self.poll_read(cx, &mut *from, to)?)
            };
            if step.is_err() {
                // Up to TLS 1.2 a close_notify ends both directions: the peer does not want what
                // cannot be delivered.
                if !has_closed_both(to) {
                    return Poll::Ready(Err(Broken));
                }
                self.ends = Ends::Passed;
            }
        }
    }

    /// Reads a piece. While there is none, flushes what was written before.
    fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut impl Side,
        to: &mut impl Side,
    ) -> Poll<Result<io::Result<()>, Broken>> {
        self.piece.resize(PIECE, 0);
        self.written = PIECE;
        let mut buffer = ReadBuf::new(&mut self.piece);
        match Pin::new(&mut *from).poll_read(cx, &mut buffer) {
            Poll::Pending => {
                if let Poll::Ready(Err(error)) = Pin::new(to).poll_flush(cx) {
                    return Poll::Ready(Ok(Err(error)));
                }
                Poll::Pending
            }
            Poll::Ready(Err(_)) => Poll::Ready(Err(Broken)),
            Poll::Ready(Ok(())) => {
                let count = buffer.filled().len();
                self.piece.truncate(count);
                self.written = 0;
                if count > 0 {
                    return Poll::Ready(Ok(Ok(())));
                }
                if !may_end_well(from) {
                    return Poll::Ready(Err(Broken));
                }
                self.ends = Ends::Passing;
                Poll::Ready(Ok(Ok(())))
            }
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, to: &mut impl Side) -> Poll<io::Result<()>> {
        let count = ready!(Pin::new(to).poll_write(cx, &self.piece[self.written..]))?;
        self.written += count;
        self.moved += count as u64;
        if count == 0 { Poll::Ready(Err(io::ErrorKind::WriteZero.into())) } else { Poll::Ready(Ok(())) }
    }
}

/// Whether the end that was read may be passed on as clean, whatever this side's policy tolerates.
fn may_end_well(side: &impl Side) -> bool {
    side.tls_ending().is_none_or(|ending| Close::for_downstream(&ending) != Close::Abort)
}

/// Whether this side's peer has ended both directions well, which determines our answer.
fn has_closed_both(side: &impl Side) -> bool {
    side.tls_ending().is_some_and(|ending| {
        let said = matches!(ending.writing, WriteEnd::CloseNotifySent | WriteEnd::Closing);
        ending.reading == ReadEnd::CloseNotify && said && ending.discarded == 0
    })
}
