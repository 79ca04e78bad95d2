//! Both sides say that they are done, and know that nothing was cut.
//!
//! Without this crate an answer that only its end delimits may be cut in half, and nobody would
//! know. Run it with `cargo run -p close-notify --example graceful`. It prints:
//!
//! ```text
//! client  read "an answer that only close_notify delimits"
//! client  the peer sent close_notify; we sent close_notify; clean: true
//! server  the peer sent close_notify; we sent close_notify; clean: true
//! ```

mod common;

use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::thread;

use close_notify::{Close, Ending, Policy};

fn main() -> common::Result<()> {
    common::print(run())
}

pub(crate) fn run() -> common::Result<String> {
    let (mut client, mut server) = common::client_and_server(Policy::STRICT)?;
    let serving = thread::spawn(move || -> io::Result<Ending> {
        server.read_exact(&mut [0; 8])?;
        server.write_all(b"an answer that only close_notify delimits")?;
        server.close(Close::Graceful)
    });
    client.write_all(b"question")?;
    let mut answer = String::new();
    client.read_to_string(&mut answer)?;
    let ending = client.close(Close::Graceful)?;
    let server_ending = serving.join().expect("the server does not panic")?;
    assert!(ending.is_clean() && server_ending.is_clean());

    let mut out = String::new();
    writeln!(out, "client  read {answer:?}")?;
    writeln!(out, "client  {ending}; clean: {}", ending.is_clean())?;
    writeln!(out, "server  {server_ending}; clean: {}", server_ending.is_clean())?;
    Ok(out)
}
