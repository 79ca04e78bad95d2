//! The guard of a server, against clients that offer everything they have.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use close_notify::{Role, ServerGuard};
use rustls::NamedGroup;
use rustls::client::{
    ClientSessionStore, Resumption, Tls12ClientSessionValue, Tls12Resumption, Tls13ClientSessionValue,
};
use rustls::pki_types::ServerName;
use rustls::server::{NoServerSessionStorage, ServerSessionMemoryCache, StoresServerSessions};

use crate::lab::{Form, Lab, with_resumption};

fn lab(form: Form) -> Lab {
    Lab::new(form, Some(Role::Server))
}

#[test]
fn tickets_of_another_connection_of_the_same_client_are_taken() {
    for form in Form::TLS13 {
        let lab = lab(form);
        let [ill, well] = lab.connect_together();
        well.end_well();
        ill.reject_by(Role::Client);
        // A rustls client offers its newest ticket first.
        let resumed = lab.connect_together::<4>().map(|pair| pair.was_resumed());
        assert_eq!(resumed, [true, true, false, false], "{form:?}");
    }
}

#[test]
fn tickets_of_the_connection_that_was_resumed_are_taken() {
    for form in Form::TLS13 {
        let lab = lab(form);
        lab.connect().end_well();
        let resumption = lab.connect();
        assert!(resumption.was_resumed());
        resumption.reject_by(Role::Client);
        let resumed = lab.connect_together::<3>().map(|pair| pair.was_resumed());
        assert_eq!(resumed, [false, false, true], "{form:?}: two of the resumption, one of the first");
    }
}

#[test]
fn sessions_of_other_clients_are_taken() {
    for form in Form::ALL {
        let lab = lab(form);
        let [well, ill] = [lab.new_client(), lab.new_client()];
        lab.connect_from(&well).end_well();
        lab.connect_from(&ill).reject_by(Role::Client);
        assert!(lab.resumes_from(&well), "{form:?}");
        assert!(!lab.resumes_from(&ill), "{form:?}");
    }
}

/// A store that keeps every TLS 1.2 session and offers the chosen one.
#[derive(Debug, Default)]
struct Chosen {
    sessions: Mutex<Vec<Tls12ClientSessionValue>>,
    offered: AtomicUsize,
}

impl ClientSessionStore for Chosen {
    fn set_kx_hint(&self, _: ServerName<'static>, _: NamedGroup) {}
    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        None
    }
    fn set_tls12_session(&self, _: ServerName<'static>, value: Tls12ClientSessionValue) {
        self.sessions.lock().expect("nothing panics under it").push(value);
    }
    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.sessions
            .lock()
            .expect("nothing panics under it")
            .get(self.offered.load(Ordering::Relaxed))
            .cloned()
    }
    fn remove_tls12_session(&self, _: &ServerName<'static>) {}
    fn insert_tls13_ticket(&self, _: ServerName<'static>, _: Tls13ClientSessionValue) {}
    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        None
    }
}

// fatal-forgets-session: in TLS 1.2 one session may have an id and tickets
#[test]
fn a_session_of_tls_12_is_refused_in_both_of_its_forms() {
    const ID: usize = 0;
    const TICKET: usize = 1;
    for resumed in [ID, TICKET] {
        for offered_next in [ID, TICKET] {
            let lab = lab(Form::Ticket12);
            let store = Arc::new(Chosen::default());
            let by = |by| with_resumption(&lab.client, Resumption::store(store.clone()).tls12_resumption(by));
            let client = by(Tls12Resumption::SessionIdOrTickets);
            let offer = |form| {
                store.offered.store(form, Ordering::Relaxed);
                lab.connect_from(&client)
            };
            lab.connect_from(&by(Tls12Resumption::SessionIdOnly)).end_well();
            assert!(offer(ID).was_resumed(), "which brings a ticket");
            assert!(offer(TICKET).was_resumed());
            assert!(offer(ID).was_resumed(), "still");
            offer(resumed).reject_by(Role::Client);
            assert!(!offer(offered_next).was_resumed(), "{resumed} {offered_next}");
        }
    }
}

