//! Two ends in tasks, over memory or over loopback, with their handshake done.

use std::future::Future;
use std::task::{Context, Poll, Waker};

use close_notify::Policy;
use close_notify::Version;
use close_notify::tasks::{Stream, Transport};
use rustls::ServerConfig;
use tokio::io::{DuplexStream, duplex};
use tokio::net::{TcpListener, TcpStream};

use super::{client, client_config, hooked, server, server_config};

/// Two connected sockets on loopback.
pub(crate) async fn sockets() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (near, listener.accept().await.unwrap().0)
}

/// Client and server over any transport, without tickets, which would fill a narrow pipe that
/// nobody reads yet.
pub(crate) async fn over<IO: Transport>(
    version: Version,
    policy: Policy,
    transports: (IO, IO),
) -> (Stream<IO>, Stream<IO>) {
    let mut config = server_config(version, hooked());
    config.send_tls13_tickets = 0;
    with_server(version, policy, transports, config).await
}

/// Client and server over sockets, with the tickets that a server sends.
pub(crate) async fn streams(version: Version, policy: Policy) -> (Stream<TcpStream>, Stream<TcpStream>) {
    with_server(version, policy, sockets().await, server_config(version, hooked())).await
}

/// Client and server over a pipe in memory, without tickets.
pub(crate) async fn pipes(version: Version, size: usize) -> (Stream<DuplexStream>, Stream<DuplexStream>) {
    over(version, Policy::STRICT, duplex(size)).await
}

async fn with_server<IO: Transport>(
    version: Version,
    policy: Policy,
    (near, far): (IO, IO),
    config: ServerConfig,
) -> (Stream<IO>, Stream<IO>) {
    let mut client = Stream::new(client(client_config(version, hooked())), near, policy);
    let mut server = Stream::new(server(config), far, policy);
    let (one, other) = tokio::join!(client.complete_handshake(), server.complete_handshake());
    one.unwrap();
    other.unwrap();
    (client, server)
}

/// Polls a future once.
pub(crate) fn once<F: Future>(future: F) -> Poll<F::Output> {
    std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}
