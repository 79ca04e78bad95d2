//! Where a transport goes once only TCP is left to finish.
//!
//! Decides nothing: the core says when it lingers, the service how long. A transport that the
//! service does not take lingers in its stream.

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

    /// Gives the transport to the service, or returns it. The service is asked only once: it has
    /// counted a transport that comes back.
    #[cfg(unix)]
    pub(crate) fn take_over<T>(
        &mut self,
        transport: T,
        into_socket: impl FnOnce(T) -> Result<OwnedFd, Option<T>>,
        draining: Option<Draining>,
        deadline: Option<Instant>,
    ) -> Option<T> {
        match self.0.take() {
            Some(service) => service.take_over(transport, into_socket, draining, deadline),
            None => Some(transport),
        }
    }
}
