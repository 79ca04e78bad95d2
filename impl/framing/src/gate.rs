//! Hands on a header section once it is whole, and nothing of one that was cut.
//!
//! The tracker decides what is held back. The core decides what the end is worth.
//!
//! Source: RFC 9112 §8 · http-headers-cut; CVE-2013-2853: a cookie whose `Secure` was cut off was
//! kept, and sent in the clear.

use std::collections::VecDeque;
use std::io::{self, Read, Write};

use close_notify_core::FramingState;

use crate::fault::{Fault, Way, What};
use crate::framing::Framing;

/// A little more than the trackers of this crate hold back by default.
const LIMIT: usize = 80 * 1024;

/// Holds back what its tracker does not release: a header section comes out whole, or not at all.
///
/// [`pass`](Self::pass) each piece that was read. Bytes after a fault never come out.
///
/// ```
/// # use close_notify_framing::{Gate, http::Responses};
/// let mut gate = Gate::new(Responses::new());
/// let mut out = Vec::new();
/// gate.pass(b"HTTP/1.1 200 OK\r\nSet-Cookie: id=1; Sec", &mut out)?;
/// assert_eq!((out.len(), gate.held()), (0, 38)); // cut here, nothing of it would be known
/// gate.pass(b"ure\r\nContent-Length: 2\r\n\r\nh", &mut out)?;
/// assert_eq!(gate.held(), 0);
/// assert!(out.ends_with(b"\r\n\r\nh")); // content is not held back
/// # Ok::<(), close_notify_framing::Fault>(())
/// ```
#[derive(Clone, Debug)]
pub struct Gate<F> {
    tracker: F,
    held: VecDeque<u8>,
    passed: u64,
    limit: usize,
    overflow: Option<Fault>,
}

impl<F: Framing> Gate<F> {
    /// A gate that holds back at most 80 KiB. The tracker must not have seen any byte yet.
    #[must_use]
    pub const fn new(tracker: F) -> Self {
        Self::with_limit(tracker, LIMIT)
    }

    /// A gate that holds back at most `limit` bytes.
    #[must_use]
    pub const fn with_limit(tracker: F, limit: usize) -> Self {
        Self { tracker, held: VecDeque::new(), passed: 0, limit, overflow: None }
    }

    /// Passes to the tracker what was read, and appends to `out` what may be handed on by now.
    ///
    /// # Errors
    ///
    /// What the tracker could not follow, or [`What::HeldTooLong`]. The bytes before the fault that
    /// may be handed on are in `out` even so. Nothing comes out after a fault.
    pub fn pass(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
        while self.fault().is_none() && !bytes.is_empty() {
            // At most one byte beyond the limit, so that the limit does not depend on the pieces.
            let (piece, rest) =
                bytes.split_at(bytes.len().min((self.limit - self.held.len()).saturating_add(1)));
            self.tracker.received(piece);
            self.held.extend(piece);
            self.release(out);
            bytes = rest;
        }
        match self.fault() {
            Some(fault) => Err(fault),
            None => Ok(()),
        }
    }

    fn release(&mut self, out: &mut Vec<u8>) {
        let free = self.tracker.releasable().saturating_sub(self.passed);
        let free = usize::try_from(free).unwrap_or(usize::MAX).min(self.held.len());
        out.extend(self.held.drain(..free));
        self.passed += free as u64;
        // The tracker's fault takes precedence: it is within the limit.
        if self.held.len() > self.limit && self.tracker.fault().is_none() {
            let offset = self.passed + self.limit as u64;
            self.overflow = Some(Fault { what: What::HeldTooLong, way: Way::Received, offset });
        }
    }

    /// How many bytes are held back. They are dropped with the gate if the connection ends now.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// The bytes that are held back, for another tracker to judge.
    #[must_use]
    pub fn into_held(self) -> Vec<u8> {
        self.held.into()
    }

    /// The state of the framing if the connection ends now.
    #[must_use]
    pub fn state(&self) -> FramingState {
        if self.overflow.is_some() { FramingState::InsideMessage } else { self.tracker.state() }
    }

    /// What could not be followed, or held back.
    #[must_use]
    pub fn fault(&self) -> Option<Fault> {
        self.overflow.or_else(|| self.tracker.fault())
    }

    /// The tracker.
    #[must_use]
    pub const fn tracker(&self) -> &F {
        &self.tracker
    }

    /// The tracker, to pass it what was sent. Pass what was received only to [`pass`](Self::pass).
    #[must_use]
    pub const fn tracker_mut(&mut self) -> &mut F {
        &mut self.tracker
    }
}

/// How much is read at once if the reader's own buffer is smaller.
const PIECE: usize = 4096;

/// A blocking stream that is read through a [`Gate`]. The tracker receives what is written, too.
///
/// The end of the stream is passed on as it is, unless it cut a header section.
///
/// # Errors
///
/// Reads and writes return the errors of the stream. A read returns a [`Fault`] as `InvalidData`,
/// after what could be handed on. It returns `UnexpectedEof` if the stream ends while something is
/// held back, even if it ends by close_notify.
///
/// # Examples
///
/// ```
/// use std::io::Read;
/// # use close_notify_framing::{Gated, http::Responses};
/// let cut: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nSet-Cookie: a=b";
/// let mut stream = Gated::new(cut, Responses::new());
/// let mut text = String::new();
/// let error = stream.read_to_string(&mut text).unwrap_err();
/// assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
/// ```
#[derive(Debug)]
pub struct Gated<S, F> {
    stream: S,
    gate: Gate<F>,
    free: VecDeque<u8>,
}

impl<S, F: Framing> Gated<S, F> {
    /// A stream of which nothing has been read yet, with a gate with the default limit.
    #[must_use]
    pub const fn new(stream: S, tracker: F) -> Self {
        Self { stream, gate: Gate::new(tracker), free: VecDeque::new() }
    }

    /// The gate, with the state of the framing and what is held back.
    #[must_use]
    pub const fn gate(&self) -> &Gate<F> {
        &self.gate
    }

    /// The stream.
    #[must_use]
    pub const fn stream(&self) -> &S {
        &self.stream
    }

    /// The stream, to end it. Bytes that are read or written past the gate are not tracked.
    #[must_use]
    pub const fn stream_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    /// The stream; what is held back is dropped.
    #[must_use]
    pub fn into_stream(self) -> S {
        self.stream
    }
}

impl<S: Read, F: Framing> Read for Gated<S, F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        while self.free.is_empty() {
            if let Some(fault) = self.gate.fault() {
                return Err(fault.into());
            }
            let mut piece = [0; PIECE];
            let read = self.stream.read(&mut piece)?;
            if read == 0 {
                return self.ended();
            }
            let mut out = Vec::new();
            // The loop returns a fault once what could be handed on is read.
            let _ = self.gate.pass(&piece[..read], &mut out);
            self.free = out.into();
        }
        self.free.read(buffer)
    }
}

impl<S, F: Framing> Gated<S, F> {
    // RFC 9112 §8 · http-headers-cut
    fn ended(&self) -> io::Result<usize> {
        match self.gate.held() {
            0 => Ok(0),
            held => Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                format!("the end cut a header section: its {held} bytes are dropped"),
            )),
        }
    }
}

impl<S: Write, F: Framing> Write for Gated<S, F> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.stream.write(buffer)?;
        self.gate.tracker.sent(&buffer[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
