//! The lingering service: one handle, shared by all that close, and one thread or task that serves
//! them.
//!
//! Decides how the engine is shared, woken and ended, and which sockets it takes. Leaves waiting to
//! `thread` and `task`, and every step to the engine.
//! Sources: fork(2), which copies only the calling thread; epoll(7), edge-triggered: a socket is
//! registered once and not touched again until it is closed, and a socket whose bytes are left for
//! later does not wake us meanwhile. The engine remembers what is left.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use close_notify_core::drain::{Draining, Event};
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Registry, Token, Waker};

use crate::counters::Counters;
use crate::engine::{Engine, Key};
use crate::limits::Limits;
use crate::refused::Refused;
use crate::socket::Socket;

/// The token of our own waker; no key is as large.
const WAKER: Token = Token(usize::MAX);
/// Steps of the engine before it polls again for what else is ready. Adding waits for no longer
/// than these.
const STEPS: usize = 64;
/// How many sockets one system call may report as ready.
const EVENTS: usize = 256;

/// A handle to the service that lingers for the whole process. Clones serve the same sockets.
///
/// Call [`spawn`](Self::spawn) once for the process, [`add`](Self::add) for each socket whose TLS
/// is done, and [`finish`](Self::finish) before the process ends.
///
/// Dropping the last handle does not block, and closes nothing early. What lingers is served to its
/// end, in the background, then the thread or task ends. If the process ends meanwhile, sockets
/// with unread bytes are reset; call `finish` to avoid that.
///
/// A service serves the process that spawned it. In a child that is forked later it has no thread
/// and takes no sockets, and what lingers stays the parent's. Spawn a service after the fork.
///
/// ```
/// use std::io::Write;
/// use std::net::{Shutdown, TcpListener, TcpStream};
/// use std::time::{Duration, Instant};
/// # use close_notify_core::{Event, Machine, Manner, Policy, Role, Version};
/// # use close_notify_linger::{Limits, Lingerer};
///
/// let lingerer = Lingerer::spawn(Limits::DEFAULT)?;
/// let listener = TcpListener::bind(("127.0.0.1", 0))?;
/// let peer = TcpStream::connect(listener.local_addr()?)?;
/// let (mut socket, _) = listener.accept()?;
///
/// // The machine that closed the connection reports when only the socket is left.
/// let mut machine = Machine::established(Version::Tls13, Role::Server, Policy::STRICT);
/// machine.handle(Event::Close(Manner::Linger))?;
/// machine.handle(Event::DeadlineStarted)?;
/// machine.handle(Event::OutputSealed)?;
/// socket.write_all(b"the last word, sealed")?;
/// machine.handle(Event::OutputWritten)?;
/// socket.shutdown(Shutdown::Write)?;
/// machine.handle(Event::WriteShut)?;
///
/// let draining = machine.lingering().expect("only the transport is left");
/// lingerer.add(socket, draining)?;
/// machine.handle(Event::TransportHandedOver)?; // its ending is final; TLS state may go
///
/// drop(peer);
/// let counters = lingerer.finish(Instant::now() + Duration::from_secs(5));
/// assert_eq!(counters.ended(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Lingerer {
    owner: Arc<Owner>,
}

/// Shared by all handles. It is dropped with the last of them.
struct Owner(Arc<Shared>);

pub(crate) struct Shared {
    /// The process that has the thread or task.
    process: u32,
    /// How many could not be taken in a child of that process.
    not_taken_in_child: AtomicU64,
    state: Mutex<State>,
    registry: Registry,
    waker: Waker,
    ended: Condvar,
}

struct State {
    engine: Engine<Socket>,
    /// Whether the worker waits, and until when: forever without a deadline.
    asleep: bool,
    until: Option<Instant>,
    /// No more will be added: the worker ends once nothing lingers.
    finishing: bool,
    /// Nothing is served any more.
    ended: bool,
    #[cfg(feature = "tokio")]
    waiting: Vec<std::task::Waker>,
    #[cfg(feature = "metrics")]
    exported: crate::metrics::Exported,
}

