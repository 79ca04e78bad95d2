//! The asynchronous stream: it reads and writes as tokio's streams do, and ends as the core
//! decides.
//!
//! Decides nothing: the driver repeats calls, the task sleeps, the machine closes.

use std::fmt;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use ::tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use ::tokio::time::timeout;
use close_notify_core::{AlertDescription, Close, Ending, FramingState, Policy};
use close_notify_framing::Framing;
use rustls::Connection;

use super::driven::Driven;
use super::polled::Polled;
use super::split::{self, ReadHalf, WriteHalf};
use super::transport::Transport;
use super::wakers::{Waits, Wakers};
use crate::driver::lingering::Lingering;
use crate::driver::{Acceptance, Driver, Framed};
use crate::engine::tls::Tls;
use crate::session::Session;

/// A TLS stream over a tokio transport that knows how it ended: [`crate::Stream`] for tasks.
///
/// Reading returns zero bytes after the peer's close_notify. If the connection ends in another way,
/// reading fails with an error that carries the [`Ending`]. [`close`](Self::close) ends the
/// connection; dropping the stream drops the transport and sends nothing.
///
/// `poll_shutdown` sends close_notify and shuts the write side, in every version. It does not wait
/// for the peer, and what the peer still sends can be read. It fails if any of what was written,
/// the close_notify or the FIN cannot leave within the patience.
///
/// # Cancel safety
///
/// Every future may be dropped and its call made again. Each call documents the state in between.
///
/// # Runtimes
///
/// A call that must wait under a deadline needs a runtime with timers (`enable_time`,
/// `enable_all`). Outside a runtime it fails, and in a runtime without timers tokio panics. It may
/// be made again in another runtime, and continues there. Calls that wait for nothing need no
/// runtime: [`peer_closed_now`](Self::peer_closed_now), [`abort`](Self::abort), a drop.
///
/// # Examples
///
/// ```
/// use close_notify::tasks::Stream;
/// use close_notify::{Ending, FindEnding, Policy};
/// use tokio::io::AsyncReadExt;
/// # fn connection() -> rustls::ClientConnection {
/// #     let provider = close_notify::provider(rustls::crypto::ring::default_provider());
/// #     let config = rustls::ClientConfig::builder_with_provider(provider.into())
/// #         .with_safe_default_protocol_versions().unwrap()
/// #         .with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
/// #     rustls::ClientConnection::new(config.into(), "localhost".try_into().unwrap()).unwrap()
/// # }
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let (socket, peer) = tokio::io::duplex(16_384);
/// let mut stream = Stream::new(connection(), socket, Policy::STRICT);
/// drop(peer);
/// let error = stream.read_u8().await.unwrap_err();
/// println!("{error}");
/// assert!(Ending::find(&error).is_some());
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Stream<IO: Transport, C: Tls = Connection> {
    pub(super) driven: Driven<IO, C>,
    pub(super) wakers: Arc<Wakers>,
}

impl<IO: Transport> Stream<IO> {
    /// Makes a stream over a rustls connection that has read nothing yet, before or after its
    /// handshake.
    ///
    /// The connection must be one that [`Session::new`] accepts. For a tokio-rustls stream, see
    /// [`WithEnding`](super::WithEnding).
    #[must_use]
    pub fn new(connection: impl Into<Connection>, io: IO, policy: Policy) -> Self {
        Self::from_session(Session::new(connection, policy), io)
    }
}

impl<IO: Transport, C: Tls> Stream<IO, C> {
    /// Makes a stream over a session.
    #[must_use]
    pub fn from_session(session: Session<C>, io: IO) -> Self {
        let wakers = Arc::new(Wakers::default());
        Self { driven: Driven::new(session, io, &wakers), wakers }
    }

    /// Sets how long a close may take, and how long a failed write may look for the peer's alert.
    ///
    /// The default is 5 s. A close that is under way gets this long from now.
    ///
    /// `close(Graceful)` takes all of it if the peer does not answer, as Java clients do with a
    /// connection that they keep: see [`crate::Stream::set_patience`].
    pub fn set_patience(&mut self, patience: Duration) {
        if self.driven.set_patience(patience) {
            self.wakers.wake_all_but(None);
        }
    }

    /// Sets the service that takes the transport once only TCP is left to finish, as
    /// [`crate::Stream::set_lingerer`] does.
    ///
    /// HTTP libraries drop a stream after its `poll_shutdown`. The transport of such a stream goes
    /// to the service too, because closing it at once could destroy the last response. If the
    /// service [cannot take it](close_notify_linger::Counters::not_taken), it is closed at once: a
    /// drop cannot wait.
    #[cfg(unix)]
    pub fn set_lingerer(&mut self, lingerer: &close_notify_linger::Lingerer) {
        self.driven.lingering = lingerer.clone().into();
    }

    /// Sets the framing state, by which the end of reading is judged, as
    /// [`crate::Stream::set_framing`] does.
    pub fn set_framing(&mut self, framing: FramingState) {
        self.driven.driver.set_framed(Framed::Said(framing));
    }

