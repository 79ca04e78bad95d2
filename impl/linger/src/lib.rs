//! Bounded lingering: reading a socket that is closed for writing to its end, so that closing it destroys nothing.
//!
//! A socket that is closed with unread bytes in it is reset, and the reset may destroy what its peer had not read
//! yet: the fatal alert that said why, or the last response. The cure is to shut the write side, to read on and
//! throw away, and to close once the peer has. This crate is that drain, with no TLS state: keys, buffers and
//! configuration may be gone by then.
//!
//! Decides nothing: the closing core says when to read on ([`Output::Drain`]) and when it is enough, by bytes
//! ([`Policy::drain_budget`](close_notify_core::Policy::drain_budget)) and by time ([`Event::DeadlinePassed`]).
//! Leaves to its caller: how to wait.
//!
//! Sources: RFC 9112 §9.6 · linger-is-bounded, alert-survives-close; RFC 9293 §3.10.4.
#![forbid(unsafe_code)]

use std::io::{self, Read};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use close_notify_core::{Event, Illegal, Machine, Output};

/// Linux's number of ECONNRESET, for errors that carry none.
const CONNECTION_RESET: i32 = 104;
/// EPIPE.
const BROKEN_PIPE: i32 = 32;
/// EIO.
const INPUT_OUTPUT: i32 = 5;

/// Reads once, throws away what came, and tells the machine what happened.
///
/// Does nothing unless the machine asks for [`Output::Drain`].
///
/// Errors: `WouldBlock` and `TimedOut` as the transport says them, the machine untouched. Every other error is a
/// fact that the machine is told: the drain is over then, and this is no error.
///
/// ```
/// use close_notify_core::{Event, Machine, Manner, Output, Policy, Role, Version};
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
    if machine.output() != Output::Drain {
        return Ok(());
    }
    let fact = match transport.read(scratch) {
        Ok(0) => Event::TransportEof { inside_record: false },
        Ok(bytes) => Event::Drained { bytes: u32::try_from(bytes).unwrap_or(u32::MAX) },
        Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
        Err(error) if is_a_wait(&error) => return Err(error),
        Err(error) => Event::TransportReset { errno: errno_of(&error) },
    };
    told(machine.handle(fact))
}

/// Lingers on one blocking socket until the peer ends it, the budget is spent or the deadline has passed; then
/// closes it and returns the machine, whose ending is final.
///
/// Errors: those of setting a timeout; the socket is closed all the same.
pub fn linger(mut socket: TcpStream, mut machine: Machine, deadline: Instant) -> io::Result<Machine> {
    let mut scratch = [0; 4096];
    while machine.output() == Output::Drain {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            told(machine.handle(Event::DeadlinePassed))?;
            break;
        }
        socket.set_read_timeout(Some(left.max(Duration::from_millis(1))))?;
        match drain(&mut machine, &mut socket, &mut scratch) {
            Err(error) if !is_a_wait(&error) => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    if machine.output() == Output::CloseTransport {
        drop(socket);
        told(machine.handle(Event::TransportClosed))?;
    }
    Ok(machine)
}

/// The system's number of an error, or Linux's number of its kind where it carries none.
#[must_use]
pub fn errno_of(error: &io::Error) -> i32 {
    let by_kind = if error.kind() == io::ErrorKind::ConnectionReset {
        CONNECTION_RESET
    } else if error.kind() == io::ErrorKind::BrokenPipe {
        BROKEN_PIPE
    } else {
        INPUT_OUTPUT
    };
    error.raw_os_error().unwrap_or(by_kind)
}

/// Whether an error only says that nothing can be done right now.
#[must_use]
pub fn is_a_wait(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock || error.kind() == io::ErrorKind::TimedOut
}

fn told(answer: Result<(), Illegal>) -> io::Result<()> {
    answer.map_err(|illegal| io::Error::new(io::ErrorKind::InvalidInput, illegal))
}
