//! Two halves of one stream for two tasks, with one closing state: either half may close.
//!
//! Decides nothing. A half holds the connection only during one poll, so a task that waits in a
//! write or a read does not keep others from closing. The close goes on, and the waiting task
//! learns how the connection ended. Tasks are woken only after the lock is released.

use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use ::tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use close_notify_core::{AlertDescription, Close, Ending, FramingState};
use close_notify_framing::Framing;
use rustls::Connection;

use super::driven::Driven;
use super::polled::Polled;
use super::stream::Stream;
use super::transport::Transport;
use super::wakers::{Waits, Wakers};
use crate::driver::Driver;
use crate::engine::tls::Tls;

/// Ends the connection that the halves share, from any task.
///
/// It can be cloned. The transport is released when a close ends, or when the last handle and both
/// halves are dropped.
///
/// ```
/// use close_notify::{Policy, tasks::Stream};
/// use tokio::io::AsyncReadExt;
/// # mod lab { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/lab.rs")); }
/// # fn main() -> std::io::Result<()> {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// # let (client, _server) = lab::connections();
/// let (near, _far) = tokio::io::duplex(1 << 14);
/// let (mut read, write) = Stream::new(client, near, Policy::STRICT).into_split();
/// let reader = tokio::spawn(async move { read.read_u8().await }); // would wait forever
/// println!("{}", write.handle().abort()?);
/// assert!(reader.await.expect("no panic").is_err());
/// # Ok(()) })
/// # }
/// ```
pub struct Handle<IO: Transport, C: Tls = Connection>(Arc<Shared<IO, C>>);

/// The reading half of a [`Stream`].
///
/// Reading fails as it does on the stream.
///
/// ```
/// use close_notify::{Close, Policy, tasks::Stream};
/// use tokio::io::{AsyncReadExt, AsyncWriteExt};
/// # mod lab { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/lab.rs")); }
/// # fn main() -> std::io::Result<()> {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// # let (client, server) = lab::connections();
/// let (near, far) = tokio::io::duplex(1 << 14);
/// let mut server = Stream::new(server, far, Policy::STRICT);
/// server.write_all(b"news").await?;
/// server.close(Close::AtOnce).await?;
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
///
/// Dropping it ends nothing: `poll_shutdown`, a [`close_write`](Handle::close_write) or a close
/// tells the peer that no more data comes. Writing fails as it does on the stream.
///
/// ```
/// use close_notify::{Policy, tasks::Stream};
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

struct Shared<IO: Transport, C: Tls> {
    driven: Mutex<Driven<IO, C>>,
    wakers: Arc<Wakers>,
}

pub(super) fn halves<IO: Transport, C: Tls>(stream: Stream<IO, C>) -> (ReadHalf<IO, C>, WriteHalf<IO, C>) {
    let Stream { driven, wakers } = stream;
    let handle = Handle(Arc::new(Shared { driven: Mutex::new(driven), wakers }));
    (ReadHalf(handle.clone()), WriteHalf(handle))
}

impl<IO: Transport, C: Tls> Handle<IO, C> {
    fn driven(&self) -> MutexGuard<'_, Driven<IO, C>> {
        self.0.driven.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn poll<R>(
        &self,
        cx: &Context<'_>,
        waits: Waits,
        call: impl FnOnce(&mut Driver<C>, &mut Polled<'_, '_, IO>) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        self.0.wakers.poll(waits, cx, || self.driven().call(call))
    }

    async fn until_done<R>(
        &self,
        mut call: impl FnMut(&mut Driver<C>, &mut Polled<'_, '_, IO>) -> io::Result<R>,
    ) -> io::Result<R> {
        self.0.wakers.until_done(|| self.driven().call(&mut call)).await
    }

    fn at_once<R>(
        &self,
        call: impl FnOnce(&mut Driver<C>, &mut Polled<'_, '_, IO>) -> io::Result<R>,
    ) -> io::Result<R> {
        let called = self.driven().at_once(call);
        self.0.wakers.at_once(called)
    }

    /// How the connection has ended so far.
    #[must_use]
    pub fn ending(&self) -> Ending {
        self.driven().driver.ending()
    }

    /// Reports whether the peer has ended the connection by now, as [`Stream::peer_closed_now`]
    /// does.
    ///
    /// # Errors
    ///
    /// A peer cannot cause an error here.
    pub fn peer_closed_now(&self) -> io::Result<bool> {
        self.at_once(|driver, io| driver.peer_closed_now(io))
    }

    /// The framing state.
    #[must_use]
    pub fn framing(&self) -> FramingState {
        self.driven().driver.framed.state()
    }

