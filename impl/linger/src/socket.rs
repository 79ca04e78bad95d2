//! A socket as a source. It is read without blocking, and the bytes are discarded in the kernel if
//! the system can do so. Also resets a socket.
//!
//! Sources: recv(2) `MSG_DONTWAIT`; tcp(7) `MSG_TRUNC`, which discards in the kernel what it would
//! copy; socket(7) `SO_LINGER`; connect(2) `AF_UNSPEC`.

use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{RecvFlags, recv, sockopt};

use crate::engine::Source;

/// Linux copies nothing that is thrown away. Elsewhere the flag has another meaning, or none.
#[cfg(target_os = "linux")]
const DISCARD: RecvFlags = RecvFlags::DONTWAIT.union(RecvFlags::TRUNC);
#[cfg(not(target_os = "linux"))]
const DISCARD: RecvFlags = RecvFlags::DONTWAIT;

/// Resets a TCP connection: what neither side has read yet is lost, and the peer reads a reset, not
/// an end.
///
/// On Linux the connection is reset now, even if there are other descriptors of the same socket, in
/// a clone or in a child process. Elsewhere, and if Linux refuses, it is reset when the last
/// descriptor is closed; until then the peer sees nothing.
///
/// # Errors
///
/// Returns the system's errors.
///
/// # Examples
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
pub fn reset(socket: impl AsFd) -> io::Result<()> {
    // Our measurement: SO_LINGER alone waits for the last close. This call sends the same RST, in
    // every state in which SO_LINGER sends one, whatever is unread or unsent.
    #[cfg(target_os = "linux")]
    if rustix::net::connect_unspec(&socket).is_ok() {
        return Ok(());
    }
    Ok(sockopt::set_socket_linger(&socket, Some(Duration::ZERO))?)
}

/// A socket whose descriptor only we own.
pub(crate) struct Socket(OwnedFd);

impl Socket {
    /// Makes sure that closing it neither blocks nor resets, whatever the application has set.
    /// Fails if it is not a socket, and gives it back.
    pub(crate) fn new(socket: OwnedFd) -> Result<Self, (OwnedFd, io::Error)> {
        match sockopt::set_socket_linger(&socket, None) {
            Err(error @ Errno::NOTSOCK) => Err((socket, error.into())),
            // A dead connection may refuse options; reading it shows that it is dead.
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
        // If it cannot be reset, the transport is already dead.
        let _ = reset(&self.0);
    }
}
