//! An end of a wire as a transport for tasks: a waiting task is woken once the result of its call
//! would change, and not before.

use std::cell::RefCell;
use std::io::{self, ErrorKind, Read, Write};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::wire::{End, Nature, Shared, Wire};

/// The wakers of the tasks that wait to read from an end, and to write to it.
type Waiting = Rc<RefCell<[Option<Waker>; 2]>>;

/// More calls than this between two actions are a spin.
const SPIN: u32 = 100_000;

/// An end.
#[derive(Debug)]
pub(super) struct Line {
    end: End,
    waiting: Waiting,
}

/// A wire between two lines.
pub(super) struct Net {
    pub(super) wire: Shared,
    waiting: [Waiting; 2],
}

impl Net {
    pub(super) fn new(nature: Nature) -> (Self, [Line; 2]) {
        let (wire, [near, far]) = Shared::new(nature);
        let waiting = [Waiting::default(), Waiting::default()];
        let line = |end, side: usize| Line { end, waiting: Rc::clone(&waiting[side]) };
        let lines = [line(near, 0), line(far, 1)];
        (Self { wire, waiting }, lines)
    }

    /// Wakes the tasks that wait for what is there now.
    pub(super) fn wake(&self) {
        for (side, waiting) in self.waiting.iter().enumerate() {
            let ready = {
                let mut wire = self.wire.borrow();
                assert!(wire.take_idle_calls(side) < SPIN, "a transport is asked again and again");
                [is_readable(&wire, side), is_writable(&wire, side)]
            };
            for (direction, _) in ready.into_iter().enumerate().filter(|(_, ready)| *ready) {
                // A woken task may call the wire.
                let waker = waiting.borrow_mut()[direction].take();
                waker.into_iter().for_each(Waker::wake);
            }
        }
    }
}

fn is_readable(wire: &Wire, side: usize) -> bool {
    wire.unread(side) > 0 || wire.towards(side).fin_arrived || wire.is_dead(side)
}

fn is_writable(wire: &Wire, side: usize) -> bool {
    let ours = wire.towards(1 - side);
    wire.is_dead(side) || ours.shut || ours.log.len() - ours.arrived < wire.nature().capacity
}

impl Line {
    fn poll<R>(
        &mut self,
        cx: &Context<'_>,
        direction: usize,
        call: impl FnOnce(&mut End) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        match call(&mut self.end) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.waiting.borrow_mut()[direction] = Some(cx.waker().clone());
                Poll::Pending
            }
            result => Poll::Ready(result),
        }
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let unfilled = buffer.initialize_unfilled();
        self.poll(cx, 0, |end| end.read(unfilled)).map_ok(|count| buffer.advance(count))
    }
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll(cx, 1, |end| end.write(bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll(cx, 1, close_notify::Transport::shut_write)
    }
}

impl close_notify::tasks::Transport for Line {
    fn reset(&mut self) -> io::Result<()> {
        close_notify::Transport::reset(&mut self.end)
    }
}
