//! The duties about resumption: which ends forbid resuming a session.

use close_notify_core::{ReadEnd, ResumptionRule, Version};

use super::claim_table as claims;
use crate::property::View;
use crate::world::Seen;
use crate::world::action::Side;
use crate::world::config::{Closing, Config};
use crate::world::profile::Profile;
use crate::world::wire::Unit;

fn is_1x(config: &Config) -> bool {
    config.version != Version::Tls13
}

fn ended_by_fatal_alert(view: &View<'_>) -> bool {
    view.end().saw(Seen::FATAL) || view.out().position(Unit::Fatal).is_some()
}

fn is_forgotten(view: &View<'_>) -> bool {
    view.end().saw(Seen::SESSION_LOST)
}

fn is_truncated(view: &View<'_>) -> bool {
    matches!(view.reading(), ReadEnd::TruncatedAtBoundary | ReadEnd::TruncatedInRecord)
}

fn is_unclean(view: &View<'_>) -> bool {
    is_premature(view)
        || matches!(view.reading(), ReadEnd::TimedOut | ReadEnd::NotAwaited | ReadEnd::OverBudget)
}

fn is_premature(view: &View<'_>) -> bool {
    is_truncated(view) || view.reading() == ReadEnd::Reset
}

/// Whether there was neither a fatal alert nor the wish to send one. An end that rejects and then
/// hastens has rejected.
fn refused_nothing(view: &View<'_>) -> bool {
    let rejected = matches!(view.script().closing, Closing::Reject(_)) && view.end().asked > 0;
    !ended_by_fatal_alert(view) && !rejected
}

claims! {
    // RFC 5246 §7.2.2
    "fatal-forgets-session" Invariant Always where is_1x;
        says "up to TLS 1.2 the session of a connection that a fatal alert ended is forgotten";
        if ended_by_fatal_alert;
        then is_forgotten;

    // RFC 9846 §6.2
    "fatal-discards-tickets" Invariant Always where |config| config.version == Version::Tls13;
        says "in TLS 1.3 the tickets of such a connection are discarded";
        if ended_by_fatal_alert;
        then is_forgotten;

    // RFC 2246 §7.2.1
    "unclean-forbids-resume-10" Invariant Always where |config| config.version == Version::Tls10;
        says "in TLS 1.0 a connection that ended without close_notify is never resumed";
        if |v| v.end().has_read_all() && !v.end().saw(Seen::NOTIFY);
        then is_forgotten;

    "notify-level-1x" Invariant Always where |config| config.version == Version::Tls10
            && config.scripts.iter().any(|script| script.profile == Profile::NotifyAtFatalLevel);
        says "in TLS 1.0 a close_notify at level fatal does not count for resumption";
        if |v| v.has_read(Unit::FatalNotify);
        then is_forgotten;

    // RFC 4346 §7.2.1, RFC 5246 §7.2.1
    "unclean-allows-resume" Invariant Always where |config| config.version != Version::Tls10;
        says "from TLS 1.1 on a missing close_notify alone forbids nothing";
        if |v| is_unclean(v) && v.policy().resumption == ResumptionRule::Tls && refused_nothing(v);
        then |v| !v.end().saw(Seen::SESSION_LOST);

    // RFC 2818 §2.2
    "premature-forbids-reuse-https" Invariant Always where |config| {
            config.scripts.iter().any(|script| script.policy.resumption == ResumptionRule::Rfc2818)
        };
        says "under RFC 2818 a premature close forbids resumption";
        if |v| is_premature(v) && v.policy().resumption == ResumptionRule::Rfc2818;
        then is_forgotten;

    // RFC 2818 §2.2.2, RFC 9112 §9.8
    "http-server-graceful-to-incomplete" Invariant AtRest where |config| {
            let quiet = matches!(config.scripts[0].profile, Profile::QuietShutdown | Profile::FinWithoutNotify);
            quiet && config.version != Version::Tls10
        };
        says "a server survives a client's incomplete close and may resume its session";
        if |v| v.side == Side::Server && is_truncated(v) && v.policy().resumption == ResumptionRule::Tls;
        then |v| v.is_released() && !v.end().saw(Seen::SESSION_LOST);
}
