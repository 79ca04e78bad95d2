//! The duties of the side that receives: which end is believed.

use close_notify_core::{
    AlertDescription, CoalescedAlerts, FragmentedAlert, LateData, MissingNotify, ReadEnd, UserCanceled,
    Version,
};

use super::claim_table as claims;
use crate::property::View;
use crate::world::Seen;
use crate::world::config::Config;
use crate::world::profile::Profile;
use crate::world::wire::{Fin, Unit};

fn has_peer(config: &Config, profiles: &[Profile]) -> bool {
    config.scripts.iter().any(|script| profiles.contains(&script.profile))
}

fn rejects(config: &Config) -> bool {
    let rejects = |closing| matches!(closing, crate::world::config::Closing::Reject(_));
    config.scripts.iter().any(|script| rejects(script.closing))
        || has_peer(config, &[Profile::FatalAfterNotify, Profile::NotifyAfterFatal])
}

/// The transport ended, and no close_notify was read before.
fn ended_without_notify(view: &View<'_>) -> bool {
    let ended = view.inward().fin == Fin::Arrived || view.socket().dead;
    ended && view.end().has_read_all() && !view.end().saw(Seen::NOTIFY)
}

fn trusts_nothing(view: &View<'_>) -> bool {
    view.reading() != ReadEnd::CloseNotify
}

/// Whether the policy and the version accept the records of this close_notify.
fn takes_its_records(view: &View<'_>) -> bool {
    let policy = view.policy();
    let taken = if view.has_read(Unit::NotifyTail) {
        policy.fragmented_alert == FragmentedAlert::Assemble
    } else {
        policy.coalesced_alerts == CoalescedAlerts::ReadEach
    };
    taken && view.config().version != Version::Tls13
}

