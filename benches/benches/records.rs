//! What does our stream add to the stream that it replaces, record by record?
//!
//! Expected: at most 1.02 × rustls::StreamOwned and tokio-rustls, writing and reading records of 16
//! KiB over loopback: some 10 µs each, of which sealing or opening is 3–4 µs and the system calls
//! most of the rest. One side is measured at a time. The other is always rustls's own, and fills or
//! empties the socket outside of the measurement. Sampling as in `close`; `--test` runs a few
//! rounds, `--rounds N` runs N.

use std::cell::RefCell;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::rc::Rc;

use close_notify::{Policy, Version, WithEnding};
use close_notify_benches::paired::{Run, Variant, rounds, sample};
use close_notify_benches::setup;
use rustls::{ClientConnection, ServerConnection, StreamOwned};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::runtime::Runtime;

const VERSIONS: [Version; 2] = [Version::Tls12, Version::Tls13];
const RECORD: usize = 16 * 1024;
/// Records in one sample: less than the socket holds.
const RECORDS: usize = 64;
const FEW: usize = 5;
const MANY: usize = 600;

fn main() {
    let rounds = rounds(FEW, MANY);
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    for version in VERSIONS {
        blocking(&listener, version, rounds);
        tasks(&listener, version, rounds);
    }
}

/// Moves a sample's records one way.
trait Moves: 'static {
    fn write(&mut self);
    fn read(&mut self);
}

/// One writer and one reader, both blocking.
struct Blocking<W, R>(W, R);

impl<W: Write + 'static, R: Read + 'static> Moves for Blocking<W, R> {
    fn write(&mut self) {
        for _ in 0..RECORDS {
            self.0.write_all(&[7; RECORD]).expect("loopback");
        }
    }

    fn read(&mut self) {
        let mut record = [0; RECORD];
        for _ in 0..RECORDS {
            self.1.read_exact(&mut record).expect("loopback");
        }
    }
}

/// The same in a runtime of one thread.
struct Tasks<W, R>(Rc<Runtime>, W, R);

impl<W: AsyncWrite + Unpin + 'static, R: AsyncRead + Unpin + 'static> Moves for Tasks<W, R> {
    fn write(&mut self) {
        self.0.block_on(async {
            for _ in 0..RECORDS {
                self.1.write_all(&[7; RECORD]).await.expect("loopback");
            }
            self.1.flush().await.expect("loopback");
        });
    }

    fn read(&mut self) {
        let mut record = [0; RECORD];
        self.0.block_on(async {
            for _ in 0..RECORDS {
                self.2.read_exact(&mut record).await.expect("loopback");
            }
        });
    }
}

fn writes(name: &'static str, moves: impl Moves) -> Variant<'static> {
    let moves = Rc::new(RefCell::new(moves));
    let mut is_full = false;
    let prepare = move || -> Run {
        if std::mem::replace(&mut is_full, true) {
            moves.borrow_mut().read();
        }
        let moves = Rc::clone(&moves);
        Box::new(move || {
            moves.borrow_mut().write();
            Box::new(())
        })
    };
    Variant { name, prepare: Box::new(prepare) }
}

fn reads(name: &'static str, moves: impl Moves) -> Variant<'static> {
    let moves = Rc::new(RefCell::new(moves));
    let prepare = move || -> Run {
        moves.borrow_mut().write();
        let moves = Rc::clone(&moves);
        Box::new(move || {
            moves.borrow_mut().read();
            Box::new(())
        })
    };
    Variant { name, prepare: Box::new(prepare) }
}

type Client = StreamOwned<ClientConnection, TcpStream>;
type Server = StreamOwned<ServerConnection, TcpStream>;

/// Two rustls streams over loopback, with their handshake done and without tickets.
fn pair(listener: &TcpListener, version: Version) -> (Client, Server) {
    let (near, far) = setup::sockets(listener).expect("loopback");
    let (client, server) = setup::own_connections(version);
    (StreamOwned::new(client, near), StreamOwned::new(server, far))
}

fn blocking(listener: &TcpListener, version: Version, rounds: usize) {
    let raw = || pair(listener, version);
    let ours = |(client, server): (Client, Server)| Blocking(client.with_ending(Policy::STRICT), server);
    let ours_reading =
        |(client, server): (Client, Server)| Blocking(client, server.with_ending(Policy::STRICT));
    let both = |(client, server): (Client, Server)| Blocking(client, server);
    let mut written = [writes("rustls::StreamOwned", both(raw())), writes("ours", ours(raw()))];
    sample(&mut written, rounds).print(&format!("{version}, blocking: {RECORDS} records written"), 0);
    let mut read = [reads("rustls::StreamOwned", both(raw())), reads("ours", ours_reading(raw()))];
    sample(&mut read, rounds).print(&format!("{version}, blocking: {RECORDS} records read"), 0);
}

fn tasks(listener: &TcpListener, version: Version, rounds: usize) {
    use close_notify::tasks::WithEnding as _;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let runtime = Rc::new(runtime);
    let raw = || setup::tokio_pair(&runtime, listener, version);
    let run = || Rc::clone(&runtime);
    let mut written = [
        writes("tokio-rustls", {
            let (client, server) = raw();
            Tasks(run(), client, server)
        }),
        writes("ours", {
            let (client, server) = raw();
            Tasks(run(), client.with_ending(Policy::STRICT), server)
        }),
    ];
    sample(&mut written, rounds).print(&format!("{version}, tokio: {RECORDS} records written"), 0);
    let mut read = [
        reads("tokio-rustls", {
            let (client, server) = raw();
            Tasks(run(), client, server)
        }),
        reads("ours", {
            let (client, server) = raw();
            Tasks(run(), client, server.with_ending(Policy::STRICT))
        }),
    ];
    sample(&mut read, rounds).print(&format!("{version}, tokio: {RECORDS} records read"), 0);
}
