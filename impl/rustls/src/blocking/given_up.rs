//! A call that has a stream to itself, over a transport that would not wait: it cannot be made
//! again.
//!
//! Decides what that reads as. The core says how the connection ended.

use std::error;
use std::fmt;
use std::io;

use close_notify_core::Event;

use crate::blocking::stream::Stream;
use crate::driver::line::Line;
use crate::engine::tls::Tls;
use crate::error::is_a_wait;
use crate::transport::Transport;

const DOES_NOT_BLOCK: &str = "the transport does not block: give this call one that does, or keep a stream";
const TIMED_OUT: &str = "a timeout of the transport's own has passed";

/// A stream that its only call could not bring to an end, and why.
#[derive(Debug)]
struct GivenUp {
    why: &'static str,
    /// How the connection ended with it.
    ended: io::Error,
}

impl fmt::Display for GivenUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.why, self.ended)
    }
}

impl error::Error for GivenUp {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        Some(&self.ended)
    }
}

/// The error of the only call of a stream, which goes with it. A wait becomes the end that it
/// is here.
pub(crate) fn given_up(stream: Stream<impl Transport, impl Tls>, error: io::Error) -> io::Error {
    if !is_a_wait(&error) {
        return error;
    }
    let (mut driver, mut line) = stream.into_parts();
    line.only_try(true);
    let never_waits = |error: io::Error| error.kind() == io::ErrorKind::WouldBlock;
    let does_not_block = never_waits(error) && line.wait_for_room(true, None).is_err_and(never_waits);
    let (kind, why) = if does_not_block {
        (io::ErrorKind::InvalidInput, DOES_NOT_BLOCK)
    } else {
        (io::ErrorKind::TimedOut, TIMED_OUT)
    };
    let session = &mut driver.session;
    // What cannot be told has been told already: the ending says it.
    let _ = if does_not_block { Ok(()) } else { session.deadline_passed() };
    let _ = session.tell(Event::TransportClosed);
    line.release();
    io::Error::new(kind, GivenUp { why, ended: session.ended() })
}