impl Lingerer {
    /// Starts a service in a new thread.
    ///
    /// # Errors
    ///
    /// Fails with [`BadLimits`](crate::BadLimits) as `InvalidInput`. Also fails if the thread, or
    /// one of the three descriptors of its poll, cannot be made.
    pub fn spawn(limits: Limits) -> io::Result<Self> {
        let (lingerer, worker) = Self::new(limits, std::process::id())?;
        std::thread::Builder::new().name("linger".to_owned()).spawn(move || crate::thread::serve(worker))?;
        Ok(lingerer)
    }

    /// Starts a service in a task of the current tokio runtime. It ends with that runtime: what
    /// lingers then is closed at once.
    ///
    /// # Errors
    ///
    /// Fails with [`BadLimits`](crate::BadLimits) as `InvalidInput`, and with `Unsupported` outside
    /// of a runtime. Also fails if one of the three descriptors of its poll cannot be made.
    ///
    /// # Panics
    ///
    /// Panics if the runtime was built without I/O or without time.
    #[cfg(feature = "tokio")]
    pub fn spawn_tokio(limits: Limits) -> io::Result<Self> {
        let runtime = tokio::runtime::Handle::try_current()
            .map_err(|error| io::Error::new(io::ErrorKind::Unsupported, error))?;
        let (lingerer, worker) = Self::new(limits, std::process::id())?;
        let task = crate::task::Task::new(worker)?;
        runtime.spawn(task.serve());
        Ok(lingerer)
    }

    fn new(limits: Limits, process: u32) -> io::Result<(Self, Worker)> {
        let engine = Engine::new(limits, Instant::now())?;
        let poll = Poll::new()?;
        let state = State {
            engine,
            asleep: false,
            until: None,
            finishing: false,
            ended: false,
            #[cfg(feature = "tokio")]
            waiting: Vec::new(),
            #[cfg(feature = "metrics")]
            exported: crate::metrics::Exported::new(),
        };
        let shared = Arc::new(Shared {
            process,
            not_taken_in_child: AtomicU64::new(0),
            state: Mutex::new(state),
            registry: poll.registry().try_clone()?,
            waker: Waker::new(poll.registry(), WAKER)?,
            ended: Condvar::new(),
        });
        let worker = Worker { poll, events: Events::with_capacity(EVENTS), served: Served(shared.clone()) };
        Ok((Self { owner: Arc::new(Owner(shared)) }, worker))
    }

    /// Lets the socket linger, for at most the patience of the limits, and then closes it. If as
    /// many linger as the limits allow, the oldest gives way to it.
    ///
    /// It takes any socket that can give up its descriptor: `TcpStream`, `UnixStream`, and those of
    /// tokio by their `into_std`. Its write side must be shut, as the machine asked. The descriptor
    /// should be the only one: with a duplicate the connection stays open. `SO_LINGER` is unset. A
    /// socket that the system cannot watch lingers to its deadline.
    ///
    /// # Errors
    ///
    /// Fails with [`Refused`], which has the socket: `BrokenPipe` once the service has ended,
    /// `Unsupported` in a process that was forked from the one that spawned it, and the system's
    /// error if it is not a socket. It is counted as not taken.
    pub fn add(&self, socket: impl Into<OwnedFd>, draining: Draining) -> Result<(), Refused> {
        self.shared().add(socket.into(), draining, None)
    }

    /// Does the same as [`add`](Self::add), until `deadline` if that is sooner.
    ///
    /// # Errors
    ///
    /// The same as for [`add`](Self::add).
    pub fn add_until(
        &self,
        socket: impl Into<OwnedFd>,
        draining: Draining,
        deadline: Instant,
    ) -> Result<(), Refused> {
        self.shared().add(socket.into(), draining, Some(deadline))
    }

