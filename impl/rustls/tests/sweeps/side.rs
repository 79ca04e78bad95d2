//! Our side with one interface for either adapter, and the peer with the keys, both over memory.
//!
//! A call of ours that would wait says so and is repeated, which the docs of every call allow.

use std::fmt;
use std::future::Future;
use std::io::{self, ErrorKind, Read, Write};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use close_notify::{
    AlertDescription, Close, Ending, FindEnding, Manner, Pipe, Policy, Role, Stream, Transport, Version,
};
use rustls::Connection;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::{Builder, Runtime};

use crate::common::{client, client_config, hooked, server, server_config};
use crate::keyed_peer::{self, ALERT, CLOSE_NOTIFY, DATA, Directions, Log, Record};
use crate::memory::{Controls, Memory, Shape};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Adapter {
    Std,
    Tokio,
}

/// The version, which end is ours, and the adapter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Arm {
    pub(crate) version: Version,
    pub(crate) role: Role,
    pub(crate) adapter: Adapter,
}

/// How many turns are taken before a test decides that nothing moves any more.
const TURNS: usize = 100_000;
/// Room for everything that a test writes.
pub(crate) const WIDE: usize = 1 << 20;

impl Arm {
    pub(crate) fn is_tls13(self) -> bool {
        self.version == Version::Tls13
    }

    /// Both ends, with their handshake done.
    pub(crate) fn connect(self, policy: Policy) -> (Side, Peer) {
        self.connect_over(policy, WIDE, Shape::PLAIN)
    }

    /// Both ends over a pipe of this capacity, with their handshake done. Our transport has this
    /// shape from the start.
    pub(crate) fn connect_over(self, policy: Policy, capacity: usize, shape: Shape) -> (Side, Peer) {
        let (near, far) = Pipe::pair(capacity);
        let controls = Controls::new(shape);
        let near = Memory::new(near, controls.clone());
        let mut side = Side { controls, stream: self.stream(near, policy) };
        let log = Arc::new(Log::default());
        let (mut connection, mut far) = (self.peer_connection(&log), far);
        for _ in 0..TURNS {
            let done = side.try_handshake();
            pump(&mut connection, &mut far);
            if let Some(done) = done
                && !connection.is_handshaking()
                && !connection.wants_write()
            {
                done.unwrap();
                side.controls.set(shape);
                return (side, Peer { pipe: far, keys: Directions::of(connection, &log), heard: Vec::new() });
            }
        }
        panic!("the handshake does not end");
    }

    fn stream(self, near: Memory, policy: Policy) -> Adapted {
        let connection: Connection = match self.role {
            Role::Client => client(client_config(self.version, hooked())).into(),
            Role::Server => server(without_tickets(self.version, hooked())).into(),
        };
        match self.adapter {
            Adapter::Std => Adapted::Std(Stream::new(connection, near, policy)),
            Adapter::Tokio => {
                let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
                Adapted::Tokio(close_notify::tasks::Stream::new(connection, near, policy), runtime)
            }
        }
    }

    fn peer_connection(self, log: &Arc<Log>) -> Connection {
        let provider = keyed_peer::provider();
        match self.role {
            Role::Server => {
                let mut config = client_config(self.version, provider);
                config.key_log = log.clone();
                config.enable_secret_extraction = true;
                client(config).into()
            }
            Role::Client => {
                let mut config = without_tickets(self.version, provider);
                config.key_log = log.clone();
                config.enable_secret_extraction = true;
                server(config).into()
            }
        }
    }
}

fn without_tickets(version: Version, provider: rustls::crypto::CryptoProvider) -> rustls::ServerConfig {
    let mut config = server_config(version, provider);
    config.send_tls13_tickets = 0;
    config
}

/// One turn of the peer's handshake.
fn pump(connection: &mut Connection, pipe: &mut Pipe) {
    while connection.wants_write() && connection.write_tls(pipe).is_ok() {}
    while connection.is_handshaking() && connection.read_tls(pipe).is_ok() {
        connection.process_new_packets().unwrap();
    }
    while connection.wants_write() && connection.write_tls(pipe).is_ok() {}
}

/// Our side, and the controls of its transport.
pub(crate) struct Side {
    pub(crate) controls: Controls,
    stream: Adapted,
}

