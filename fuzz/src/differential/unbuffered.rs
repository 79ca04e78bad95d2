//! rustls's unbuffered API, as a careful application uses it.

use std::io::{ErrorKind, Read, Write};

use rustls::client::{ClientConnectionData, UnbufferedClientConnection};
use rustls::server::{ServerConnectionData, UnbufferedServerConnection};
use rustls::unbuffered::{ConnectionState as S, UnbufferedStatus};

use super::bare::failure;
use super::outcome::Kind;
use super::subject::{DATA, End};
use super::wire::Wire;
use crate::lab::{Recording, Unbuffered as Connection};

/// The purpose of one call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wish {
    Read,
    Write,
    Close,
}

pub(super) struct Unbuffered {
    connection: Connection,
    incoming: Vec<u8>,
    wire: Wire,
    has_failed: bool,
    has_closed: bool,
}

trait Process {
    type Data;
    fn process<'c, 'i>(&'c mut self, incoming: &'i mut [u8]) -> UnbufferedStatus<'c, 'i, Self::Data>;
}

impl Process for UnbufferedClientConnection {
    type Data = ClientConnectionData;

    fn process<'c, 'i>(&'c mut self, incoming: &'i mut [u8]) -> UnbufferedStatus<'c, 'i, Self::Data> {
        self.process_tls_records(incoming)
    }
}

impl Process for UnbufferedServerConnection {
    type Data = ServerConnectionData;

    fn process<'c, 'i>(&'c mut self, incoming: &'i mut [u8]) -> UnbufferedStatus<'c, 'i, Self::Data> {
        self.process_tls_records(incoming)
    }
}

impl Unbuffered {
    pub(super) fn new(recording: &Recording, wire: Wire) -> Self {
        let mut incoming = Vec::new();
        let connection = recording.established_unbuffered(|connection, flight| {
            incoming.extend_from_slice(flight);
            let _ = advance(connection, &mut incoming, Wish::Read);
        });
        debug_assert!(incoming.is_empty(), "a recorded handshake is read to its end");
        Self { connection, incoming, wire, has_failed: false, has_closed: false }
    }

    fn advance(&mut self, wish: Wish) -> (usize, Kind) {
        let Advanced { count, said, kind } = advance(&mut self.connection, &mut self.incoming, wish);
        if !said.is_empty() {
            // A write that fails does not stop reading.
            let _ = self.wire.write_all(&said);
        }
        self.has_failed |= has_failed(kind);
        (count, kind)
    }
}

const fn has_failed(kind: Kind) -> bool {
    !matches!(kind, Kind::Nothing | Kind::Clean)
}

#[derive(Default)]
struct Advanced {
    count: usize,
    said: Vec<u8>,
    kind: Kind,
}

fn advance(connection: &mut Connection, incoming: &mut Vec<u8>, wish: Wish) -> Advanced {
    match connection {
        Connection::Client(connection) => advance_one(connection, incoming, wish),
        Connection::Server(connection) => advance_one(connection, incoming, wish),
    }
}

/// Does what the connection asks for until it wants more, and then what `wish` says.
fn advance_one<C: Process>(connection: &mut C, incoming: &mut Vec<u8>, mut wish: Wish) -> Advanced {
    let mut done = Advanced::default();
    let mut room = [0; 4096];
    loop {
        let UnbufferedStatus { mut discard, state, .. } = connection.process(incoming);
        let mut goes_on = true;
        match state {
            Ok(S::ReadTraffic(mut traffic)) => {
                while let Some(Ok(record)) = traffic.next_record() {
                    (done.count, discard) = (done.count + record.payload.len(), discard + record.discard);
                }
            }
            Ok(S::EncodeTlsData(mut data)) => {
                let length = data.encode(&mut room).expect("a record fits");
                done.said.extend_from_slice(&room[..length]);
            }
            Ok(S::TransmitTlsData(data)) => data.done(),
            Ok(S::PeerClosed) => done.kind = Kind::Clean,
            Ok(S::WriteTraffic(mut traffic)) if !has_failed(done.kind) => {
                let length = match wish {
                    Wish::Read => 0,
                    Wish::Write => traffic.encrypt(DATA, &mut room).expect("a record fits"),
                    Wish::Close => traffic.queue_close_notify(&mut room).expect("a record fits"),
                };
                done.said.extend_from_slice(&room[..length]);
                goes_on = wish != Wish::Read;
                wish = Wish::Read;
            }
            Ok(_) => goes_on = false,
            // The rest of the input is dropped: it would be refused again. The alert may still have
            // to be encoded.
            Err(error) => {
                done.kind = failure(&error);
                discard = incoming.len();
                wish = Wish::Read;
            }
        }
        incoming.drain(..discard);
        if !goes_on {
            return done;
        }
    }
}

impl End for Unbuffered {
    fn read(&mut self) -> (usize, Kind) {
        let mut count = 0;
        let mut buffer = [0; 4096];
        loop {
            let (more, end) = self.advance(Wish::Read);
            count += more;
            if end != Kind::Nothing {
                return (count, end);
            }
            match self.wire.read(&mut buffer) {
                Ok(0) => return (count, Kind::Truncated),
                Ok(some) => self.incoming.extend_from_slice(&buffer[..some]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return (count, Kind::Nothing),
                Err(_) => return (count, Kind::Reset),
            }
        }
    }

    fn write(&mut self) {
        if !self.has_failed {
            let _ = self.advance(Wish::Write);
        }
    }

    fn close(&mut self, _: bool) {
        // RFC 9846 §6.1 · fatal-no-notify
        if !self.has_failed && !self.has_closed {
            let _ = self.advance(Wish::Close);
        }
        self.has_closed = true;
        self.wire.shut();
    }
}
