//! What makes two ends over two sockets of the kernel: streams of handshakes that were played, or of `Connector` and `Acceptor`.
//!
//! Decides which kind of socket an end is over, and when a call of it may wait.

use std::fmt::Debug;
use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

use close_notify::linger::Lingerer;
use close_notify::{Acceptor, ClientGuard, Connector, Policy, ServerGuard, Stream, Version};
use rustls::Connection;

use super::super::configs::{Configs, Form};
use super::super::end::End;
use super::super::makers::name;
use super::STUCK;
use super::setting::{Begin, Called, Setting};
use super::tasks::{Tasks, runtime};
use crate::lab;

/// A socket as threads have it, and as tokio has.
pub(in super::super) trait Socket:
    close_notify::Socket + From<OwnedFd> + Send + Sync + 'static
{
    type Tokio: close_notify::tokio::Transport + Debug + 'static;

    fn set_blocking(&self, blocks: bool) -> io::Result<()>;
    fn into_tokio(self) -> io::Result<Self::Tokio>;
}

impl Socket for TcpStream {
    type Tokio = tokio::net::TcpStream;

    fn set_blocking(&self, blocks: bool) -> io::Result<()> {
        self.set_nonblocking(!blocks)
    }

    fn into_tokio(self) -> io::Result<Self::Tokio> {
        Self::Tokio::from_std(self)
    }
}

impl Socket for UnixStream {
    type Tokio = tokio::net::UnixStream;

    fn set_blocking(&self, blocks: bool) -> io::Result<()> {
        self.set_nonblocking(!blocks)
    }

    fn into_tokio(self) -> io::Result<Self::Tokio> {
        Self::Tokio::from_std(self)
    }
}

/// An end over a socket, whose calls wait where they are let.
pub(super) trait Socketed: End {
    /// Calls wait in the kernel from now on, or do not.
    fn waits(&mut self, waits: bool);
}

impl<T: Socket> Socketed for Stream<T> {
    fn waits(&mut self, waits: bool) {
        if let Some(socket) = self.transport() {
            socket.set_blocking(waits).expect("a socket may wait or not");
        }
    }
}

/// Never: a task that waits is given up.
impl<IO: close_notify::tokio::Transport + Debug> Socketed for Tasks<IO> {
    fn waits(&mut self, _: bool) {}
}

/// An end, or how its handshake failed.
pub(super) type Made = io::Result<Box<dyn Socketed>>;

/// Makes both ends of a run.
///
/// Errors: the system's.
pub(super) fn make<T: Socket>(setting: &Setting, service: Option<&Lingerer>) -> io::Result<[Made; 2]> {
    let sockets = sockets(setting.is_unix)?.map(T::from);
    let Called { by_tasks: in_tasks, refusal, has_no_time } = match setting.begin {
        Begin::Played(is_tokio) => return Ok(played(setting, sockets, service, is_tokio)),
        Begin::Called(called) => called,
    };
    let form = if setting.version == Version::Tls13 { Form::Stored13 } else { Form::Id12 };
    let (client, server) = Configs::new(form, true, 1).refusing(refusal);
    let patience = if has_no_time { Duration::ZERO } else { STUCK };
    let mut connector = Connector::new(client, setting.policies[0])
        .with_guard(ClientGuard::default())
        .handshake_within(patience);
    let mut acceptor = Acceptor::new(server, setting.policies[1])
        .with_guard(ServerGuard::default())
        .handshake_within(patience);
    if let Some(service) = service {
        connector = connector.with_lingerer(service);
        acceptor = acceptor.with_lingerer(service);
    }
    if in_tasks {
        by_tasks(sockets, &connector, &acceptor)
    } else {
        Ok(by_threads(sockets, connector, &acceptor))
    }
}

/// Two sockets of TCP, or of the system, that are connected and block.
pub(in super::super) fn sockets(is_unix: bool) -> io::Result<[OwnedFd; 2]> {
    if is_unix {
        let (near, far) = UnixStream::pair()?;
        return Ok([near.into(), far.into()]);
    }
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let near = TcpStream::connect(listener.local_addr()?)?;
    let (far, _) = listener.accept()?;
    // What is written leaves at once, also behind what is not acknowledged yet.
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    Ok([near.into(), far.into()])
}

/// The ends of a handshake that was played.
fn played<T: Socket>(
    setting: &Setting,
    [near, far]: [T; 2],
    service: Option<&Lingerer>,
    is_tokio: [bool; 2],
) -> [Made; 2] {
    let [client, server] = lab::played_pair(setting.version);
    [
        end(near, client, setting.policies[0], service, is_tokio[0]),
        end(far, server, setting.policies[1], service, is_tokio[1]),
    ]
}

fn end<T: Socket>(
    socket: T,
    connection: Connection,
    policy: Policy,
    service: Option<&Lingerer>,
    is_tokio: bool,
) -> Made {
    socket.set_blocking(false)?;
    if is_tokio {
        let _entered = runtime().enter();
        let mut stream = close_notify::tokio::Stream::new(connection, socket.into_tokio()?, policy);
        service.into_iter().for_each(|service| stream.set_lingerer(service));
        return Ok(Box::new(Tasks(stream)));
    }
    let mut stream = Stream::new(connection, socket, policy);
    service.into_iter().for_each(|service| stream.set_lingerer(service));
    Ok(Box::new(stream))
}

/// Both ends of a handshake in two threads that wait for each other.
fn by_threads<T: Socket>([near, far]: [T; 2], connector: Connector, acceptor: &Acceptor) -> [Made; 2] {
    let client = thread::spawn(move || connector.connect(name(0), near));
    let server = acceptor.accept(far);
    let client = client.join().expect("a handshake does not panic");
    [client, server].map(|made| {
        let stream = made?;
        if let Some(socket) = stream.transport() {
            socket.set_blocking(false)?;
        }
        Ok(Box::new(stream) as Box<dyn Socketed>)
    })
}

/// Both ends of a handshake in two tasks.
fn by_tasks<T: Socket>(sockets: [T; 2], connector: &Connector, acceptor: &Acceptor) -> io::Result<[Made; 2]> {
    let [near, far] = sockets.map(|socket| {
        socket.set_blocking(false)?;
        let _entered = runtime().enter();
        socket.into_tokio()
    });
    let (near, far) = (near?, far?);
    let (client, server) = runtime()
        .block_on(async { tokio::join!(connector.connect_async(name(0), near), acceptor.accept_async(far)) });
    Ok([client, server].map(|made| Ok(Box::new(Tasks(made?)) as Box<dyn Socketed>)))
}
