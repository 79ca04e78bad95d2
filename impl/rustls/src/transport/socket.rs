//! Calls on a socket that wait until a deadline at the longest, and leave the socket's settings as
//! the application made them.
//!
//! A call is first tried without blocking. It waits in `poll` only if nothing can be done and the
//! socket is a blocking one. So a close with a quick peer needs no more system calls than an
//! unbounded one, and no timeout of the socket changes.
//! Sources: recv(2), send(2) `MSG_DONTWAIT`, `MSG_MORE`; poll(2), which leaves the socket's error
//! to the next call; socket(7) `SO_RCVTIMEO`, `SO_SNDTIMEO`.

use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl};
use rustix::io::Errno;
use rustix::net::sockopt::{Timeout, socket_timeout};
use rustix::net::{RecvFlags, SendFlags, recv, send};

/// A failed write is an error, not a signal; on Apple's systems the standard library sees to that.
#[cfg(not(target_vendor = "apple"))]
const QUIET: SendFlags = SendFlags::NOSIGNAL;
#[cfg(target_vendor = "apple")]
const QUIET: SendFlags = SendFlags::empty();

pub(crate) fn read(socket: impl AsFd, buffer: &mut [u8], deadline: Instant) -> io::Result<usize> {
    let socket = socket.as_fd();
    until(socket, PollFlags::IN, deadline, || Ok(recv(socket, &mut *buffer, RecvFlags::DONTWAIT)?.1))
}

pub(crate) fn write(socket: impl AsFd, bytes: &[u8], deadline: Instant) -> io::Result<usize> {
    let socket = socket.as_fd();
    until(socket, PollFlags::OUT, deadline, || send(socket, bytes, QUIET | SendFlags::DONTWAIT))
}

/// Waits until the socket takes bytes, or also until it has some if `input` is set.
pub(crate) fn wait_for_room(socket: impl AsFd, input: bool, deadline: Option<Instant>) -> io::Result<()> {
    wait(socket, if input { PollFlags::IN | PollFlags::OUT } else { PollFlags::OUT }, deadline)
}

/// Writes bytes that the kernel may hold back until the write side is shut.
#[cfg(target_os = "linux")]
pub(crate) fn write_more(socket: impl AsFd, bytes: &[u8], deadline: Option<Instant>) -> io::Result<usize> {
    let (socket, flags) = (socket.as_fd(), QUIET | SendFlags::MORE);
    match deadline {
        Some(deadline) => {
            until(socket, PollFlags::OUT, deadline, || send(socket, bytes, flags | SendFlags::DONTWAIT))
        }
        None => Ok(send(socket, bytes, flags)?),
    }
}

/// Reads once, without waiting.
pub(crate) fn try_read(socket: impl AsFd, buffer: &mut [u8]) -> io::Result<usize> {
    Ok(recv(socket, buffer, RecvFlags::DONTWAIT)?.1)
}

/// Writes once, without waiting.
pub(crate) fn try_write(socket: impl AsFd, bytes: &[u8]) -> io::Result<usize> {
    Ok(send(socket, bytes, QUIET | SendFlags::DONTWAIT)?)
}

/// Writes bytes once, without waiting. The kernel may hold them back until the write side is shut.
#[cfg(target_os = "linux")]
pub(crate) fn try_write_more(socket: impl AsFd, bytes: &[u8]) -> io::Result<usize> {
    Ok(send(socket, bytes, QUIET | SendFlags::MORE | SendFlags::DONTWAIT)?)
}

/// Waits until the socket is ready or the wake-up is readable, whether or not the socket blocks.
/// Returns what the socket is ready for.
pub(crate) fn wait_for_either(
    socket: impl AsFd,
    needs: PollFlags,
    wake: impl AsFd,
    deadline: Option<Instant>,
) -> io::Result<PollFlags> {
    let mut both = [PollFd::new(&socket, needs), PollFd::new(&wake, PollFlags::IN)];
    // A socket that has hung up is always ready: it is not polled if nothing is needed from it.
    let first = usize::from(needs.is_empty());
    poll_by(&mut both[first..], deadline)?;
    Ok(both[0].revents())
}

/// The timeout that the application has set for calls that wait for this readiness.
pub(crate) fn timeout(socket: impl AsFd, needs: PollFlags) -> io::Result<Option<Duration>> {
    let timeout = if needs.contains(PollFlags::IN) { Timeout::Recv } else { Timeout::Send };
    Ok(socket_timeout(socket, timeout)?)
}

/// What a blocking call returns once that timeout has passed.
pub(crate) fn timed_out() -> io::Error {
    Errno::AGAIN.into()
}

/// Repeats a nonblocking call until it is done or the deadline has passed.
fn until(
    socket: impl AsFd,
    ready: PollFlags,
    deadline: Instant,
    mut call: impl FnMut() -> rustix::io::Result<usize>,
) -> io::Result<usize> {
    loop {
        match call() {
            Err(Errno::AGAIN) => wait(&socket, ready, Some(deadline))?,
            done => return Ok(done?),
        }
    }
}

/// Waits until the socket is ready, if it is a blocking one.
fn wait(socket: impl AsFd, ready: PollFlags, deadline: Option<Instant>) -> io::Result<()> {
    if fcntl_getfl(&socket)?.contains(OFlags::NONBLOCK) {
        return Err(io::ErrorKind::WouldBlock.into());
    }
    poll_by(&mut [PollFd::new(&socket, ready)], deadline)
}

fn poll_by(sockets: &mut [PollFd<'_>], deadline: Option<Instant>) -> io::Result<()> {
    let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
    // A duration that the system cannot represent means forever.
    let left = left.and_then(|left| Timespec::try_from(left).ok());
    match poll(sockets, left.as_ref()) {
        Ok(0) => Err(io::ErrorKind::TimedOut.into()),
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
