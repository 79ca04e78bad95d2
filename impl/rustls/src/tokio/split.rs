//! Two halves of one stream for two tasks: one closing state, whoever closes.
//!
//! Decides nothing. A half holds the stream for the time of one poll alone, so that a task that waits in a write, or
//! in a read, keeps nobody from closing: the close goes on, and the waiting task learns how the connection ended.

use std::fmt;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use ::tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use close_notify_core::{AlertDescription, Ending, FramingState, Manner};
use close_notify_framing::Framing;
use rustls::Connection;

use super::stream::Stream;
use super::transport::Transport;
use super::wakers::Waits;
use crate::tls::Tls;

/// Ends the connection that the halves share, from any task.
/// Shape: it may be cloned. The transport is let go of where a close ends, or with the last handle and both halves.
///
/// ```
/// use close_notify::{Policy, tokio::Stream};
/// use tokio::io::AsyncReadExt;
/// # mod lab { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/lab.rs")); }
/// # fn main() -> std::io::Result<()> {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// # let (client, _server) = lab::connections();
/// let (near, _far) = tokio::io::duplex(1 << 14);
/// let (mut read, write) = Stream::new(client, near, Policy::STRICT).into_split();
/// let reader = tokio::spawn(async move { read.read_u8().await }); // would wait for ever
/// println!("{}", write.handle().abort()?);
/// assert!(reader.await.expect("no panic").is_err());
/// # Ok(()) })
/// # }
/// ```
pub struct Handle<IO: Transport, C: Tls = Connection>(Arc<Mutex<Stream<IO, C>>>);

/// The reading half of a [`Stream`].
/// Errors: of reading, as those of the stream.
///
/// ```
/// use close_notify::{Manner, Policy, tokio::Stream};
/// use tokio::io::{AsyncReadExt, AsyncWriteExt};
/// # mod lab { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/lab.rs")); }
/// # fn main() -> std::io::Result<()> {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// # let (client, server) = lab::connections();
/// let (near, far) = tokio::io::duplex(1 << 14);
/// let mut server = Stream::new(server, far, Policy::STRICT);
/// server.write_all(b"news").await?;
/// server.close(Manner::AtOnce).await?;
///
/// let (mut read, write) = Stream::new(client, near, Policy::STRICT).into_split();
/// let mut news = String::new();
/// read.read_to_string(&mut news).await?; // ends with close_notify, or fails
/// assert_eq!(news, "news");
/// let stream = read.reunite(write).expect("both halves, and no other handle");
/// # drop(stream);
/// # Ok(()) })
/// # }
/// ```
#[derive(Debug)]
pub struct ReadHalf<IO: Transport, C: Tls = Connection>(Handle<IO, C>);

/// The writing half of a [`Stream`].
/// Shape: dropping it ends nothing; `poll_shutdown`, a [`close_write`](Handle::close_write) or a close tell the peer that no
/// more comes.
///
/// Errors: of writing, as those of the stream.
///
/// ```
/// use close_notify::{Policy, tokio::Stream};
/// use tokio::io::{AsyncReadExt, AsyncWriteExt};
/// # mod lab { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/lab.rs")); }
/// # fn main() -> std::io::Result<()> {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// # let (client, server) = lab::connections();
/// let (near, far) = tokio::io::duplex(1 << 14);
/// let (_read, mut write) = Stream::new(client, near, Policy::STRICT).into_split();
/// write.write_all(b"all of it").await?;
/// write.shutdown().await?; // close_notify; the other half reads on
///
/// let mut all = String::new();
/// Stream::new(server, far, Policy::STRICT).read_to_string(&mut all).await?;
/// assert_eq!(all, "all of it");
/// # Ok(()) })
/// # }
/// ```
#[derive(Debug)]
pub struct WriteHalf<IO: Transport, C: Tls = Connection>(Handle<IO, C>);

pub(super) fn halves<IO: Transport, C: Tls>(stream: Stream<IO, C>) -> (ReadHalf<IO, C>, WriteHalf<IO, C>) {
    let handle = Handle(Arc::new(Mutex::new(stream)));
    (ReadHalf(handle.clone()), WriteHalf(handle))
}

impl<IO: Transport, C: Tls> Handle<IO, C> {
    fn stream(&self) -> MutexGuard<'_, Stream<IO, C>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How the connection has ended so far.
    #[must_use]
    pub fn ending(&self) -> Ending {
        self.stream().ending()
    }

