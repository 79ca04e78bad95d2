//! What an adapter needs of a transport beside reading and writing: to end it, in every way that TCP knows.
//!
//! Decides how each step is done on TCP and on Unix sockets. Leaves to the core which step is due.
//! Sources: RFC 9293 §3.6, §3.10.4; tcp(7), socket(7) `SO_LINGER`, send(2) `MSG_MORE`.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// A transport that can be ended. Dropping it closes it.
///
/// ```
/// use std::io::Read;
/// use close_notify::{Pipe, Transport};
/// let (mut near, mut far) = Pipe::pair(64);
/// near.write_last(b"bye")?;
/// near.shut_write()?;
/// let mut all = String::new();
/// far.read_to_string(&mut all)?;
/// assert_eq!(all, "bye");
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait Transport: Read + Write {
    /// Writes bytes behind which nothing but the end of the write side comes: an implementation may hold them
    /// back until [`shut_write`](Self::shut_write), so that both leave at once.
    ///
    /// Errors: as [`Write::write`].
    fn write_last(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write(bytes)
    }

    /// Shuts the write side: the peer reads the end of the stream.
    ///
    /// Errors: the system's.
    fn shut_write(&mut self) -> io::Result<()>;

    /// Sees to it that dropping the transport resets it: the peer must not read an end.
    ///
    /// Errors: the system's.
    fn reset(&mut self) -> io::Result<()>;

    /// Bounds every read and write by a deadline from now on, or by none.
    ///
    /// A call that would last longer returns `WouldBlock` or `TimedOut`. A transport that never blocks may ignore it.
    ///
    /// Errors: the system's.
    fn set_deadline(&mut self, deadline: Option<Instant>) -> io::Result<()>;
}

/// What is left until the deadline, never zero: that would mean for ever.
fn left_until(deadline: Option<Instant>) -> Option<Duration> {
    deadline.map(|at| at.saturating_duration_since(Instant::now()).max(Duration::from_millis(1)))
}

impl Transport for TcpStream {
    // Our measurement: the close_notify and the FIN leave as one segment.
    #[cfg(target_os = "linux")]
    fn write_last(&mut self, bytes: &[u8]) -> io::Result<usize> {
        use rustix::net::{SendFlags, send};
        Ok(send(&*self, bytes, SendFlags::MORE | SendFlags::NOSIGNAL)?)
    }

    fn shut_write(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }

    fn reset(&mut self) -> io::Result<()> {
        #[cfg(unix)]
        rustix::net::sockopt::set_socket_linger(&*self, Some(Duration::ZERO))?;
        Ok(())
    }

    fn set_deadline(&mut self, deadline: Option<Instant>) -> io::Result<()> {
        let left = left_until(deadline);
        self.set_read_timeout(left)?;
        self.set_write_timeout(left)
    }
}

#[cfg(unix)]
impl Transport for UnixStream {
    fn shut_write(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }

    /// A Unix socket cannot be reset: the peer reads an end without close_notify, which it knows for a truncation.
    fn reset(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn set_deadline(&mut self, deadline: Option<Instant>) -> io::Result<()> {
        let left = left_until(deadline);
        self.set_read_timeout(left)?;
        self.set_write_timeout(left)
    }
}
