//! TLS ends and the transport is handed back to the application. RFC 4511 §4.14.3.1, RFC 4217 §12;
//! #55,
//! #56.

use close_notify_core::{
    Answer, Call, Delivery, Event, FirstCloser, Illegal, Machine, Manner, Output, PeerCloses, Policy,
    Version, transport,
};

use crate::common::*;

const HAND_BACK: Event = Event::Close(Manner::HandBack);

fn asked() -> impl Iterator<Item = Machine> {
    Version::ALL.iter().map(|&version| driven(open(version), &[HAND_BACK]))
}

// wait-before-handback
#[test]
fn it_waits_for_the_peers_close_notify_and_shuts_nothing() {
    for &version in Version::ALL {
        let mut machine = after(open(version), &[HAND_BACK]);
        let expected =
            [Output::StartDeadline, Output::SendCloseNotify { fin_follows: false }, Output::AwaitPeer];
        assert_eq!(drive(&mut machine), expected);
        let event = transport::Event::HandedBack;
        let refusal = Illegal::Transport { state: transport::State::Open, event };
        assert_eq!(refused(machine, Event::TransportHandedBack), refusal);
    }
}

// handback-exact: nothing but the transport's return follows the two close_notifies
#[test]
fn both_close_notifies_return_the_transport() {
    for mut machine in asked() {
        machine = after(machine, &[CLOSE_NOTIFY]);
        assert_eq!(drive(&mut machine), [Output::HandBack, Output::Done]);
        assert!(machine.ending().is_clean());
        assert_eq!(machine.transport_state(), transport::State::HandedBack);
    }
}

// shut-means-said: no FIN of ours has left, or ever will
#[test]
fn what_happens_to_the_transport_afterwards_changes_no_answer() {
    for mut machine in asked() {
        machine = after(machine, &[CLOSE_NOTIFY]);
        drive(&mut machine);
        for event in [Event::WriteFailed { errno: 107 }, Event::WriteShut] {
            let later = after(machine, &[event]);
            assert_eq!(later, machine, "{event:?}");
            assert_eq!(later.answer(Call::Shutdown), Answer::Failed, "{event:?}");
            assert_eq!(later.answer(Call::Flush), Answer::Done, "{event:?}");
        }
    }
}

#[test]
fn the_peer_may_close_first() {
    for &version in Version::ALL {
        let mut machine = driven(open(version), &[CLOSE_NOTIFY]);
        machine = after(machine, &[HAND_BACK]);
        assert!(drive(&mut machine).ends_with(&[Output::HandBack, Output::Done]));
        assert_eq!(machine.ending().first_closer, FirstCloser::Peer);
    }
}

// wait-before-handback: without the peer's close_notify the connection is dropped
#[test]
fn any_other_end_closes_the_transport() {
    for machine in asked() {
        for event in [EOF, EOF_IN_RECORD, RESET, FATAL, VIOLATION, Event::DeadlinePassed] {
            let mut machine = after(machine, &[event]);
            let done = drive(&mut machine);
            assert!(!done.contains(&Output::HandBack), "{event:?}");
            assert!([Output::Done, Output::Drain].contains(&machine.output()), "{event:?}");
        }
    }
}

#[test]
fn a_transport_that_broke_or_timed_out_meanwhile_is_not_returned() {
    for machine in asked() {
        for event in [RESET, Event::DeadlinePassed, Event::WriteFailed { errno: EPIPE }] {
            let mut machine = after(machine, &[CLOSE_NOTIFY, event]);
            assert_eq!(drive(&mut machine), [Output::CloseTransport, Output::Done], "{event:?}");
        }
    }
}

// handback-exact: a FIN after the close_notify belongs to the plaintext
#[test]
fn the_peers_fin_after_its_close_notify_does_not_prevent_it() {
    for machine in asked() {
        let mut machine = after(machine, &[CLOSE_NOTIFY, EOF]);
        assert_eq!(drive(&mut machine), [Output::HandBack, Output::Done]);
    }
}

// crossed-confirms-nothing
#[test]
fn the_answer_confirms_delivery_if_the_peer_only_answers() {
    let policy = Policy { peer_closes: PeerCloses::OnlyAfterUs, ..Policy::STRICT };
    for &version in Version::ALL {
        let sent = driven(open_with(version, policy), &[Event::Write, HAND_BACK]);
        assert_eq!(sent.ending().delivery, Delivery::Unconfirmed);
        let machine = driven(sent, &[CLOSE_NOTIFY]);
        assert_eq!(machine.ending().delivery, Delivery::Confirmed);
        assert_eq!(machine.ending().first_closer, FirstCloser::Us);
    }
}
