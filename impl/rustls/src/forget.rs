//! Forgetting a session and its tickets: RFC 9846 §6.2 · fatal-discards-tickets, RFC 5246 §7.2.2 ·
//! fatal-forgets-session.
//!
//! Decides how a client's store forgets. Leaves to the core when. A server of rustls names no session that it could
//! forget, and its tickets hold their state themselves: give it your own [`ForgetSession`].

use std::sync::Arc;

use rustls::client::ClientSessionStore;
use rustls::pki_types::ServerName;

/// No store holds more tickets for one name than we take back; rustls's own keeps eight.
const MOST_TICKETS: usize = 1024;

/// What a session does when it must be forgotten.
pub trait ForgetSession: Send + Sync {
    /// Forgets the session and its tickets.
    fn forget(&self);
}

impl<F: Fn() + Send + Sync> ForgetSession for F {
    fn forget(&self) {
        self();
    }
}

/// Forgets what a client's store holds for a name: tickets of other connections to the same name too.
///
/// ```
/// use std::sync::Arc;
/// use close_notify::{ForgetSession, StoredSessions};
/// use rustls::client::ClientSessionMemoryCache;
/// let store = Arc::new(ClientSessionMemoryCache::new(32));
/// StoredSessions::new(store, "example.org".try_into().unwrap()).forget();
/// ```
#[derive(Debug)]
pub struct StoredSessions {
    store: Arc<dyn ClientSessionStore>,
    name: ServerName<'static>,
}

impl StoredSessions {
    /// What `store` holds for `name`: the store that the configuration's `Resumption` was made of.
    #[must_use]
    pub fn new(store: Arc<dyn ClientSessionStore>, name: ServerName<'static>) -> Self {
        Self { store, name }
    }
}

impl ForgetSession for StoredSessions {
    fn forget(&self) {
        self.store.remove_tls12_session(&self.name);
        for _ in 0..MOST_TICKETS {
            if self.store.take_tls13_ticket(&self.name).is_none() {
                return;
            }
        }
    }
}
