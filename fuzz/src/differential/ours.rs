//! Our two streams, with the same calls.

use std::io::{self, ErrorKind, Read, Write};
use std::pin::{Pin, pin};
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};

use close_notify::{Close, Ending, FindEnding, Policy, ReadEnd, Stream, tasks as asynchronous};
use rustls::Connection;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::runtime::{Builder, Runtime};

use super::outcome::Kind;
use super::subject::{DATA, End};
use super::wire::Wire;

/// Only its clock is used: nothing runs on it.
static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_time().build().expect("a runtime"));

pub(super) enum Ours {
    Blocking(Box<Stream<Wire>>),
    Asynchronous(Box<asynchronous::Stream<Wire>>),
}

impl Ours {
    pub(super) fn blocking(connection: Connection, wire: Wire) -> Self {
        Self::Blocking(Stream::new(connection, wire, Policy::STRICT).into())
    }

    pub(super) fn asynchronous(connection: Connection, wire: Wire) -> Self {
        Self::Asynchronous(asynchronous::Stream::new(connection, wire, Policy::STRICT).into())
    }

    fn read_some(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Blocking(stream) => stream.read(buffer),
            Self::Asynchronous(stream) => at_once(|cx| {
                let mut buffer = ReadBuf::new(buffer);
                Pin::new(stream.as_mut()).poll_read(cx, &mut buffer).map_ok(|()| buffer.filled().len())
            }),
        }
    }

    fn close_in(&mut self, is_13: bool) -> io::Result<Ending> {
        match (self, is_13) {
            (Self::Blocking(stream), true) => stream.close_write(),
            (Self::Blocking(stream), false) => stream.close(Close::Graceful),
            (Self::Asynchronous(stream), true) => at_once(|cx| pin!(stream.close_write()).poll(cx)),
            (Self::Asynchronous(stream), false) => at_once(|cx| stream.poll_close(cx, Close::Graceful)),
        }
    }
}

/// Polls once; pending is reported as `WouldBlock`.
fn at_once<R>(poll: impl FnOnce(&mut Context<'_>) -> Poll<io::Result<R>>) -> io::Result<R> {
    let _guard = RUNTIME.enter();
    match poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => Err(ErrorKind::WouldBlock.into()),
    }
}

impl End for Ours {
    fn read(&mut self) -> (usize, Kind) {
        let (mut count, mut buffer) = (0, [0; 256]);
        loop {
            match self.read_some(&mut buffer) {
                Ok(0) => return (count, Kind::Clean),
                Ok(some) => count += some,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return (count, Kind::Nothing),
                Err(error) => {
                    return (count, kind(Ending::find(&error).expect("our streams say how it ended")));
                }
            }
        }
    }

    fn write(&mut self) {
        let _ = match self {
            Self::Blocking(stream) => stream.write(DATA),
            Self::Asynchronous(stream) => at_once(|cx| Pin::new(stream.as_mut()).poll_write(cx, DATA)),
        };
    }

    fn close(&mut self, is_13: bool) {
        // A close that waits continues with the next call that reads.
        let _ = self.close_in(is_13);
    }
}

const fn kind(ending: Ending) -> Kind {
    match ending.reading {
        ReadEnd::Open | ReadEnd::NotAwaited | ReadEnd::TimedOut | ReadEnd::OverBudget => Kind::Nothing,
        ReadEnd::CloseNotify => Kind::Clean,
        ReadEnd::CloseNotifyInHandshake | ReadEnd::Refused(_) => Kind::Refused,
        ReadEnd::TruncatedAtBoundary | ReadEnd::TruncatedInRecord => Kind::Truncated,
        ReadEnd::Reset | ReadEnd::TransportFailed => Kind::Reset,
        ReadEnd::FatalAlert(alert) => Kind::Alert(alert.0),
    }
}
