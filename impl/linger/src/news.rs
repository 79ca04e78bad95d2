//! The result of a read of a draining transport, and the numbers and kinds of its errors.

use std::io;

/// Linux's number of ECONNRESET, for errors that carry none.
const CONNECTION_RESET: i32 = 104;
/// EPIPE.
const BROKEN_PIPE: i32 = 32;
/// EIO.
const INPUT_OUTPUT: i32 = 5;

/// The result of one read.
pub(crate) enum News {
    /// Bytes of the peer.
    Bytes(u32),
    /// The end of its stream.
    End,
    /// A signal: read again.
    Again,
    /// Nothing yet.
    Wait(io::Error),
    /// The transport was reset or died.
    Failed(io::Error),
}

pub(crate) fn news(read: io::Result<usize>) -> News {
    match read {
        Ok(0) => News::End,
        Ok(bytes) => News::Bytes(u32::try_from(bytes).unwrap_or(u32::MAX)),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => News::Again,
        // UnexpectedEof comes from a tunnel beneath that was cut.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => News::End,
        Err(error) if is_a_wait(&error) => News::Wait(error),
        Err(error) => News::Failed(error),
    }
}

/// The system's number of an error, or Linux's number of its kind if it carries none.
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

/// Whether an error only means that nothing can be done right now.
///
/// ```
/// use std::io::{Error, ErrorKind};
/// # use close_notify_linger::is_a_wait;
/// assert!(is_a_wait(&ErrorKind::WouldBlock.into()));
/// // ETIMEDOUT: the peer has not answered for so long that the connection is dead.
/// # #[cfg(target_os = "linux")]
/// assert!(!is_a_wait(&Error::from_raw_os_error(110)));
/// ```
#[must_use]
pub fn is_a_wait(error: &io::Error) -> bool {
    match error.kind() {
        io::ErrorKind::WouldBlock => true,
        // tcp(7): on Unix the socket's own timeout is EAGAIN, and ETIMEDOUT means that the
        // connection is dead
        io::ErrorKind::TimedOut => !cfg!(unix) || error.raw_os_error().is_none(),
        _ => false,
    }
}
