//! Both sides say that they are done, and know that nothing was cut: `cargo run -p close-notify
//! --example graceful`.
//!
//! Without it an answer that only its end delimits may be half of it, and nobody would know.
//!
//! It prints:
//!
//! ```text
//! client  read "an answer whose end only close_notify tells"
//! client  the peer sent close_notify; we sent close_notify; clean: true
//! server  the peer sent close_notify; we sent close_notify; clean: true
//! ```

mod common;

use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::thread;

use close_notify::{Ending, Manner, Policy};

fn main() -> common::Result<()> {
    common::print(run())
}

pub(crate) fn run() -> common::Result<String> {
    let (mut client, mut server) = common::client_and_server(Policy::STRICT)?;
    let serving = thread::spawn(move || -> io::Result<Ending> {
        server.read_exact(&mut [0; 8])?;
        server.write_all(b"an answer whose end only close_notify tells")?;
        server.close(Manner::Graceful)
    });
    client.write_all(b"question")?;
    let mut answer = String::new();
    client.read_to_string(&mut answer)?;
    let ending = client.close(Manner::Graceful)?;
    let server_ending = serving.join().expect("the server does not panic")?;
    assert!(ending.is_clean() && server_ending.is_clean());

    let mut told = String::new();
    writeln!(told, "client  read {answer:?}")?;
    writeln!(told, "client  {ending}; clean: {}", ending.is_clean())?;
    writeln!(told, "server  {server_ending}; clean: {}", server_ending.is_clean())?;
    Ok(told)
}
