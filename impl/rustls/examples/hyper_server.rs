//! A hyper 1 server whose last response survives its shutdown, and which rejects clients with an
//! alert.
//!
//! Without this crate hyper drops the socket while the client still uploads. The kernel resets the
//! connection because of the unread bytes, and the reset destroys what the client has not read yet:
//! the rest of the response (hyper#3792), or the alert that says why a client is rejected. Run it
//! with `cargo run -p close-notify --example hyper_server`. It prints:
//!
//! ```text
//! the server stops while it answers, and the client still uploads
//!   client  has all 8388608 bytes of the response; the peer sent close_notify
//! the server wants a certificate, and the client has none
//!   client  the peer sent the fatal alert certificate_required
//!   server  we sent the fatal alert certificate_required
//! the server is done: 1 socket lingered, until its client was done
//! ```

mod common;

use std::fmt::Write as _;
use std::future::ready;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use close_notify::linger::{Limits, Lingerer};
use close_notify::{Acceptor, AlertDescription, Close, Ending, FindEnding, Policy, ReadEnd};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Response, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Notify;

/// The last response: more than the buffers of both kernels hold.
const RESPONSE: Bytes = Bytes::from_static(&[b'r'; 8 << 20]);
const HALF_OF_THE_UPLOAD: &[u8] = &[b'u'; 64 << 10];

/// Serves one client until it is done or the server stops. hyper sends close_notify after its last
/// response and drops the stream, and the socket goes to the lingerer. What the client still sends
/// is read and thrown away.
async fn serve(
    listener: TcpListener,
    acceptor: Acceptor,
    stop: Arc<Notify>,
    lingerer: Lingerer,
) -> common::Result<()> {
    // A client that is refused here can read why: the acceptor lingers over it, within its patience
    // and budget.
    let mut stream = acceptor.accept_async(listener.accept().await?.0).await?;
    stream.set_lingerer(&lingerer);
    // It answers before it has read the upload, like a server that replies 413.
    let service = service_fn(|_| ready(hyper::Result::Ok(Response::new(Full::new(RESPONSE)))));
    let mut connection = pin!(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        served = connection.as_mut() => served?,
        () = stop.notified() => {
            connection.as_mut().graceful_shutdown();
            connection.await?;
        }
    }
    Ok(())
}

fn main() -> common::Result<()> {
    common::print(run())
}

pub(crate) fn run() -> common::Result<String> {
    common::block_on(async {
        let configs = common::Configs::new()?;
        let connector = configs.connector(Policy::https());
        let (stop, lingerer) = (Arc::new(Notify::new()), Lingerer::spawn_tokio(Limits::DEFAULT)?);
        let length = 2 * HALF_OF_THE_UPLOAD.len();
        let head = format!("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n");
        let mut out = String::new();

        let (listener, address) = common::listen().await?;
        let acceptor = configs.acceptor(Policy::https());
        let serving = tokio::spawn(serve(listener, acceptor, stop.clone(), lingerer.clone()));
        let mut client = common::connect(&connector, address).await?;
        client.write_all(head.as_bytes()).await?;
        client.write_all(HALF_OF_THE_UPLOAD).await?;
        client.read_exact(&mut [0; 8]).await?;
        stop.notify_one(); // the response has begun,
        client.write_all(HALF_OF_THE_UPLOAD).await?; // and the upload goes on
        let mut rest = Vec::new();
        client.read_to_end(&mut rest).await?; // fails without close_notify
        let ending = client.close(Close::Graceful).await?;
        assert!(rest.ends_with(&RESPONSE) && ending.is_clean());
        writeln!(out, "the server stops while it answers, and the client still uploads")?;
        writeln!(out, "  client  has all {} bytes of the response; {}", RESPONSE.len(), ending.reading)?;
        serving.await??;

        let (listener, address) = common::listen().await?;
        let members_only = Acceptor::new(configs.members_only.clone(), Policy::https());
        let serving = tokio::spawn(serve(listener, members_only, stop, lingerer.clone()));
        let mut client = common::connect(&connector, address).await?;
        client.write_all(head.as_bytes()).await?;
        let error = client.read_to_end(&mut rest).await.expect_err("it has no certificate");
        let ending = Ending::find(&error).ok_or("an error without an ending")?;
        assert_eq!(ending.reading, ReadEnd::FatalAlert(AlertDescription::CERTIFICATE_REQUIRED));
        drop(client);
        let error = serving.await?.expect_err("there is nobody to serve");
        let refused = Ending::find(&*error).ok_or("an error without an ending")?;
        writeln!(out, "the server wants a certificate, and the client has none")?;
        writeln!(out, "  client  {}\n  server  {}", ending.reading, refused.writing)?;

        // The process may end once nothing lingers.
        let counters = lingerer.finish_async(Instant::now() + Duration::from_secs(5)).await;
        assert_eq!((counters.by_fin, counters.ended()), (1, 1));
        writeln!(out, "the server is done: {} socket lingered, until its client was done", counters.by_fin)?;
        Ok(out)
    })
}
