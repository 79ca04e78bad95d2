//! A socket as a source: read without blocking, thrown away where the system can do so by itself.
//! And how one is reset.
//!
//! Sources: recv(2) `MSG_DONTWAIT`; tcp(7) `MSG_TRUNC`, which discards in the kernel what it would
//! copy; socket(7) `SO_LINGER`; connect(2) `AF_UNSPEC`.

use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{RecvFlags, recv, sockopt};

use crate::engine::Source;

/// Linux copies nothing that is thrown away; elsewhere the flag has another meaning, or none.
#[cfg(target_os = "linux")]
const DISCARD: RecvFlags = RecvFlags::DONTWAIT.union(RecvFlags::TRUNC);
#[cfg(not(target_os = "linux"))]
const DISCARD: RecvFlags = RecvFlags::DONTWAIT;

/// Resets a TCP connection: what neither side has read yet is lost, and the peer reads a reset, not
/// an end.
///
/// On Linux it is reset now, even if others have a descriptor of the same socket: a clone, a child
/// process. Elsewhere, and if Linux refuses, it is reset when the last descriptor is closed:
/// until then the peer sees nothing.
///
/// ```
/// use std::io::{ErrorKind, Read};
/// use std::net::{TcpListener, TcpStream};
/// let listener = TcpListener::bind(("127.0.0.1", 0))?;
/// let mut peer = TcpStream::connect(listener.local_addr()?)?;
/// let (socket, _) = listener.accept()?;
/// close_notify_linger::reset(&socket)?;
/// # #[cfg(not(target_os = "linux"))]
/// drop(socket);
/// assert_eq!(peer.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Errors: the system's.
pub fn reset(socket: impl AsFd) -> io::Result<()> {
    // Our measurement: SO_LINGER alone waits for the last close, and this sends the same RST, in
    // every state that SO_LINGER sends one in, whatever is unread or unsent.
    #[cfg(target_os = "linux")]
    if rustix::net::connect_unspec(&socket).is_ok() {
        return Ok(());
    }
    Ok(sockopt::set_socket_linger(&socket, Some(Duration::ZERO))?)
}

/// A socket whose descriptor is ours alone.
pub(crate) struct Socket(OwnedFd);

impl Socket {
    /// Closing it will neither block nor reset, whatever the application has set.
    ///
    /// Errors: that it is no socket, which comes back.
    pub(crate) fn new(socket: OwnedFd) -> Result<Self, (OwnedFd, io::Error)> {
        match sockopt::set_socket_linger(&socket, None) {
            Err(error @ Errno::NOTSOCK) => Err((socket, error.into())),
            // A connection that is dead already may refuse options: what is read of it says so.
            Ok(()) | Err(_) => Ok(Self(socket)),
        }
    }
}

impl From<Socket> for OwnedFd {
    fn from(socket: Socket) -> Self {
        socket.0
    }
}

impl AsRawFd for Socket {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(recv(&self.0, buffer, DISCARD)?.1)
    }
}

impl Source for Socket {
    fn reset(self) {
        // If it cannot be reset, the transport is dead already.
        let _ = reset(&self.0);
    }
}
