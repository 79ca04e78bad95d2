//! Makes two ends over two sockets of the kernel: streams with played handshakes, or those of
//! `Connector` and `Acceptor`.
//!
//! Decides which kind of socket an end uses, and when its calls may wait.

use std::fmt::Debug;
use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

use close_notify::linger::Lingerer;
use close_notify::tasks::Irresettable;
use close_notify::{Acceptor, ClientGuard, Connector, Ending, Policy, ServerGuard, Stream, Tls, Version};
use rustix::net::sockopt::set_socket_send_buffer_size;
use rustls::{ClientConfig, Connection, ServerConfig};

use super::super::configs::{Configs, Form};
use super::super::end::End;
use super::super::makers::name;
use super::STUCK;
use super::setting::{Begin, Called, Driver, Setting};
use super::tasks::{Tasks, runtime};
use super::wrapped::wrapped;
use crate::lab;

/// A socket of threads, and its counterpart in tokio.
pub(in super::super) trait Socket:
    close_notify::Socket + From<OwnedFd> + Send + Sync + 'static
{
    type Tokio: close_notify::tasks::Transport + Debug + 'static;

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

/// An end over a socket, whose calls wait if they are allowed to.
pub(super) trait Socketed: End {
    /// Sets whether calls wait in the kernel from now on.
    fn waits(&mut self, waits: bool);
}

impl<T: Socket> Socketed for Stream<T> {
    fn waits(&mut self, waits: bool) {
        if let Some(socket) = self.transport() {
            socket.set_blocking(waits).expect("a socket may wait or not");
        }
    }
}

/// These calls never wait: a task that would wait is given up.
impl<IO: close_notify::tasks::Transport + Debug, C: Tls + Unpin + Debug> Socketed for Tasks<IO, C> {
    fn waits(&mut self, _: bool) {}
}

/// The beginning of an end's connection.
pub(super) enum Begun {
    End(Box<dyn Socketed>),
    /// An end that others have driven before.
    Adopted(Box<dyn Socketed>),
    /// It is over, with its ending unless the transport was handed back.
    Ended(Option<Ending>),
}

/// An end, or the error of its handshake or of the call that should have ended it.
pub(super) type Made = io::Result<Begun>;

/// Makes both ends of a run. Fails with an error of the system.
pub(super) fn make<T: Socket>(setting: &Setting, service: Option<&Lingerer>) -> io::Result<[Made; 2]> {
    let sockets = sockets(setting.is_unix)?;
    if setting.is_narrow {
        // The least that the system allows.
        sockets.iter().try_for_each(|socket| set_socket_send_buffer_size(socket, 1))?;
    }
    let sockets = sockets.map(T::from);
    let form = if setting.version == Version::Tls13 { Form::Stored13 } else { Form::Id12 };
    let configs = |refusal| Configs::new(form, true, 1).refusing(refusal);
    match setting.begin {
        Begin::Played(drivers) => Ok(played(setting, sockets, service, drivers)),
        Begin::Called(how) => called(setting, how, configs(how.refusal), sockets, service),
        Begin::Wrapped(how) => wrapped(setting, how, configs(None), in_tokio(sockets)?, service),
    }
}

/// The ends that `Connector` and `Acceptor` make.
fn called<T: Socket>(
    setting: &Setting,
    Called { by_tasks: in_tasks, has_no_time, .. }: Called,
    (client, server): (ClientConfig, ServerConfig),
    sockets: [T; 2],
    service: Option<&Lingerer>,
) -> io::Result<[Made; 2]> {
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

/// Two connected blocking sockets, of TCP or of the Unix domain.
pub(in super::super) fn sockets(is_unix: bool) -> io::Result<[OwnedFd; 2]> {
    if is_unix {
        let (near, far) = UnixStream::pair()?;
        return Ok([near.into(), far.into()]);
    }
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let near = TcpStream::connect(listener.local_addr()?)?;
    let (far, _) = listener.accept()?;
    // What is written leaves at once, even if earlier data is not acknowledged yet.
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    Ok([near.into(), far.into()])
}

/// The ends of a played handshake.
fn played<T: Socket>(
    setting: &Setting,
    [near, far]: [T; 2],
    service: Option<&Lingerer>,
    drivers: [Driver; 2],
) -> [Made; 2] {
    let [client, server] = lab::played_pair(setting.version);
    [
        end(near, client, setting.policies[0], service, drivers[0]),
        end(far, server, setting.policies[1], service, drivers[1]),
    ]
}

fn end<T: Socket>(
    socket: T,
    connection: Connection,
    policy: Policy,
    service: Option<&Lingerer>,
    driver: Driver,
) -> Made {
    socket.set_blocking(false)?;
    let _entered = runtime().enter();
    Ok(Begun::End(match driver {
        Driver::Threads => {
            let mut stream = Stream::new(connection, socket, policy);
            service.into_iter().for_each(|service| stream.set_lingerer(service));
            Box::new(stream)
        }
        Driver::Tasks => of_tasks(connection, socket.into_tokio()?, policy, service),
        Driver::Irresettable => of_tasks(connection, Irresettable(socket.into_tokio()?), policy, service),
    }))
}

fn of_tasks<IO: close_notify::tasks::Transport + Debug + 'static>(
    connection: Connection,
    io: IO,
    policy: Policy,
    service: Option<&Lingerer>,
) -> Box<dyn Socketed> {
    let mut stream = close_notify::tasks::Stream::new(connection, io, policy);
    service.into_iter().for_each(|service| stream.set_lingerer(service));
    Box::new(Tasks(stream))
}

/// Does the handshake of both ends in two threads that wait for each other.
fn by_threads<T: Socket>([near, far]: [T; 2], connector: Connector, acceptor: &Acceptor) -> [Made; 2] {
    let client = thread::spawn(move || connector.connect(name(0), near));
    let server = acceptor.accept(far);
    let client = client.join().expect("a handshake does not panic");
    [client, server].map(|made| {
        let stream = made?;
        if let Some(socket) = stream.transport() {
            socket.set_blocking(false)?;
        }
        Ok(Begun::End(Box::new(stream)))
    })
}

/// Does the handshake of both ends in two tasks.
fn by_tasks<T: Socket>(sockets: [T; 2], connector: &Connector, acceptor: &Acceptor) -> io::Result<[Made; 2]> {
    let [near, far] = in_tokio(sockets)?;
    let (client, server) = runtime()
        .block_on(async { tokio::join!(connector.connect_async(name(0), near), acceptor.accept_async(far)) });
    Ok([client, server].map(|made| Ok(Begun::End(Box::new(Tasks(made?))))))
}

fn in_tokio<T: Socket>([near, far]: [T; 2]) -> io::Result<[T::Tokio; 2]> {
    let _entered = runtime().enter();
    let enters = |socket: T| socket.set_blocking(false).and_then(|()| socket.into_tokio());
    Ok([enters(near)?, enters(far)?])
}