    /// Adds the socket of a transport. If it is not taken, the transport is returned. That happens
    /// if it gives up no socket, if nothing lingers without TLS
    /// ([`Machine::lingering`](close_notify_core::Machine::lingering) returns `None`), or if the
    /// service takes no sockets. It is then counted as not taken.
    ///
    /// `into_socket` returns the socket, or else the transport, or `None` if it is lost. It is
    /// called only while the service takes sockets.
    pub fn take_over<T>(
        &self,
        transport: T,
        into_socket: impl FnOnce(T) -> Result<OwnedFd, Option<T>>,
        draining: Option<Draining>,
        deadline: Option<Instant>,
    ) -> Option<T> {
        let shared = self.shared();
        let Some(draining) = draining.filter(|_| shared.takes_sockets()) else {
            shared.count_not_taken();
            return Some(transport);
        };
        match into_socket(transport) {
            Ok(socket) => {
                // A refused socket is counted and closed: it is not a socket, or the service has
                // just ended.
                let _ = shared.add(socket, draining, deadline);
                None
            }
            Err(transport) => {
                shared.count_not_taken();
                transport
            }
        }
    }

    /// The counters so far. In a child process: what could not be taken there.
    #[must_use]
    pub fn counters(&self) -> Counters {
        let shared = self.shared();
        shared.counters_of_child().unwrap_or_else(|| shared.lock().engine.counters())
    }

    /// Waits until nothing lingers or the deadline has passed. What lingers then is closed, and
    /// counted as timed out. The service has ended, and [`add`](Self::add) is refused.
    ///
    /// Call it at the end of the process, once no connection is left that would add. It may be
    /// called again. In a child process there is nothing to wait for.
    pub fn finish(&self, deadline: Instant) -> Counters {
        let shared = self.shared();
        if let Some(counters) = shared.counters_of_child() {
            return counters;
        }
        let mut state = shared.begin_finish();
        while !state.ended {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state = shared.ended.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        shared.end(state)
    }

    /// Does the same as [`finish`](Self::finish) without blocking, for a tokio runtime.
    ///
    /// # Panics
    ///
    /// Panics outside of a runtime, or if the runtime was built without time.
    #[cfg(feature = "tokio")]
    pub async fn finish_async(&self, deadline: Instant) -> Counters {
        let shared = self.shared();
        if let Some(counters) = shared.counters_of_child() {
            return counters;
        }
        drop(shared.begin_finish());
        let ended = std::future::poll_fn(|context| {
            let mut state = shared.lock();
            if state.ended {
                return std::task::Poll::Ready(());
            }
            state.waiting.retain(|waker| !waker.will_wake(context.waker()));
            state.waiting.push(context.waker().clone());
            std::task::Poll::Pending
        });
        // At the deadline, what is left is ended below.
        let _ = tokio::time::timeout_at(deadline.into(), ended).await;
        shared.end(shared.lock())
    }

    fn shared(&self) -> &Shared {
        &self.owner.0
    }
}

impl std::fmt::Debug for Lingerer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lingerer").field("counters", &self.counters()).finish_non_exhaustive()
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        if !self.0.is_in_child() {
            drop(self.0.begin_finish());
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this process was forked from the one that is served.
    fn is_in_child(&self) -> bool {
        if self.process == std::process::id() {
            return false;
        }
        // The parent has what lingers: a copy of its descriptors would keep the connections open
        // for longer. If another thread held the lock at the fork, it is never free here.
        if let Ok(mut state) = self.state.try_lock() {
            state.engine.forget_all();
        }
        true
    }

    fn counters_of_child(&self) -> Option<Counters> {
        let not_taken = || self.not_taken_in_child.load(Ordering::Relaxed);
        self.is_in_child().then(|| Counters { not_taken: not_taken(), ..Counters::default() })
    }

    fn count_not_taken(&self) {
        if self.is_in_child() {
            self.not_taken_in_child.fetch_add(1, Ordering::Relaxed);
        } else {
            let mut state = self.lock();
            state.engine.count_not_taken();
            state.publish();
        }
    }

    /// Whether a socket would be served.
    fn takes_sockets(&self) -> bool {
        !self.is_in_child() && !self.lock().ended
    }

    fn add(&self, socket: OwnedFd, draining: Draining, deadline: Option<Instant>) -> Result<(), Refused> {
        if self.is_in_child() {
            return Err(self.refuse(socket, in_child()));
        }
        let socket = Socket::new(socket).map_err(|(socket, error)| self.refuse(socket, error))?;
        let fd = socket.as_raw_fd();
        let mut state = self.lock();
        if state.ended {
            drop(state);
            return Err(self.refuse(socket.into(), ended()));
        }
        // Under the lock: while it is held, the descriptor belongs to this socket.
        if let Some(key) = state.engine.add(socket, draining, deadline, Instant::now())
            && self.watch(fd, key).is_err()
        {
            // It is read once, and ends at its deadline.
            state.engine.ready(key);
            self.wake(&mut state);
        }
        state.publish();
        self.wake_if_sooner(&mut state);
        Ok(())
    }

    fn refuse(&self, socket: OwnedFd, error: io::Error) -> Refused {
        self.count_not_taken();
        Refused { socket, error }
    }

    fn watch(&self, fd: RawFd, key: Key) -> io::Result<()> {
        self.registry.register(&mut SourceFd(&fd), Token(key.0 as usize), Interest::READABLE)
    }

    /// Wakes the worker if it would sleep beyond the next deadline.
    fn wake_if_sooner(&self, state: &mut State) {
        let next = state.engine.next_deadline();
        let sleeps_longer = next.is_some_and(|next| state.until.is_none_or(|until| next < until));
        if state.asleep && sleeps_longer {
            self.wake(state);
        }
    }

    fn wake(&self, state: &mut State) {
        state.asleep = false;
        // It fails only if the counter of the eventfd is full: then the worker is already awake.
        let _ = self.waker.wake();
    }

    fn begin_finish(&self) -> MutexGuard<'_, State> {
        let mut state = self.lock();
        state.finishing = true;
        self.wake(&mut state);
        state
    }

