//! A call that consumes its stream, over a nonblocking transport: it cannot be repeated.
//!
//! Decides which error this is. The core says how the connection ended.

use std::error;
use std::fmt;
use std::io;

use close_notify_core::Event;

use crate::blocking::stream::Stream;
use crate::driver::timed::Timed;
use crate::engine::tls::Tls;
use crate::error::is_a_wait;
use crate::transport::Transport;

const DOES_NOT_BLOCK: &str = "the transport does not block: pass a blocking one, or keep the stream";
const TIMED_OUT: &str = "a timeout of the transport's own has passed";

/// A stream that its only call could not end, and why.
#[derive(Debug)]
struct GivenUp {
    why: &'static str,
    /// How the connection ended as a result.
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

/// The error of a call that consumes its stream. A wait ends the connection here.
pub(crate) fn given_up(stream: Stream<impl Transport, impl Tls>, error: io::Error) -> io::Error {
    if !is_a_wait(&error) {
        return error;
    }
    let (mut driver, mut io) = stream.into_parts();
    io.only_try(true);
    let never_waits = |error: io::Error| error.kind() == io::ErrorKind::WouldBlock;
    let does_not_block = never_waits(error) && io.wait_for_room(true, None).is_err_and(never_waits);
    let (kind, why) = if does_not_block {
        (io::ErrorKind::InvalidInput, DOES_NOT_BLOCK)
    } else {
        (io::ErrorKind::TimedOut, TIMED_OUT)
    };
    let session = &mut driver.session;
    // If the session refuses an event, it knows already, and the ending says so.
    let _ = if does_not_block { Ok(()) } else { session.deadline_passed() };
    let _ = session.tell(Event::TransportClosed);
    io.release();
    io::Error::new(kind, GivenUp { why, ended: session.ended() })
}
