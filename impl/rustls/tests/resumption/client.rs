//! The guard of a client, against servers that would resume everything.

use close_notify::{ClientGuard, ForgetSession, Role, Version};
use rustls::HandshakeKind;
use rustls::client::Tls12Resumption;
use rustls::crypto::CryptoProvider;
use rustls::crypto::ring::kx_group::SECP256R1;

use crate::common::{hooked, server_config};
use crate::lab::{Form, Lab, Pair};

fn lab(form: Form) -> Lab {
    Lab::new(form, Some(Role::Client))
}

#[test]
fn tickets_of_another_connection_to_the_same_name_stay() {
    for form in Form::TLS13 {
        let lab = lab(form);
        let [well, ill] = lab.connect_together();
        well.end_well();
        ill.reject_by(Role::Server);
        // A rustls server sends two tickets.
        let resumed = lab.connect_together::<3>().map(|pair| pair.was_resumed());
        assert_eq!(resumed, [true, true, false], "{form:?}");
    }
}

#[test]
fn tickets_of_the_connection_that_was_resumed_stay() {
    for form in Form::TLS13 {
        let lab = lab(form);
        lab.connect().end_well();
        let resumption = lab.connect();
        assert!(resumption.was_resumed());
        resumption.reject_by(Role::Server);
        let resumed = lab.connect_together::<2>().map(|pair| pair.was_resumed());
        assert_eq!(resumed, [true, false], "{form:?}: one of two was taken");
    }
}

#[test]
fn up_to_tls_12_another_session_of_the_same_name_stays() {
    for form in Form::TLS12 {
        let lab = lab(form);
        let [first, last] = lab.connect_together();
        assert!(!last.was_resumed());
        first.reject_by(Role::Server);
        assert!(lab.resumes(), "{form:?}: the last one is kept");
        last.reject_by(Role::Server);
        assert!(!lab.resumes(), "{form:?}");
    }
}

// #54: a ticket that was on its way
#[test]
fn a_ticket_that_comes_after_the_forgetting_is_not_kept() {
    for form in Form::TLS13 {
        let lab = lab(form);
        for forgets in [true, false] {
            let mut pair = lab.open().shaken();
            if forgets {
                pair.forget.as_ref().unwrap().forget();
            }
            pair.ends[0].receive_all();
            let rustls::Connection::Client(client) = pair.ends[0].session.rustls() else {
                panic!("a client")
            };
            assert_eq!(client.tls13_tickets_received(), 2);
            pair.end_well();
            let resumed = lab.open().shaken().was_resumed();
            assert_eq!(resumed, !forgets, "{form:?}");
        }
    }
}

#[test]
fn what_comes_after_the_forgetting_takes_no_place_of_others() {
    for form in Form::ALL {
        let lab = lab(form);
        let [wells @ .., ill] = [(); 5].map(|()| lab.open());
        for well in wells {
            well.connected().end_well();
        }
        ill.forget.as_ref().unwrap().forget();
        ill.connected().end_well();
        let most = if form.version() == Version::Tls13 { 8 } else { 1 };
        let mut resumed = [(); 8].map(|()| lab.open()).into_iter().take(most).map(Pair::shaken);
        assert!(resumed.all(|pair| pair.was_resumed()), "{form:?}");
    }
}

#[test]
fn up_to_tls_12_a_forgotten_connection_resumes_nothing() {
    for form in Form::TLS12 {
        let lab = lab(form);
        lab.connect().end_well();
        let (config, forget) = lab.client_guard.for_connection(&lab.client);
        forget.forget();
        let plain = Lab { guarded: None, ..lab };
        assert!(!plain.resumes_from(&config), "{form:?}");
        assert!(Lab { guarded: Some(Role::Client), ..plain }.resumes(), "{form:?}: others do");
    }
}

#[test]
fn tls_12_is_resumed_by_the_means_that_were_asked_for() {
    use Tls12Resumption as By;
    for (form, by, resumes) in [
        (Form::Id12, By::SessionIdOrTickets, true),
        (Form::Id12, By::SessionIdOnly, true),
        (Form::Id12, By::Disabled, false),
        (Form::Ticket12, By::SessionIdOrTickets, true),
        (Form::Ticket12, By::SessionIdOnly, true),
        (Form::Ticket12, By::Disabled, false),
    ] {
        let lab = Lab { client_guard: ClientGuard::new().tls12_resumption(by), ..lab(form) };
        lab.connect().end_well();
        assert_eq!(lab.resumes(), resumes, "{form:?} {by:?}");
    }
}

#[test]
fn the_servers_choice_for_the_key_exchange_is_no_session_and_stays() {
    for form in Form::TLS13 {
        let mut lab = lab(form);
        let provider = CryptoProvider { kx_groups: vec![SECP256R1], ..hooked() };
        lab.server = server_config(Version::Tls13, provider);
        let kinds = [(); 2].map(|()| {
            let pair = lab.connect();
            let kind = pair.ends[0].session.rustls().handshake_kind().unwrap();
            pair.reject_by(Role::Server);
            kind
        });
        assert_eq!(kinds, [HandshakeKind::FullWithHelloRetryRequest, HandshakeKind::Full], "{form:?}");
    }
}

#[test]
fn without_room_nothing_is_kept() {
    for form in Form::ALL {
        for (sessions, resumes) in [(0, false), (1, true)] {
            let lab = Lab { client_guard: ClientGuard::with_sessions(sessions), ..lab(form) };
            lab.connect().end_well();
            assert_eq!(lab.resumes(), resumes, "{form:?} {sessions}");
        }
    }
}

#[test]
fn a_name_has_eight_tickets_at_most() {
    for form in Form::TLS13 {
        let lab = lab(form);
        for pair in lab.connect_together::<5>() {
            pair.end_well();
        }
        let resumed = lab.connect_together::<10>().map(|pair| pair.was_resumed());
        let count = resumed.into_iter().filter(|&resumed| resumed).count();
        assert_eq!(count, 8, "{form:?}: of ten that came");
    }
}

#[test]
fn debug_shows_no_session() {
    let lab = lab(Form::Ticket12);
    lab.connect().end_well();
    let (config, forget) = lab.client_guard.for_connection(&lab.client);
    assert_eq!(format!("{:?}", lab.client_guard), "ClientGuard { tls12_resumption: SessionIdOrTickets, .. }");
    let connection = "Connection { is_forgotten: false, .. }";
    assert_eq!(format!("{forget:?}"), format!("ClientForget {{ connection: {connection} }}"));
    assert!(format!("{config:?}").contains(connection), "the store of the configuration");
}
