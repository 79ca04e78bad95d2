//! FTP clears its control channel (CCC, RFC 4217 §6.3), with a plaintext command directly after the
//! close_notify.
//!
//! Without this crate the command is lost in the buffers of TLS, and both sides wait for each other
//! forever. Here both sides are tokio tasks; `ldap_stop_tls` does the same with threads. Run it
//! with `cargo run -p close-notify --example ftp_ccc`. It prints:
//!
//! ```text
//! server  after the client's close_notify, in its segment: "PASV\r\n"
//! client  on the same socket, in plain text: "227 entering passive mode\r\n"
//! server  on the same socket, in plain text: "QUIT\r\n"
//! ```

mod common;

use std::fmt::Write as _;

use close_notify::Policy;
use close_notify::tasks::Stream;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

fn main() -> common::Result<()> {
    common::print(run())
}

pub(crate) fn run() -> common::Result<String> {
    common::block_on(async {
        let configs = common::Configs::new()?;
        let (listener, address) = common::listen().await?;
        let acceptor = configs.acceptor(Policy::STRICT);
        let serving =
            tokio::spawn(
                async move { serve(acceptor.accept_async(listener.accept().await?.0).await?).await },
            );
        let client = common::connect(&configs.connector(Policy::STRICT), address).await?;
        let answers = command(client).await?;
        let (leftover, heard) = serving.await??;
        assert_eq!((leftover.as_str(), heard.as_str()), ("PASV\r\n", "QUIT\r\n"));

        let mut out = String::new();
        writeln!(out, "server  after the client's close_notify, in its segment: {leftover:?}")?;
        writeln!(out, "client  on the same socket, in plain text: {answers:?}")?;
        writeln!(out, "server  on the same socket, in plain text: {heard:?}")?;
        Ok(out)
    })
}

/// Asks for plain text, and sends the next command in the same segment as its close_notify.
async fn command(mut client: Stream<TcpStream>) -> std::io::Result<String> {
    client.write_all(b"CCC\r\n").await?;
    let mut reply = String::new();
    client.read_to_string(&mut reply).await?; // until the server's close_notify
    assert_eq!(reply, "200 in plain text from here\r\n");
    client.transport().map_or(Ok(()), |socket| common::cork(socket, true))?;
    let (mut socket, _) = client.hand_back().await?;
    socket.write_all(b"PASV\r\n").await?;
    common::cork(&socket, false)?;
    let mut answers = String::new();
    BufReader::new(&mut socket).read_line(&mut answers).await?;
    socket.write_all(b"QUIT\r\n").await?;
    Ok(answers)
}

/// Grants it. Returns what came after the client's close_notify, and what came then.
async fn serve(mut server: Stream<TcpStream>) -> std::io::Result<(String, String)> {
    server.read_exact(&mut [0; 5]).await?;
    server.write_all(b"200 in plain text from here\r\n").await?;
    // Our close_notify, the client's, and the socket with what was read after the client's.
    let (mut socket, leftover) = server.hand_back().await?;
    socket.write_all(b"227 entering passive mode\r\n").await?;
    let mut heard = String::new();
    socket.read_to_string(&mut heard).await?;
    Ok((String::from_utf8_lossy(&leftover).into_owned(), heard))
}
