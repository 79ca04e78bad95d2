//! A hyper 1 client that distinguishes a body that was cut from a whole one.
//!
//! Without this crate there are two wrong choices. A client can refuse every end without
//! close_notify, and throw away whole responses of the many servers that send none. Or it can take
//! every FIN for an end, and use half a body. The tracker knows which it is.
//!
//! Run it with `cargo run -p close-notify --example hyper_client`. It prints:
//!
//! ```text
//! all of Content-Length, and a FIN: the body is whole
//!   ending: peer closed connection without sending TLS close_notify
//! half of Content-Length, and a FIN: the body was cut, and is not used
//!   ending: peer closed connection without sending TLS close_notify
//! no length, and a FIN: the body was cut, and is not used
//!   ending: peer closed connection without sending TLS close_notify
//! no length, and close_notify: the body is whole
//!   ending: the peer sent close_notify
//! ```

mod common;

use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread;

use close_notify::framing::http::Responses;
use close_notify::{Acceptor, Close, Connector, Ending, FindEnding, Policy, ReadEnd};
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::{Request, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::io::AsyncReadExt;

/// What the server sends, how it ends, and whether the body is then whole.
const CASES: [(&str, &str, Finish, bool); 4] = [
    ("all of Content-Length, and a FIN", "Content-Length: 4\r\n\r\nbody", Finish::Fin, true),
    ("half of Content-Length, and a FIN", "Content-Length: 8\r\n\r\nbody", Finish::Fin, false),
    ("no length, and a FIN", "\r\nbody", Finish::Fin, false),
    ("no length, and close_notify", "\r\nbody", Finish::CloseNotify, true),
];

#[derive(Clone, Copy, PartialEq)]
enum Finish {
    Fin,
    CloseNotify,
}

fn main() -> common::Result<()> {
    common::print(run())
}

pub(crate) fn run() -> common::Result<String> {
    common::block_on(async {
        let configs = common::Configs::new()?;
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let (address, acceptor) = (listener.local_addr()?, configs.acceptor(Policy::https()));
        let serving = thread::spawn(move || {
            CASES
                .iter()
                .try_for_each(|(_, response, finish, _)| serve(&acceptor, &listener, response, *finish))
        });
        let connector = configs.connector(Policy::https());
        let mut out = String::new();
        for (name, _, finish, is_whole) in CASES {
            let fetched = fetch(&connector, address).await;
            assert_eq!(fetched.is_ok(), is_whole, "{name}");
            let ending = match fetched {
                Ok((body, ending)) => {
                    assert_eq!(body, "body");
                    ending
                }
                Err(error) => Ending::find(&*error).ok_or("an error without an ending")?,
            };
            assert_eq!(ending.reading == ReadEnd::CloseNotify, finish == Finish::CloseNotify, "{name}");
            let verdict = if is_whole { "is whole" } else { "was cut, and is not used" };
            writeln!(out, "{name}: the body {verdict}\n  ending: {}", ending.reading)?;
        }
        serving.join().expect("the server does not panic")?;
        Ok(out)
    })
}

/// The body if it is whole, and how its connection ended.
async fn fetch(connector: &Connector, address: SocketAddr) -> common::Result<(Bytes, Ending)> {
    let mut stream = common::connect(connector, address).await?;
    stream.set_tracker(Responses::new());
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection.without_shutdown());
    let request = Request::get("/").header("Host", "localhost").body(Empty::<Bytes>::new())?;
    let response = sender.send_request(request).await?;
    let body = response.into_body().collect().await?.to_bytes(); // fails if the body was cut
    drop(sender);
    let mut stream = connection.await??.io.into_inner();
    // Nothing comes after the body. A FIN between two messages is tolerated, and the ending reports
    // it.
    stream.read_to_end(&mut Vec::new()).await?;
    Ok((body, stream.ending()))
}

/// Answers one request, and ends in this way.
fn serve(acceptor: &Acceptor, listener: &TcpListener, response: &str, finish: Finish) -> io::Result<()> {
    let mut stream = acceptor.accept(listener.accept()?.0)?;
    let request = stream.read(&mut [0; 1024])?;
    assert_ne!(request, 0);
    write!(stream, "HTTP/1.1 200 OK\r\n{response}")?;
    match finish {
        Finish::Fin => common::cut(&stream),
        Finish::CloseNotify => stream.close(Close::Linger).map(drop),
    }
}
