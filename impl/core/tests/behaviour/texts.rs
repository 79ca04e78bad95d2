//! The texts of endings and alerts, for which people search.

use close_notify_core::{
    AlertDescription, CoalescedAlerts, Delivery, Event, FirstCloser, FragmentedAlert, LateData, Machine,
    Manner, MissingNotify, NotSent, Output, Policy, ReadEnd, Role, Rule, UnknownAlert, UserCanceled, Version,
    WriteEnd,
};

use crate::common::*;

#[test]
fn each_read_end_has_its_sentence() {
    let alert = AlertDescription::BAD_RECORD_MAC;
    let rows = [
        (ReadEnd::Open, "reading has not ended"),
        (ReadEnd::CloseNotify, "the peer sent close_notify"),
        (ReadEnd::CloseNotifyInHandshake, "the peer sent close_notify during the handshake"),
        (ReadEnd::TruncatedAtBoundary, "peer closed connection without sending TLS close_notify"),
        (
            ReadEnd::TruncatedInRecord,
            "peer closed connection without sending TLS close_notify, inside a record",
        ),
        (ReadEnd::Reset, "the connection was reset before close_notify"),
        (ReadEnd::FatalAlert(alert), "the peer sent the fatal alert bad_record_mac"),
        (ReadEnd::Refused(alert), "we refused to read on (bad_record_mac)"),
        (ReadEnd::NotAwaited, "we did not wait for the peer's close_notify"),
        (ReadEnd::TimedOut, "the deadline passed before the peer's close_notify"),
        (ReadEnd::OverBudget, "the peer sent more than the budget after our close"),
    ];
    for (end, text) in rows {
        assert_eq!(end.to_string(), text);
    }
}

#[test]
fn each_write_end_has_its_sentence() {
    let rows = [
        (WriteEnd::Open, "writing has not ended"),
        (WriteEnd::Closing, "our last word is not out yet"),
        (WriteEnd::CloseNotifySent, "we sent close_notify"),
        (WriteEnd::PartlyWritten, "our last record was cut in two"),
        (WriteEnd::NotSent(NotSent::TransportFailed), "the transport failed before our close_notify"),
        (WriteEnd::NotSent(NotSent::GaveUp), "the transport did not take our close_notify in time"),
        (WriteEnd::NotSent(NotSent::PeerFatalAlert), "we sent no close_notify, because of that alert"),
        (WriteEnd::NotSent(NotSent::NotAsked), "we never closed our side"),
        (WriteEnd::NotSent(NotSent::Unsealable), "the engine could not seal our close_notify"),
        (WriteEnd::FatalAlertSent(AlertDescription::UNKNOWN_CA), "we sent the fatal alert unknown_ca"),
        (WriteEnd::Aborted { after_close_notify: false }, "we reset the connection"),
        (WriteEnd::Aborted { after_close_notify: true }, "we sent close_notify and reset the connection"),
    ];
    for (end, text) in rows {
        assert_eq!(end.to_string(), text);
    }
}

#[test]
fn an_ending_is_one_sentence_and_names_what_was_lost() {
    let ending = after(open(Version::Tls13), &[]).ending();
    assert_eq!(ending.to_string(), "reading has not ended; writing has not ended");
    let lossy = close_notify_core::Ending { discarded: 3, late: 4, ..ending };
    let text = "reading has not ended; writing has not ended; 3 bytes of ours were discarded; \
                4 bytes came after our close and were dropped";
    assert_eq!(lossy.to_string(), text);
}

// One sentence has it all: what was lost, which last word is missing, and the error number to
// search for.
#[test]
fn an_ending_names_its_alert_its_loss_and_its_first_errno() {
    let v = Version::Tls13;
    let reset = after(open(v), &[Event::Write, RESET]);
    let unsaid = after(open(v), &[VIOLATION, Event::WriteFailed { errno: EPIPE }]);
    let unsealed = after(open(v), &[VIOLATION, Event::OutputUnsealable]);
    let late = after(open(v), &[GRACEFUL, Event::WriteFailed { errno: EPIPE }, RESET]);
    let rows = [
        (
            reset,
            "the connection was reset before close_notify; the transport failed before our close_notify; \
             what we wrote may be lost; errno 104",
        ),
        (
            unsaid,
            "we refused to read on (bad_record_mac); the transport failed before our fatal alert; errno 32",
        ),
        (
            after(open(v), &[USER_CANCELED, EOF]),
            "peer closed connection without sending TLS close_notify; writing has not ended; \
             the peer had sent user_canceled",
        ),
        (unsealed, "we refused to read on (bad_record_mac); the engine could not seal our fatal alert"),
        (
            late,
            "the connection was reset before close_notify; the transport failed before our close_notify; errno 32",
        ),
        (
            after(open(v), &[FATAL, Event::PendingDiscarded { bytes: 9 }]),
            "the peer sent the fatal alert certificate_required; we sent no close_notify, because of that alert; \
             9 bytes of ours were discarded",
        ),
    ];
    for (machine, text) in rows {
        assert_eq!(machine.ending().to_string(), text);
    }
}

// The text that people search for is kept: "without sending TLS close_notify".
#[test]
fn a_failed_handshake_speaks_of_the_handshake() {
    let rows = [
        (
            EOF,
            "peer closed connection without sending TLS close_notify, before the handshake was done; \
             writing has not ended",
        ),
        (
            EOF_IN_RECORD,
            "peer closed connection without sending TLS close_notify, inside a record, before the handshake was done; \
             writing has not ended",
        ),
        (
            RESET,
            "the connection was reset before the handshake was done; the transport failed before our close_notify; \
             errno 104",
        ),
        (
            Event::DeadlinePassed,
            "the deadline passed before the handshake was done; the transport did not take our close_notify in time",
        ),
        (Event::TransportClosed, "we left before the handshake was done; we never closed our side"),
        (
            FATAL,
            "the peer sent the fatal alert certificate_required, before the handshake was done; \
             we sent no close_notify, because of that alert",
        ),
        (CLOSE_NOTIFY, "the peer sent close_notify during the handshake; our last word is not out yet"),
    ];
    for (event, text) in rows {
        assert_eq!(after(new(Version::Tls13), &[event]).ending().to_string(), text);
    }
}

