//! Both sides say that they are done, and know that nothing was cut: `cargo run -p close-notify --example graceful`.

mod common;

use std::error::Error;
use std::io::{self, Read, Write};
use std::thread;

use close_notify::{Ending, Manner};

fn main() -> Result<(), Box<dyn Error>> {
    let (mut client, mut server) = common::client_and_server()?;
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

    println!("client  read {answer:?}");
    println!("client  {ending}; clean: {}", ending.is_clean());
    println!("server  {server_ending}; clean: {}", server_ending.is_clean());
    assert!(ending.is_clean() && server_ending.is_clean());
    Ok(())
}
