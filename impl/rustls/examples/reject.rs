//! A server turns a client away, and the client learns why: `cargo run -p close-notify --example reject`.

mod common;

use std::error::Error;
use std::io::{self, Read, Write};
use std::thread;

use close_notify::{AlertDescription, Ending, FindEnding, ReadEnd, WriteEnd};

fn main() -> Result<(), Box<dyn Error>> {
    let (mut client, mut server) = common::client_and_server()?;
    let serving = thread::spawn(move || -> io::Result<Ending> {
        server.complete_handshake()?;
        // The request is not read. The server lingers, so that its reset does not destroy the alert.
        server.reject(AlertDescription::ACCESS_DENIED)
    });
    client.write_all(b"a request that nobody reads")?;
    let error = client.read(&mut [0; 8]).expect_err("the server rejects");
    let ending = Ending::find(&error).ok_or("an error without an ending")?;
    drop(client);
    let server_ending = serving.join().expect("the server does not panic")?;

    println!("client  {ending} ({:?})", error.kind());
    println!("server  {server_ending}");
    assert_eq!(ending.reading, ReadEnd::FatalAlert(AlertDescription::ACCESS_DENIED));
    assert_eq!(server_ending.writing, WriteEnd::FatalAlertSent(AlertDescription::ACCESS_DENIED));
    Ok(())
}
