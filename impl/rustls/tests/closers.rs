//! Several tasks on one connection, each in a call that waits: whatever ends the wait, all of them
//! learn of it.
//!
//! The clock is paused: if a task is not woken, an hour passes at once, and the test fails.
#![allow(clippy::unwrap_used, reason = "test helpers: clippy exempts only the tests themselves")]

mod common;

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use close_notify::tasks::{Handle, ReadHalf, Stream, WriteHalf};
use close_notify::{AlertDescription, Close, Ending, ReadEnd, Version};
use common::VERSIONS;
use common::tasks::{once, pipes};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

type Closer = Handle<DuplexStream>;
type Halves = (ReadHalf<DuplexStream>, WriteHalf<DuplexStream>);

const HOUR: Duration = Duration::from_secs(3600);
const PATIENCE: Duration = Duration::from_secs(5);

/// Waits until every task has gone as far as it can. None of them needs more turns than these.
async fn all_wait() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

async fn woken<R>(task: JoinHandle<R>) -> R {
    timeout(HOUR, task).await.expect("a task still waits").unwrap()
}

fn closes(handle: &Closer, manner: Close) -> JoinHandle<io::Result<Ending>> {
    let handle = handle.clone();
    tokio::spawn(async move { handle.close(manner).await })
}

/// The near side in halves, and its silent peer.
async fn halves(version: Version, size: usize) -> (Halves, Stream<DuplexStream>) {
    let (near, far) = pipes(version, size).await;
    (near.into_split(), far)
}

