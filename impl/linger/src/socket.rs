//! A socket as a source: read without blocking, thrown away where the system can do so by itself.
//!
//! Sources: recv(2) `MSG_DONTWAIT`; tcp(7) `MSG_TRUNC`, which discards in the kernel what it would copy;
//! socket(7) `SO_LINGER`.

use std::io::{self, Read};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::time::Duration;

use rustix::net::{RecvFlags, recv, sockopt};

use crate::engine::Source;

/// Linux copies nothing that is thrown away; elsewhere the flag has another meaning, or none.
#[cfg(target_os = "linux")]
const DISCARD: RecvFlags = RecvFlags::DONTWAIT.union(RecvFlags::TRUNC);
#[cfg(not(target_os = "linux"))]
const DISCARD: RecvFlags = RecvFlags::DONTWAIT;

/// A socket whose descriptor is ours alone.
pub(crate) struct Socket(OwnedFd);

impl Socket {
    /// Closing it will neither block nor reset, whatever the application has set.
    ///
    /// Errors: that it is no socket.
    pub(crate) fn new(socket: OwnedFd) -> io::Result<Self> {
        sockopt::set_socket_linger(&socket, None)?;
        Ok(Self(socket))
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
        // Where it cannot be set, the transport is dead already.
        let _ = sockopt::set_socket_linger(&self.0, Some(Duration::ZERO));
    }
}
