//! One end of a connection for threads, for any type of connection.
//!
//! Decides nothing: the calls of a stream as a trait over all types of connections.

use std::fmt::Debug;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::time::Duration;

use close_notify::framing::{LengthPrefixed, Width};
use close_notify::{Acceptance, AlertDescription, Close, Ending, Stream, Tls, Transport};
use rustls::HandshakeKind;

/// An end.
pub(super) trait End: Read + Write + Debug {
    fn shake(&mut self) -> io::Result<()>;
    fn confirm(&mut self) -> io::Result<Acceptance>;
    fn has_peer_closed(&mut self) -> io::Result<bool>;
    fn close(&mut self, manner: Close) -> io::Result<Ending>;
    fn close_write(&mut self) -> io::Result<Ending>;
    fn reject(&mut self, alert: AlertDescription) -> io::Result<Ending>;
    fn hand_back(&mut self) -> io::Result<Vec<u8>>;
    fn set_patience(&mut self, patience: Duration);
    /// Tracks messages with a length of one byte, from here on.
    fn track(&mut self);
    fn ending(&self) -> Ending;
    fn is_shaken(&self) -> bool;
    fn has_transport(&self) -> bool;
    fn kind(&self) -> Option<HandshakeKind>;
    fn tickets(&self) -> usize;
}

impl<T: Transport, C: Tls> End for Stream<T, C> {
    fn shake(&mut self) -> io::Result<()> {
        self.complete_handshake()
    }

    fn confirm(&mut self) -> io::Result<Acceptance> {
        self.confirm_accepted(Duration::ZERO)
    }

    fn has_peer_closed(&mut self) -> io::Result<bool> {
        self.peer_closed_now()
    }

    fn close(&mut self, manner: Close) -> io::Result<Ending> {
        Self::close(self, manner)
    }

    fn close_write(&mut self) -> io::Result<Ending> {
        Self::close_write(self)
    }

    fn reject(&mut self, alert: AlertDescription) -> io::Result<Ending> {
        Self::reject(self, alert)
    }

    fn hand_back(&mut self) -> io::Result<Vec<u8>> {
        Self::hand_back(self).map(|(_, left)| left)
    }

    fn set_patience(&mut self, patience: Duration) {
        Self::set_patience(self, patience);
    }

    fn track(&mut self) {
        self.set_tracker(LengthPrefixed::big_endian(Width::One, 255));
    }

    fn ending(&self) -> Ending {
        Self::ending(self)
    }

    fn is_shaken(&self) -> bool {
        !self.session().rustls().common().is_handshaking()
    }

    fn has_transport(&self) -> bool {
        self.transport().is_some()
    }

    fn kind(&self) -> Option<HandshakeKind> {
        self.session().rustls().common().handshake_kind()
    }

    fn tickets(&self) -> usize {
        self.session().rustls().tickets_received() as usize
    }
}

/// Reads into two buffers, the first of this length.
pub(super) fn read_in_two(
    end: &mut (impl End + ?Sized),
    buffer: &mut [u8],
    first: usize,
) -> io::Result<usize> {
    let (one, other) = buffer.split_at_mut(first);
    end.read_vectored(&mut [IoSliceMut::new(one), IoSliceMut::new(&mut []), IoSliceMut::new(other)])
}

/// Writes from buffers of `part` bytes.
pub(super) fn write_in_parts(end: &mut (impl Write + ?Sized), data: &[u8], part: usize) -> io::Result<usize> {
    let parts: Vec<_> = data.chunks(part.max(1)).map(IoSlice::new).collect();
    end.write_vectored(&parts)
}
