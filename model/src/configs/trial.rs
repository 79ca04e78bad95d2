//! The configurations in which the mutants are tried: small, and chosen so that the premise of the
//! mutant's property fires.

use close_notify_core::{
    AlertDescription, FatalNotify, FragmentedAlert, LateData, Manner, MissingNotify, Policy, Reply,
    ResumptionRule, UserCanceled, Version,
};

use crate::configs::family::{orderly, rogue};
use crate::world::config::{Closing, Config, Faults, Framing, Script, When};
use crate::world::kernel::Tcp;
use crate::world::profile::Profile;

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
    Config { faults, ..orderly(format!("mutants/{}/{name}", version.number()), version, client, server) }
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
    let full = trial(version, "reply-full", GRACEFUL, talker, TIMED);
    let when_asked = Policy { reply: Reply::WhenAsked, ..Script::READER.policy };
    let assembling = Policy { fragmented_alert: FragmentedAlert::Assemble, ..Script::READER.policy };
    let half = rogue(Profile::HalfNotify, true);
    vec![
        trial(version, "reply", GRACEFUL, talker, Faults::NONE),
        Config { tcp: Tcp { send_buffer: 1, ..Tcp::LINUX }, ..full },
        trial(version, "when-asked", GRACEFUL, with_policy(talker, when_asked), Faults::NONE),
        trial(version, "half-notify", with_policy(Script::READER, assembling), half, Faults::NONE),
        trial(version, "warning-flood", Script::READER, rogue(Profile::WarningFlood, true), Faults::NONE),
    ]
}

fn only_13() -> Vec<Config> {
    [ends_13(), attacks_13(), peers_13()].concat()
}

const TIMED: Faults = Faults { deadlines: true, ..Faults::NONE };
const WRITER: Script = Script { writes: 2, ..Script::READER };
const AT_ANY_TIME: Script = Script { when: When::AnyTime, ..GRACEFUL };

const fn end(manner: Manner) -> Script {
    closing(Closing::In(manner))
}

/// Each manner, in an orderly world.
fn ends_13() -> Vec<Config> {
    let trial = |name, client, server| trial(Version::Tls13, name, client, server, Faults::NONE);
    let plain = |when| Script { plain: 1, when, ..end(Manner::HandBack) };
    let unread = Script { tickets: 1, ..Script::READER };
    let discarding = Policy { late_data: LateData::Discard, ..Script::READER.policy };
    vec![
        trial("reply", GRACEFUL, WRITER),
        trial("at-once", end(Manner::AtOnce), Script::READER),
        trial("hand-back", plain(When::AllWritten), plain(When::PeerEnded)),
        trial("linger-tickets", Script { reads: false, ..end(Manner::Linger) }, unread),
        trial("salvage", WRITER, Script { hastens: &[Manner::AtOnce], ..REJECTING }),
        trial("crossed", AT_ANY_TIME, AT_ANY_TIME),
        trial("hurried", Script { hastens: &[Manner::AtOnce, Manner::Abort], ..GRACEFUL }, Script::READER),
        trial("abort", Script::READER, Script { when: When::AnyTime, ..end(Manner::Abort) }),
        trial("late", with_policy(GRACEFUL, discarding), WRITER),
    ]
}

/// An adversary, or a limit, of one kind.
fn attacks_13() -> Vec<Config> {
    let trial = |name, client, server, faults| trial(Version::Tls13, name, client, server, faults);
    let reset = Faults { budget: 1, rst: true, ..Faults::NONE };
    let fin = Faults { budget: 1, fin: true, ..Faults::NONE };
    let plain_notify = Faults { plain_notify: true, deadlines: true, ..fin };
    let limit = Faults { budget: 1, engine_limit: true, ..Faults::NONE };
    let lenient = Policy { missing_notify: MissingNotify::Accept, ..Script::READER.policy };
    let framed = Policy { missing_notify: MissingNotify::BetweenMessages, ..Script::READER.policy };
    let https = Policy { resumption: ResumptionRule::Rfc2818, ..Script::READER.policy };
    let by_length = Script { framing: Framing::SelfDelimited, ..with_policy(Script::READER, framed) };
    let handshake = |config: Config| Config { handshake: true, ..config };
    let early = Script { early: 1, ..GRACEFUL };
    let shutting = Script { writes: 2, ..closing(Closing::Shutdown) };
    let stuck = Faults { budget: 1, cut: true, ..TIMED };
    vec![
        trial("errno", with_policy(WRITER, lenient), end(Manner::Graceful), reset),
        trial("lenient", with_policy(Script::READER, lenient), GRACEFUL, Faults { deadlines: true, ..fin }),
        trial("linger", Script { when: When::PeerEnded, ..end(Manner::Linger) }, GRACEFUL, reset),
        handshake(trial("handshake", AT_ANY_TIME, Script::READER, plain_notify)),
        handshake(trial("early", early, Script::READER, plain_notify)),
        trial("rfc2818", with_policy(Script::READER, https), GRACEFUL, fin),
        trial("engine-limit", Script { writes: 2, ..GRACEFUL }, Script::READER, limit),
        trial(
            "given-up",
            with_policy(WRITER, lenient),
            GRACEFUL,
            Faults { budget: 1, cut: true, ..Faults::NONE },
        ),
        Config { tcp: Tcp::NARROW, ..trial("shutdown", shutting, Script::READER, stuck) },
        trial(
            "self-delimited",
            by_length,
            Script { writes: 2, ..AT_ANY_TIME },
            Faults { deadlines: true, ..fin },
        ),
    ]
}

/// Peers that break the rules.
fn peers_13() -> Vec<Config> {
    let peer = |name, profile| trial(Version::Tls13, name, Script::READER, rogue(profile, true), TIMED);
    let mute = |name, profile| trial(Version::Tls13, name, GRACEFUL, rogue(profile, false), TIMED);
    let reader = Script { writes: 1, ..Script::READER };
    let assembling = Policy { fragmented_alert: FragmentedAlert::Assemble, ..Script::READER.policy };
    let refusing = Policy { user_canceled: UserCanceled::Error, ..Script::READER.policy };
    let chosen = |name, policy, profile| {
        let client = with_policy(Script::READER, policy);
        trial(Version::Tls13, name, client, rogue(profile, true), Faults::NONE)
    };
    vec![
        chosen("split-notify", assembling, Profile::SplitNotify),
        chosen("canceled-error", refusing, Profile::CanceledThenNotify),
        peer("data-after-notify", Profile::DataAfterNotify),
        peer("error-at-warning-level", Profile::ErrorAtWarningLevel),
        peer("unknown-alert", Profile::UnknownAlert),
        peer("canceled-then-fin", Profile::CanceledThenFin),
        mute("mute", Profile::NeverAnswers),
        mute("drips", Profile::Drips),
        trial(Version::Tls13, "quiet-client", rogue(Profile::QuietShutdown, true), reader, Faults::NONE),
    ]
}
