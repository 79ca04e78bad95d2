//! Found by trying to break the streams: each statement failed once, or guards a place that looked
//! weak.
#![allow(clippy::unwrap_used, reason = "test helpers: clippy exempts only the tests themselves")]

mod common;

use std::cell::Cell;
use std::io::{self, Read, Write};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use close_notify::tasks::{Irresettable, Stream, Transport};
use close_notify::{Close, Delivery, Ending, FindEnding, Pipe, Policy, ReadEnd, Version, WriteEnd};
use common::VERSIONS;
use common::tasks::{once, over, pipes};
use tokio::io::{
    AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufWriter, DuplexStream, ReadBuf, duplex,
};

#[tokio::test]
async fn what_came_before_the_end_is_read_before_the_end_though_both_come_in_one_call() {
    for version in VERSIONS {
        let (mut near, mut far) = pipes(version, 1 << 16).await;
        far.write_all(b"the answer").await.unwrap();
        far.flush().await.unwrap();
        near.shutdown().await.unwrap();
        far.shutdown().await.unwrap();
        let mut all = String::new();
        near.read_to_string(&mut all).await.unwrap();
        assert_eq!(all, "the answer", "{version}");
    }
}

#[test]
fn what_comes_while_a_close_waits_is_read_before_the_end() {
    for version in VERSIONS {
        let (near, far) = common::pair(version, Policy::STRICT);
        let (mut near, mut far) = (near.into_stream(), far.into_stream());
        assert_eq!(near.close(Close::Graceful).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        far.write_all(b"the answer").unwrap();
        let _ = far.close(Close::Graceful);
        let mut all = String::new();
        near.read_to_string(&mut all).unwrap();
        assert_eq!(all, "the answer", "{version}");
    }
}

#[tokio::test]
async fn what_came_is_read_though_our_close_notify_cannot_leave() {
    let (mut near, mut far) = pipes(Version::Tls13, 1 << 12).await;
    while let Poll::Ready(written) = once(near.write(&[7; 4096])) {
        written.unwrap();
    }
    assert!(once(near.shutdown()).is_pending());
    far.write_all(b"too large").await.unwrap();
    far.flush().await.unwrap();
    let mut answer = [0; 9];
    assert!(once(near.read_exact(&mut answer)).is_ready(), "nothing will wake this task again");
    assert_eq!(&answer, b"too large");
}

#[tokio::test(start_paused = true)]
async fn a_transport_that_buffers_is_flushed() {
    for version in VERSIONS {
        let (near, far) = duplex(64);
        let both = (Irresettable(BufWriter::new(near)), Irresettable(BufWriter::new(far)));
        let work = async {
            let (mut near, mut far) = over(version, Policy::STRICT, both).await;
            near.write_all(b"question").await.unwrap();
            near.flush().await.unwrap();
            far.read_exact(&mut [0; 8]).await.unwrap();
            let (one, other) = tokio::join!(near.close(Close::Graceful), far.close(Close::Graceful));
            assert!(one.unwrap().is_clean() && other.unwrap().is_clean(), "{version}");
        };
        tokio::time::timeout(Duration::from_secs(60), work).await.expect("it does not hang");
    }
}

#[test]
fn streams_go_to_any_thread_and_into_any_future() {
    fn is_free<T: Send + Sync + Unpin + 'static>() {}
    is_free::<close_notify::Session>();
    is_free::<close_notify::Stream<std::net::TcpStream>>();
    is_free::<close_notify::ReadHalf<std::net::TcpStream>>();
    is_free::<close_notify::WriteHalf<std::net::TcpStream>>();
    is_free::<close_notify::Handle<std::net::TcpStream>>();
    is_free::<Stream<tokio::net::TcpStream>>();
    is_free::<close_notify::tasks::ReadHalf<tokio::net::TcpStream>>();
    is_free::<close_notify::tasks::WriteHalf<tokio::net::TcpStream>>();
    is_free::<close_notify::tasks::Handle<tokio::net::TcpStream>>();
    is_free::<close_notify::Error>();
    is_free::<close_notify::Connector>();
    is_free::<close_notify::Acceptor>();
    is_free::<close_notify::ClientGuard>();
    is_free::<close_notify::ServerGuard>();
    fn is_send<T: Send>(future: T) -> T {
        future
    }
    drop(is_send(async {
        let (mut near, mut far) = pipes(Version::Tls13, 64).await;
        let _ = near.close(Close::Graceful).await;
        let _ = close_notify::tasks::copy_bidirectional(&mut near, &mut far).await;
        let _ = far.hand_back().await;
    }));
}

#[test]
fn writes_of_nothing_and_of_many_small_slices_lose_nothing() {
    for version in VERSIONS {
        let (near, far) = common::pair(version, Policy::STRICT);
        let (mut near, mut far) = (near.into_stream(), far.into_stream());
        assert_eq!(near.write(&[]).unwrap(), 0);
        assert_eq!(near.write_vectored(&[]).unwrap(), 0);
        assert_eq!(near.write_vectored(&[io::IoSlice::new(&[]), io::IoSlice::new(&[])]).unwrap(), 0);
        let all: Vec<u8> = (0..=255).cycle().take(40_000).collect();
        let mut slices: Vec<_> = all.chunks(7).map(io::IoSlice::new).collect();
        slices.insert(3, io::IoSlice::new(&[]));
        let mut slices = &mut slices[..];
        while !slices.is_empty() {
            let count = near.write_vectored(slices).unwrap();
            assert!(count > 0);
            io::IoSlice::advance_slices(&mut slices, count);
        }
        let _ = near.close(Close::Graceful);
        let mut came = Vec::new();
        far.read_to_end(&mut came).unwrap();
        assert_eq!(came, all, "{version}");
    }
}

/// A pipe whose calls can be made to return odd results.
struct Odd {
    pipe: DuplexStream,
    /// How many calls of `poll_shutdown` are pending first.
    slow_shut: usize,
    takes_nothing: bool,
}

impl Odd {
    fn pair(size: usize) -> (Self, Self) {
        let (near, far) = duplex(size);
        let odd = |pipe| Self { pipe, slow_shut: 0, takes_nothing: false };
        (odd(near), odd(far))
    }
}

impl AsyncRead for Odd {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_read(cx, to)
    }
}