claims! {
    // RFC 9846 §6.1, RFC 2818 §2.2
    "fin-is-not-close" Invariant Always where |config| !config.handshake;
        says "a transport end without close_notify never reads as a clean end";
        if ended_without_notify;
        then trusts_nothing;

    // RFC 9112 §8: the one thing that a lenient reader asked for
    "lenient-takes-a-fin-alone" Invariant Always where |config| {
            config.scripts.iter().any(|script| script.policy.missing_notify == MissingNotify::Accept)
        };
        says "whatever the policy, a message that the end delimits is whole at most after close_notify or a plain FIN";
        if |v| v.end().has_read_all()
            && v.pair.accepts(v.end(), close_notify_core::FramingState::DelimitedByEnd) && !v.end().saw(Seen::NOTIFY);
        then |v| {
            let plain_fin = v.inward().fin == Fin::Arrived && !v.inward().torn && !v.end().saw(Seen::FAILURE);
            plain_fin && v.told.late == 0 && v.end().got_early == 0
        };

    // RFC 9846 §5.1
    "notify-whole" Invariant Always where |config| config.faults.fin || has_peer(config, &[Profile::HalfNotify]);
        says "a close_notify that was torn apart counts for nothing";
        if |v| (v.inward().torn || v.end().held.is_some()) && v.end().has_read_all() && !v.end().saw(Seen::NOTIFY);
        then |v| trusts_nothing(v) && v.reading() != ReadEnd::TruncatedAtBoundary;

    // RFC 9293 §3.10.7
    "rst-is-not-close" Invariant Always where |_| true;
        says "a reset that any call reported is never read as an orderly end";
        // After a FIN has arrived, a reset may be reported once reading has ended.
        if |v| v.end().saw(Seen::RESET) && v.inward().fin != Fin::Arrived && v.end().has_read_all() && !v.end().saw(Seen::NOTIFY);
        then |v| !matches!(
            v.reading(),
            ReadEnd::CloseNotify | ReadEnd::TruncatedAtBoundary | ReadEnd::TruncatedInRecord
        );

    // RFC 9846 §6.1
    "notify-is-final" Invariant Always where |config| !config.handshake;
        says "what comes after close_notify does not spoil the clean end";
        if |v| v.end().saw(Seen::NOTIFY) && (v.socket().dead || v.inward().fin == Fin::Arrived);
        then |v| v.reading() == ReadEnd::CloseNotify;

    "ignore-after-notify" Invariant Always where |config| {
            has_peer(config, &[Profile::DataAfterNotify, Profile::FatalAfterNotify])
        };
        says "records after the peer's close_notify are neither delivered nor an error";
        if |v| v.end().saw(Seen::NOTIFY) && v.inward().position(Unit::Notify).is_some_and(|at| at + 1 < v.inward().arrived);
        then |v| !v.end().saw(Seen::GOT_AFTER_END) && v.reading() == ReadEnd::CloseNotify;

    "delivered-before-end" Invariant Always where |config| !config.handshake;
        says "all data before close_notify was delivered, or counted as late, when the end is reported";
        if |v| v.end().is_notified() && v.end().saw(Seen::NOTIFY) && v.policy().late_data != LateData::Refuse;
        then |v| u32::from(v.end().got) + v.end().machine.ending().late == u32::from(v.data_before_notify());

    // RFC 9846 §6.1, §D.4
    "plain-alert-is-no-close" Invariant Always where |config| config.faults.plain_notify;
        says "a close_notify that anybody could have sent is no clean end";
        if |v| v.world.budget < v.config().faults.budget && v.end().has_read_all() && !v.end().saw(Seen::NOTIFY);
        then |v| trusts_nothing(v) && !v.pair.accepts(v.end(), close_notify_core::FramingState::DelimitedByEnd);

    "notify-in-handshake" Invariant Always where |config| config.handshake;
        says "a close_notify in the handshake ends it at once, as an error";
        if |v| v.end().saw(Seen::EARLY_NOTIFY);
        then |v| v.reading() == ReadEnd::CloseNotifyInHandshake && !v.end().machine.may_write();

    // RFC 9846 §4.2.10
    "early-data-end" Invariant Always where |config| {
            config.version == Version::Tls13 && config.scripts.iter().any(|script| script.early > 0)
        };
        says "the transport's end after 0-RTT data ends no request";
        if |v| v.end().got_early > 0 && v.end().has_read_all() && !v.end().saw(Seen::FINISHED_READ);
        then trusts_nothing;

    // RFC 9846 §6.2, RFC 5246 §7.2.2
    "fatal-ends-both" Invariant Always where rejects;
        says "after a fatal alert no data moves in either direction";
        if |v| v.end().saw(Seen::FATAL) || v.out().position(Unit::Fatal).is_some();
        then |v| !v.end().machine.may_write() && !v.end().machine.delivers_data();

    "fatal-is-an-error" Invariant Always where rejects;
        says "a fatal alert is reported by its name, never as an end of data";
        if |v| v.end().saw(Seen::FATAL);
        then |v| v.reading() == ReadEnd::FatalAlert(AlertDescription::CERTIFICATE_REQUIRED);

    // RFC 9846 §6.1
    "user-canceled-then-notify" Invariant Always where |config| {
            has_peer(config, &[Profile::CanceledThenNotify, Profile::CanceledThenFin])
        };
        says "user_canceled is no end: reading goes on, and a FIN after it is a truncation";
        if |v| v.has_read(Unit::UserCanceled) && v.end().has_read_all() && !v.end().saw(Seen::NOTIFY);
        then trusts_nothing;

    // RFC 9846 §5.1, RFC 5246 §6.2.1
    "alert-records-as-asked" Invariant Always where |config| {
            has_peer(config, &[Profile::SplitNotify, Profile::JoinedNotify])
        };
        says "a close_notify that its records split or join counts if the policy says so, and never in TLS 1.3";
        if |v| v.has_read(Unit::NotifyTail) || v.has_read(Unit::WarningAndNotify);
        then |v| v.reading() == if takes_its_records(v) {
            ReadEnd::CloseNotify
        } else {
            ReadEnd::Refused(AlertDescription::UNEXPECTED_MESSAGE)
        };

    // RFC 9846 §6.1
    "user-canceled-as-asked" Invariant Always where |config| {
            config.version == Version::Tls13
                && has_peer(config, &[Profile::CanceledThenNotify, Profile::CanceledThenFin])
        };
        says "in TLS 1.3 a user_canceled after the handshake ends the connection if the policy says so, and only then";
        if |v| v.has_read(Unit::UserCanceled);
        then |v| {
            let ended = v.reading() == ReadEnd::FatalAlert(AlertDescription::USER_CANCELED);
            ended == (v.policy().user_canceled == UserCanceled::Error)
        };

    // RFC 9846 §6
    "level-ignored-13" Invariant Always where |config| config.version == Version::Tls13
            && has_peer(config, &[Profile::ErrorAtWarningLevel, Profile::NotifyAtFatalLevel]);
        says "in TLS 1.3 the level byte decides nothing";
        if |v| v.has_read(Unit::ErrorAtWarning) || v.has_read(Unit::FatalNotify);
        then |v| v.reading() == if v.has_read(Unit::FatalNotify) {
            ReadEnd::CloseNotify
        } else {
            ReadEnd::FatalAlert(AlertDescription::HANDSHAKE_FAILURE)
        };

    "unknown-alert-is-error-13" Invariant Always where |config| {
            config.version == Version::Tls13 && has_peer(config, &[Profile::UnknownAlert])
        };
        says "in TLS 1.3 an unknown alert is an error";
        if |v| v.has_read(Unit::UnknownAlert);
        then |v| v.reading() == ReadEnd::FatalAlert(AlertDescription(222));

    // RFC 5246 §7.2.2
    "warning-may-continue" Invariant Always where |config| config.version != Version::Tls13
            && has_peer(config, &[Profile::WarningFlood, Profile::OneWarning]);
        says "up to TLS 1.2 a warning is survived, a flood of them is not";
        if |v| v.has_read(Unit::Warning);
        then |v| {
            let flooded = v.inward().count(Unit::Warning, v.inward().read) > v.policy().warnings;
            matches!(v.reading(), ReadEnd::Refused(_)) == flooded
        };

    // A report on the TLS working group's list, December 2011
    "salvage-alert" Invariant AtRest where |config| rejects(config) && !config.tcp.rst_discards;
        says "an alert that was readable when a write failed is read before the failure is reported";
        if |v| v.end().saw(Seen::SALVAGEABLE) && !v.end().saw(Seen::TIMED_OUT) && !v.end().saw(Seen::STOPPED);
        then |v| v.reading() == ReadEnd::FatalAlert(AlertDescription::CERTIFICATE_REQUIRED);

    // RFC 9846 §6.1 · the guarantee that MissingNotify::Accept gives away
    "no-silent-truncation" Guarantee Always where |config| !config.handshake;
        says "what the application takes for whole is all that the peer sent";
        if |v| v.end().has_read_all() && (v.accepts() || v.reads_the_end());
        then |v| {
            let all = v.data_before_notify() == v.end().got;
            let by_length = v.script().framing == crate::world::config::Framing::SelfDelimited;
            by_length || (all && (v.peer_has_closed() || v.policy().missing_notify != MissingNotify::Accept))
        };
}
