//! Lingering with the whole machine, on one transport: one read at a time, or blocking to the end.
//!
//! Decides how to wait: by `poll` if the system has it, so that no option of the socket changes.
//! Sources: poll(2); recv(2) `MSG_DONTWAIT`.

use std::io::{self, Read};
use std::net::TcpStream;
use std::time::Instant;

use close_notify_core::{Event, Illegal, Machine, Output};

use crate::news::{News, errno_of, is_a_wait, news};

/// Reads once, throws away the bytes, and reports to the machine what happened.
///
/// Does nothing unless the machine asks for [`Output::Drain`], or [allows](Machine::may_drain) it
/// while its last word waits.
///
/// # Errors
///
/// `WouldBlock` and `TimedOut` as the transport returns them; the machine is unchanged. Every other
/// error is reported to the machine: the drain is over then, and that is not an error.
///
/// # Examples
///
/// ```
/// # use close_notify_core::{Event, Machine, Manner, Output, Policy, Role, Version};
/// let mut machine = Machine::established(Version::Tls13, Role::Server, Policy::STRICT);
/// for event in [
///     Event::Close(Manner::Linger),
///     Event::DeadlineStarted,
///     Event::OutputSealed,
///     Event::OutputWritten,
///     Event::WriteShut,
/// ] {
///     machine.handle(event)?;
/// }
/// let mut socket: &[u8] = b"what the peer still sends";
/// let mut scratch = [0; 16];
/// while machine.output() == Output::Drain {
///     close_notify_linger::drain(&mut machine, &mut socket, &mut scratch)?;
/// }
/// assert_eq!(machine.ending().drained, 25);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn drain(machine: &mut Machine, transport: &mut impl Read, scratch: &mut [u8]) -> io::Result<()> {
    if !machine.may_drain() {
        return Ok(());
    }
    let fact = match news(transport.read(scratch)) {
        News::Bytes(bytes) => Event::Drained { bytes },
        News::End => Event::TransportEof { inside_record: false },
        News::Again => return Ok(()),
        News::Wait(error) => return Err(error),
        News::Failed(error) => Event::TransportReset { errno: errno_of(&error) },
    };
    told(machine.handle(fact))
}

/// Lingers on one socket until the peer ends it, the budget is spent or the deadline has passed.
///
/// It then lets go of the socket as the machine says, and returns the machine. Its ending is final.
/// The socket stays in its blocking or non-blocking mode, with its timeouts. This is for one socket
/// and a thread that can wait. For many sockets, see [`Lingerer`](crate::Lingerer).
///
/// # Errors
///
/// Fails if waiting fails. The socket is closed even so.
pub fn linger(socket: TcpStream, mut machine: Machine, deadline: Instant) -> io::Result<Machine> {
    let mut scratch = [0; 4096];
    while machine.output() == Output::Drain {
        match drain(&mut machine, &mut wait::WithoutBlocking(&socket), &mut scratch) {
            Err(error) if !is_a_wait(&error) => return Err(error),
            Err(_) if !wait::until_readable(&socket, deadline)? => {
                told(machine.handle(Event::DeadlinePassed))?
            }
            // The deadline also ends a peer that never pauses.
            Ok(()) if machine.output() == Output::Drain && Instant::now() >= deadline => {
                told(machine.handle(Event::DeadlinePassed))?;
            }
            Ok(()) | Err(_) => {}
        }
    }
    if machine.output() == Output::ResetTransport {
        wait::reset(&socket)?;
        drop(socket);
        told(machine.handle(Event::TransportResetByUs))?;
    } else if machine.output() == Output::CloseTransport {
        drop(socket);
        told(machine.handle(Event::TransportClosed))?;
    }
    Ok(machine)
}

fn told(answer: Result<(), Illegal>) -> io::Result<()> {
    answer.map_err(|illegal| io::Error::new(io::ErrorKind::InvalidInput, illegal))
}

#[cfg(unix)]
mod wait {
    use std::io::{self, Read};
    use std::net::TcpStream;
    use std::time::Instant;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::io::Errno;
    use rustix::net::{RecvFlags, recv};

    pub(super) use crate::socket::reset;

    /// Reads what is there, whether the socket blocks or not.
    pub(super) struct WithoutBlocking<'a>(pub(super) &'a TcpStream);

    impl Read for WithoutBlocking<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            Ok(recv(self.0, buffer, RecvFlags::DONTWAIT)?.1)
        }
    }

    /// Whether the socket became readable before the deadline.
    pub(super) fn until_readable(socket: &TcpStream, deadline: Instant) -> io::Result<bool> {
        loop {
            // A time longer than the system can express counts as forever.
            let left = Timespec::try_from(deadline.saturating_duration_since(Instant::now())).ok();
            match poll(&mut [PollFd::new(socket, PollFlags::IN)], left.as_ref()) {
                Err(Errno::INTR) => {}
                ready => return Ok(ready? > 0),
            }
        }
    }
}

/// Without poll, the socket's own timeout is set for each read.
#[cfg(not(unix))]
mod wait {
    use std::io::{self, Read};
    use std::net::TcpStream;
    use std::time::{Duration, Instant};

    /// Reads for at most a moment.
    pub(super) struct WithoutBlocking<'a>(pub(super) &'a TcpStream);

    impl Read for WithoutBlocking<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.set_read_timeout(Some(Duration::from_millis(10)))?;
            self.0.read(buffer)
        }
    }

    /// Whether the deadline has not passed. The next read does the waiting.
    pub(super) fn until_readable(_: &TcpStream, deadline: Instant) -> io::Result<bool> {
        Ok(Instant::now() < deadline)
    }

    /// No safe call of the standard library resets a socket, so the transport is closed.
    pub(super) fn reset(_: &TcpStream) -> io::Result<()> {
        Ok(())
    }
}