    /// Stops serving. What still lingers has timed out.
    fn end(&self, mut state: MutexGuard<'_, State>) -> Counters {
        state.engine.expire_all();
        state.publish();
        self.all_ended(&mut state);
        state.engine.counters()
    }

    fn all_ended(&self, state: &mut State) {
        state.ended = true;
        self.wake(state);
        self.ended.notify_all();
        #[cfg(feature = "tokio")]
        state.waiting.drain(..).for_each(std::task::Waker::wake);
    }
}

impl State {
    fn publish(&mut self) {
        #[cfg(feature = "metrics")]
        self.exported.publish(self.engine.counters());
    }
}

fn ended() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "the lingering service has ended: add before finish returns")
}

fn in_child() -> io::Error {
    let why = "the lingering service belongs to the parent process: spawn one after the fork";
    io::Error::new(io::ErrorKind::Unsupported, why)
}

/// The side of the service that waits and reads.
pub(crate) struct Worker {
    pub(crate) poll: Poll,
    events: Events,
    // After the poll, so that its descriptors are returned before the end is reported.
    served: Served,
}

/// Reports the end however the worker ends, so that no caller waits in vain.
struct Served(Arc<Shared>);

impl Drop for Served {
    fn drop(&mut self) {
        if self.0.is_in_child() {
            return;
        }
        let mut state = self.0.lock();
        state.engine.end_all(Event::GaveWay);
        state.publish();
        self.0.all_ended(&mut state);
    }
}

/// What the worker does next.
pub(crate) enum Next {
    /// Take a turn now.
    Turn,
    /// Wait for events, at most until then.
    Wait(Option<Instant>),
    /// Nothing is left to serve.
    End,
}

impl Worker {
    /// What to do now.
    pub(crate) fn next(&self, has_more: bool) -> Next {
        let mut state = self.served.0.lock();
        if state.ended || (state.finishing && state.engine.is_empty()) {
            return Next::End;
        }
        if has_more {
            return Next::Turn;
        }
        (state.asleep, state.until) = (true, state.engine.next_deadline());
        Next::Wait(state.until)
    }

