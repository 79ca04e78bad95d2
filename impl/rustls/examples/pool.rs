//! A pool of idle connections that checks a connection before it is used again, and closes the rest
//! with close_notify.
//!
//! Without this crate a request is lost on a connection that its server ended long ago, and a
//! server whose client just drops the connection sees a truncation. Run it with `cargo run -p
//! close-notify --example pool`. It prints:
//!
//! ```text
//! client  asks over connection 1, and puts it back
//! client  asks over connection 1 again, which the server then ends
//! client  asks over connections [2, 3], which are new, and shuts the pool down
//! server  connection 1: the peer sent close_notify; we sent close_notify
//! server  connection 2: the peer sent close_notify; we sent close_notify
//! server  connection 3: the peer sent close_notify; we sent close_notify
//! ```

mod common;

use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use close_notify::framing::lines::{LineEnd, Lines};
use close_notify::linger::{Limits, Lingerer};
use close_notify::tasks::Stream;
use close_notify::{Acceptor, Close, Connector, Ending, FramingState, Policy};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Connections to one server.
struct Pool {
    connector: Connector,
    server: SocketAddr,
    idle: Vec<Stream<TcpStream>>,
    lingerer: Lingerer,
}

impl Pool {
    /// An idle connection that the server has not ended by now, or a new one.
    async fn take(&mut self) -> io::Result<Stream<TcpStream>> {
        while let Some(mut stream) = self.idle.pop() {
            if !stream.peer_closed_now()? {
                return Ok(stream);
            }
            self.let_go(stream).await?;
        }
        let mut stream = common::connect(&self.connector, self.server).await?;
        stream.set_lingerer(&self.lingerer);
        stream.set_tracker(Lines::new(LineEnd::Lf));
        Ok(stream)
    }

    /// Keeps a connection for later, unless it is in the middle of an answer.
    async fn put(&mut self, stream: Stream<TcpStream>) -> io::Result<()> {
        if stream.framing() != FramingState::BetweenMessages {
            return self.let_go(stream).await;
        }
        self.idle.push(stream);
        Ok(())
    }

    /// Sends close_notify. The rest happens in the background, without TLS: the socket lingers
    /// until the server is done.
    async fn let_go(&self, mut stream: Stream<TcpStream>) -> io::Result<()> {
        stream.close(Close::Linger).await.map(drop)
    }

    /// Closes all remaining connections, and waits for those that linger. Returns how many there
    /// were.
    async fn shut_down(mut self) -> io::Result<u64> {
        while let Some(stream) = self.idle.pop() {
            self.let_go(stream).await?;
        }
        Ok(self.lingerer.finish_async(Instant::now() + Duration::from_secs(5)).await.by_fin)
    }
}

fn main() -> common::Result<()> {
    common::print(run())
}

pub(crate) fn run() -> common::Result<String> {
    common::block_on(async {
        let configs = common::Configs::new()?;
        let (listener, server) = common::listen().await?;
        let serving = tokio::spawn(serve(listener, configs.acceptor(Policy::STRICT)));
        let (connector, lingerer) =
            (configs.connector(Policy::pool()), Lingerer::spawn_tokio(Limits::DEFAULT)?);
        let mut pool = Pool { connector, server, idle: Vec::new(), lingerer };
        let mut out = String::new();

        let mut stream = pool.take().await?;
        let number = ask(&mut stream, b"stay").await?;
        writeln!(out, "client  asks over connection {number}, and puts it back")?;
        pool.put(stream).await?;
        let mut stream = pool.take().await?;
        let number = ask(&mut stream, b"quit").await?;
        writeln!(out, "client  asks over connection {number} again, which the server then ends")?;
        until_the_server_ends(&mut stream).await?;
        pool.put(stream).await?;
        let (mut stream, mut other) = (pool.take().await?, pool.take().await?);
        let numbers = [ask(&mut stream, b"stay").await?, ask(&mut other, b"stay").await?];
        assert_eq!(numbers, [2, 3]);
        writeln!(out, "client  asks over connections {numbers:?}, which are new, and shuts the pool down")?;
        pool.put(stream).await?;
        pool.put(other).await?;

        assert_eq!(pool.shut_down().await?, 3);
        for (number, ending) in (1..).zip(serving.await??) {
            assert!(ending.is_clean());
            writeln!(out, "server  connection {number}: {ending}")?;
        }
        Ok(out)
    })
}

/// Sends a line, and returns the number of the connection that carried it.
async fn ask(stream: &mut Stream<TcpStream>, question: &[u8]) -> io::Result<u8> {
    stream.write_all(&[question, b"\n"].concat()).await?;
    let mut answer = [0; 2];
    stream.read_exact(&mut answer).await?;
    Ok(answer[0] - b'0')
}

async fn until_the_server_ends(stream: &mut Stream<TcpStream>) -> io::Result<()> {
    while !stream.peer_closed_now()? {
        stream.transport().ok_or(io::ErrorKind::NotConnected)?.readable().await?;
    }
    Ok(())
}

/// Serves three connections, and returns how they ended.
async fn serve(listener: TcpListener, acceptor: Acceptor) -> io::Result<Vec<Ending>> {
    let mut serving = Vec::new();
    for number in [b'1', b'2', b'3'] {
        let mut stream = acceptor.accept_async(listener.accept().await?.0).await?;
        serving.push(tokio::spawn(async move {
            let mut question = [0; 5];
            while stream.read(&mut question).await? > 0 {
                stream.write_all(&[number, b'\n']).await?;
                if question == *b"quit\n" {
                    break;
                }
            }
            stream.close(Close::Graceful).await
        }));
    }
    let mut endings = Vec::new();
    for one in serving {
        endings.push(one.await??);
    }
    Ok(endings)
}