#[test]
fn without_room_all_that_is_older_is_refused_too() {
    for form in [Form::Ticket12, Form::Ticket13] {
        let lab = Lab { server_guard: ServerGuard::with_capacity(1), ..lab(form) };
        let clients = [(); 6].map(|()| lab.new_client());
        let [asked, older, first, between, second, newer] = &clients;
        for well in [asked, older] {
            lab.connect_from(well).end_well();
        }
        lab.connect_from(first).reject_by(Role::Client);
        lab.connect_from(between).end_well();
        assert!(lab.resumes_from(asked), "{form:?}: there is room for one");

        lab.connect_from(second).reject_by(Role::Client);
        lab.connect_from(newer).end_well();
        let resumed = [older, first, between, second, newer].map(|client| lab.resumes_from(client));
        assert_eq!(resumed, [false, false, true, false, true], "{form:?}");
    }
}

#[test]
fn a_forgotten_connection_resumes_nothing() {
    for form in Form::ALL {
        let lab = lab(form);
        lab.connect().end_well();
        let pair = lab.open();
        pair.forget.as_ref().unwrap().forget();
        assert!(!pair.connected().was_resumed(), "{form:?}");
    }
}

#[test]
fn what_another_guard_issued_is_refused() {
    for form in Form::ALL {
        let lab = lab(form);
        lab.connect().end_well();
        let restarted = Lab { server_guard: ServerGuard::new(), ..lab };
        assert!(!restarted.resumes(), "{form:?}: what it has to refuse is not known any more");
        assert!(restarted.resumes(), "{form:?}: its own");
    }
}

#[test]
fn what_no_guard_issued_is_refused() {
    for form in Form::ALL {
        let lab = Lab::new(form, None);
        lab.connect().end_well();
        let guarded = Lab { guarded: Some(Role::Server), ..lab };
        assert!(!guarded.resumes(), "{form:?}");
        assert!(guarded.resumes(), "{form:?}: its own");
    }
}

#[test]
fn tickets_are_forgotten_without_a_storage() {
    for form in [Form::Ticket12, Form::Ticket13] {
        let mut lab = lab(form);
        lab.server.session_storage = Arc::new(NoServerSessionStorage {});
        lab.connect().end_well();
        assert!(lab.resumes(), "{form:?}");
        let client = lab.new_client();
        lab.connect_from(&client).reject_by(Role::Client);
        assert!(!lab.resumes_from(&client), "{form:?}");
    }
}

/// Counts the entries of a storage.
#[derive(Debug)]
struct Counting {
    storage: Arc<ServerSessionMemoryCache>,
    keys: Mutex<Vec<Vec<u8>>>,
}

impl Counting {
    fn count(&self) -> usize {
        self.keys
            .lock()
            .expect("nothing panics under it")
            .iter()
            .filter(|key| self.storage.get(key).is_some())
            .count()
    }
}

impl StoresServerSessions for Counting {
    fn put(&self, key: Vec<u8>, value: Vec<u8>) -> bool {
        self.keys.lock().expect("nothing panics under it").push(key.clone());
        self.storage.put(key, value)
    }
    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.storage.get(key)
    }
    fn take(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.storage.take(key)
    }
    fn can_cache(&self) -> bool {
        true
    }
}

// RFC 9846 §6.2 · fatal-discards-tickets: the secret is removed at once, and does not wait in the
// storage to be evicted
#[test]
fn what_was_stored_is_removed() {
    for (form, issued, tickets) in [(Form::Id12, 1, 2), (Form::Stored13, 2, 2), (Form::Stored13, 40, 40)] {
        let storage = Counting { storage: ServerSessionMemoryCache::new(256), keys: Mutex::default() };
        let storage = Arc::new(storage);
        let mut lab = lab(form);
        lab.server.send_tls13_tickets = tickets;
        lab.server.session_storage = storage.clone();
        let pair = lab.connect();
        assert_eq!(storage.count(), issued);
        pair.reject_by(Role::Client);
        // If there are very many, some are refused by their number instead.
        assert_eq!(storage.count(), issued.saturating_sub(16), "{form:?} {tickets}");
        assert_eq!(lab.connect_together::<10>().map(|pair| pair.was_resumed()), [false; 10], "{form:?}");
    }
}

#[test]
fn debug_shows_no_session() {
    let lab = lab(Form::Ticket12);
    lab.connect().end_well();
    let (config, forget) = lab.server_guard.for_connection(&lab.server);
    assert_eq!(format!("{:?}", lab.server_guard), "ServerGuard { .. }");
    let connection = "Connection { is_forgotten: false, .. }";
    assert_eq!(format!("{forget:?}"), format!("ServerForget {{ connection: {connection} }}"));
    assert_eq!(format!("{config:?}").matches(connection).count(), 2, "storage and ticketer");
}
