//! Closing by hand, without an adapter: raw rustls, and bare TCP as the lower bound.
//!
//! Both ends send their last word and a FIN, and both read to the end.

use std::io::{self, Read};

use close_notify::Transport;
use rustls::Connection;

/// As long as a close_notify of TLS 1.3.
const LAST_WORD: [u8; 24] = [0; 24];

fn say(connection: &mut Connection, transport: &mut impl Transport) -> io::Result<()> {
    connection.send_close_notify();
    while connection.wants_write() {
        connection.write_tls(transport)?;
    }
    transport.shut_write()
}

/// Reads until close_notify, and then until the end of the stream.
fn hear(connection: &mut Connection, transport: &mut impl Transport) -> io::Result<()> {
    loop {
        connection.read_tls(transport)?;
        let state = connection.process_new_packets().map_err(io::Error::other)?;
        if state.peer_has_closed() {
            break;
        }
    }
    let rest = transport.read(&mut [0; 16])?;
    assert_eq!(rest, 0, "the end of the stream");
    Ok(())
}

/// Closes both ends of a connection with raw rustls.
///
/// # Errors
///
/// Fails if a transport does.
pub fn close<T: Transport>(
    near: &mut (Connection, Option<T>),
    far: &mut (Connection, Option<T>),
) -> io::Result<()> {
    if let ((near, Some(near_transport)), (far, Some(far_transport))) = (&mut *near, &mut *far) {
        say(near, near_transport)?;
        hear(far, far_transport)?;
        say(far, far_transport)?;
    }
    far.1 = None;
    if let (near, Some(transport)) = &mut *near {
        hear(near, transport)?;
    }
    near.1 = None;
    Ok(())
}

/// Closes one end first, over a blocking transport, and waits for the other end.
///
/// # Errors
///
/// Fails if the transport does.
pub fn begin<T: Transport>(mut connection: Connection, mut transport: T) -> io::Result<()> {
    say(&mut connection, &mut transport)?;
    hear(&mut connection, &mut transport)
}

/// Waits for the end of the other, and then closes.
///
/// # Errors
///
/// Fails if the transport does.
pub fn answer<T: Transport>(mut connection: Connection, mut transport: T) -> io::Result<()> {
    hear(&mut connection, &mut transport)?;
    say(&mut connection, &mut transport)
}

/// Sends the same bytes and ends without TLS.
///
/// # Errors
///
/// Fails if a transport does.
pub fn close_bare<T: Transport>(mut near: T, mut far: T) -> io::Result<()> {
    near.write_all(&LAST_WORD)?;
    near.shut_write()?;
    read_to_end(&mut far)?;
    far.write_all(&LAST_WORD)?;
    far.shut_write()?;
    drop(far);
    read_to_end(&mut near)
}

fn read_to_end(transport: &mut impl Read) -> io::Result<()> {
    let mut buffer = [0; 4096];
    while transport.read(&mut buffer)? > 0 {}
    Ok(())
}
