//! The asynchronous adapter: reads and writes as tokio's streams do, and ends like the core says.
//!
//! Decides nothing: the driver repeats, the task sleeps, the machine closes.

use std::fmt;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use ::tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use ::tokio::time::timeout;
use close_notify_core::{AlertDescription, Ending, FramingState, Manner, Policy};
use close_notify_framing::Framing;
use rustls::Connection;

use super::driven::Driven;
use super::polled::Polled;
use super::split::{self, ReadHalf, WriteHalf};
use super::transport::Transport;
use super::wakers::{Waits, Wakers};
use crate::driver::lingering::Lingering;
use crate::driver::{Acceptance, Driver, Standing};
use crate::engine::tls::Tls;
use crate::session::Session;

/// A TLS stream over a transport of tokio that knows how it ended: [`crate::Stream`] for tasks.
///
/// Shape: reading ends with zero bytes behind the peer's close_notify, and with an error that
/// carries the [`Ending`] otherwise. [`close`](Self::close) ends the connection; dropping the
/// stream drops the transport without a word. `poll_shutdown` says close_notify and shuts the write
/// side, in every version, and does not wait for the peer: what the peer still sends can be read.
/// It fails if any of what was written, close_notify or FIN cannot leave within the patience. Every
/// future may be dropped and its call made again; each call says what holds in between.
///
/// A call that must wait under a deadline needs a runtime with time (`enable_time`, `enable_all`):
/// it fails outside of any, and tokio panics in one without time. It may be made again in another
/// runtime, and goes on there. What waits for nothing needs none:
/// [`peer_closed_now`](Self::peer_closed_now), [`abort`](Self::abort), a drop.
///
/// ```
/// use close_notify::tokio::Stream;
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
    /// A stream over a connection of rustls that has read nothing yet, before or after its
    /// handshake.
    ///
    /// Shape: as [`Session::new`]. For a stream of tokio-rustls there is
    /// [`WithEnding`](super::WithEnding).
    #[must_use]
    pub fn new(connection: impl Into<Connection>, io: IO, policy: Policy) -> Self {
        Self::from_session(Session::new(connection, policy), io)
    }
}

impl<IO: Transport, C: Tls> Stream<IO, C> {
    /// A stream over a session.
    #[must_use]
    pub fn from_session(session: Session<C>, io: IO) -> Self {
        let wakers = Arc::new(Wakers::default());
        Self { driven: Driven::new(session, io, &wakers), wakers }
    }

    /// How long a close, or the salvage of an alert behind a failed write, may take. The default is
    /// 5 s. A close that is under way has that long from now.
    ///
    /// `close(Graceful)` takes all of it if the peer does not answer, as Java's clients do with a
    /// connection that they keep: see [`crate::Stream::set_patience`].
    pub fn set_patience(&mut self, patience: Duration) {
        if self.driven.set_patience(patience) {
            self.wakers.wake_all_but(None);
        }
    }

    /// Where the transport goes once nothing but TCP is left to finish:
    /// [`crate::Stream::set_lingerer`].
    ///
    /// A stream that is dropped after its `poll_shutdown`, as HTTP libraries do, goes there too:
    /// closing it at once could destroy the last response. If the service [cannot take
    /// it](close_notify_linger::Counters::not_taken), it is closed at once: a drop cannot wait.
    #[cfg(unix)]
    pub fn set_lingerer(&mut self, lingerer: &close_notify_linger::Lingerer) {
        self.driven.lingering = lingerer.clone().into();
    }

    /// Where the application protocol stands, for the end of reading to be judged by:
    /// [`crate::Stream::set_framing`].
    pub fn set_framing(&mut self, framing: FramingState) {
        self.driven.driver.stand(Standing::Said(framing));
    }

    /// Has this tracker see all that is read and written from now on, and say where the framing
    /// stands.
    ///
    /// A missing close_notify is then tolerated between messages where the policy says so
    /// ([`MissingNotify::BetweenMessages`](crate::MissingNotify::BetweenMessages),
    /// [`Policy::https`]), and an error inside one; a header section comes out whole, or not at
    /// all.
    ///
    /// Shape: before the first message is read or written, or between two protocols. What a tracker
    /// before it has held back comes first.
    pub fn set_tracker(&mut self, tracker: impl Framing + Send + Sync + 'static) {
        self.driven.driver.stand(Standing::tracked(tracker));
    }