impl AsyncWrite for Odd {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        if self.takes_nothing {
            return Poll::Ready(Ok(0));
        }
        Pin::new(&mut self.pipe).poll_write(cx, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.slow_shut > 0 {
            if self.slow_shut < usize::MAX {
                self.slow_shut -= 1;
                cx.waker().wake_by_ref();
            }
            return Poll::Pending;
        }
        Pin::new(&mut self.pipe).poll_shutdown(cx)
    }
}

impl Transport for Odd {
    fn reset(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_side_that_is_slow_to_shut_is_waited_for_and_is_no_failure() {
    for version in VERSIONS {
        let (mut near, far) = Odd::pair(1 << 16);
        near.slow_shut = 3;
        let (mut near, mut far) = over(version, Policy::STRICT, (near, far)).await;
        let (one, other) = tokio::join!(near.close(Close::Graceful), far.close(Close::Graceful));
        let ending = one.unwrap();
        assert!(ending.is_clean() && other.unwrap().is_clean(), "{version}");
        assert_eq!(ending.errno, None, "{version}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_side_that_never_shuts_costs_the_patience_and_no_more() {
    for version in VERSIONS {
        let (mut near, far) = Odd::pair(1 << 16);
        near.slow_shut = usize::MAX;
        let (mut near, _far) = over(version, Policy::STRICT, (near, far)).await;
        near.set_patience(Duration::from_secs(1));
        let ending = near.close(Close::Graceful).await.unwrap();
        assert_eq!(ending.reading, ReadEnd::TimedOut, "{version}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_transport_that_takes_nothing_has_failed_because_it_wakes_nobody() {
    for version in VERSIONS {
        let (near, far) = pair_of_odd(version).await;
        let (mut near, _far) = (near, far);
        near.set_patience(Duration::from_secs(1));
        let writes = async {
            near.write_all(b"lost").await?;
            near.flush().await
        };
        let written = tokio::time::timeout(Duration::from_secs(60), writes).await.expect("it does not hang");
        assert!(written.is_err(), "{version}");
    }
}

async fn pair_of_odd(version: Version) -> (Stream<Switched>, Stream<Switched>) {
    let (near, far) = Odd::pair(1 << 16);
    let switch = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let near = Switched(near, std::sync::Arc::clone(&switch));
    let far = Switched(far, std::sync::Arc::default());
    let pair = over(version, Policy::STRICT, (near, far)).await;
    switch.store(true, std::sync::atomic::Ordering::Relaxed);
    pair
}

/// Takes nothing once it is switched.
struct Switched(Odd, std::sync::Arc<std::sync::atomic::AtomicBool>);

impl AsyncRead for Switched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, to)
    }
}

impl AsyncWrite for Switched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        self.0.takes_nothing = self.1.load(std::sync::atomic::Ordering::Relaxed);
        Pin::new(&mut self.0).poll_write(cx, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

impl Transport for Switched {
    fn reset(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn patience_is_shortened_in_the_middle_of_a_close_that_had_no_end() {
    for version in VERSIONS {
        let (near, _far) = common::pair(version, Policy::STRICT);
        let mut near = near.into_stream();
        near.set_patience(Duration::MAX);
        assert_eq!(near.close(Close::Graceful).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        near.set_patience(Duration::ZERO);
        let ending = near.close(Close::Graceful).expect("the patience is over");
        assert_eq!(ending.reading, ReadEnd::TimedOut, "{version}");
    }
}

#[cfg(unix)]
#[test]
fn a_stream_with_a_lingerer_may_be_dropped_outside_of_a_runtime() {
    use close_notify::linger::{Limits, Lingerer};
    for version in VERSIONS {
        let lingerer = Lingerer::spawn(Limits::DEFAULT).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (near, far) = runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
            let near = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let far = listener.accept().await.unwrap().0;
            let (mut near, far) = over(version, Policy::STRICT, (near, far)).await;
            near.set_lingerer(&lingerer);
            near.shutdown().await.unwrap();
            (near, far)
        });
        drop(near);
        assert_eq!(lingerer.counters().lingering, 1, "{version}");
        drop(far);
    }
}

#[test]
fn a_bad_record_that_a_look_finds_is_answered_with_the_whole_patience() {
    for version in VERSIONS {
        let (mut near, far) = common::pair(version, Policy::STRICT);
        let mut wire = far.pipe;
        near.session.handshake(&mut near.pipe).unwrap();
        wire.write_all(&common::FORGED).unwrap();
        let mut near = near.into_stream();
        assert!(near.peer_closed_now().unwrap());
        assert_eq!(near.close(Close::Graceful).unwrap_err().kind(), io::ErrorKind::WouldBlock, "{version}");
    }
}

// Found by fuzzing: the look reported the deadline of the wait that it had begun, and cut its own
// answer.
#[test]
fn an_answer_that_a_look_begins_has_the_whole_patience_to_leave() {
    for version in VERSIONS {
        let (near, far) = common::pair(version, Policy::STRICT);
        let (mut near, mut wire) = (near.into_stream(), far.pipe);
        // More than the pipe holds: no answer can leave.
        while near.write(&[7; 16_384]).is_ok() {}
        wire.write_all(&common::FORGED).unwrap();
        assert!(near.peer_closed_now().unwrap());
        assert_eq!(near.ending().writing, WriteEnd::Closing, "{version}");
        assert!(near.transport().is_some());
    }
}

/// A transport that takes a number of bytes.
struct Narrow(Rc<Cell<usize>>);

impl Read for Narrow {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }
}

impl Write for Narrow {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = bytes.len().min(self.0.get());
        self.0.set(self.0.get() - count);
        if count == 0 { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(count) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl close_notify::Transport for Narrow {
    fn shut_write(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn reset(&mut self) -> io::Result<()> {
        Ok(())
    }
}

// Found by fuzzing: the part of the last word that a flush had written was forgotten.
#[test]
fn a_last_word_that_a_flush_has_begun_counts_as_partly_written() {
    for version in VERSIONS {
        let (near, _far) = common::pair(version, Policy::STRICT);
        let room = Rc::new(Cell::new(0));
        let mut near = close_notify::Stream::from_session(near.session, Narrow(Rc::clone(&room)));
        assert!(near.close(Close::Graceful).is_err());
        room.set(1);
        assert!(near.flush().is_err());
        near.set_patience(Duration::ZERO);
        let ending = near.close(Close::Graceful).unwrap();
        assert_eq!(ending.writing, WriteEnd::PartlyWritten, "{version}");
    }
}

/// A transport that takes nothing, and has been reset.
struct Choked;

impl Read for Choked {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::ConnectionReset.into())
    }
}

impl Write for Choked {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl close_notify::Transport for Choked {
    fn shut_write(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn reset(&mut self) -> io::Result<()> {
        Ok(())
    }
}

// Found by fuzzing: the call reported that it waits for room, which nobody makes any more, and left
// no waker.
#[test]
fn a_close_that_reads_a_reset_does_not_wait_for_room() {
    for version in VERSIONS {
        let (near, _far) = common::pair(version, Policy::STRICT);
        let ending = close_notify::Stream::from_session(near.session, Choked).close(Close::Graceful).unwrap();
        assert_eq!(ending.reading, ReadEnd::Reset, "{version}");
    }
}

#[cfg(unix)]
#[test]
fn a_socket_that_a_reader_waits_for_lingers_after_a_close_by_the_other_half() {
    use close_notify::linger::{Limits, Lingerer};
    for version in VERSIONS {
        let lingerer = Lingerer::spawn(Limits::DEFAULT).unwrap();
        let (mut near, far) = common::streams(version, Policy::STRICT);
        near.set_lingerer(&lingerer);
        let (mut read, write) = near.into_split().unwrap();
        let reader = std::thread::spawn(move || while read.read(&mut [0; 8]).is_ok_and(|count| count > 0) {});
        // The reader may or may not wait by now.
        for _ in 0..1000 {
            std::thread::yield_now();
        }
        write.handle().close(Close::Linger).unwrap();
        assert_eq!(lingerer.counters().lingering, 1, "{version}");
        reader.join().unwrap();
        drop(far);
    }
}

#[test]
fn what_a_tracker_has_released_is_read_after_a_change_of_the_framing() {
    use close_notify::{FramingState, framing};
    for version in VERSIONS {
        let (near, far) = common::pair(version, Policy::STRICT);
        let (mut near, mut far) = (near.into_stream(), far.into_stream());
        near.set_tracker(framing::http::Responses::new());
        let response = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody";
        far.write_all(response).unwrap();
        far.write_all(b"HTTP/1.1 200 OK\r\nContent-").unwrap();
        let mut all = vec![0; 5];
        near.read_exact(&mut all).unwrap();
        near.set_framing(FramingState::DelimitedByEnd);
        let mut buffer = [0; 256];
        while let Ok(count) = near.read(&mut buffer) {
            all.extend_from_slice(&buffer[..count]);
        }
        assert_eq!(
            String::from_utf8(all).unwrap(),
            "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbodyHTTP/1.1 200 OK\r\nContent-",
            "{version}"
        );
    }
}

#[test]
fn the_tracker_can_be_asked_while_the_stream_has_it() {
    use close_notify::framing::{DelimitedByEnd, Framing, http::Responses};
    for version in VERSIONS {
        let (near, far) = common::pair(version, Policy::https());
        let (mut near, mut far) = (near.into_stream(), far.into_stream());
        assert!(near.tracker::<DelimitedByEnd>().is_none(), "the default is no tracker");
        near.set_tracker(Responses::new());
        near.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        assert_eq!(near.tracker::<Responses>().map(Responses::owed), Some(1), "{version}");
        far.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
        near.read_exact(&mut [0; 27]).unwrap();
        assert_eq!(near.tracker::<Responses>().map(Responses::owed), Some(0));
        assert!(near.tracker::<DelimitedByEnd>().is_none(), "it is of another type");
        let boxed: Box<dyn Framing + Send + Sync> = Box::new(DelimitedByEnd);
        near.set_tracker(boxed);
        assert!(near.tracker::<Responses>().is_none());
        assert!(near.tracker::<Box<dyn Framing + Send + Sync>>().is_some(), "it is asked for as it was set");
        near.set_framing(close_notify::FramingState::BetweenMessages);
        assert!(near.tracker::<Box<dyn Framing + Send + Sync>>().is_none());
    }
}

// RFC 9110 §10.1.1 · http-incomplete-is-error
#[test]
fn a_client_that_leaves_out_the_content_that_was_refused_has_cut_nothing() {
    use close_notify::framing::http::Requests;
    for version in VERSIONS {
        for (answer, is_whole) in [
            (&b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n"[..], true),
            (b"HTTP/1.1 100 Continue\r\n\r\n", false),
        ] {
            let (near, far) = common::pair(version, Policy::https());
            let (mut near, mut far) = (near.into_stream(), far.into_stream());
            near.set_tracker(Requests::new());
            let head = b"PUT / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n";
            far.write_all(head).unwrap();
            near.read_exact(&mut vec![0; head.len()]).unwrap();
            near.write_all(answer).unwrap();
            far.read_exact(&mut vec![0; answer.len()]).unwrap();
            drop(far);
            assert_eq!(near.read(&mut [0; 8]).ok(), is_whole.then_some(0), "{version}");
            assert_eq!(near.truncation_possible(), !is_whole);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_close_waits_for_no_reader_to_make_room_and_keeps_what_came() {
    let policy = Policy { drain_budget: 1 << 16, ..Policy::STRICT };
    let (mut near, mut far) = over(Version::Tls13, policy, duplex(1 << 20)).await;
    far.write_all(&[7; 100_000]).await.unwrap();
    far.flush().await.unwrap();
    far.shutdown().await.unwrap();
    assert!(!near.peer_closed_now().unwrap());
    let (mut read, write) = near.into_split();
    let closer = tokio::spawn(async move { write.handle().close(Close::Graceful).await.unwrap() });
    let start = tokio::time::Instant::now();
    let ending: Ending = closer.await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(ending.reading, ReadEnd::CloseNotify);
    assert_eq!(ending.writing, WriteEnd::CloseNotifySent);
    let mut all = Vec::new();
    read.read_to_end(&mut all).await.unwrap();
    assert_eq!(all.len(), 100_000);
}

#[test]
fn a_flush_after_a_reset_reports_that_what_was_taken_never_left() {
    for version in VERSIONS {
        let (near, far) = common::pair(version, Policy::STRICT);
        let (mut near, mut far) = (near.into_stream(), far.into_stream());
        // More than the pipe holds: some of it is taken and waits.
        while near.write(&[7; 16_384]).is_ok() {}
        far.abort().unwrap();
        assert!(near.read(&mut [0; 8]).is_err());
        let error = near.flush().unwrap_err();
        assert!(Ending::find(&error).is_some(), "{version}: {error}");
    }
}

#[test]
fn a_write_that_rustls_has_no_room_for_fails_and_does_not_hang() {
    for version in VERSIONS {
        let mut connection = common::client(common::client_config(version, common::hooked()));
        connection.set_buffer_limit(Some(0));
        let server = common::server(common::server_config(version, common::hooked()));
        let (near, far) = Pipe::pair(1 << 12);
        let mut near = close_notify::Stream::new(connection, near, Policy::STRICT);
        let mut far = close_notify::Stream::new(server, far, Policy::STRICT);
        for _ in 0..8 {
            let _waits = (near.complete_handshake(), far.complete_handshake());
        }
        near.set_patience(Duration::ZERO);
        let error = near.write(b"x").unwrap_err();
        assert_eq!(Ending::find(&error).unwrap().delivery, Delivery::Lost, "{version}");
    }
}

#[test]
fn a_look_leaves_an_alert_that_cannot_leave_yet_its_whole_patience() {
    for version in VERSIONS {
        let (client, _server) = common::pair(version, Policy::STRICT);
        let (mut near, mut far) = Pipe::pair(64);
        near.write_all(&[0; 64]).unwrap();
        far.write_all(&[0; 16]).unwrap();
        let mut near = close_notify::Stream::from_session(client.session, near);
        assert!(near.peer_closed_now().unwrap(), "what came is no record");
        assert_eq!(near.ending().writing, WriteEnd::Closing, "{version}");
        far.read_exact(&mut [0; 64]).unwrap();
        assert!(near.peer_closed_now().unwrap());
        assert!(matches!(near.ending().writing, WriteEnd::FatalAlertSent(_)), "{version}: {}", near.ending());
    }
}
