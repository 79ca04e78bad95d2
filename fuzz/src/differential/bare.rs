//! rustls alone, as a careful application uses it: its output is flushed, an alert is sent before
//! the error is returned, close_notify comes before FIN, and reading continues after it.

use std::io::{ErrorKind, Read, Write};

use rustls::{Connection, Error};

use super::outcome::Kind;
use super::subject::{DATA, End};
use super::wire::Wire;

pub(super) struct Buffered {
    connection: Connection,
    wire: Wire,
    has_failed: bool,
}

impl Buffered {
    pub(super) const fn new(connection: Connection, wire: Wire) -> Self {
        Self { connection, wire, has_failed: false }
    }

    fn flush(&mut self) {
        // A write that fails does not stop reading.
        while self.connection.wants_write() && self.connection.write_tls(&mut self.wire).is_ok() {}
    }

    /// Counts the plaintext that is there. Returns how reading ended, if it has.
    fn plaintext(&mut self, count: &mut usize) -> Option<Kind> {
        let mut buffer = [0; 256];
        loop {
            match self.connection.reader().read(&mut buffer) {
                Ok(0) => return Some(Kind::Clean),
                Ok(some) => *count += some,
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Some(Kind::Truncated),
                Err(_) => return None,
            }
        }
    }

    fn receive(&mut self) -> Option<Kind> {
        match self.connection.read_tls(&mut self.wire) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Some(Kind::Nothing),
            Err(_) => return Some(Kind::Reset),
        }
        let processed = self.connection.process_new_packets();
        self.flush();
        processed.err().map(|error| failure(&error))
    }
}

pub(super) fn failure(error: &Error) -> Kind {
    match error {
        Error::AlertReceived(alert) => Kind::Alert(u8::from(*alert)),
        _ => Kind::Refused,
    }
}

impl End for Buffered {
    fn read(&mut self) -> (usize, Kind) {
        let mut count = 0;
        loop {
            if let Some(end) = self.plaintext(&mut count) {
                return (count, end);
            }
            if let Some(end) = self.receive() {
                self.has_failed = end != Kind::Nothing;
                let _ = self.plaintext(&mut count);
                return (count, end);
            }
        }
    }

    fn write(&mut self) {
        let _ = self.connection.writer().write_all(DATA);
        self.flush();
    }

    fn close(&mut self, _: bool) {
        // RFC 9846 §6.1 · fatal-no-notify
        if !self.has_failed {
            self.connection.send_close_notify();
        }
        self.flush();
        self.wire.shut();
    }
}
