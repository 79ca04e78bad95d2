//! How each call is made in each state of a side: a stream, its halves, or a transport without TLS.

use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use close_notify::framing::{LengthPrefixed, Width};
use close_notify::tasks::{Handle, Stream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{Calling, Came, Line, Op, Side, State};
use crate::heard::text;

/// How long a client waits for the server's answer.
const ANSWER: Duration = Duration::from_secs(1);

impl Side {
    pub(super) fn poll(&mut self, op: Op, cx: &mut Context<'_>) -> Poll<io::Result<Came>> {
        if let State::Connecting(connecting) = &mut self.state {
            let stream = std::task::ready!(connecting.as_mut().poll(cx));
            self.state = State::Over;
            self.state = State::Whole(Box::new(stream?));
            return Poll::Ready(Ok(Came::Done));
        }
        let data = self.data(op);
        match &mut self.state {
            State::Whole(stream) => match op {
                Op::Read(most) => poll_read(stream.as_mut(), cx, &mut self.buffer[..most]),
                Op::HandBack | Op::Confirm | Op::CloseWrite | Op::Reject(_) => poll_whole(stream, op, cx),
                Op::Close(manner) => stream.poll_close(cx, manner).map_ok(Came::Ended),
                op => poll_write(stream.as_mut(), op, cx, data),
            },
            State::Halves(read, write) => match op {
                Op::Read(most) => poll_read(read, cx, &mut self.buffer[..most]),
                Op::Close(_) | Op::CloseToo(_) | Op::CloseWrite | Op::Reject(_) => {
                    let calling = &mut self.calling[op.task() - 2];
                    let call = calling.get_or_insert_with(|| call_of(read.handle().clone(), op));
                    let came = call.as_mut().poll(cx);
                    calling.take_if(|_| came.is_ready());
                    came
                }
                op => poll_write(write, op, cx, data),
            },
            State::Raw(line) => match op {
                Op::Read(most) => poll_read(line, cx, &mut self.buffer[..most]),
                Op::Close(_) | Op::CloseWrite => poll_write(line, Op::Shutdown, cx, data),
                op => poll_write(line, op, cx, data),
            },
            State::Connecting(_) | State::Over => Poll::Ready(Ok(Came::Nothing)),
        }
    }

    /// The next part of its text, which the call writes.
    fn data(&self, op: Op) -> &'static [u8] {
        match op {
            Op::Write(most) | Op::WriteInParts(most, _) => {
                let most = most.min(self.most.saturating_sub(self.facts.taken));
                text(self.voice, self.facts.taken, most)
            }
            _ => &[],
        }
    }

    /// Splits the stream, or reunites its halves. The ending that it reports stays.
    pub(in crate::whole) fn turn(&mut self) {
        // Halves have no such calls.
        self.tasks[2].op.take_if(|op| matches!(op, Op::HandBack | Op::Confirm));
        // A call of a handle is given up, and made again on the stream.
        let [close, close_too] = &mut self.calling;
        if close.take().is_some() {
            self.tasks[2].waker.wake_by_ref();
        }
        // A stream has one task that closes.
        if close_too.take().is_some() {
            self.tasks[3].op = None;
        }
        self.state = match std::mem::replace(&mut self.state, State::Over) {
            State::Whole(stream) => {
                let (read, write) = stream.into_split();
                State::Halves(read, write)
            }
            State::Halves(read, write) => {
                let handle = read.handle().clone();
                let (read, write) = read.reunite(write).expect_err("another handle is there");
                drop(handle);
                State::Whole(Box::new(read.reunite(write).expect("both halves, and no other handle")))
            }
            other => other,
        };
        self.look();
    }

    /// Checks what the stream or a handle reports about whether the peer has closed.
    pub(in crate::whole) fn looks(&mut self) {
        let closed = match &mut self.state {
            State::Whole(stream) => stream.peer_closed_now(),
            State::Halves(read, _) => read.handle().peer_closed_now(),
            State::Connecting(_) | State::Raw(_) | State::Over => return,
        };
        self.look();
        let has_ended = self.has_ended();
        assert_eq!(closed.expect("a look does not fail"), has_ended, "a look tells of another end");
    }

    pub(in crate::whole) fn aborts(&mut self) {
        self.is_rude = true;
        let aborted = match &mut self.state {
            State::Whole(stream) => stream.abort(),
            State::Halves(_, write) => write.handle().abort(),
            State::Raw(_) => return self.drops(),
            State::Connecting(_) | State::Over => return,
        };
        self.look();
        assert_eq!(aborted.ok(), self.facts.ending, "an abort does not fail");
    }

    /// Drops everything without a close.
    pub(in crate::whole) fn drops(&mut self) {
        self.is_rude = true;
        (self.state, self.calling) = (State::Over, [None, None]);
        self.tasks.iter_mut().for_each(|task| task.op = None);
    }

    pub(in crate::whole) fn set_patience(&mut self, seconds: u64) {
        let patience = Duration::from_secs(seconds);
        self.patience_was_cut |= seconds == 0;
        match &mut self.state {
            State::Whole(stream) => stream.set_patience(patience),
            State::Halves(read, _) => read.handle().set_patience(patience),
            State::Connecting(_) | State::Raw(_) | State::Over => {}
        }
    }

    /// Tracks messages with a length of one byte, from here on.
    pub(in crate::whole) fn track(&mut self) {
        if let State::Whole(stream) = &mut self.state {
            stream.set_tracker(LengthPrefixed::big_endian(Width::One, 255));
        }
    }
}

