//! A server rejects a client, and the client learns why.
//!
//! Without this crate the server's socket is dropped with the request unread, the kernel resets the
//! connection, and the client reads ECONNRESET instead of the alert. Run it with `cargo run -p
//! close-notify --example reject`. It prints:
//!
//! ```text
//! client  the peer sent the fatal alert access_denied (ConnectionAborted)
//! server  we sent the fatal alert access_denied
//! ```

mod common;

use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::thread;

use close_notify::{AlertDescription, Ending, FindEnding, Policy, ReadEnd, WriteEnd};

fn main() -> common::Result<()> {
    common::print(run())
}

pub(crate) fn run() -> common::Result<String> {
    let (mut client, mut server) = common::client_and_server(Policy::STRICT)?;
    let serving = thread::spawn(move || -> io::Result<Ending> {
        server.complete_handshake()?;
        // The request is not read. The server lingers, so that no reset destroys the alert.
        server.reject(AlertDescription::ACCESS_DENIED)
    });
    client.write_all(b"a request that nobody reads")?;
    let error = client.read(&mut [0; 8]).expect_err("the server rejects");
    let ending = Ending::find(&error).ok_or("an error without an ending")?;
    drop(client);
    let server_ending = serving.join().expect("the server does not panic")?;
    assert_eq!(ending.reading, ReadEnd::FatalAlert(AlertDescription::ACCESS_DENIED));
    assert_eq!(server_ending.writing, WriteEnd::FatalAlertSent(AlertDescription::ACCESS_DENIED));

    let mut out = String::new();
    writeln!(out, "client  {} ({:?})", ending.reading, error.kind())?;
    writeln!(out, "server  {}", server_ending.writing)?;
    Ok(out)
}