    /// Waits at most `wait` for events, then takes a turn; returns whether there is more to do at
    /// once. Fails if the poll does, except for a signal.
    pub(crate) fn turn(&mut self, wait: Option<Duration>) -> io::Result<bool> {
        match self.poll.poll(&mut self.events, wait) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => self.events.clear(),
            polled => polled?,
        }
        let mut state = self.served.0.lock();
        state.asleep = false;
        for event in self.events.iter().filter(|event| event.token() != WAKER) {
            state.engine.ready(Key(event.token().0 as u32));
        }
        let more = state.engine.turn(Instant::now(), STEPS);
        state.publish();
        // A full list may not be everything: the next poll shows the rest.
        Ok(more || self.events.iter().count() == EVENTS)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{ErrorKind, Read, Write};
    use std::net::{Shutdown, TcpListener, TcpStream};

    use close_notify_core::{Event as Fact, Machine, Manner, Policy, Role, Version};

    use super::*;

    fn draining() -> Draining {
        let mut machine = Machine::established(Version::Tls13, Role::Server, Policy::STRICT);
        machine.handle(Fact::WriteFailed { errno: 32 }).unwrap();
        machine.handle(Fact::Close(Manner::Linger)).unwrap();
        machine.handle(Fact::PendingDiscarded { bytes: 0 }).unwrap();
        machine.handle(Fact::DeadlineStarted).unwrap();
        machine.lingering().unwrap()
    }

    fn sockets() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (listener.accept().unwrap().0, peer)
    }

    /// A service as a forked child has it: it belongs to another process, and its worker does not
    /// run.
    fn inherited() -> (Lingerer, Worker) {
        Lingerer::new(Limits::DEFAULT, std::process::id() + 1).unwrap()
    }

    // fork(2): a safe test cannot fork, and need not: all that differs in a child is its process id
    #[test]
    fn a_child_process_gets_its_socket_back_and_counts_what_happens_there_alone() {
        let (lingerer, _worker) = inherited();
        let (ours, mut peer) = sockets();
        let refused = lingerer.add(ours, draining()).unwrap_err();
        assert!(refused.to_string().contains("after the fork"), "{refused}");
        let mut socket = TcpStream::from(refused.into_socket());
        socket.write_all(b"it is open").unwrap();
        socket.shutdown(Shutdown::Write).unwrap();
        let mut all = String::new();
        peer.read_to_string(&mut all).unwrap();
        assert_eq!(all, "it is open");

        let back = lingerer.take_over(socket, |_| unreachable!(), Some(draining()), None);
        assert!(back.is_some());
        assert_eq!(lingerer.counters(), Counters { not_taken: 2, ..Counters::default() });
        let refused = io::Error::from(lingerer.add(back.unwrap(), draining()).unwrap_err());
        assert_eq!(refused.kind(), ErrorKind::Unsupported);
    }

    #[test]
    fn a_child_process_waits_for_nothing_that_lingers_in_its_parent() {
        let (lingerer, worker) = inherited();
        let far = Instant::now() + Duration::from_secs(60);
        assert_eq!(lingerer.finish(far), Counters::default());
        assert!(Instant::now() < far);
        #[cfg(feature = "tokio")]
        {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            assert_eq!(runtime.block_on(lingerer.finish_async(far)), Counters::default());
        }
        assert!(!lingerer.shared().lock().finishing, "the parent goes on");
        let shared = Arc::clone(&lingerer.owner.0);
        drop((lingerer, worker));
        let state = shared.lock();
        assert!(!state.finishing && !state.ended, "the parent goes on");
    }

    #[test]
    fn a_child_process_lets_go_of_the_sockets_that_linger_in_its_parent() {
        // A parent would reset it, because its last word could not be sent.
        let (lingerer, _worker) = inherited();
        let (ours, mut peer) = sockets();
        let socket = Socket::new(ours.into()).unwrap();
        lingerer.shared().lock().engine.add(socket, draining(), None, Instant::now()).unwrap();
        assert_eq!(lingerer.counters(), Counters::default());
        assert_eq!(peer.read(&mut [0]).unwrap(), 0, "the last descriptor is closed");
    }

    #[test]
    fn a_child_process_does_not_wait_for_a_lock_that_was_held_at_its_fork() {
        let (lingerer, _worker) = inherited();
        let held = lingerer.shared().lock();
        assert!(lingerer.add(sockets().0, draining()).is_err());
        assert_eq!(lingerer.counters().not_taken, 1);
        drop(lingerer.clone());
        drop(held);
    }
}
