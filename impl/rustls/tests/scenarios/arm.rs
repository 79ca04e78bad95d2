//! Our side in a scenario: one interface over both adapters, so that a scenario is written once.
//!
//! Decides nothing: every call is the adapter's own, a blocking one or one that a runtime waits
//! for.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use close_notify::framing::Framing;
use close_notify::{
    AlertDescription, Close, Ending, FindEnding, FramingState, Machine, Policy, ReadEnd, Role, Session,
    Stream, Version, tasks as asynchronous,
};
use rustls::crypto::CryptoProvider;
use rustls::{ClientConfig, Connection, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::Runtime;
use tokio::time::timeout;

use crate::common::{VERSIONS, client, client_config, hooked, server, server_config, sockets};
use crate::keyed_peer::{Log, Peer, provider};

/// Longer than any call of a test waits, unless it hangs.
pub(crate) const HANGS: Duration = Duration::from_secs(20);
/// Long enough for a runtime to look at its sockets.
const TICK: Duration = Duration::from_millis(1);
/// Short enough to wait for, if the peer does not do its part.
pub(crate) const SHORT: Duration = Duration::from_millis(60);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Adapter {
    Std,
    Tokio,
}

/// Our side in one run of a scenario.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Arm {
    pub(crate) version: Version,
    pub(crate) role: Role,
    pub(crate) adapter: Adapter,
}

impl Arm {
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let roles = [Role::Client, Role::Server];
        VERSIONS.into_iter().flat_map(move |version| {
            roles.into_iter().flat_map(move |role| {
                [Adapter::Std, Adapter::Tokio].map(|adapter| Self { version, role, adapter })
            })
        })
    }

    pub(crate) fn is_13(self) -> bool {
        self.version == Version::Tls13
    }

    pub(crate) fn is_client(self) -> bool {
        self.role == Role::Client
    }

    /// A connection with its handshake done.
    pub(crate) fn meet(self, policy: Policy) -> (Near, Peer) {
        self.meet_over(sockets(), self.session(policy))
    }

    /// The same over sockets that hold little, so that they are soon full.
    pub(crate) fn meet_narrow(self, policy: Policy) -> (Near, Peer) {
        self.meet_over(narrow_sockets(), self.session(policy))
    }

    pub(crate) fn meet_over(self, (near, far): (TcpStream, TcpStream), session: Session) -> (Near, Peer) {
        far.set_read_timeout(Some(HANGS)).unwrap();
        far.set_write_timeout(Some(HANGS)).unwrap();
        let (connection, log) = self.far_connection();
        let peer = thread::spawn(move || Peer::shake(connection, &log, far));
        let mut near = self.near(near, session);
        near.complete_handshake().unwrap();
        (near, peer.join().unwrap())
    }

    /// Our end before its handshake.
    pub(crate) fn session(self, policy: Policy) -> Session {
        self.session_with(policy, hooked())
    }

    pub(crate) fn session_with(self, policy: Policy, provider: CryptoProvider) -> Session {
        match self.role {
            Role::Client => Session::new(client(client_config(self.version, provider)), policy),
            Role::Server => Session::new(server(server_config(self.version, provider)), policy),
        }
    }

    pub(crate) fn near(self, socket: TcpStream, session: Session) -> Near {
        socket.set_read_timeout(Some(HANGS)).unwrap();
        socket.set_write_timeout(Some(HANGS)).unwrap();
        match self.adapter {
            Adapter::Std => Near::Std(Box::new(Stream::from_session(session, socket))),
            Adapter::Tokio => {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                socket.set_nonblocking(true).unwrap();
                let socket = {
                    let _in = runtime.enter();
                    tokio::net::TcpStream::from_std(socket).unwrap()
                };
                Near::Tokio(Box::new(asynchronous::Stream::from_session(session, socket)), runtime)
            }
        }
    }

    /// rustls at the other end, and the log of its secrets.
    pub(crate) fn far_connection(self) -> (Connection, Arc<Log>) {
        let log = Arc::new(Log::default());
        let connection = match self.role {
            Role::Server => client(far_client_config(self.version, &log)).into(),
            Role::Client => server(far_server_config(self.version, &log)).into(),
        };
        (connection, log)
    }
}

pub(crate) fn far_client_config(version: Version, log: &Arc<Log>) -> ClientConfig {
    let mut config = client_config(version, provider());
    config.key_log = log.clone();
    config.enable_secret_extraction = true;
    config
}