#[allow(clippy::large_enum_variant, reason = "there is one at a time")]
enum Adapted {
    Std(Stream<Memory>),
    Tokio(close_notify::tasks::Stream<Memory>, Runtime),
}

/// Makes a call once; `None` if it would wait.
macro_rules! tried {
    ($side:expr, $stream:ident => $call:expr) => {
        match &mut $side.stream {
            Adapted::Std($stream) => match $call {
                Err(error) if error.kind() == ErrorKind::WouldBlock => None,
                result => Some(result),
            },
            Adapted::Tokio($stream, runtime) => {
                let _context = runtime.enter();
                match pin!($call).poll(&mut Context::from_waker(Waker::noop())) {
                    Poll::Ready(result) => Some(result),
                    Poll::Pending => None,
                }
            }
        }
    };
}

impl Side {
    fn try_handshake(&mut self) -> Option<io::Result<()>> {
        tried!(self, stream => stream.complete_handshake())
    }

    pub(crate) fn try_read(&mut self, buffer: &mut [u8]) -> Option<io::Result<usize>> {
        tried!(self, stream => stream.read(buffer))
    }

    pub(crate) fn try_write(&mut self, data: &[u8]) -> Option<io::Result<usize>> {
        tried!(self, stream => stream.write(data))
    }

    pub(crate) fn try_flush(&mut self) -> Option<io::Result<()>> {
        tried!(self, stream => stream.flush())
    }

    pub(crate) fn try_close(&mut self, manner: Close) -> Option<io::Result<Ending>> {
        tried!(self, stream => stream.close(manner))
    }

    pub(crate) fn try_close_write(&mut self) -> Option<io::Result<Ending>> {
        tried!(self, stream => stream.close_write())
    }

    pub(crate) fn try_reject(&mut self, alert: AlertDescription) -> Option<io::Result<Ending>> {
        tried!(self, stream => stream.reject(alert))
    }

    /// Ends with the last word of this manner. `Reject` sends access_denied.
    pub(crate) fn try_end(&mut self, manner: Manner) -> Option<io::Result<Ending>> {
        match close_of(manner) {
            Some(close) => self.try_close(close),
            None => self.try_reject(AlertDescription::ACCESS_DENIED),
        }
    }

    /// Hands the transport back, if nothing has to be waited for. Returns the bytes after the
    /// peer's close_notify, including the rest in the transport.
    pub(crate) fn hand_back(self) -> io::Result<Vec<u8>> {
        let (mut memory, mut bytes) = match self.stream {
            Adapted::Std(mut stream) => stream.hand_back()?,
            Adapted::Tokio(mut stream, runtime) => runtime.block_on(stream.hand_back())?,
        };
        // Whether it is open or not, what has come is there.
        drop(Read::read_to_end(&mut memory, &mut bytes));
        Ok(bytes)
    }

    pub(crate) fn set_patience(&mut self, patience: Duration) {
        match &mut self.stream {
            Adapted::Std(stream) => stream.set_patience(patience),
            Adapted::Tokio(stream, runtime) => {
                let _context = runtime.enter();
                stream.set_patience(patience);
            }
        }
    }

    pub(crate) fn ending(&self) -> Ending {
        match &self.stream {
            Adapted::Std(stream) => stream.ending(),
            Adapted::Tokio(stream, _) => stream.ending(),
        }
    }

    pub(crate) fn has_let_go(&self) -> bool {
        match &self.stream {
            Adapted::Std(stream) => stream.transport().is_none(),
            Adapted::Tokio(stream, _) => stream.transport().is_none(),
        }
    }

    /// Ends the connection, and waits as tokio does: its clock runs once nothing else does. Returns
    /// how it ended, and how long that took; `None` for an adapter that has no such clock.
    pub(crate) fn end_in_paused_time(&mut self, manner: Manner) -> Option<(Ending, Duration)> {
        let Adapted::Tokio(stream, runtime) = &mut self.stream else { return None };
        runtime.block_on(async {
            let start = tokio::time::Instant::now();
            let ended = match close_of(manner) {
                Some(close) => stream.close(close).await,
                None => stream.reject(AlertDescription::ACCESS_DENIED).await,
            };
            Some((ended.unwrap(), start.elapsed()))
        })
    }

