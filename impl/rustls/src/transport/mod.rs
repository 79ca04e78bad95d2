//! What an adapter needs from a transport besides reading and writing: to end it, in every way that
//! TCP allows.
//!
//! Decides how each step is done on TCP and on Unix sockets. Leaves to the core which step is due.
//! Sources: RFC 9293 §3.6, §3.10.4; tcp(7), send(2) `MSG_MORE`.

pub(crate) mod pipe;
#[cfg(unix)]
pub(crate) mod socket;

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
#[cfg(unix)]
use std::os::fd::OwnedFd;
#[cfg(unix)]
use std::os::unix::net::UnixStream;
#[cfg(not(unix))]
use std::time::Duration;
use std::time::Instant;

/// A transport that can be ended. Dropping it closes it.
///
/// ```
/// use std::io::Read;
/// use close_notify::{Pipe, Transport};
/// let (mut near, mut far) = Pipe::pair(64);
/// near.write_last(b"bye", None)?;
/// near.shut_write()?;
/// let mut all = String::new();
/// far.read_to_string(&mut all)?;
/// assert_eq!(all, "bye");
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait Transport: Read + Write {
    /// Reads once, waiting no longer than the deadline.
    ///
    /// The application's settings stay as they are: no timeout is changed, and a nonblocking
    /// transport returns `WouldBlock` at once.
    ///
    /// The default calls `read`, which fits a transport that never blocks. A transport that blocks
    /// must bound the wait, or a close takes as long as its peer likes.
    ///
    /// # Errors
    ///
    /// As [`Read::read`]; `TimedOut` or `WouldBlock` if nothing arrived in time.
    fn read_by(&mut self, buffer: &mut [u8], deadline: Instant) -> io::Result<usize> {
        let _ = deadline;
        self.read(buffer)
    }

    /// Writes once, waiting no longer than the deadline, as [`read_by`](Self::read_by) does.
    ///
    /// # Errors
    ///
    /// As [`Write::write`]; `TimedOut` or `WouldBlock` if nothing was taken in time.
    fn write_by(&mut self, bytes: &[u8], deadline: Instant) -> io::Result<usize> {
        let _ = deadline;
        self.write(bytes)
    }

    /// Waits until the transport can be written to, or also until it can be read from if `input` is
    /// set. Waits no longer than the deadline, if there is one.
    ///
    /// The default does not wait, which fits a transport that never blocks.
    ///
    /// # Errors
    ///
    /// `TimedOut` if the deadline has passed; `WouldBlock` if the transport never waits.
    fn wait_for_room(&mut self, input: bool, deadline: Option<Instant>) -> io::Result<()> {
        let _ = (input, deadline);
        Err(io::ErrorKind::WouldBlock.into())
    }

    /// Writes bytes that only the end of the write side follows. An implementation may hold them
    /// back until [`shut_write`](Self::shut_write), so that both leave together.
    ///
    /// # Errors
    ///
    /// As [`write_by`](Self::write_by) with a deadline, as [`Write::write`] without one.
    fn write_last(&mut self, bytes: &[u8], deadline: Option<Instant>) -> io::Result<usize> {
        match deadline {
            Some(deadline) => self.write_by(bytes, deadline),
            None => self.write(bytes),
        }
    }

    /// Shuts the write side after everything that was written: the peer reads the end of the
    /// stream.
    ///
    /// # Errors
    ///
    /// The system's errors; `WouldBlock` if the call must be made again.
    fn shut_write(&mut self) -> io::Result<()>;

    /// Resets the transport, at the latest when it is dropped: the peer must not read an end.
    ///
    /// On Linux a TCP socket is reset now. Elsewhere it is reset when its last descriptor is
    /// closed: the peer sees nothing while a clone of the socket, or a child process that holds it,
    /// remains. See [`linger::reset`](crate::linger::reset).
    ///
    /// # Errors
    ///
    /// The system's errors.
    fn reset(&mut self) -> io::Result<()>;

    /// The underlying socket, for a [service](crate::Stream::set_lingerer) to linger with.
    ///
    /// The default gives none, and the transport lingers in its stream.
    ///
    /// # Errors
    ///
    /// Returns the transport, unchanged.
    ///
    /// # Examples
    ///
    /// A wrapper passes the socket on:
    ///
    /// ```
    /// # use std::io::{self, Read, Write};
    /// # use std::net::TcpStream;
    /// # use std::time::Instant;
    /// use close_notify::Transport;
    /// # #[cfg(unix)]
    /// use std::os::fd::OwnedFd;
    ///
    /// /// A socket that counts what is read of it.
    /// struct Counted(TcpStream, u64);
    /// # impl Read for Counted {
    /// #     fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> { self.0.read(buffer) }
    /// # }
    /// # impl Write for Counted {
    /// #     fn write(&mut self, bytes: &[u8]) -> io::Result<usize> { self.0.write(bytes) }
    /// #     fn flush(&mut self) -> io::Result<()> { Ok(()) }
    /// # }
    /// impl Transport for Counted {
    ///     # fn read_by(&mut self, buffer: &mut [u8], deadline: Instant) -> io::Result<usize> {
    ///     #     self.0.read_by(buffer, deadline)
    ///     # }
    ///     # fn write_by(&mut self, bytes: &[u8], deadline: Instant) -> io::Result<usize> {
    ///     #     self.0.write_by(bytes, deadline)
    ///     # }
    ///     # fn wait_for_room(&mut self, input: bool, by: Option<Instant>) -> io::Result<()> {
    ///     #     self.0.wait_for_room(input, by)
    ///     # }
    ///     # fn shut_write(&mut self) -> io::Result<()> { self.0.shut_write() }
    ///     # fn reset(&mut self) -> io::Result<()> { self.0.reset() }
    ///     // …
    ///     # #[cfg(unix)]
    ///     fn into_socket(self) -> Result<OwnedFd, Self> {
    ///         self.0.into_socket().map_err(|socket| Self(socket, self.1))
    ///     }
    /// }
    /// ```
    #[cfg(unix)]
    fn into_socket(self) -> Result<OwnedFd, Self>
    where
        Self: Sized,
    {
        Err(self)
    }
}