pub(crate) fn far_server_config(version: Version, log: &Arc<Log>) -> ServerConfig {
    let mut config = server_config(version, provider());
    config.key_log = log.clone();
    config.enable_secret_extraction = true;
    config
}

pub(crate) fn narrow_sockets() -> (TcpStream, TcpStream) {
    const FEW: usize = 16 * 1024;
    use rustix::net::sockopt::{set_socket_recv_buffer_size, set_socket_send_buffer_size};
    let (near, far) = sockets();
    for socket in [&near, &far] {
        set_socket_recv_buffer_size(socket, FEW).unwrap();
        set_socket_send_buffer_size(socket, FEW).unwrap();
    }
    (near, far)
}

impl fmt::Display for Arm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version = if self.is_13() { "tls13" } else { "tls12" };
        let role = if self.is_client() { "client" } else { "server" };
        let adapter = if self.adapter == Adapter::Std { "std" } else { "tokio" };
        write!(f, "{version}::{role}::{adapter}")
    }
}

/// Runs the peer in another thread.
pub(crate) fn far<R: Send + 'static>(
    mut peer: Peer,
    act: impl FnOnce(&mut Peer) -> R + Send + 'static,
) -> JoinHandle<R> {
    thread::spawn(move || act(&mut peer))
}

/// Our end, over a socket.
pub(crate) enum Near {
    Std(Box<Stream<TcpStream>>),
    Tokio(Box<asynchronous::Stream<tokio::net::TcpStream>>, Runtime),
}

/// Does what a call can do at once. The future is dropped then, and nothing is lost by that.
fn begun<R>(runtime: &Runtime, call: impl Future<Output = io::Result<R>>) -> io::Result<R> {
    let waited = runtime.block_on(async { timeout(SHORT, call).await });
    waited.unwrap_or_else(|_| Err(ErrorKind::WouldBlock.into()))
}

/// Bounds a call, so that one that hangs is a failure and not a test without end.
async fn bounded<R>(call: impl Future<Output = R>) -> R {
    timeout(HANGS, call).await.expect("the call hangs")
}

/// A call that blocks in one adapter and is awaited in the other.
macro_rules! wait {
    ($near:expr, $call:ident($($argument:expr),*)) => {
        match $near {
            Near::Std(stream) => stream.$call($($argument),*),
            Near::Tokio(stream, runtime) => runtime.block_on(bounded(stream.$call($($argument),*))),
        }
    };
}

/// A call that does not wait in either adapter.
macro_rules! call {
    ($near:expr, $call:ident($($argument:expr),*)) => {
        match $near {
            Near::Std(stream) => stream.$call($($argument),*),
            Near::Tokio(stream, runtime) => {
                let _in = runtime.enter();
                stream.$call($($argument),*)
            }
        }
    };
}

impl Near {
    pub(crate) fn complete_handshake(&mut self) -> io::Result<()> {
        wait!(self, complete_handshake())
    }

    /// Does as much of the handshake as is possible before the peer sends more.
    pub(crate) fn begin_handshake(&mut self) {
        self.set_nonblocking(true);
        let begun = match self {
            Self::Std(stream) => stream.complete_handshake(),
            Self::Tokio(stream, runtime) => begun(runtime, stream.complete_handshake()),
        };
        self.set_nonblocking(false);
        assert_eq!(begun.unwrap_err().kind(), ErrorKind::WouldBlock);
    }

