//! A reverse proxy that never turns an unclean end into a clean one.
//!
//! Without this crate a response that was cut upstream ends cleanly downstream: the proxy reads a
//! FIN, closes its other side with close_notify, and the client takes half a response for a whole
//! one because the proxy said so. Run it with `cargo run -p close-notify --example reverse_proxy`.
//! It prints:
//!
//! ```text
//! upstream ends by close_notify
//!   proxy   the peer sent close_notify
//!   client  the peer sent close_notify
//! upstream ends by a FIN
//!   proxy   peer closed connection without sending TLS close_notify
//!   client  the connection was reset before close_notify
//! upstream ends by a reset
//!   proxy   the connection was reset before close_notify
//!   client  the connection was reset before close_notify
//! upstream ends by an alert
//!   proxy   the peer sent the fatal alert internal_error
//!   client  the connection was reset before close_notify
//! ```

mod common;

use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread;

use close_notify::tasks::{Relayed, copy_bidirectional};
use close_notify::{Acceptor, AlertDescription, Close, Connector, Ending, FindEnding, Policy, ReadEnd};
use common::End;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

type Finish = fn(End) -> io::Result<()>;

/// How the upstream ends after its response, and whether the client may take that for the whole.
const CASES: [(&str, Finish, bool); 4] = [
    ("close_notify", |mut upstream| upstream.close(Close::Graceful).map(drop), true),
    ("a FIN", |upstream| common::cut(&upstream), false),
    ("a reset", |mut upstream| upstream.abort().map(drop), false),
    ("an alert", |mut upstream| upstream.reject(AlertDescription::INTERNAL_ERROR).map(drop), false),
];

fn main() -> common::Result<()> {
    common::print(run())
}

pub(crate) fn run() -> common::Result<String> {
    common::block_on(async {
        let mut out = String::new();
        let configs = common::Configs::new()?;
        for (name, end, is_whole) in CASES {
            let upstream = TcpListener::bind(("127.0.0.1", 0))?;
            let upstream_address = upstream.local_addr()?;
            let acceptor = configs.acceptor(Policy::STRICT);
            let serving = thread::spawn(move || serve(&acceptor, &upstream, end));

            let (listener, address) = common::listen().await?;
            let (acceptor, connector) =
                (configs.acceptor(Policy::proxy()), configs.connector(Policy::proxy()));
            let proxying = tokio::spawn(async move {
                relay(listener.accept().await?.0, &acceptor, upstream_address, &connector).await
            });

            let client = ask(&configs.connector(Policy::STRICT), address).await?;
            let relayed = proxying.await??;
            serving.join().expect("the upstream does not panic")?;
            assert_eq!((relayed.is_whole, client == ReadEnd::CloseNotify), (is_whole, is_whole));
            let upstream = relayed.endings[1].ok_or("the upstream has TLS")?;
            writeln!(out, "upstream ends by {name}\n  proxy   {}\n  client  {client}", upstream.reading)?;
        }
        Ok(out)
    })
}

/// The proxy: each side has its own TLS, and ends as the other one ended.
async fn relay(
    socket: TcpStream,
    acceptor: &Acceptor,
    upstream: SocketAddr,
    connector: &Connector,
) -> io::Result<Relayed> {
    let mut downstream = acceptor.accept_async(socket).await?;
    let mut upstream = common::connect(connector, upstream).await?;
    copy_bidirectional(&mut downstream, &mut upstream).await
}

fn serve(acceptor: &Acceptor, listener: &TcpListener, end: Finish) -> io::Result<()> {
    let mut stream = acceptor.accept(listener.accept()?.0)?;
    stream.read_exact(&mut [0; 7])?;
    stream.write_all(b"response")?;
    end(stream)
}

/// Asks as a client, and returns how the response ended.
async fn ask(connector: &Connector, address: SocketAddr) -> io::Result<ReadEnd> {
    let mut stream = common::connect(connector, address).await?;
    stream.write_all(b"request").await?;
    match stream.read_to_end(&mut Vec::new()).await {
        Ok(_) => stream.close(Close::Graceful).await.map(|ending| ending.reading),
        Err(error) => Ending::find(&error).map(|ending| ending.reading).ok_or(error),
    }
}
