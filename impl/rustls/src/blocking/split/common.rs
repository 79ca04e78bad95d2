//! A socket that several threads share. Each call is tried once.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Instant;

use crate::transport::Transport;
use crate::transport::socket;

/// A transport that can be split into halves: a socket that several threads can use and wait for.
///
/// ```
/// fn is_a_socket<T: close_notify::Socket>() {}
/// is_a_socket::<std::net::TcpStream>();
/// ```
pub trait Socket: Transport + AsFd + sealed::Sealed {}

mod sealed {
    pub trait Sealed {}
    impl Sealed for std::net::TcpStream {}
    impl Sealed for std::os::unix::net::UnixStream {}
}

impl Socket for TcpStream {}
impl Socket for UnixStream {}

#[derive(Debug)]
pub(crate) struct Common<T>(Arc<T>);

impl<T: Socket> Common<T> {
    pub(crate) fn new(socket: T) -> Self {
        Self(Arc::new(socket))
    }

    /// The socket, for a thread that waits for it.
    pub(crate) fn shared(&self) -> Arc<T> {
        Arc::clone(&self.0)
    }
}

impl<T: Socket> Read for Common<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        socket::try_read(&*self.0, buffer)
    }
}

impl<T: Socket> Write for Common<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        socket::try_write(&*self.0, bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<T: Socket> Transport for Common<T> {
    #[cfg(target_os = "linux")]
    fn write_last(&mut self, bytes: &[u8], _deadline: Option<Instant>) -> io::Result<usize> {
        socket::try_write_more(&*self.0, bytes)
    }

    fn shut_write(&mut self) -> io::Result<()> {
        Ok(rustix::net::shutdown(&*self.0, rustix::net::Shutdown::Write)?)
    }

    fn reset(&mut self) -> io::Result<()> {
        close_notify_linger::reset(&*self.0)
    }

    /// If another thread still waits for the socket, gives away a copy of its descriptor. That
    /// thread is woken and releases its own.
    fn into_socket(self) -> Result<OwnedFd, Self> {
        match Arc::try_unwrap(self.0) {
            Ok(socket) => socket.into_socket().map_err(Self::new),
            Err(shared) => shared.as_fd().try_clone_to_owned().map_err(|_| Self(shared)),
        }
    }
}