// RFC 9112 §9.6 · alert-survives-close, data-survives-close
#[test]
fn an_ending_says_what_cut_its_lingering_short() {
    let lingered = "we did not wait for the peer's close_notify; we sent close_notify";
    let over = "; the peer sent more than the budget, and closing may have destroyed what we said";
    let rows = [
        (EOF, ""),
        (Event::TransportHandedOver, "; a service lingers on"),
        (Event::DeadlinePassed, "; the deadline passed before the peer's FIN"),
        (Event::Drained { bytes: u32::MAX }, over),
        (RESET, "; the transport was reset or failed afterwards; errno 104"),
        (Event::TransportClosed, "; we let go before the peer's FIN"),
    ];
    for (event, text) in rows {
        let linger = driven(open(Version::Tls13), &[Event::Close(Manner::Linger)]);
        assert_eq!(after(linger, &[event]).ending().to_string(), format!("{lingered}{text}"));
        let reject = driven(open(Version::Tls13), &[Event::Reject(AlertDescription::ACCESS_DENIED)]);
        let rejected = "we refused to read on (access_denied); we sent the fatal alert access_denied";
        assert_eq!(after(reject, &[event]).ending().to_string(), format!("{rejected}{text}"));
    }
    let graceful = driven(open(Version::Tls13), &[GRACEFUL]);
    assert_eq!(
        after(graceful, &[Event::DeadlinePassed]).ending().to_string(),
        "the deadline passed before the peer's close_notify; we sent close_notify"
    );
    assert_eq!(
        after(graceful, &[Event::Drained { bytes: u32::MAX }]).ending().to_string(),
        "the peer sent more than the budget after our close; we sent close_notify; \
         closing may have destroyed what we said"
    );
}

// Java's JSSE sends user_canceled before every ordinary close in TLS 1.3.
#[test]
fn a_user_canceled_before_a_close_notify_is_not_mentioned() {
    let java = after(open(Version::Tls13), &[USER_CANCELED, CLOSE_NOTIFY]).ending();
    assert!(java.user_canceled);
    assert_eq!(java.to_string(), "the peer sent close_notify; writing has not ended");
    let gave_up = after(new(Version::Tls13), &[USER_CANCELED, EOF]).ending();
    assert!(gave_up.to_string().ends_with("; the peer had sent user_canceled"));
}

// The IANA registry "TLS Alerts": a name and its code are equivalent.
#[test]
fn every_alert_reads_back_from_what_it_prints() {
    for code in 0..=255 {
        let alert = AlertDescription(code);
        assert_eq!(alert.to_string().parse(), Ok(alert));
        assert_eq!(alert.name().and_then(AlertDescription::from_name), alert.name().map(|_| alert));
    }
    for wrong in ["", "alert", "alert ", "alert 256", "alert -1", "CLOSE_NOTIFY", "close_notify ", "250"] {
        assert_eq!(wrong.parse::<AlertDescription>(), Err(UnknownAlert), "{wrong:?}");
    }
}

// The strict defaults. The definition of each has its reason.
#[test]
fn the_default_policy_is_the_strict_one() {
    let policy = Policy::default();
    assert_eq!(policy, Policy::STRICT);
    assert_eq!((policy.missing_notify, policy.late_data), (MissingNotify::Refuse, LateData::Deliver));
    assert_eq!((policy.warnings, policy.drain_budget, policy.keep_budget), (4, 64 << 20, 256 << 10));
    let alerts = (policy.fragmented_alert, policy.coalesced_alerts, policy.user_canceled);
    assert_eq!(alerts, (FragmentedAlert::Refuse, CoalescedAlerts::Refuse, UserCanceled::ReadOn));
}

#[test]
fn a_machine_knows_what_it_was_created_for() {
    let policy = Policy { warnings: 9, ..Policy::STRICT };
    let machine = Machine::new(Version::Tls11, Role::Server, policy);
    assert_eq!((machine.version(), machine.role(), machine.policy()), (Version::Tls11, Role::Server, policy));
    assert_eq!(machine.manner(), Manner::Unasked);
}

#[test]
fn names_are_those_of_the_definition() {
    assert_eq!(Version::Tls10.name(), "Tls10");
    assert_eq!(format!("{:>10}|", Delivery::Lost), "      Lost|");
    assert_eq!(FirstCloser::ALL.len(), 5);
    assert_eq!(Rule::ALL.first().map(|rule| rule.name()), Some("NothingForbids"));
}

#[test]
fn only_reading_and_draining_wait_for_the_peer() {
    assert!(Output::AwaitPeer.waits_for_peer() && Output::Drain.waits_for_peer());
    let others = [
        Output::Idle,
        Output::DiscardPending,
        Output::SendCloseNotify { fin_follows: true },
        Output::SendAlert { alert: AlertDescription::UNKNOWN_CA },
        Output::ShutWrite,
        Output::ForgetSession,
        Output::StartDeadline,
        Output::CloseTransport,
        Output::ResetTransport,
        Output::HandBack,
        Output::Done,
    ];
    assert!(others.iter().all(|output| !output.waits_for_peer()));
}