/// A borrowed transport: letting go of it leaves it to its owner, who drops it.
impl<T: Transport + ?Sized> Transport for &mut T {
    fn read_by(&mut self, buffer: &mut [u8], deadline: Instant) -> io::Result<usize> {
        (**self).read_by(buffer, deadline)
    }

    fn write_by(&mut self, bytes: &[u8], deadline: Instant) -> io::Result<usize> {
        (**self).write_by(bytes, deadline)
    }

    fn wait_for_room(&mut self, input: bool, deadline: Option<Instant>) -> io::Result<()> {
        (**self).wait_for_room(input, deadline)
    }

    fn write_last(&mut self, bytes: &[u8], deadline: Option<Instant>) -> io::Result<usize> {
        (**self).write_last(bytes, deadline)
    }

    fn shut_write(&mut self) -> io::Result<()> {
        (**self).shut_write()
    }

    fn reset(&mut self) -> io::Result<()> {
        (**self).reset()
    }
}

impl Transport for TcpStream {
    #[cfg(unix)]
    fn read_by(&mut self, buffer: &mut [u8], deadline: Instant) -> io::Result<usize> {
        socket::read(&*self, buffer, deadline)
    }

    #[cfg(not(unix))]
    fn read_by(&mut self, buffer: &mut [u8], deadline: Instant) -> io::Result<usize> {
        let usual = self.read_timeout()?;
        self.set_read_timeout(Some(left_until(deadline)))?;
        let result = self.read(buffer);
        self.set_read_timeout(usual)?;
        result
    }

    #[cfg(unix)]
    fn write_by(&mut self, bytes: &[u8], deadline: Instant) -> io::Result<usize> {
        socket::write(&*self, bytes, deadline)
    }

    #[cfg(not(unix))]
    fn write_by(&mut self, bytes: &[u8], deadline: Instant) -> io::Result<usize> {
        let usual = self.write_timeout()?;
        self.set_write_timeout(Some(left_until(deadline)))?;
        let result = self.write(bytes);
        self.set_write_timeout(usual)?;
        result
    }

    #[cfg(unix)]
    fn wait_for_room(&mut self, input: bool, deadline: Option<Instant>) -> io::Result<()> {
        socket::wait_for_room(&*self, input, deadline)
    }

    // Our measurement: the close_notify and the FIN leave as one segment.
    #[cfg(target_os = "linux")]
    fn write_last(&mut self, bytes: &[u8], deadline: Option<Instant>) -> io::Result<usize> {
        socket::write_more(&*self, bytes, deadline)
    }

    fn shut_write(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }

    fn reset(&mut self) -> io::Result<()> {
        #[cfg(unix)]
        close_notify_linger::reset(&*self)?;
        Ok(())
    }

    #[cfg(unix)]
    fn into_socket(self) -> Result<OwnedFd, Self> {
        Ok(self.into())
    }
}

/// The time until the deadline, never zero: a socket refuses a zero timeout.
#[cfg(not(unix))]
fn left_until(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1))
}

#[cfg(unix)]
impl Transport for UnixStream {
    fn read_by(&mut self, buffer: &mut [u8], deadline: Instant) -> io::Result<usize> {
        socket::read(&*self, buffer, deadline)
    }

    fn write_by(&mut self, bytes: &[u8], deadline: Instant) -> io::Result<usize> {
        socket::write(&*self, bytes, deadline)
    }

    fn wait_for_room(&mut self, input: bool, deadline: Option<Instant>) -> io::Result<()> {
        socket::wait_for_room(&*self, input, deadline)
    }

    fn shut_write(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }

    /// A Unix socket cannot be reset: the peer reads an end without close_notify, which it
    /// recognizes as a truncation.
    fn reset(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn into_socket(self) -> Result<OwnedFd, Self> {
        Ok(self.into())
    }
}
