//! TLS ends and the connection goes on in plain text: `cargo run -p close-notify --example hand_back`.

mod common;

use std::error::Error;
use std::io::{self, Read, Write};
use std::thread;

use close_notify::Ending;

fn main() -> Result<(), Box<dyn Error>> {
    let (mut client, mut server) = common::client_and_server()?;
    let serving = thread::spawn(move || -> io::Result<(String, Ending)> {
        let mut secret = String::new();
        server.read_to_string(&mut secret)?;
        let ending = server.ending();
        // The answer to the client's close_notify is sent here, and TLS is over.
        let (mut socket, leftover) = server.hand_back()?;
        assert!(leftover.is_empty(), "the client says nothing before it has our close_notify");
        socket.write_all(b"plain text again")?;
        Ok((secret, ending))
    });
    client.write_all(b"a secret")?;
    // What came in one read with the server's close_notify is handed back too: it stands before the rest.
    let (mut socket, mut plain) = client.hand_back()?;
    socket.read_to_end(&mut plain)?;
    let (secret, server_ending) = serving.join().expect("the server does not panic")?;

    println!("client  both close_notify are exchanged; behind them {:?}", String::from_utf8_lossy(&plain));
    println!("server  read {secret:?}; {server_ending}, and then handed back");
    assert_eq!((secret.as_str(), plain.as_slice()), ("a secret", b"plain text again".as_slice()));
    Ok(())
}
