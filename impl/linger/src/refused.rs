//! A socket that the service does not take. It comes back with the reason.

use std::os::fd::OwnedFd;
use std::{error, fmt, io};

/// Why a socket does not linger in the service, and the socket itself.
///
/// The [`io::Error`] that it converts to has only the reason; the socket is then closed.
///
/// ```
/// use std::net::TcpStream;
/// use std::time::{Duration, Instant};
/// # use close_notify_core::Machine;
/// # use close_notify_linger::{Lingerer, linger};
/// # fn example(lingerer: &Lingerer, socket: TcpStream, machine: Machine) -> std::io::Result<()> {
/// let Some(draining) = machine.lingering() else { return Ok(()) };
/// if let Err(refused) = lingerer.add(socket, draining) {
///     println!("{refused}: it lingers here");
///     linger(refused.into_socket().into(), machine, Instant::now() + Duration::from_secs(5))?;
/// }
/// # Ok(())
/// # }
/// # let _ = example;
/// ```
#[derive(Debug)]
pub struct Refused {
    pub(crate) socket: OwnedFd,
    pub(crate) error: io::Error,
}

impl Refused {
    /// The socket, which is open.
    #[must_use]
    pub fn into_socket(self) -> OwnedFd {
        self.socket
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl error::Error for Refused {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.error.source()
    }
}

impl From<Refused> for io::Error {
    fn from(refused: Refused) -> Self {
        refused.error
    }
}
