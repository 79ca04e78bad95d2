//! Which sessions are resumed, proved by handshakes: rustls on both ends, with one side guarded and
//! the other not, in each form in which rustls keeps a session.

#[path = "../common/mod.rs"]
mod common;

mod lab;

mod client;
mod server;

use close_notify::{Policy, ResumptionRule, Role};
use lab::{Form, Lab, ROLES, guarded};

// rustls's own behaviour. Without it the tests below would prove nothing.
#[test]
fn without_a_guard_a_session_is_resumed_after_a_fatal_alert() {
    for form in Form::ALL {
        for sender in ROLES {
            let lab = Lab::new(form, None);
            lab.connect().reject_by(sender);
            assert!(lab.resumes(), "{form:?} {sender:?}");
        }
    }
}

#[test]
fn a_session_is_resumed_if_its_connection_ended_well() {
    for lab in guarded() {
        lab.connect().end_well();
        for _ in 0..3 {
            assert!(lab.resumes(), "{:?} {:?}", lab.form, lab.guarded);
        }
    }
}

// RFC 5246 §7.2.2 · fatal-forgets-session; RFC 9846 §6.2 · fatal-discards-tickets
#[test]
fn after_a_fatal_alert_the_next_handshake_is_a_full_one() {
    for sender in ROLES {
        for lab in guarded() {
            lab.connect().reject_by(sender);
            assert!(!lab.resumes(), "{:?} {:?} {sender:?}", lab.form, lab.guarded);
            assert!(lab.resumes(), "the one after it");
        }
    }
}

// fatal-forgets-session: an alert on a connection that was itself a resumption
#[test]
fn after_a_fatal_alert_of_a_resumption_its_own_session_is_not_resumed() {
    for sender in ROLES {
        for form in Form::TLS12 {
            for role in ROLES {
                let lab = Lab::new(form, Some(role));
                lab.connect().end_well();
                let resumption = lab.connect();
                assert!(resumption.was_resumed());
                resumption.reject_by(sender);
                assert!(!lab.resumes(), "{form:?} {role:?} {sender:?}");
            }
        }
    }
}

// fatal-forgets-session: a session may have several connections that resume it
#[test]
fn up_to_tls_12_a_session_is_forgotten_with_any_of_its_connections() {
    for sender in ROLES {
        for form in Form::TLS12 {
            for role in ROLES {
                let lab = Lab::new(form, Some(role));
                let first = lab.connect();
                let second = lab.connect();
                assert!(second.was_resumed());
                second.end_well();
                first.reject_by(sender);
                assert!(!lab.resumes(), "{form:?} {role:?} {sender:?}");
            }
        }
    }
}

// fatal-forgets-session: a resumption that has begun goes on, but it does not keep the session
#[test]
fn a_resumption_under_way_does_not_bring_the_session_back() {
    for form in Form::TLS12 {
        for role in ROLES {
            let lab = Lab::new(form, Some(role));
            let first = lab.connect();
            let mut second = lab.open();
            let [client, server] = &mut second.ends;
            client.session.handshake(&mut client.pipe).unwrap();
            server.session.handshake(&mut server.pipe).unwrap();
            first.reject_by(Role::Client);
            let second = second.connected();
            assert!(second.was_resumed());
            second.end_well();
            assert!(!lab.resumes(), "{form:?} {role:?}");
        }
    }
}

#[test]
fn a_bare_fin_forbids_resumption_under_the_rule_of_rfc_2818_alone() {
    let https = Policy { resumption: ResumptionRule::Rfc2818, ..Policy::STRICT };
    // RFC 4346 §7.2.1 · unclean-allows-resume; RFC 2818 §2.2 · premature-forbids-reuse-https
    for (policy, resumes) in [(Policy::STRICT, true), (https, false)] {
        for lab in guarded() {
            let lab = Lab { policy, ..lab };
            let role = lab.guarded.unwrap();
            lab.connect().cut_before(role);
            assert_eq!(lab.resumes(), resumes, "{:?} {role:?}", lab.form);
        }
    }
}

#[test]
fn what_is_issued_after_the_forgetting_is_not_kept() {
    for lab in guarded() {
        let pair = lab.open();
        pair.forget.as_ref().unwrap().forget();
        pair.connected().end_well();
        assert!(!lab.resumes(), "{:?} {:?}", lab.form, lab.guarded);
        assert!(lab.resumes(), "the one after it");
    }
}

#[test]
fn forgetting_twice_is_the_same_as_once() {
    for lab in guarded() {
        let pair = lab.connect();
        let forget = pair.forget.clone().unwrap();
        pair.reject_by(Role::Client);
        assert!(!lab.resumes());
        forget.forget();
        assert!(lab.resumes(), "{:?} {:?}", lab.form, lab.guarded);
    }
}