    /// Whether the peer has ended the connection by now: [`Stream::peer_closed_now`].
    ///
    /// Errors: none that a peer can cause.
    pub fn peer_closed_now(&self) -> io::Result<bool> {
        self.stream().peer_closed_now()
    }

    /// Where the framing stands.
    #[must_use]
    pub fn framing(&self) -> FramingState {
        self.stream().framing()
    }

    /// What the tracker answers; `None` if there is none of this type: [`Stream::tracker`].
    ///
    /// The connection is locked meanwhile: `ask` must not use a half or a handle of it.
    ///
    /// ```
    /// # use close_notify::tokio::{Handle, Transport};
    /// use close_notify::framing::http::Responses;
    /// # fn is_idle<IO: Transport>(handle: &Handle<IO>) -> bool {
    /// handle.with_tracker(|responses: &Responses| responses.owed()) == Some(0)
    /// # }
    /// ```
    pub fn with_tracker<F: Framing + 'static, R>(&self, ask: impl FnOnce(&F) -> R) -> Option<R> {
        self.stream().tracker().map(ask)
    }

    /// How long a close may take: [`Stream::set_patience`].
    pub fn set_patience(&self, patience: Duration) {
        self.stream().set_patience(patience);
    }

    /// Ends the connection in this manner: [`Stream::close`] says how, and what holds after a cancel.
    ///
    /// Shape: one task closes at a time.
    ///
    /// Errors: those of [`Stream::close`].
    pub async fn close(&self, manner: Manner) -> io::Result<Ending> {
        poll_fn(|cx| self.stream().poll_close(cx, manner)).await
    }

    /// Closes the write side and reads on (TLS 1.3): [`Stream::close_write`].
    ///
    /// Errors: those of [`Stream::close_write`].
    pub async fn close_write(&self) -> io::Result<Ending> {
        poll_fn(|cx| self.stream().poll(cx, Waits::Close, |driver, line| driver.close_write(line))).await
    }

    /// Resets the transport: [`Stream::abort`].
    ///
    /// Errors: those of [`Stream::abort`].
    pub fn abort(&self) -> io::Result<Ending> {
        self.stream().abort()
    }

    /// Rejects the connection with a fatal alert: [`Stream::reject`].
    ///
    /// Errors: those of [`Stream::reject`].
    pub async fn reject(&self, alert: AlertDescription) -> io::Result<Ending> {
        poll_fn(|cx| self.stream().poll(cx, Waits::Close, |driver, line| driver.reject(line, alert))).await
    }
}

impl<IO: Transport, C: Tls> Clone for Handle<IO, C> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<IO: Transport, C: Tls> fmt::Debug for Handle<IO, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Handle").field(&self.ending()).finish()
    }
}

impl<IO: Transport, C: Tls> ReadHalf<IO, C> {
    /// What ends the connection from here.
    #[must_use]
    pub const fn handle(&self) -> &Handle<IO, C> {
        &self.0
    }

    /// The stream as it was, from its two halves.
    ///
    /// Errors: both halves back, where they are not of one stream, or another [`Handle`] is still there.
    pub fn reunite(self, other: WriteHalf<IO, C>) -> Result<Stream<IO, C>, (Self, WriteHalf<IO, C>)> {
        if !Arc::ptr_eq(&self.0.0, &other.0.0) || Arc::strong_count(&self.0.0) > 2 {
            return Err((self, other));
        }
        drop(self);
        match Arc::try_unwrap(other.0.0) {
            Ok(stream) => Ok(stream.into_inner().unwrap_or_else(PoisonError::into_inner)),
            Err(shared) => Err((Self(Handle(Arc::clone(&shared))), WriteHalf(Handle(shared)))),
        }
    }
}

impl<IO: Transport, C: Tls> WriteHalf<IO, C> {
    /// What ends the connection from here.
    #[must_use]
    pub const fn handle(&self) -> &Handle<IO, C> {
        &self.0
    }
}

impl<IO: Transport, C: Tls + Unpin> AsyncRead for ReadHalf<IO, C> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0.stream()).poll_read(cx, buffer)
    }
}

impl<IO: Transport, C: Tls + Unpin> AsyncWrite for WriteHalf<IO, C> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0.stream()).poll_write(cx, data)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0.stream()).poll_write_vectored(cx, data)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0.stream()).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0.stream()).poll_shutdown(cx)
    }
}
