//! TLS ends and the connection continues in plain text.
//!
//! Without this crate the first plaintext bytes are lost in a buffer of TLS, or are accepted from
//! anybody before TLS has ended. Run it with `cargo run -p close-notify --example hand_back`. It
//! prints:
//!
//! ```text
//! server  read "a secret" under TLS, until the client's close_notify, and answered with its own
//! client  read "plain text again" after both, on the same socket
//! ```

mod common;

use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::thread;

use close_notify::Policy;

fn main() -> common::Result<()> {
    common::print(run())
}

pub(crate) fn run() -> common::Result<String> {
    let (mut client, mut server) = common::client_and_server(Policy::STRICT)?;
    let serving = thread::spawn(move || -> io::Result<String> {
        let mut secret = String::new();
        server.read_to_string(&mut secret)?;
        // This sends the answer to the client's close_notify, and TLS is over.
        let (mut socket, leftover) = server.hand_back()?;
        assert!(leftover.is_empty(), "the client says nothing before it has our close_notify");
        socket.write_all(b"plain text again")?;
        Ok(secret)
    });
    client.write_all(b"a secret")?;
    // Bytes that came in one read with the server's close_notify are handed back too: they come
    // before the rest.
    let (mut socket, mut plain) = client.hand_back()?;
    socket.read_to_end(&mut plain)?;
    let secret = serving.join().expect("the server does not panic")?;
    assert_eq!((secret.as_str(), plain.as_slice()), ("a secret", b"plain text again".as_slice()));

    let mut out = String::new();
    writeln!(
        out,
        "server  read {secret:?} under TLS, until the client's close_notify, and answered with its own"
    )?;
    writeln!(out, "client  read {:?} after both, on the same socket", String::from_utf8(plain)?)?;
    Ok(out)
}
