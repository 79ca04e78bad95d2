//! Where a transport goes once nothing but TCP is left to finish.
//!
//! Decides nothing: the core says when it lingers, the service how long.

#[cfg(unix)]
use std::os::fd::OwnedFd;
#[cfg(unix)]
use std::time::Instant;

#[cfg(unix)]
use close_notify_linger::{Draining, Lingerer};

/// The service of a stream, if it has one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lingering(#[cfg(unix)] Option<Lingerer>);

#[cfg(unix)]
impl From<Lingerer> for Lingering {
    fn from(service: Lingerer) -> Self {
        Self(Some(service))
    }
}

impl Lingering {
    pub(crate) const fn has_service(&self) -> bool {
        #[cfg(unix)]
        return self.0.is_some();
        #[cfg(not(unix))]
        false
    }

    /// The socket is the service's; one that cannot be watched is gone, and counted there; a transport without a socket is
    /// dropped.
    #[cfg(unix)]
    pub(crate) fn take_over(&self, socket: Option<OwnedFd>, draining: Draining, deadline: Option<Instant>) {
        let (Some(service), Some(socket)) = (&self.0, socket) else { return };
        let _ = match deadline {
            Some(deadline) => service.add_until(socket, draining, deadline),
            None => service.add(socket, draining),
        };
    }
}