    /// Reads what there is, to the end that has come. Returns what was read, and the ending in the
    /// error, if an error ended it.
    #[track_caller]
    pub(crate) fn read_to_end(&mut self) -> (Vec<u8>, Option<Ending>) {
        let (mut all, mut buffer) = (Vec::new(), [0; 64]);
        for _ in 0..TURNS {
            match self.try_read(&mut buffer) {
                None => {}
                Some(Ok(0)) => return (all, None),
                Some(Ok(count)) => all.extend(&buffer[..count]),
                Some(Err(error)) => {
                    return (all, Some(Ending::find(&error).unwrap_or_else(|| panic!("{error:?}"))));
                }
            }
        }
        panic!("reading does not end");
    }
}

/// The peer.
pub(crate) struct Peer {
    pub(crate) pipe: Pipe,
    pub(crate) keys: Directions,
    /// Every byte of our side.
    heard: Vec<u8>,
}

impl Peer {
    pub(crate) fn record(&mut self, content: u8, payload: &[u8]) -> Vec<u8> {
        self.keys.send.seal(content, payload)
    }

    pub(crate) fn say(&mut self, bytes: &[u8]) {
        self.pipe.write_all(bytes).unwrap();
    }

    /// Sends as much of this as there is room for; returns what is left.
    pub(crate) fn say_what_fits<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        match self.pipe.write(bytes) {
            Ok(count) => &bytes[count..],
            Err(_) => bytes,
        }
    }

    pub(crate) fn hear(&mut self) {
        // The pipe reports that nothing is left, or that our side has ended it.
        drop(self.pipe.read_to_end(&mut self.heard));
    }

    /// What our side has sent.
    pub(crate) fn heard(&mut self) -> Heard {
        self.hear();
        let whole = whole_records(&self.heard);
        let tail = self.heard.split_off(whole);
        let records = self.keys.open_all(&std::mem::take(&mut self.heard));
        Heard { records, tail }
    }

    /// Ends the stream of this side: with a FIN, or with a reset, which leaves no peer.
    pub(crate) fn end(mut self, end: PeerEnd) -> Option<Self> {
        match end {
            PeerEnd::Fin => {
                self.pipe.shut_write().unwrap();
                Some(self)
            }
            PeerEnd::Reset => {
                self.pipe.reset().unwrap();
                None
            }
        }
    }
}

fn whole_records(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(header) = bytes[at..].first_chunk::<5>() {
        let next = at + 5 + usize::from(u16::from_be_bytes([header[3], header[4]]));
        if next > bytes.len() {
            break;
        }
        at = next;
    }
    at
}

/// How a peer ends its stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum PeerEnd {
    Fin,
    Reset,
}

/// What our side has sent: whole records, and the beginning of one that never became whole.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) records: Vec<Record>,
    pub(crate) tail: Vec<u8>,
}

impl Heard {
    pub(crate) fn data(&self) -> Vec<u8> {
        let data = self.records.iter().filter(|record| record.content == DATA);
        data.flat_map(|record| record.payload.clone()).collect()
    }

    /// The first alert. Checks that nothing comes after it.
    #[track_caller]
    pub(crate) fn last_word(&self) -> Option<[u8; 2]> {
        let first = self.records.iter().position(|record| record.content == ALERT)?;
        assert_eq!((first + 1, &self.tail[..]), (self.records.len(), &[][..]), "after a last word: {self:?}");
        Some(self.records[first].payload[..].try_into().unwrap())
    }

    #[track_caller]
    pub(crate) fn assert_closed(&self) {
        assert_eq!(self.last_word(), Some(CLOSE_NOTIFY));
    }
}

impl fmt::Display for Arm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?} {:?}", self.version, self.role, self.adapter)
    }
}

/// The close that ends a connection in this manner. `None` for one that has another call.
fn close_of(manner: Manner) -> Option<Close> {
    Close::ALL.iter().copied().find(|close| close.manner() == manner)
}

/// Makes a call of our side and lets the peer act, in turns, until the call is done.
#[track_caller]
pub(crate) fn by_turns<R>(mut call: impl FnMut() -> Option<R>, mut act: impl FnMut()) -> R {
    for _ in 0..TURNS {
        if let Some(result) = call() {
            return result;
        }
        act();
    }
    panic!("the call does not end");
}
