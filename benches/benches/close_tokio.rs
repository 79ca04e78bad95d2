//! How long until both ends know their endings and have let go, in tasks over tokio sockets?
//!
//! Expected: as in `close`: some 30 µs, at most 0.75 × tokio-rustls, whose shutdown writes
//! close_notify and FIN apart. Both ends are tasks of one thread. By hand over tokio-rustls the
//! exchange is the same: shutdown, read to the end, answer, read to the end, drop. Sampling as in
//! `close`, with one close per sample, and with many in a row, when the code is as warm as in a
//! busy server. `--test` runs a few rounds, `--rounds N` runs N.

use std::net::TcpListener;
use std::rc::Rc;

use close_notify::tasks::{Stream, WithEnding};
use close_notify::{Close, Policy, Reply, Tls, Version};
use close_notify_benches::paired::{Run, Variant, rounds, sample};
use close_notify_benches::setup;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

const VERSIONS: [Version; 2] = [Version::Tls12, Version::Tls13];
const WHEN_ASKED: Policy = Policy { reply: Reply::WhenAsked, ..Policy::STRICT };
const FEW: usize = 20;
const MANY: usize = 3000;
const BATCH: usize = 32;

fn main() {
    let rounds = rounds(FEW, MANY);
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let runtime = Rc::new(runtime);
    for version in VERSIONS {
        for (batch, rounds) in [(1, rounds), (BATCH, rounds.div_ceil(BATCH))] {
            let (runtime, listener) = (&runtime, &listener);
            let raw = many(batch, move || raw(runtime, listener, version));
            let strict = many(batch, move || ours(runtime, listener, version, Policy::STRICT));
            let when_asked = many(batch, move || ours(runtime, listener, version, WHEN_ASKED));
            let adopted = many(batch, move || adopted(runtime, listener, version, WHEN_ASKED));
            let title = format!("{version} over loopback, tasks of one thread, {batch} in a row");
            let mut variants = [
                Variant { name: "tokio-rustls", prepare: Box::new(raw) },
                Variant { name: "ours", prepare: Box::new(strict) },
                Variant { name: "ours, WhenAsked", prepare: Box::new(when_asked) },
                Variant { name: "ours, WhenAsked, adopted", prepare: Box::new(adopted) },
            ];
            sample(&mut variants, rounds).print(&title, 0);
        }
    }
}

/// Runs `batch` closes in one sample. The first finds the caches as the handshakes left them.
fn many(batch: usize, one: impl Fn() -> Run) -> impl FnMut() -> Run {
    move || {
        let ready: Vec<_> = (0..batch).map(|_| one()).collect();
        Box::new(move || Box::new(ready.into_iter().map(|close| close()).collect::<Vec<_>>()))
    }
}

fn raw(runtime: &Rc<Runtime>, listener: &TcpListener, version: Version) -> Run {
    let (mut near, mut far) = setup::tokio_pair(runtime, listener, version);
    let runtime = Rc::clone(runtime);
    Box::new(move || {
        runtime.block_on(async {
            let near = async {
                near.shutdown().await.expect("a peer");
                assert_eq!(near.read(&mut [0; 16]).await.expect("a clean end"), 0);
                drop(near);
            };
            let far = async {
                assert_eq!(far.read(&mut [0; 16]).await.expect("a clean end"), 0);
                far.shutdown().await.expect("a peer");
                drop(far);
            };
            tokio::join!(near, far);
        });
        Box::new(())
    })
}

fn ours(runtime: &Rc<Runtime>, listener: &TcpListener, version: Version, policy: Policy) -> Run {
    let [near, far] = setup::our_tokio_pair(runtime, listener, version, policy);
    closed(runtime, near, far)
}

/// Streams of tokio-rustls that become ours just before. rustls gets their next record byte by
/// byte.
fn adopted(runtime: &Rc<Runtime>, listener: &TcpListener, version: Version, policy: Policy) -> Run {
    let (near, far) = setup::tokio_pair(runtime, listener, version);
    closed(runtime, near.with_ending(policy), far.with_ending(policy))
}

fn closed(
    runtime: &Rc<Runtime>,
    near: Stream<TcpStream, impl Tls + Unpin + 'static>,
    far: Stream<TcpStream, impl Tls + Unpin + 'static>,
) -> Run {
    let runtime = Rc::clone(runtime);
    Box::new(move || {
        runtime.block_on(async {
            let (near, far) = tokio::join!(begin(near), answer(far));
            assert!(near && far, "a clean end");
        });
        Box::new(())
    })
}

async fn begin(mut stream: Stream<TcpStream, impl Tls + Unpin>) -> bool {
    stream.close(Close::Graceful).await.expect("a peer").is_clean()
}

async fn answer(mut stream: Stream<TcpStream, impl Tls + Unpin>) -> bool {
    assert_eq!(stream.read(&mut [0; 16]).await.expect("a clean end"), 0);
    stream.close(Close::Graceful).await.expect("a peer").is_clean()
}
