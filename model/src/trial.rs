//! The configurations in which the mutants are tried: small, and such that the premise of their property fires.

use close_notify_core::{
    AlertDescription, FatalNotify, Manner, MissingNotify, PeerCloses, Policy, ResumptionRule, Version,
};

use crate::config::{Closing, Config, Faults, Framing, Script, When};
use crate::family::{orderly, rogue, version_name};
use crate::kernel::Tcp;
use crate::profile::Profile;

const GRACEFUL: Script = closing(Closing::In(Manner::Graceful));
const REJECTING: Script =
    Script { when: When::AnyTime, ..closing(Closing::Reject(AlertDescription::CERTIFICATE_REQUIRED)) };

const fn closing(closing: Closing) -> Script {
    Script { writes: 1, closing, when: When::AllWritten, ..Script::READER }
}

const fn with_policy(script: Script, policy: Policy) -> Script {
    Script { policy, ..script }
}

/// The trials of one version.
#[must_use]
pub fn trials(version: Version) -> Vec<Config> {
    let mut trials = everywhere(version);
    match version {
        Version::Tls10 => trials.extend(only_10()),
        Version::Tls12 => trials.extend(only_12()),
        Version::Tls13 => trials.extend(only_13()),
        Version::Tls11 => {}
    }
    trials
}

fn trial(version: Version, name: &str, client: Script, server: Script, faults: Faults) -> Config {
    Config { faults, ..orderly(format!("mutants/{}/{name}", version_name(version)), version, client, server) }
}

fn everywhere(version: Version) -> Vec<Config> {
    let attacked = Faults { cut: false, ..Faults::ON_PATH };
    let reader = Script { writes: 1, ..Script::READER };
    vec![
        trial(version, "graceful", Script { framing: Framing::CloseDelimited, ..reader }, GRACEFUL, attacked),
        trial(version, "reject", reader, REJECTING, Faults::NONE),
        trial(version, "orderly", GRACEFUL, reader, Faults::NONE),
    ]
}

fn only_10() -> Vec<Config> {
    let policy = Policy { fatal_notify: FatalNotify::Clean, ..Script::READER.policy };
    let client = with_policy(Script::READER, policy);
    let server = rogue(Profile::NotifyAtFatalLevel, true);
    vec![trial(Version::Tls10, "notify-at-fatal-level", client, server, Faults::NONE)]
}

fn only_12() -> Vec<Config> {
    let version = Version::Tls12;
    let talker = Script { writes: 2, ..Script::READER };
    let timed = Faults { deadlines: true, ..Faults::NONE };
    let full = trial(version, "reply-full", GRACEFUL, talker, timed);
    vec![
        trial(version, "reply", GRACEFUL, talker, Faults::NONE),
        Config { tcp: Tcp { send_buffer: 1, ..Tcp::LINUX }, ..full },
        trial(version, "warning-flood", Script::READER, rogue(Profile::WarningFlood, true), Faults::NONE),
    ]
}

fn only_13() -> Vec<Config> {
    let version = Version::Tls13;
    let https = Policy { resumption: ResumptionRule::Rfc2818, ..Script::READER.policy };
    let lenient = Policy { missing_notify: MissingNotify::Accept, ..Script::READER.policy };
    let framed = Policy { missing_notify: MissingNotify::BetweenMessages, ..Script::READER.policy };
    let after_us = Policy { peer_closes: PeerCloses::AnyTime, ..Script::READER.policy };
    let end = |manner| closing(Closing::In(manner));
    let timed = Faults { deadlines: true, ..Faults::NONE };
    let reset = Faults { budget: 1, rst: true, ..Faults::NONE };
    let writer = Script { writes: 2, ..Script::READER };
    let plain = |when| Script { plain: 1, when, ..end(Manner::HandBack) };
    let by_length = Script { framing: Framing::SelfDelimited, ..with_policy(Script::READER, framed) };
    let trial = |name, client, server, faults| trial(version, name, client, server, faults);
    let early = Script { early: 1, ..GRACEFUL };
    let attacked = Faults { budget: 1, fin: true, plain_notify: true, deadlines: true, ..Faults::NONE };
    let peer = |name, profile| trial(name, Script::READER, rogue(profile, true), timed);
    vec![
        peer("data-after-notify", Profile::DataAfterNotify),
        peer("error-at-warning-level", Profile::ErrorAtWarningLevel),
        peer("unknown-alert", Profile::UnknownAlert),
        peer("canceled-then-fin", Profile::CanceledThenFin),
        trial("reply", GRACEFUL, writer, Faults::NONE),
        trial("at-once", end(Manner::AtOnce), Script::READER, Faults::NONE),
        trial("hand-back", plain(When::AllWritten), plain(When::PeerEnded), Faults::NONE),
        trial("errno", with_policy(writer, lenient), end(Manner::Graceful), reset),
        trial("linger", Script { when: When::PeerEnded, ..end(Manner::Linger) }, GRACEFUL, reset),
        trial(
            "linger-tickets",
            Script { reads: false, ..end(Manner::Linger) },
            Script { tickets: 1, ..Script::READER },
            Faults::NONE,
        ),
        Config {
            handshake: true,
            ..trial("handshake", Script { when: When::AnyTime, ..GRACEFUL }, Script::READER, attacked)
        },
        Config { handshake: true, ..trial("early", early, Script::READER, attacked) },
        trial(
            "rfc2818",
            with_policy(Script::READER, https),
            GRACEFUL,
            Faults { budget: 1, fin: true, ..Faults::NONE },
        ),
        trial("salvage", writer, Script { hastens: true, ..REJECTING }, Faults::NONE),
        trial("mute", GRACEFUL, rogue(Profile::NeverAnswers, false), timed),
        trial("drips", GRACEFUL, rogue(Profile::Drips, false), timed),
        trial(
            "crossed",
            with_policy(Script { when: When::AnyTime, ..GRACEFUL }, after_us),
            Script { when: When::AnyTime, ..GRACEFUL },
            Faults::NONE,
        ),
        trial("abort", Script::READER, Script { when: When::AnyTime, ..end(Manner::Abort) }, Faults::NONE),
        trial(
            "engine-limit",
            Script { writes: 2, ..GRACEFUL },
            Script::READER,
            Faults { budget: 1, engine_limit: true, ..Faults::NONE },
        ),
        trial(
            "self-delimited",
            by_length,
            Script { when: When::AnyTime, ..writer },
            Faults { budget: 1, fin: true, ..timed },
        ),
        trial(
            "quiet-client",
            rogue(Profile::QuietShutdown, true),
            Script { writes: 1, ..Script::READER },
            Faults::NONE,
        ),
    ]
}