fn poll_read(
    ends: &mut (impl AsyncRead + Unpin),
    cx: &mut Context<'_>,
    buffer: &mut [u8],
) -> Poll<io::Result<Came>> {
    let mut buffer = ReadBuf::new(buffer);
    Pin::new(ends).poll_read(cx, &mut buffer).map_ok(|()| Came::Read(buffer.filled().len()))
}

fn poll_write(
    ends: &mut (impl AsyncWrite + Unpin),
    op: Op,
    cx: &mut Context<'_>,
    data: &[u8],
) -> Poll<io::Result<Came>> {
    let ends = Pin::new(ends);
    match op {
        Op::Write(_) => ends.poll_write(cx, data).map_ok(Came::Wrote),
        Op::WriteInParts(_, part) => {
            assert!(ends.is_write_vectored() || data.is_empty() || part > 0);
            let parts: Vec<_> = data.chunks(part).map(IoSlice::new).collect();
            ends.poll_write_vectored(cx, &parts).map_ok(Came::Wrote)
        }
        Op::Flush => ends.poll_flush(cx).map_ok(|()| Came::Done),
        Op::Shutdown => ends.poll_shutdown(cx).map_ok(|()| Came::Done),
        _ => Poll::Ready(Ok(Came::Nothing)),
    }
}

fn call_of(handle: Handle<Line>, op: Op) -> Calling {
    Box::pin(async move {
        match op {
            Op::Close(manner) | Op::CloseToo(manner) => handle.close(manner).await.map(Came::Ended),
            Op::CloseWrite => handle.close_write().await.map(Came::Ended),
            Op::Reject(alert) => handle.reject(alert).await.map(Came::Ended),
            _ => Ok(Came::Nothing),
        }
    })
}

/// The calls that only a whole stream has, or that it has as futures.
fn poll_whole(stream: &mut Stream<Line>, op: Op, cx: &mut Context<'_>) -> Poll<io::Result<Came>> {
    match op {
        Op::HandBack => pin!(stream.hand_back()).poll(cx).map_ok(|_| Came::Done),
        Op::Confirm => pin!(stream.confirm_accepted(ANSWER)).poll(cx).map_ok(|_| Came::Done),
        Op::CloseWrite => pin!(stream.close_write()).poll(cx).map_ok(Came::Ended),
        Op::Reject(alert) => pin!(stream.reject(alert)).poll(cx).map_ok(Came::Ended),
        _ => Poll::Ready(Ok(Came::Nothing)),
    }
}
