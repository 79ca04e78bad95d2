//! Gates over one tracker: what comes out is what went in, as far as the tracker releases it, and
//! no further.
//!
//! Source: RFC 9112 §8 · http-headers-cut.

use std::io::{self, ErrorKind, Read, Write};

use close_notify_framing::{Fault, Framing, Gate, Gated, Way};

use super::judge::Context;
use super::script::Piece;

const LIMITS: [usize; 4] = [80 * 1024, 64, 8, 0];
const BUFFERS: [usize; 4] = [512, 1, 7, 64];

/// A way to hold back input as a tracker decides.
pub(super) enum Gates<F> {
    /// Two gates, one of which gets its input byte by byte.
    Bare(Box<Bare<F>>),
    /// A gated stream.
    Stream(Box<Stream<F>>),
}

impl<F: Framing + Clone> Gates<F> {
    pub(super) fn new(start: &F, setup: u8) -> Self {
        let (choice, is_stream) = (usize::from(setup >> 1), setup & 1 == 1);
        if is_stream {
            return Self::Stream(Box::new(Stream {
                gated: Gated::new(Source::default(), start.clone()),
                read: Vec::new(),
                buffer: BUFFERS[choice % BUFFERS.len()],
            }));
        }
        let limit = LIMITS[choice % LIMITS.len()];
        let gate = Gate::with_limit(start.clone(), limit);
        Self::Bare(Box::new(Bare {
            limit,
            by_byte: gate.clone(),
            gate,
            out: Vec::new(),
            out_by_byte: Vec::new(),
        }))
    }

    /// Passes a piece. `received` is all that came so far, including this piece; `fault` is the
    /// tracker's own.
    pub(super) fn pass(
        &mut self,
        context: &Context<'_>,
        piece: Piece<'_>,
        received: &[u8],
        fault: Option<Fault>,
    ) {
        match self {
            Self::Bare(gates) => {
                gates.pass(piece);
                gates.judge(context, received);
            }
            Self::Stream(stream) => stream.pass(context, piece, received, fault),
        }
    }

    /// The connection ends.
    pub(super) fn end(&mut self, context: &Context<'_>) {
        match self {
            Self::Bare(_) => {}
            Self::Stream(stream) => stream.end(context),
        }
    }
}

pub(super) struct Bare<F> {
    limit: usize,
    gate: Gate<F>,
    out: Vec<u8>,
    by_byte: Gate<F>,
    out_by_byte: Vec<u8>,
}

impl<F: Framing> Bare<F> {
    fn pass(&mut self, piece: Piece<'_>) {
        if piece.way == Way::Sent {
            self.gate.tracker_mut().sent(piece.bytes);
            self.by_byte.tracker_mut().sent(piece.bytes);
            return;
        }
        // Faults are checked afterwards.
        let _ = self.gate.pass(piece.bytes, &mut self.out);
        for byte in piece.bytes.chunks(1) {
            let _ = self.by_byte.pass(byte, &mut self.out_by_byte);
        }
    }

    fn judge(&self, context: &Context<'_>, received: &[u8]) {
        let (out, fault, held) = (&self.out, self.gate.fault(), self.gate.held());
        if (out, fault) != (&self.out_by_byte, self.by_byte.fault()) {
            context.fail("in other pieces something else passes the gate");
        }
        if !received.starts_with(out) {
            context.fail("what passed the gate is not what came");
        }
        let released = self.gate.tracker().releasable().min(received.len() as u64);
        if out.len() as u64 > released {
            context.fail(&format!("{} bytes passed the gate, of {released}", out.len()));
        }
        if held > self.limit + usize::from(fault.is_some()) {
            context.fail(&format!("{held} bytes are held, of {} at most", self.limit));
        }
        if fault.is_none() && (out.len() as u64, out.len() + held) != (released, received.len()) {
            context.fail(&format!("{} bytes passed, {held} are held, {released} might pass", out.len()));
        }
    }
}

pub(super) struct Stream<F> {
    gated: Gated<Source, F>,
    read: Vec<u8>,
    buffer: usize,
}

impl<F: Framing> Stream<F> {
    fn pass(&mut self, context: &Context<'_>, piece: Piece<'_>, received: &[u8], fault: Option<Fault>) {
        if piece.way == Way::Sent {
            let taken = self.gated.write(piece.bytes);
            assert!(taken.is_ok_and(|taken| taken == piece.bytes.len()), "a sink takes all");
            return;
        }
        self.gated.stream_mut().bytes.extend_from_slice(piece.bytes);
        let end = self.read();
        let gate = self.gated.gate();
        if !received.starts_with(&self.read) {
            context.fail("what was read through the gate is not what came");
        }
        let (read, released) =
            (self.read.len() as u64, gate.tracker().releasable().min(received.len() as u64));
        // After a fault in what was sent nothing more is read.
        if read > released || (read < released && fault.is_none()) {
            context.fail(&format!("{read} bytes were read through the gate, of {released}"));
        }
        let expected = if fault.is_some() { ErrorKind::InvalidData } else { ErrorKind::WouldBlock };
        if end.as_ref().err().map(io::Error::kind) != Some(expected) {
            context.fail(&format!("through the gate reading ends with {end:?}, and the fault is {fault:?}"));
        }
    }

    /// Reads what there is. Returns how reading ended.
    fn read(&mut self) -> io::Result<usize> {
        let mut buffer = [0; BUFFERS[0]];
        loop {
            match self.gated.read(&mut buffer[..self.buffer]) {
                Ok(0) => return Ok(0),
                Ok(count) => self.read.extend_from_slice(&buffer[..count]),
                end => return end,
            }
        }
    }

    fn end(&mut self, context: &Context<'_>) {
        self.gated.stream_mut().has_ended = true;
        let (fault, held) = (self.gated.gate().fault(), self.gated.gate().held());
        let expected = match (fault, held) {
            (Some(_), _) => Some(ErrorKind::InvalidData),
            (None, 0) => None,
            (None, _) => Some(ErrorKind::UnexpectedEof),
        };
        let end = self.read();
        if end.as_ref().err().map(io::Error::kind) != expected {
            context.fail(&format!("with {held} bytes held and {fault:?}, the end reads as {end:?}"));
        }
    }
}

/// A stream that yields the bytes that it was given.
#[derive(Debug, Default)]
pub(super) struct Source {
    bytes: Vec<u8>,
    has_ended: bool,
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.bytes.is_empty() {
            return if self.has_ended { Ok(0) } else { Err(ErrorKind::WouldBlock.into()) };
        }
        let count = self.bytes.len().min(buffer.len());
        buffer[..count].copy_from_slice(&self.bytes[..count]);
        self.bytes.drain(..count);
        Ok(count)
    }
}

impl Write for Source {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
