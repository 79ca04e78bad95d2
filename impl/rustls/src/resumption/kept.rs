//! The sessions that a client keeps, each with its origin.
//!
//! Decides which are kept: as many as rustls' `ClientSessionMemoryCache` keeps, and none whose
//! origin is forgotten. Leaves to [`client`](super::client) which connection is an origin.
//! Source: rustls 0.23.46 `client/handy.rs`.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::NamedGroup;
use rustls::client::{Tls12ClientSessionValue, Tls13ClientSessionValue};
use rustls::pki_types::ServerName;

/// The most TLS 1.3 tickets for one name, as in rustls.
pub(super) const TICKETS: usize = 8;

/// The handshake that made a session, shared by all that use the session. Once forgotten, it stays
/// forgotten.
#[derive(Clone, Default)]
pub(super) struct Origin(Arc<AtomicBool>);

impl Origin {
    pub(super) fn forget(&self) {
        self.0.store(true, Ordering::Release);
    }

    pub(super) fn is_forgotten(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

struct Traced<T> {
    origin: Origin,
    value: T,
}

#[derive(Default)]
struct OfName {
    kx_hint: Option<NamedGroup>,
    tls12: Option<Traced<Tls12ClientSessionValue>>,
    /// Oldest first.
    tls13: VecDeque<Traced<Tls13ClientSessionValue>>,
}

impl OfName {
    fn drop_forgotten(&mut self) {
        self.tls12.take_if(|session| session.origin.is_forgotten());
        self.tls13.retain(|ticket| !ticket.origin.is_forgotten());
    }
}

/// Sessions by name. A new name beyond the bound replaces the one that was added first.
pub(super) struct Kept {
    names: Mutex<Names>,
}

struct Names {
    most: usize,
    known: HashMap<ServerName<'static>, OfName>,
    /// The known names, oldest first.
    oldest: VecDeque<ServerName<'static>>,
}

impl Kept {
    /// Room for this many sessions, at eight for each name, rounded up.
    pub(super) fn new(sessions: usize) -> Self {
        let most = sessions.div_ceil(TICKETS);
        Self { names: Mutex::new(Names { most, known: HashMap::new(), oldest: VecDeque::new() }) }
    }

    pub(super) fn set_kx_hint(&self, name: ServerName<'static>, group: NamedGroup) {
        self.lock().edit(name, |of_name| of_name.kx_hint = Some(group));
    }

    pub(super) fn kx_hint(&self, name: &ServerName<'_>) -> Option<NamedGroup> {
        self.lock().known.get(name).and_then(|of_name| of_name.kx_hint)
    }

    /// Keeps a session in place of the name's previous one, unless its origin is forgotten.
    pub(super) fn set_tls12(
        &self,
        name: ServerName<'static>,
        value: Tls12ClientSessionValue,
        origin: Origin,
    ) {
        // Checked under the lock: a forget that comes in the meantime finds what was kept.
        let mut names = self.lock();
        if !origin.is_forgotten() {
            names.edit(name, |of_name| of_name.tls12 = Some(Traced { origin, value }));
        }
    }

    pub(super) fn tls12(&self, name: &ServerName<'_>) -> Option<(Tls12ClientSessionValue, Origin)> {
        let names = self.lock();
        let session = names.known.get(name)?.tls12.as_ref()?;
        (!session.origin.is_forgotten()).then(|| (session.value.clone(), session.origin.clone()))
    }

    pub(super) fn remove_tls12(&self, name: &ServerName<'static>) {
        if let Some(of_name) = self.lock().known.get_mut(name) {
            of_name.tls12 = None;
        }
    }

    /// Keeps a ticket, unless its origin is forgotten.
    pub(super) fn insert_tls13(
        &self,
        name: ServerName<'static>,
        value: Tls13ClientSessionValue,
        origin: Origin,
    ) {
        let mut names = self.lock();
        if origin.is_forgotten() {
            return;
        }
        names.edit(name, |of_name| {
            if of_name.tls13.len() == TICKETS {
                of_name.tls13.pop_front();
            }
            of_name.tls13.push_back(Traced { origin, value });
        });
    }

    /// The newest ticket.
    pub(super) fn take_tls13(&self, name: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        let mut names = self.lock();
        let of_name = names.known.get_mut(name)?;
        of_name.drop_forgotten();
        of_name.tls13.pop_back().map(|ticket| ticket.value)
    }

    /// Drops the name's sessions whose origin is forgotten. Those of other names are never handed
    /// out.
    pub(super) fn drop_forgotten(&self, name: &ServerName<'static>) {
        if let Some(of_name) = self.lock().known.get_mut(name) {
            of_name.drop_forgotten();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Names> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Names {
    fn edit(&mut self, name: ServerName<'static>, edit: impl FnOnce(&mut OfName)) {
        if let Some(of_name) = self.known.get_mut(&name) {
            return edit(of_name);
        }
        if self.most == 0 {
            return;
        }
        if self.oldest.len() == self.most {
            let oldest = self.oldest.pop_front().expect("as many names as there is room for, which is some");
            self.known.remove(&oldest);
        }
        self.oldest.push_back(name.clone());
        edit(self.known.entry(name).or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(number: usize) -> ServerName<'static> {
        format!("host{number}.example").try_into().unwrap()
    }

    #[test]
    fn names_are_bounded_and_the_first_one_leaves_first() {
        for (sessions, most) in [(0, 0), (1, 1), (8, 1), (9, 2), (100, 13)] {
            let kept = Kept::new(sessions);
            for number in 0..50 {
                kept.set_kx_hint(name(number), NamedGroup::X25519);
            }
            let known = (0..50).filter(|&number| kept.kx_hint(&name(number)).is_some());
            assert!(known.eq(50 - most..50), "{sessions}");
            let names = kept.lock();
            assert_eq!(names.known.len(), names.oldest.len());
        }
    }
}
