//! Transports for threads: a pipe to a party on the path, which carries, holds, cuts or resets what
//! two ends send.
//!
//! Decides nothing about closing: each pipe shows its ends as Linux does. A call that would wait
//! first runs the other end and the path, if that is set up. Calls that do a whole handshake can
//! thus be made in one thread.

use std::cell::RefCell;
use std::io::{self, ErrorKind, Read, Write};
use std::rc::Rc;

use close_notify::{Pipe, Transport};

/// What runs while a call waits. It returns whether anything has happened.
type Elsewhere = Rc<RefCell<Option<Box<dyn FnMut() -> bool>>>>;

/// An end's transport.
pub(super) struct Duct {
    pipe: Pipe,
    elsewhere: Elsewhere,
}

impl Duct {
    /// Runs `elsewhere` while a call waits.
    pub(super) fn wait_by(&self, elsewhere: impl FnMut() -> bool + 'static) {
        *self.elsewhere.borrow_mut() = Some(Box::new(elsewhere));
    }

    /// A function that stops running anything during waits: calls return `WouldBlock` from then on.
    pub(super) fn stopper(&self) -> impl FnOnce() + use<> {
        let elsewhere = Rc::clone(&self.elsewhere);
        move || drop(elsewhere.take())
    }

    /// Makes a call until it need not wait, or nothing happens elsewhere.
    fn call<R>(&mut self, mut call: impl FnMut(&mut Pipe) -> io::Result<R>) -> io::Result<R> {
        loop {
            match call(&mut self.pipe) {
                Err(error) if error.kind() == ErrorKind::WouldBlock && self.goes_on() => {}
                result => return result,
            }
        }
    }

    fn goes_on(&self) -> bool {
        self.elsewhere.borrow_mut().as_mut().is_some_and(|elsewhere| elsewhere())
    }
}

impl Read for Duct {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.call(|pipe| pipe.read(buffer))
    }
}

impl Write for Duct {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.call(|pipe| pipe.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pipe.flush()
    }
}

impl Transport for Duct {
    fn shut_write(&mut self) -> io::Result<()> {
        self.pipe.shut_write()
    }

    fn reset(&mut self) -> io::Result<()> {
        self.pipe.reset()
    }
}

/// The party on the path: the far ends of both pipes, and bytes in flight.
#[derive(Debug)]
pub(super) struct Path {
    ends: [Option<Pipe>; 2],
    /// Sent by each side, and not yet in the other's pipe.
    held: [Vec<u8>; 2],
    /// The side has sent its last byte.
    has_ended: [bool; 2],
    /// Its end has arrived.
    has_passed: [bool; 2],
    /// How many bytes of each side were carried.
    pub(super) carried: [usize; 2],
}

impl Path {
    /// A path of two pipes, and the ends of both applications.
    pub(super) fn new(capacity: usize) -> (Self, [Duct; 2]) {
        let [near, far] = [0, 1].map(|_| Pipe::pair(capacity));
        let ends = [Some(near.1), Some(far.1)];
        let path = Self {
            ends,
            held: Default::default(),
            has_ended: [false; 2],
            has_passed: [false; 2],
            carried: [0; 2],
        };
        (path, [near.0, far.0].map(|pipe| Duct { pipe, elsewhere: Rc::default() }))
    }

    /// Carries at most `most` bytes of this side, and the end after them. Returns whether anything
    /// was moved.
    pub(super) fn carry(&mut self, side: usize, most: usize) -> bool {
        let took = self.take(side, most);
        let gave = self.give(side);
        took || gave
    }

    /// Carries all that both sides have sent, as far as there is room. Returns whether anything was
    /// moved.
    pub(super) fn carry_all(&mut self) -> bool {
        let mut moved = false;
        while self.carry(0, usize::MAX) | self.carry(1, usize::MAX) {
            moved = true;
        }
        moved
    }

    fn take(&mut self, side: usize, most: usize) -> bool {
        let Some(end) = &mut self.ends[side] else { return false };
        if self.has_ended[side] || !self.held[side].is_empty() {
            return false;
        }
        let mut bytes = vec![0; end.readable().min(most).max(1)];
        match end.read(&mut bytes) {
            Ok(0) => self.has_ended[side] = true,
            Ok(count) => {
                bytes.truncate(count);
                self.held[side] = bytes;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
            Err(_) => self.resets(side),
        }
        true
    }

    fn give(&mut self, side: usize) -> bool {
        let held = &mut self.held[side];
        let Some(end) = &mut self.ends[1 - side] else { return !std::mem::take(held).is_empty() };
        if held.is_empty() {
            return self.has_ended[side] && self.ends(side);
        }
        match end.write(held) {
            Ok(count) => {
                held.drain(..count);
                self.carried[side] += count;
                count > 0
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => false,
            // The side that is gone has reset the connection.
            Err(_) => {
                held.clear();
                self.resets(1 - side);
                true
            }
        }
    }

    /// The end of this side arrives, once. If the other side is gone, it arrives nowhere.
    fn ends(&mut self, side: usize) -> bool {
        let is_first = !std::mem::replace(&mut self.has_passed[side], true);
        if let (true, Some(end)) = (is_first, &mut self.ends[1 - side]) {
            let _ = end.shut_write();
        }
        is_first
    }

    /// A reset of this side arrives at the other.
    fn resets(&mut self, side: usize) {
        self.has_ended[side] = true;
        self.held = Default::default();
        if let Some(mut end) = self.ends[1 - side].take() {
            end.reset().expect("a pipe can be reset");
        }
    }

    /// A third party ends the stream towards this side.
    pub(super) fn forge_fin(&mut self, side: usize) {
        if let Some(end) = &mut self.ends[side] {
            // A side that is gone gets nothing.
            let _ = end.shut_write();
        }
    }

    /// A third party resets this side.
    pub(super) fn forge_reset(&mut self, side: usize) {
        self.resets(1 - side);
    }

    /// A third party lets go of the connection towards this side, which sees an end, or a reset if
    /// it had sent more.
    pub(super) fn cut(&mut self, side: usize) {
        self.ends[side] = None;
    }
}
