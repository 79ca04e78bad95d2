//! How a session is forgotten: RFC 9846 §6.2 · fatal-discards-tickets, RFC 5246 §7.2.2 ·
//! fatal-forgets-session.
//!
//! Decides nothing. Leaves to the core when, and to [`resumption`](crate::resumption) what is
//! forgotten.

/// Forgets the TLS session of a connection, when it must be forgotten.
///
/// [`ClientGuard`](crate::ClientGuard) and [`ServerGuard`](crate::ServerGuard) make one for each
/// connection. A closure works too, for stores that forget in their own way.
///
/// ```
/// use close_notify::ForgetSession;
/// use std::sync::atomic::{AtomicBool, Ordering};
/// let forgotten = AtomicBool::new(false);
/// let forget = || forgotten.store(true, Ordering::Relaxed);
/// forget.forget();
/// assert!(forgotten.load(Ordering::Relaxed));
/// ```
pub trait ForgetSession: Send + Sync {
    /// Forgets the session and its tickets.
    fn forget(&self);
}

impl<F: Fn() + Send + Sync> ForgetSession for F {
    fn forget(&self) {
        self();
    }
}