    /// The tracker of [`set_tracker`](Self::set_tracker), if it is of this type:
    /// [`crate::Stream::tracker`].
    #[must_use]
    pub fn tracker<F: Framing + 'static>(&self) -> Option<&F> {
        self.driven.driver.standing.tracker()
    }

    /// Where the framing stands.
    #[must_use]
    pub fn framing(&self) -> FramingState {
        self.driven.driver.standing.state()
    }

    /// Whether what was read may be less than what the peer sent: [`Ending::truncation_possible`]
    /// where the framing stands.
    #[must_use]
    pub fn truncation_possible(&self) -> bool {
        self.driven.driver.truncation_possible()
    }

    /// How the connection has ended so far.
    #[must_use]
    pub const fn ending(&self) -> Ending {
        self.driven.driver.session.ending()
    }

    /// The session beneath.
    #[must_use]
    pub const fn session(&self) -> &Session<C> {
        &self.driven.driver.session
    }

    /// The transport, while it is there.
    #[must_use]
    pub const fn transport(&self) -> Option<&IO> {
        self.driven.io.as_ref()
    }

    /// Makes a call of the driver; what it waits for wakes the task.
    fn poll<R>(
        &mut self,
        cx: &Context<'_>,
        waits: Waits,
        call: impl FnOnce(&mut Driver<C>, &mut Polled<'_, '_, IO>) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        self.wakers.poll(waits, cx, || self.driven.call(call))
    }

    /// Makes a call of the driver until it is done.
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

    /// Does the handshake to its end. Reading and writing do it too.
    ///
    /// Cancel: the handshake goes on with the next call.
    ///
    /// Errors: how it ended: the peer's alert where one came, even behind a failed write.
    pub async fn complete_handshake(&mut self) -> io::Result<()> {
        self.until_done(|driver, line| driver.complete_handshake(line)).await
    }

    /// Does the handshake to its end, within this time.
    ///
    /// Cancel: the handshake goes on with the next call, which has its own time.
    ///
    /// Errors: as [`complete_handshake`](Self::complete_handshake); an ending that is
    /// [`TimedOut`](crate::ReadEnd::TimedOut), the transport dropped.
    pub async fn complete_handshake_within(&mut self, patience: Duration) -> io::Result<()> {
        match timeout(patience, self.complete_handshake()).await {
            Ok(result) => result,
            Err(_) => self.until_done(|driver, line| driver.handshake_timed_out(line)).await,
        }
    }

    /// Whether the server took our certificate: [`crate::Stream::confirm_accepted`] says how that
    /// is known.
    ///
    /// Cancel: what came is kept, and the next call knows it.
    ///
    /// Errors: how the connection ended: the server's alert by name, not the reset that followed
    /// it.
    pub async fn confirm_accepted(&mut self, patience: Duration) -> io::Result<Acceptance> {
        let known = self.until_done(|driver, line| driver.acceptance(line));
        timeout(patience, known).await.unwrap_or(Ok(Acceptance::Unknown))
    }

    /// Whether the peer has ended the connection by now: [`crate::Stream::peer_closed_now`]. It
    /// never waits, and sees what the runtime has noticed of the transport.
    ///
    /// Errors: none that a peer can cause.
    pub fn peer_closed_now(&mut self) -> io::Result<bool> {
        self.at_once(|driver, line| driver.peer_closed_now(line))
    }

    /// Ends the connection in this manner, within the patience of
    /// [`set_patience`](Self::set_patience), as [`crate::Stream::close`] does.
    ///
    /// Cancel: the connection is ending and takes no more data; the next call of `close` goes on,
    /// its clock too.
    ///
    /// Errors: those of [`crate::Stream::close`].
    pub async fn close(&mut self, manner: Manner) -> io::Result<Ending> {
        self.until_done(|driver, line| driver.close(line, manner)).await
    }

    /// [`close`](Self::close), polled.
    ///
    /// Errors: those of [`close`](Self::close).
    pub fn poll_close(&mut self, cx: &mut Context<'_>, manner: Manner) -> Poll<io::Result<Ending>> {
        self.poll(cx, Waits::Close, |driver, line| driver.close(line, manner))
    }

    /// Closes the write side and reads on (TLS 1.3), as [`crate::Stream::close_write`] does.
    ///
    /// Cancel: the write side takes no more data; the next call, or any close, goes on.
    ///
    /// Errors: those of [`crate::Stream::close_write`].
    pub async fn close_write(&mut self) -> io::Result<Ending> {
        self.until_done(|driver, line| driver.close_write(line)).await
    }

    /// Resets the transport, so that the peer must not take what it has for the whole. It never
    /// waits. What some peers make of a reset, and what to do instead, [`crate::Stream::abort`]
    /// says.
    ///
    /// Errors: none that a peer can cause.
    pub fn abort(&mut self) -> io::Result<Ending> {
        self.at_once(|driver, line| driver.close(line, Manner::Abort))
    }

    /// Rejects the connection with a fatal alert, and lingers within bounds so that the peer reads
    /// it, as [`crate::Stream::reject`] does.
    ///
    /// Cancel: the connection is ending by that alert; the next call of `reject`, or of `close`,
    /// goes on.
    ///
    /// Errors: those of [`crate::Stream::reject`].
    pub async fn reject(&mut self, alert: AlertDescription) -> io::Result<Ending> {
        self.until_done(|driver, line| driver.reject(line, alert)).await
    }

    /// Ends TLS and gives the transport back: what is returned beside it was read behind the peer's
    /// close_notify.
    ///
    /// Cancel: the transport is still ours and takes no more data; the next call goes on.
    ///
    /// Errors: how the connection ended instead, the transport dropped.
    pub async fn hand_back(&mut self) -> io::Result<(IO, Vec<u8>)> {
        let leftover = self.until_done(|driver, line| driver.hand_back(line)).await?;
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
        self.poll(cx, Waits::Read, |driver, line| driver.read(line, unfilled))
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
        self.poll(cx, Waits::Write, |driver, line| driver.write(line, data))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll(cx, Waits::Flush, |driver, line| driver.flush(line))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll(cx, Waits::Shutdown, |driver, line| driver.shut_down(line))
    }
}

impl<IO: Transport, C: Tls> fmt::Debug for Stream<IO, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").field("session", &self.driven.driver.session).finish_non_exhaustive()
    }
}
