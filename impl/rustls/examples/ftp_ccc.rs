//! FTP clears its control channel (CCC, RFC 4217 §6.3): a command in plain text directly behind the
//! close_notify.
//!
//! Without it the command is lost with the buffers of TLS, and both sides wait for each other for
//! ever. Here both are tasks of tokio; `ldap_stop_tls` does the like with threads. Run it by `cargo
//! run -p close-notify --example ftp_ccc`. It prints:
//!
//! ```text
//! server  behind the client's close_notify, in its segment: "PASV\r\n"
//! client  on the same socket, in plain text: "227 entering passive mode\r\n"
//! server  on the same socket, in plain text: "QUIT\r\n"
//! ```

mod common;

use std::fmt::Write as _;

use close_notify::Policy;
use close_notify::tokio::Stream;
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
        let (behind, heard) = serving.await??;
        assert_eq!((behind.as_str(), heard.as_str()), ("PASV\r\n", "QUIT\r\n"));

        let mut told = String::new();
        writeln!(told, "server  behind the client's close_notify, in its segment: {behind:?}")?;
        writeln!(told, "client  on the same socket, in plain text: {answers:?}")?;
        writeln!(told, "server  on the same socket, in plain text: {heard:?}")?;
        Ok(told)
    })
}

/// Asks for plain text, and has the next command in the segment of its close_notify.
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

/// Grants it, and returns what came behind the client's close_notify, and then.
async fn serve(mut server: Stream<TcpStream>) -> std::io::Result<(String, String)> {
    server.read_exact(&mut [0; 5]).await?;
    server.write_all(b"200 in plain text from here\r\n").await?;
    // Our close_notify, the client's, and the socket with what was read behind that one.
    let (mut socket, behind) = server.hand_back().await?;
    socket.write_all(b"227 entering passive mode\r\n").await?;
    let mut heard = String::new();
    socket.read_to_string(&mut heard).await?;
    Ok((String::from_utf8_lossy(&behind).into_owned(), heard))
}