#[tokio::test(start_paused = true)]
async fn a_close_that_hastens_wakes_the_one_that_waits() {
    for version in VERSIONS {
        for (slow, fast) in [
            (Close::Graceful, Close::AtOnce),
            (Close::Graceful, Close::Abort),
            (Close::Linger, Close::AtOnce),
            (Close::Linger, Close::Abort),
        ] {
            let ((read, _write), _far) = halves(version, 1 << 14).await;
            let start = Instant::now();
            let first = closes(read.handle(), slow);
            all_wait().await;
            assert!(!first.is_finished());
            let ending = read.handle().close(fast).await.unwrap();
            assert_eq!(woken(first).await.unwrap(), ending, "{version}: {slow:?}, then {fast:?}");
            assert!(start.elapsed() < PATIENCE);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn however_many_tasks_close_each_learns_of_the_answer() {
    for version in VERSIONS {
        let ((read, _write), mut far) = halves(version, 1 << 14).await;
        let closers: Vec<_> = (0..50).map(|_| closes(read.handle(), Close::Graceful)).collect();
        all_wait().await;
        assert!(far.close(Close::Graceful).await.unwrap().is_clean());
        for closer in closers {
            assert!(woken(closer).await.unwrap().is_clean(), "{version}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_patience_that_another_task_sets_applies_to_all_that_close() {
    for version in VERSIONS {
        let ((read, _write), _far) = halves(version, 1 << 14).await;
        read.handle().set_patience(2 * HOUR);
        let start = Instant::now();
        let closers = [(); 3].map(|()| closes(read.handle(), Close::Graceful));
        all_wait().await;
        read.handle().set_patience(PATIENCE);
        for closer in closers {
            assert_eq!(woken(closer).await.unwrap().reading, ReadEnd::TimedOut, "{version}");
        }
        assert_eq!(start.elapsed().as_secs(), PATIENCE.as_secs());
    }
}

/// One task for each call that may wait, of the halves and of their handle. The halves are polled
/// from several tasks.
fn all_calls(version: Version, (mut read, write): Halves) -> Vec<(&'static str, JoinHandle<()>)> {
    let handle = read.handle().clone();
    let write = Arc::new(Mutex::new(write));
    let mut calls = Vec::new();
    let mut writes = |name, mut poll: PollWrite| {
        let write = Arc::clone(&write);
        let call = poll_fn(move |cx| poll(Pin::new(&mut *write.lock().unwrap()), cx));
        calls.push((name, tokio::spawn(call)));
    };
    writes("write", Box::new(|write, cx| write.poll_write(cx, &[7; 99_999]).map(drop)));
    writes("flush", Box::new(|write, cx| write.poll_flush(cx).map(drop)));
    writes("shutdown", Box::new(|write, cx| write.poll_shutdown(cx).map(drop)));
    let reading =
        poll_fn(move |cx| Pin::new(&mut read).poll_read(cx, &mut ReadBuf::new(&mut [0; 8])).map(drop));
    calls.push(("read", tokio::spawn(reading)));
    for (name, manner) in [("close", Close::Graceful), ("close again", Close::Graceful)] {
        let close = closes(&handle, manner);
        calls.push((name, tokio::spawn(async { drop(close.await.unwrap()) })));
    }
    if version == Version::Tls13 {
        let handle = handle.clone();
        calls.push(("close_write", tokio::spawn(async move { drop(handle.close_write().await) })));
    }
    calls
}

type PollWrite = Box<dyn FnMut(Pin<&mut WriteHalf<DuplexStream>>, &mut Context<'_>) -> Poll<()> + Send>;

/// Makes every call wait on a pipe that takes little, until this happens.
async fn all_wait_until(happens: impl AsyncFn(Closer, Stream<DuplexStream>) -> Option<Stream<DuplexStream>>) {
    for version in VERSIONS {
        let ((read, mut write), far) = halves(version, 16).await;
        // More than there is room for in records, so that a write and a flush wait.
        while once(write.write(&[7; 99_999])).is_ready() {}
        let handle = read.handle().clone();
        let calls = all_calls(version, (read, write));
        all_wait().await;
        let waiting = calls.iter().filter(|(_, call)| !call.is_finished()).count();
        // A closed side takes no more data: the write learns of that first.
        assert!(waiting >= calls.len() - 1, "{version}: {waiting} of {} wait", calls.len());
        let far = happens(handle, far).await;
        for (name, call) in calls {
            assert!(timeout(HOUR, call).await.is_ok(), "{version}: {name} still waits");
        }
        drop(far);
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_a_task_waits_for_it_learns_of_an_abort() {
    all_wait_until(async |handle, far| {
        handle.abort().unwrap();
        Some(far)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn whatever_a_task_waits_for_it_learns_of_a_rejection() {
    all_wait_until(async |handle, far| {
        handle.reject(AlertDescription::ACCESS_DENIED).await.unwrap();
        Some(far)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn whatever_a_task_waits_for_it_learns_that_the_deadline_has_passed() {
    all_wait_until(async |_, far| Some(far)).await;
}

#[tokio::test(start_paused = true)]
async fn whatever_a_task_waits_for_it_learns_that_the_peer_is_gone() {
    all_wait_until(async |_, _| None).await;
}

#[tokio::test]
async fn a_close_of_the_whole_stream_goes_on_after_one_of_its_halves() {
    for version in VERSIONS {
        let ((read, write), mut far) = halves(version, 1 << 14).await;
        assert!(once(write.handle().close(Close::Graceful)).is_pending());
        let mut near = read.reunite(write).unwrap();
        let closer = tokio::spawn(async move { near.close(Close::Graceful).await });
        assert!(far.close(Close::Graceful).await.unwrap().is_clean(), "{version}");
        assert!(closer.await.unwrap().unwrap().is_clean(), "{version}");
    }
}

/// A waker that counts its wake-ups, and whose references are counted.
#[derive(Default)]
struct Counting(AtomicUsize);

impl Wake for Counting {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn a_close_that_is_dropped_leaves_no_waker() {
    let ((read, _write), _far) = halves(Version::Tls13, 1 << 14).await;
    let counting = Arc::new(Counting::default());
    let waker = Waker::from(Arc::clone(&counting));
    for _ in 0..1000 {
        let close = std::pin::pin!(read.handle().close(Close::Graceful));
        assert!(close.poll(&mut Context::from_waker(&waker)).is_pending());
    }
    drop(waker);
    assert_eq!(Arc::strong_count(&counting), 1);
    let before = counting.0.load(Ordering::Relaxed);
    read.handle().abort().unwrap();
    assert_eq!(counting.0.load(Ordering::Relaxed), before, "a call that was dropped is not woken");
}

/// A waker that calls the connection that wakes it. It also does so when it is dropped.
struct Calling(Closer, mpsc::Sender<Ending>);

impl Wake for Calling {
    fn wake(self: Arc<Self>) {
        self.1.send(self.0.ending()).unwrap();
    }
}

impl Drop for Calling {
    fn drop(&mut self) {
        let _ = self.1.send(self.0.ending());
    }
}

#[tokio::test]
async fn a_waker_may_call_the_connection_that_wakes_it() {
    let ((mut read, write), far) = halves(Version::Tls13, 1 << 14).await;
    let (sender, endings) = mpsc::channel();
    let handle = write.handle().clone();
    // In another thread: if a lock is held, the call never returns.
    let runtime = tokio::runtime::Handle::current();
    thread::spawn(move || {
        let _in = runtime.enter();
        let calling = || Waker::from(Arc::new(Calling(handle.clone(), sender.clone())));
        let mut close = std::pin::pin!(handle.close(Close::Graceful));
        for _ in 0..3 {
            // The previous waker is dropped.
            let mut buffer = [0; 8];
            let (reader, closer) = (calling(), calling());
            let read = Pin::new(&mut read)
                .poll_read(&mut Context::from_waker(&reader), &mut ReadBuf::new(&mut buffer));
            assert!(read.is_pending());
            assert!(close.as_mut().poll(&mut Context::from_waker(&closer)).is_pending());
        }
        handle.abort().unwrap();
    });
    let mut told = 0;
    let last = loop {
        match endings.recv_timeout(Duration::from_secs(60)) {
            Ok(ending) if matches!(ending.writing, close_notify::WriteEnd::Aborted { .. }) => break ending,
            Ok(_) => told += 1,
            Err(error) => panic!("{error}: the connection is locked while it wakes"),
        }
    };
    assert!(told > 0 && !last.is_clean());
    drop(far);
}

/// Uses up the task's budget, so that it must yield before it does more.
async fn use_up_the_turn() {
    let (mut near, mut far) = duplex(1 << 14);
    far.write_all(&[7; 1 << 14]).await.unwrap();
    poll_fn(|cx| {
        while Pin::new(&mut near).poll_read(cx, &mut ReadBuf::new(&mut [0])).is_ready() {}
        Poll::Ready(())
    })
    .await;
}

#[tokio::test]
async fn a_close_in_a_task_that_must_yield_first_goes_on() {
    for version in VERSIONS {
        let ((read, _write), mut far) = halves(version, 1 << 14).await;
        let peer = tokio::spawn(async move { far.close(Close::Graceful).await.unwrap() });
        use_up_the_turn().await;
        assert!(read.handle().close(Close::Graceful).await.unwrap().is_clean(), "{version}");
        assert!(peer.await.unwrap().is_clean());
    }
}

#[tokio::test]
async fn a_look_in_a_task_that_must_yield_first_sees_what_has_come() {
    for version in VERSIONS {
        let ((read, _write), mut far) = halves(version, 1 << 14).await;
        far.close(Close::AtOnce).await.unwrap();
        use_up_the_turn().await;
        assert!(read.handle().peer_closed_now().unwrap(), "{version}");
    }
}
