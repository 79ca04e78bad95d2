//! LDAP removes TLS and continues in plain text (RFC 4511 §4.14.3), with a message directly after
//! the close_notify.
//!
//! Without this crate that message is lost: a TLS stack reads more than one record at a time, and
//! throws away what follows a close_notify. And a client that accepts plain text before the
//! close_notify accepts it from anybody on the path. Run it with `cargo run -p close-notify
//! --example ldap_stop_tls`. It prints:
//!
//! ```text
//! client  after the server's close_notify, in its segment: a message of 14 bytes
//! server  on the same socket, in plain text: one of 7 bytes
//! client  plain text before close_notify is not delivered: we refused to read on (decode_error)
//! ```

mod common;

use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::thread;

use close_notify::framing::{Framing, FramingState, ldap};
use close_notify::{Ending, FindEnding, Policy};
use common::End;

/// A delete request and its response, number 2; and an unbind request, number 3.
const REQUEST: &[u8] = b"\x30\x09\x02\x01\x02\x4a\x04cn=a";
const RESPONSE: &[u8] = b"\x30\x0c\x02\x01\x02\x6b\x07\x0a\x01\x00\x04\x00\x04\x00";
const UNBIND: &[u8] = b"\x30\x05\x02\x01\x03\x42\x00";

fn main() -> common::Result<()> {
    common::print(run())
}

pub(crate) fn run() -> common::Result<String> {
    let mut out = String::new();

    let (mut client, server) = common::client_and_server(Policy::ldap_stop_tls())?;
    let serving = thread::spawn(move || serve(server));
    client.write_all(REQUEST)?;
    // Our close_notify, the server's, and the socket with what was read after the server's.
    let (mut socket, leftover) = client.hand_back()?;
    let mut tracker = ldap::Messages::new(1 << 20);
    tracker.received(&leftover);
    assert_eq!((leftover.as_slice(), tracker.state()), (RESPONSE, FramingState::BetweenMessages));
    socket.write_all(UNBIND)?;
    drop(socket);
    let heard = serving.join().expect("the server does not panic")?;
    assert_eq!(heard, UNBIND);
    writeln!(
        out,
        "client  after the server's close_notify, in its segment: a message of {} bytes",
        leftover.len()
    )?;
    writeln!(out, "server  on the same socket, in plain text: one of {} bytes", heard.len())?;

    let (mut client, mut server) = common::client_and_server(Policy::ldap_stop_tls())?;
    let forging = thread::spawn(move || -> io::Result<()> {
        server.read_exact(&mut [0; REQUEST.len()])?;
        // This does not come from the server: anybody on the path can send it.
        let mut wire = server.transport().ok_or(io::ErrorKind::NotConnected)?;
        wire.write_all(RESPONSE)?;
        wire.read_to_end(&mut Vec::new()).map(drop)
    });
    client.write_all(REQUEST)?;
    let error = client.hand_back().expect_err("there is no close_notify");
    forging.join().expect("the forger does not panic")?;
    let ending = Ending::find(&error).ok_or("an error without an ending")?;
    assert!(!ending.is_clean());
    writeln!(out, "client  plain text before close_notify is not delivered: {}", ending.reading)?;
    Ok(out)
}

/// Answers the last request after its own close_notify, and continues reading in plain text.
fn serve(mut server: End) -> io::Result<Vec<u8>> {
    let mut request = Vec::new();
    server.read_to_end(&mut request)?; // until the client's close_notify
    assert_eq!(request, REQUEST);
    server.transport().map_or(Ok(()), |socket| common::cork(socket, true))?;
    let (mut socket, _) = server.hand_back()?;
    socket.write_all(RESPONSE)?;
    common::cork(&socket, false)?;
    let mut heard = Vec::new();
    socket.read_to_end(&mut heard)?;
    Ok(heard)
}