    /// Sets a tracker, which sees everything that is read and written from now on and reports the
    /// framing state.
    ///
    /// A missing close_notify is then tolerated between messages if the policy says so
    /// ([`MissingNotify::BetweenMessages`](crate::MissingNotify::BetweenMessages),
    /// [`Policy::https`]), and is an error inside a message. A header section is delivered whole,
    /// or not at all.
    ///
    /// Call it before the first message is read or written, or between two protocols. Data that an
    /// earlier tracker has held back is delivered first.
    pub fn set_tracker(&mut self, tracker: impl Framing + Send + Sync + 'static) {
        self.driven.driver.set_framed(Framed::tracked(tracker));
    }

    /// The tracker of [`set_tracker`](Self::set_tracker), if it is of this type:
    /// [`crate::Stream::tracker`].
    #[must_use]
    pub fn tracker<F: Framing + 'static>(&self) -> Option<&F> {
        self.driven.driver.framed.tracker()
    }

    /// The framing state.
    #[must_use]
    pub fn framing(&self) -> FramingState {
        self.driven.driver.framed.state()
    }

    /// Whether what was read may be less than what the peer sent: [`Ending::truncation_possible`]
    /// in the current framing state.
    #[must_use]
    pub fn truncation_possible(&self) -> bool {
        self.driven.driver.truncation_possible()
    }

    /// How the connection has ended so far.
    #[must_use]
    pub const fn ending(&self) -> Ending {
        self.driven.driver.session.ending()
    }

    /// The underlying session.
    #[must_use]
    pub const fn session(&self) -> &Session<C> {
        &self.driven.driver.session
    }

    /// The transport, until it is released.
    #[must_use]
    pub const fn transport(&self) -> Option<&IO> {
        self.driven.io.as_ref()
    }

    /// Makes one call of the driver. What it waits for wakes the task.
    fn poll<R>(
        &mut self,
        cx: &Context<'_>,
        waits: Waits,
        call: impl FnOnce(&mut Driver<C>, &mut Polled<'_, '_, IO>) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        self.wakers.poll(waits, cx, || self.driven.call(call))
    }

    /// Repeats a call of the driver until it is done.
    async fn until_done<R>(
        &mut self,
        mut call: impl FnMut(&mut Driver<C>, &mut Polled<'_, '_, IO>) -> io::Result<R>,
    ) -> io::Result<R> {
        poll_fn(|cx| self.poll(cx, Waits::Call, &mut call)).await
    }

    /// Makes a call of the driver that waits for nothing.
    fn at_once<R>(
        &mut self,
        call: impl FnOnce(&mut Driver<C>, &mut Polled<'_, '_, IO>) -> io::Result<R>,
    ) -> io::Result<R> {
        self.wakers.at_once(self.driven.at_once(call))
    }

    /// Completes the handshake. Reading and writing do this too.
    ///
    /// # Cancel safety
    ///
    /// The handshake continues with the next call.
    ///
    /// # Errors
    ///
    /// Fails with how the connection ended. If the peer sent an alert, this is the alert, even if a
    /// write failed first.
    ///
    /// # Panics
    ///
    /// Panics in a runtime without timers, if it must wait under a deadline.
    pub async fn complete_handshake(&mut self) -> io::Result<()> {
        self.until_done(|driver, io| driver.complete_handshake(io)).await
    }

    /// Completes the handshake within this time.
    ///
    /// # Cancel safety
    ///
    /// The handshake continues with the next call, which has its own time.
    ///
    /// # Errors
    ///
    /// Fails as [`complete_handshake`](Self::complete_handshake) does. If the time is over, the
    /// ending is [`TimedOut`](crate::ReadEnd::TimedOut) and the transport has been dropped.
    ///
    /// # Panics
    ///
    /// Panics if it is awaited outside a tokio runtime with timers enabled.
    pub async fn complete_handshake_within(&mut self, patience: Duration) -> io::Result<()> {
        match timeout(patience, self.complete_handshake()).await {
            Ok(result) => result,
            Err(_) => self.until_done(|driver, io| driver.handshake_timed_out(io)).await,
        }
    }

    /// Reports whether the server accepted our certificate, as [`crate::Stream::confirm_accepted`]
    /// does.
    ///
    /// # Cancel safety
    ///
    /// What arrived is kept, and the next call uses it.
    ///
    /// # Errors
    ///
    /// Fails with how the connection ended: with the server's alert, not with the reset that
    /// followed it.
    ///
    /// # Panics
    ///
    /// Panics if it is awaited outside a tokio runtime with timers enabled.
    pub async fn confirm_accepted(&mut self, patience: Duration) -> io::Result<Acceptance> {
        let known = self.until_done(|driver, io| driver.acceptance(io));
        timeout(patience, known).await.unwrap_or(Ok(Acceptance::Unknown))
    }

    /// Reports whether the peer has ended the connection by now, as
    /// [`crate::Stream::peer_closed_now`] does.
    ///
    /// It never waits, and sees what the runtime has noticed about the transport.
    ///
    /// # Errors
    ///
    /// A peer cannot cause an error here.
    pub fn peer_closed_now(&mut self) -> io::Result<bool> {
        self.at_once(|driver, io| driver.peer_closed_now(io))
    }

    /// Ends the connection in this manner, within the patience of
    /// [`set_patience`](Self::set_patience), as [`crate::Stream::close`] does.
    ///
    /// # Cancel safety
    ///
    /// The connection is ending and takes no more data. The next call of `close` continues, and so
    /// does its clock.
    ///
    /// # Errors
    ///
    /// Fails as [`crate::Stream::close`] does.
    ///
    /// # Panics
    ///
    /// Panics in a runtime without timers, if it must wait under a deadline.
    pub async fn close(&mut self, manner: Close) -> io::Result<Ending> {
        self.until_done(|driver, io| driver.close(io, manner)).await
    }

    /// Polls [`close`](Self::close).
    ///
    /// # Errors
    ///
    /// Fails as [`close`](Self::close) does.
    ///
    /// # Panics
    ///
    /// Panics in a runtime without timers, if it must wait under a deadline.
    pub fn poll_close(&mut self, cx: &mut Context<'_>, manner: Close) -> Poll<io::Result<Ending>> {
        self.poll(cx, Waits::Close, |driver, io| driver.close(io, manner))
    }

    /// Closes the write side and keeps reading (TLS 1.3), as [`crate::Stream::close_write`] does.
    ///
    /// # Cancel safety
    ///
    /// The write side takes no more data. The next call, or any close, continues.
    ///
    /// # Errors
    ///
    /// Fails as [`crate::Stream::close_write`] does.
    ///
    /// # Panics
    ///
    /// Panics in a runtime without timers, if it must wait under a deadline.
    pub async fn close_write(&mut self) -> io::Result<Ending> {
        self.until_done(|driver, io| driver.close_write(io)).await
    }

    /// Resets the transport, so that the peer must not take what it has for the whole. It never
    /// waits.
    ///
    /// [`crate::Stream::abort`] describes how some peers treat a reset, and what to do instead.
    ///
    /// # Errors
    ///
    /// A peer cannot cause an error here.
    pub fn abort(&mut self) -> io::Result<Ending> {
        self.at_once(|driver, io| driver.close(io, Close::Abort))
    }

    /// Rejects the connection with a fatal alert, and lingers within bounds so that the peer reads
    /// it, as [`crate::Stream::reject`] does.
    ///
    /// # Cancel safety
    ///
    /// The connection is ending with that alert. The next call of `reject`, or of `close`,
    /// continues.
    ///
    /// # Errors
    ///
    /// Fails as [`crate::Stream::reject`] does.
    ///
    /// # Panics
    ///
    /// Panics in a runtime without timers, if it must wait under a deadline.
    pub async fn reject(&mut self, alert: AlertDescription) -> io::Result<Ending> {
        self.until_done(|driver, io| driver.reject(io, alert)).await
    }

    /// Ends TLS and gives the transport back, together with the bytes that were read after the
    /// peer's close_notify.
    ///
    /// # Cancel safety
    ///
    /// The stream still owns the transport, which takes no more data. The next call continues.
    ///
    /// # Errors
    ///
    /// Fails with how the connection ended instead; the transport has been dropped.
    ///
    /// # Panics
    ///
    /// Panics in a runtime without timers, if it must wait under a deadline.
    pub async fn hand_back(&mut self) -> io::Result<(IO, Vec<u8>)> {
        let leftover = self.until_done(|driver, io| driver.hand_back(io)).await?;
        let io = self.driven.io.take().ok_or_else(|| self.driven.driver.session.ended())?;
        Ok((io, leftover))
    }

    /// Splits the stream for two tasks, which share its end: see [`Handle`](super::Handle).
    #[must_use]
    pub fn into_split(self) -> (ReadHalf<IO, C>, WriteHalf<IO, C>) {
        split::halves(self)
    }

    pub(crate) fn lingering_in(mut self, lingering: &Lingering) -> Self {
        self.driven.lingering = lingering.clone();
        self
    }
}

impl<IO: Transport, C: Tls + Unpin> AsyncRead for Stream<IO, C> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let unfilled = buffer.initialize_unfilled();
        self.poll(cx, Waits::Read, |driver, io| driver.read(io, unfilled))
            .map_ok(|count| buffer.advance(count))
    }
}

impl<IO: Transport, C: Tls + Unpin> AsyncWrite for Stream<IO, C> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(data)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll(cx, Waits::Write, |driver, io| driver.write(io, data))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll(cx, Waits::Flush, |driver, io| driver.flush(io))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll(cx, Waits::Shutdown, |driver, io| driver.shut_down(io))
    }
}

impl<IO: Transport, C: Tls> fmt::Debug for Stream<IO, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").field("session", &self.driven.driver.session).finish_non_exhaustive()
    }
}