    /// Sends our close_notify, and does not wait for the peer's.
    pub(crate) fn begin_close(&mut self) {
        self.set_nonblocking(true);
        let begun = match self {
            Self::Std(stream) => stream.close(Close::Graceful),
            Self::Tokio(stream, runtime) => begun(runtime, stream.close(Close::Graceful)),
        };
        self.set_nonblocking(false);
        assert_eq!(begun.unwrap_err().kind(), ErrorKind::WouldBlock);
    }

    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        wait!(self, read(buffer))
    }

    /// Everything that can be read, and how reading ended.
    pub(crate) fn read_on(&mut self) -> (Vec<u8>, io::Result<()>) {
        let (mut all, mut buffer) = (Vec::new(), [0; 4096]);
        loop {
            match self.read(&mut buffer) {
                Ok(0) => return (all, Ok(())),
                Ok(count) => all.extend_from_slice(&buffer[..count]),
                Err(error) => return (all, Err(error)),
            }
        }
    }

    /// Everything until a clean end.
    pub(crate) fn read_to_end(&mut self) -> Vec<u8> {
        let (all, end) = self.read_on();
        end.unwrap();
        all
    }

    /// The end of reading, which must be an error, and the same if asked again. What was read
    /// before it is dropped.
    pub(crate) fn read_error(&mut self) -> io::Error {
        let error = self.read_on().1.unwrap_err();
        let again = self.read(&mut [0; 8]).unwrap_err();
        assert_eq!((again.kind(), again.to_string()), (error.kind(), error.to_string()));
        error
    }

    /// How reading ended; that must be an error.
    pub(crate) fn read_end(&mut self) -> ReadEnd {
        ended(&self.read_error()).reading
    }

    /// Waits until our side knows that the peer has ended, and no longer.
    pub(crate) fn learn_of_the_end(&mut self) {
        let start = Instant::now();
        while !call!(self, peer_closed_now()).unwrap() {
            assert!(start.elapsed() < HANGS, "the peer has ended, and nobody learns of it");
            if let Self::Tokio(_, runtime) = self {
                runtime.block_on(async { tokio::time::sleep(TICK).await });
            }
            thread::yield_now();
        }
    }

    pub(crate) fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        wait!(self, write(data))
    }

    pub(crate) fn write_all(&mut self, data: &[u8]) -> io::Result<()> {
        wait!(self, write_all(data))?;
        wait!(self, flush())
    }

    /// Writes data until no more is taken; returns how much was taken.
    pub(crate) fn fill(&mut self) -> usize {
        let (data, mut taken) = ([7; 16 * 1024], 0);
        self.set_nonblocking(true);
        while let Some(count) = self.try_write(&data) {
            taken += count;
        }
        self.set_nonblocking(false);
        taken
    }

    fn try_write(&mut self, data: &[u8]) -> Option<usize> {
        let written = match self {
            Self::Std(stream) => stream.write(data),
            Self::Tokio(stream, runtime) => begun(runtime, stream.write(data)),
        };
        match written {
            Err(error) if error.kind() == ErrorKind::WouldBlock => None,
            written => Some(written.unwrap()),
        }
    }

    fn set_nonblocking(&self, on: bool) {
        if let Self::Std(stream) = self {
            stream.transport().inspect(|socket| socket.set_nonblocking(on).unwrap());
        }
    }

    /// Writes until a write fails.
    pub(crate) fn write_error(&mut self) -> io::Error {
        for _ in 0..100_000 {
            if let Err(error) = self.write_all(&[0; 1000]) {
                return error;
            }
        }
        panic!("no write fails");
    }

    /// The error of a flush: what was taken and has not left cannot leave any more.
    pub(crate) fn flush_error(&mut self) -> io::Error {
        wait!(self, flush()).unwrap_err()
    }

    pub(crate) fn close(&mut self, manner: Close) -> Ending {
        wait!(self, close(manner)).unwrap()
    }

    pub(crate) fn close_write(&mut self) -> io::Result<Ending> {
        wait!(self, close_write())
    }

    pub(crate) fn reject(&mut self, alert: AlertDescription) -> Ending {
        wait!(self, reject(alert)).unwrap()
    }

    pub(crate) fn abort(&mut self) -> Ending {
        call!(self, abort()).unwrap()
    }

    /// The transport, as a blocking socket, and what was read after the peer's close_notify.
    pub(crate) fn hand_back(self) -> io::Result<(TcpStream, Vec<u8>)> {
        match self {
            Self::Std(mut stream) => stream.hand_back(),
            Self::Tokio(mut stream, runtime) => {
                let (socket, leftover) = runtime.block_on(bounded(stream.hand_back()))?;
                let socket = socket.into_std()?;
                socket.set_nonblocking(false)?;
                Ok((socket, leftover))
            }
        }
    }

    pub(crate) fn set_patience(&mut self, patience: Duration) {
        call!(self, set_patience(patience));
    }

    pub(crate) fn set_tracker(&mut self, tracker: impl Framing + Send + Sync + 'static) {
        call!(self, set_tracker(tracker));
    }

    pub(crate) fn framing(&self) -> FramingState {
        call!(self, framing())
    }

    pub(crate) fn truncation_possible(&self) -> bool {
        call!(self, truncation_possible())
    }

    pub(crate) fn ending(&self) -> Ending {
        call!(self, ending())
    }

    pub(crate) fn session(&self) -> &Session {
        match self {
            Self::Std(stream) => stream.session(),
            Self::Tokio(stream, _) => stream.session(),
        }
    }

    pub(crate) fn machine(&self) -> &Machine {
        self.session().machine()
    }
}

/// The ending that an error carries.
pub(crate) fn ended(error: &io::Error) -> Ending {
    Ending::find(error).unwrap_or_else(|| panic!("an ending: {error}"))
}