    /// Asks the tracker, which [`Stream::tracker`] describes. Returns `None` if there is no tracker
    /// of this type.
    ///
    /// The connection is locked during the call: `ask` must not use one of its halves or handles.
    ///
    /// ```
    /// # use close_notify::tasks::{Handle, Transport};
    /// use close_notify::framing::http::Responses;
    /// # fn is_idle<IO: Transport>(handle: &Handle<IO>) -> bool {
    /// handle.with_tracker(|responses: &Responses| responses.owed()) == Some(0)
    /// # }
    /// ```
    pub fn with_tracker<F: Framing + 'static, R>(&self, ask: impl FnOnce(&F) -> R) -> Option<R> {
        self.driven().driver.framed.tracker().map(ask)
    }

    /// Sets how long a close may take, as [`Stream::set_patience`] does.
    pub fn set_patience(&self, patience: Duration) {
        let is_running = self.driven().set_patience(patience);
        if is_running {
            self.0.wakers.wake_all_but(None);
        }
    }

    /// Ends the connection in this manner, as [`Stream::close`] does.
    ///
    /// Several tasks may close, each in its own manner. A later manner can only speed up the end
    /// ([`Manner::then`](crate::Manner::then)), and every call returns how it ended.
    ///
    /// # Cancel safety
    ///
    /// As [`Stream::close`].
    ///
    /// # Errors
    ///
    /// Fails as [`Stream::close`] does.
    ///
    /// # Panics
    ///
    /// Panics in a runtime without timers, if it must wait under a deadline.
    pub async fn close(&self, manner: Close) -> io::Result<Ending> {
        self.until_done(|driver, io| driver.close(io, manner)).await
    }

    /// Closes the write side and keeps reading (TLS 1.3), as [`Stream::close_write`] does.
    ///
    /// # Cancel safety
    ///
    /// As [`Stream::close_write`].
    ///
    /// # Errors
    ///
    /// Fails as [`Stream::close_write`] does.
    ///
    /// # Panics
    ///
    /// Panics in a runtime without timers, if it must wait under a deadline.
    pub async fn close_write(&self) -> io::Result<Ending> {
        self.until_done(|driver, io| driver.close_write(io)).await
    }

    /// Resets the transport, as [`Stream::abort`] does.
    ///
    /// # Errors
    ///
    /// Fails as [`Stream::abort`] does.
    pub fn abort(&self) -> io::Result<Ending> {
        self.at_once(|driver, io| driver.close(io, Close::Abort))
    }

    /// Rejects the connection with a fatal alert, as [`Stream::reject`] does.
    ///
    /// # Cancel safety
    ///
    /// As [`Stream::reject`].
    ///
    /// # Errors
    ///
    /// Fails as [`Stream::reject`] does.
    ///
    /// # Panics
    ///
    /// Panics in a runtime without timers, if it must wait under a deadline.
    pub async fn reject(&self, alert: AlertDescription) -> io::Result<Ending> {
        self.until_done(|driver, io| driver.reject(io, alert)).await
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
    /// The handle, which ends the connection.
    #[must_use]
    pub const fn handle(&self) -> &Handle<IO, C> {
        &self.0
    }

    /// Puts the two halves of a stream together again.
    ///
    /// # Errors
    ///
    /// Returns both halves if they are not of one stream, or if another [`Handle`] still exists.
    pub fn reunite(self, other: WriteHalf<IO, C>) -> Result<Stream<IO, C>, (Self, WriteHalf<IO, C>)> {
        if !Arc::ptr_eq(&self.0.0, &other.0.0) || Arc::strong_count(&self.0.0) > 2 {
            return Err((self, other));
        }
        drop(self);
        match Arc::try_unwrap(other.0.0) {
            Ok(Shared { driven, wakers }) => {
                Ok(Stream { driven: driven.into_inner().unwrap_or_else(PoisonError::into_inner), wakers })
            }
            Err(shared) => Err((Self(Handle(Arc::clone(&shared))), WriteHalf(Handle(shared)))),
        }
    }
}

impl<IO: Transport, C: Tls> WriteHalf<IO, C> {
    /// The handle, which ends the connection.
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
        let unfilled = buffer.initialize_unfilled();
        self.0
            .poll(cx, Waits::Read, |driver, io| driver.read(io, unfilled))
            .map_ok(|count| buffer.advance(count))
    }
}

impl<IO: Transport, C: Tls + Unpin> AsyncWrite for WriteHalf<IO, C> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(data)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.0.poll(cx, Waits::Write, |driver, io| driver.write(io, data))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll(cx, Waits::Flush, |driver, io| driver.flush(io))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll(cx, Waits::Shutdown, |driver, io| driver.shut_down(io))
    }
}
