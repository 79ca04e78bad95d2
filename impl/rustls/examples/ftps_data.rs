//! FTPS data connections, for uploads and downloads: a file is whole if close_notify came, and only
//! then.
//!
//! Without this crate a file that was cut is stored or used as if it were whole. Only its end says
//! where a file ends (RFC 959 §3.4, RFC 4217 §12.6), and a FIN can come from anybody on the path.
//! Run it with `cargo run -p close-notify --example ftps_data`. It prints:
//!
//! ```text
//! upload, left alone: the server replies 226 transfer complete
//!   server  keeps 31 bytes
//!   client  the peer sent close_notify
//! upload, cut by a FIN: the server replies 426 transfer aborted
//!   server  keeps nothing: peer closed connection without sending TLS close_notify
//!   client  peer closed connection without sending TLS close_notify
//! download, left alone: the server replies 226 transfer complete
//!   server  the peer sent close_notify
//!   client  keeps 31 bytes
//! download, cut by a FIN: the server replies 426 transfer aborted
//!   server  peer closed connection without sending TLS close_notify
//!   client  keeps nothing: peer closed connection without sending TLS close_notify
//! ```

mod common;

use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::thread;

use close_notify::{Close, Ending, FindEnding, Policy};
use common::End;

const FILE: &[u8] = b"a file whose length nobody says";

fn main() -> common::Result<()> {
    common::print(run())
}

pub(crate) fn run() -> common::Result<String> {
    let mut out = String::new();
    for is_cut in [false, true] {
        let (client, server) = common::client_and_server(Policy::ftps_data())?;
        let sending = thread::spawn(move || send(client, is_cut));
        let received = receive(server);
        // A server may end an upload that it cannot store, so the client waits for the 226 as well.
        let reply = reply(received.is_ok());
        let sent = sending.join().expect("the client does not panic")?;
        assert_eq!((received.is_ok(), sent.is_clean()), (!is_cut, !is_cut));
        writeln!(out, "upload, {}: the server replies {reply}", fate(is_cut))?;
        writeln!(out, "  server  {}\n  client  {}", verdict(&received), sent.reading)?;
    }
    for is_cut in [false, true] {
        let (client, server) = common::client_and_server(Policy::ftps_data())?;
        let sending = thread::spawn(move || send(server, is_cut));
        let received = receive(client);
        let sent = sending.join().expect("the server does not panic")?;
        // The client's own close_notify says that it has read the server's, and so the whole file.
        let reply = reply(sent.is_clean());
        assert_eq!((received.is_ok(), sent.is_clean()), (!is_cut, !is_cut));
        writeln!(out, "download, {}: the server replies {reply}", fate(is_cut))?;
        writeln!(out, "  server  {}\n  client  {}", sent.reading, verdict(&received))?;
    }
    Ok(out)
}

/// Sends the file, and closes. The ending is clean if the other side has closed too.
fn send(mut data: End, is_cut: bool) -> io::Result<Ending> {
    let (half, rest) = FILE.split_at(FILE.len() / 2);
    data.write_all(half)?;
    if is_cut {
        common::cut(&data)?;
    } else {
        data.write_all(rest)?;
    }
    data.close(Close::Graceful)
}

/// Takes a file, which is whole if reading ends without an error.
fn receive(mut data: End) -> io::Result<Vec<u8>> {
    let mut file = Vec::new();
    data.read_to_end(&mut file)?;
    data.close(Close::Graceful)?;
    Ok(file)
}

fn verdict(received: &io::Result<Vec<u8>>) -> String {
    match received {
        Ok(file) => format!("keeps {} bytes", file.len()),
        Err(error) => {
            let ending = Ending::find(error).expect("a stream of ours failed");
            format!("keeps nothing: {}", ending.reading)
        }
    }
}

fn reply(is_whole: bool) -> &'static str {
    if is_whole { "226 transfer complete" } else { "426 transfer aborted" }
}

fn fate(is_cut: bool) -> &'static str {
    if is_cut { "cut by a FIN" } else { "left alone" }
}
