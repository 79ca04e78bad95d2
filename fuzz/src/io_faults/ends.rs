//! Our end, over either adapter: a call is made once, and returns its result.
//!
//! Decides nothing. Every future is dropped when it waits, and its call is made again, so that
//! bytes lost or repeated by that are found.

use std::future::Future;
use std::io::{self, ErrorKind, Read, Write};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use close_notify::{AlertDescription, Close, Ending, Error, FramingState, Session, Stream, tasks};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::wire::Held;

/// A call of our end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Op {
    Read(usize),
    /// Writes this many bytes of our data.
    Write(usize),
    Flush,
    Close(Close),
    CloseWrite,
    /// The shutdown of a task that knows only tokio's traits.
    Shutdown,
    Reject(AlertDescription),
    HandBack,
    PeerClosedNow,
}

impl Op {
    /// The task that makes it. A task waits only for its last call.
    pub(super) const fn task(self) -> usize {
        match self {
            Self::Read(_) => 0,
            Self::Write(_) | Self::Flush | Self::Shutdown => 1,
            Self::Close(_) | Self::CloseWrite | Self::Reject(_) | Self::HandBack | Self::PeerClosedNow => 2,
        }
    }
}

/// The result of a call.
#[derive(Debug)]
pub(super) enum Came {
    /// It waits.
    Waits,
    Count(usize),
    Done,
    Ended(Ending),
    /// The transport, and what was read after the peer's close_notify.
    Back(Held, Vec<u8>),
    /// Whether the peer has closed.
    Closed(bool),
    Failed(io::Error),
}

/// One of our streams.
pub(super) enum End {
    Blocking(Box<Stream<Held>>),
    OfTasks(Box<tasks::Stream<Held>>),
}

impl End {
    pub(super) fn session(&self) -> &Session {
        match self {
            Self::Blocking(stream) => stream.session(),
            Self::OfTasks(stream) => stream.session(),
        }
    }

    pub(super) fn ending(&self) -> Ending {
        self.session().ending()
    }

    pub(super) fn has_transport(&self) -> bool {
        match self {
            Self::Blocking(stream) => stream.transport().is_some(),
            Self::OfTasks(stream) => stream.transport().is_some(),
        }
    }

    pub(super) fn set_patience(&mut self, patience: Duration) {
        match self {
            Self::Blocking(stream) => stream.set_patience(patience),
            Self::OfTasks(stream) => stream.set_patience(patience),
        }
    }

    pub(super) fn set_framing(&mut self, framing: FramingState) {
        match self {
            Self::Blocking(stream) => stream.set_framing(framing),
            Self::OfTasks(stream) => stream.set_framing(framing),
        }
    }

    /// Makes a call once. Reads go to `buffer`, and writes come from it.
    pub(super) fn call(&mut self, op: Op, buffer: &mut [u8], waker: &Waker) -> Came {
        match self {
            Self::Blocking(stream) => call_blocking(stream, op, buffer),
            Self::OfTasks(stream) => call_of_tasks(stream, op, buffer, &mut Context::from_waker(waker)),
        }
    }
}

fn call_blocking(stream: &mut Stream<Held>, op: Op, buffer: &mut [u8]) -> Came {
    let came = match op {
        Op::Read(count) => stream.read(&mut buffer[..count]).map(Came::Count),
        Op::Write(count) => stream.write(&buffer[..count]).map(Came::Count),
        Op::Flush => stream.flush().map(|()| Came::Done),
        Op::Close(manner) => stream.close(manner).map(Came::Ended),
        Op::CloseWrite | Op::Shutdown => stream.close_write().map(Came::Ended),
        Op::Reject(alert) => stream.reject(alert).map(Came::Ended),
        Op::HandBack => stream.hand_back().map(|(held, left)| Came::Back(held, left)),
        Op::PeerClosedNow => stream.peer_closed_now().map(Came::Closed),
    };
    came.unwrap_or_else(|error| if says_again(&error) { Came::Waits } else { Came::Failed(error) })
}

/// Whether a blocking stream must be called again: an error that is an end of ours carries that
/// end.
fn says_again(error: &io::Error) -> bool {
    let carries = error.get_ref().is_some_and(|inner| inner.is::<Error>());
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) && !carries
}

fn call_of_tasks(stream: &mut tasks::Stream<Held>, op: Op, buffer: &mut [u8], cx: &mut Context<'_>) -> Came {
    let came = match op {
        Op::Read(count) => {
            let mut read = ReadBuf::new(&mut buffer[..count]);
            Pin::new(stream).poll_read(cx, &mut read).map_ok(|()| Came::Count(read.filled().len()))
        }
        Op::Write(count) => Pin::new(stream).poll_write(cx, &buffer[..count]).map_ok(Came::Count),
        Op::Flush => Pin::new(stream).poll_flush(cx).map_ok(|()| Came::Done),
        Op::Shutdown => Pin::new(stream).poll_shutdown(cx).map_ok(|()| Came::Done),
        Op::Close(Close::Abort) => Poll::Ready(stream.abort().map(Came::Ended)),
        Op::Close(manner) => stream.poll_close(cx, manner).map_ok(Came::Ended),
        Op::CloseWrite => once(stream.close_write(), cx).map_ok(Came::Ended),
        Op::Reject(alert) => once(stream.reject(alert), cx).map_ok(Came::Ended),
        Op::HandBack => once(stream.hand_back(), cx).map_ok(|(held, left)| Came::Back(held, left)),
        Op::PeerClosedNow => Poll::Ready(stream.peer_closed_now().map(Came::Closed)),
    };
    match came {
        Poll::Pending => Came::Waits,
        Poll::Ready(came) => came.unwrap_or_else(Came::Failed),
    }
}

/// Polls a future once, and drops it.
fn once<R>(future: impl Future<Output = R>, cx: &mut Context<'_>) -> Poll<R> {
    pin!(future).as_mut().poll(cx)
}
