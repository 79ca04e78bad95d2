//! Every configuration of the default run, family by family: what is varied, and what is fixed.

use close_notify_core::{
    AlertDescription, FatalNotify, LateData, Manner, MissingNotify, PeerCloses, Policy, Reply,
    ResumptionRule, Version,
};

use crate::world::config::{Closing, Config, Faults, Framing, Script, When};
use crate::world::kernel::Tcp;
use crate::world::profile::Profile;

const ENDS: [Manner; 3] = [Manner::Graceful, Manner::Linger, Manner::AtOnce];
pub(crate) const WORTHS: [MissingNotify; 3] =
    [MissingNotify::Refuse, MissingNotify::BetweenMessages, MissingNotify::Accept];
pub(crate) const REJECTION: Closing = Closing::Reject(AlertDescription::CERTIFICATE_REQUIRED);

/// Every configuration, in a fixed order.
#[must_use]
pub fn all() -> Vec<Config> {
    let mut all = Vec::new();
    for &version in Version::ALL {
        for family in [download, upload, crossed, reply, reject, abort, hand_back, peers, errno, handshake] {
            all.extend(family(version));
        }
        for family in [stuck, patience, engine_limit, late, resumption, habit, shutdown] {
            all.extend(family(version));
        }
        all.extend(crate::configs::trial::trials(version));
        all.extend(crate::configs::application::of_applications(version));
        all.extend(crate::configs::preset::presets(version));
    }
    all.extend(half_close());
    all
}

/// The configuration with this name.
#[must_use]
pub fn named(name: &str) -> Option<Config> {
    all().into_iter().find(|config| config.name == name)
}

/// The name of a manner in the names of configurations.
#[must_use]
pub const fn manner_name(manner: Manner) -> &'static str {
    match manner {
        Manner::Unasked => "unasked",
        Manner::HalfClose => "half-close",
        Manner::Graceful => "graceful",
        Manner::Linger => "linger",
        Manner::AtOnce => "at-once",
        Manner::HandBack => "hand-back",
        Manner::Reject => "reject",
        Manner::Abort => "abort",
    }
}

pub(crate) const fn worth_name(worth: MissingNotify) -> &'static str {
    match worth {
        MissingNotify::Refuse => "strict",
        MissingNotify::BetweenMessages => "between-messages",
        MissingNotify::Accept => "lenient",
    }
}

const fn framing_name(framing: Framing) -> &'static str {
    match framing {
        Framing::SelfDelimited => "self-delimited",
        Framing::CloseDelimited => "close-delimited",
    }
}

pub(crate) fn orderly(name: String, version: Version, client: Script, server: Script) -> Config {
    Config {
        name,
        version,
        handshake: false,
        scripts: [client, server],
        tcp: Tcp::LINUX,
        faults: Faults::NONE,
    }
}

const fn tickets(version: Version) -> u8 {
    if version.has_independent_halves() { 1 } else { 0 }
}

pub(crate) const fn judging(worth: MissingNotify, framing: Framing) -> Script {
    let policy = Policy { missing_notify: worth, ..Script::READER.policy };
    Script { policy, framing, ..Script::READER }
}

pub(crate) const fn writer(manner: Manner, writes: u8) -> Script {
    Script { writes, closing: Closing::In(manner), when: When::AllWritten, ..Script::READER }
}

/// A server sends and closes, a client reads to the end; an adversary on the path.
fn download(version: Version) -> Vec<Config> {
    let mut configs = Vec::new();
    for manner in ENDS {
        for framing in [Framing::CloseDelimited, Framing::SelfDelimited] {
            for worth in WORTHS {
                let name = format!(
                    "download/{}/{}/{}/{}",
                    version.number(),
                    manner_name(manner),
                    framing_name(framing),
                    worth_name(worth)
                );
                let server = Script { tickets: tickets(version), ..writer(manner, 2) };
                let config = orderly(name, version, judging(worth, framing), server);
                configs.push(Config { faults: Faults::ON_PATH, ..config });
            }
        }
    }
    configs
}

/// A client that does not read sends and closes while the server's first messages lie unread.
fn upload(version: Version) -> Vec<Config> {
    let mut configs = Vec::new();
    for manner in ENDS {
        for (unread, tickets) in [("unread", 1), ("nothing-unread", 0)] {
            for (order, rst_overtakes) in [("overtaking", true), ("in-order", false)] {
                let name = format!("upload/{}/{}/{unread}/{order}", version.number(), manner_name(manner));
                let client = Script { reads: false, ..writer(manner, 2) };
                let server = Script { tickets, ..Script::READER };
                let tcp = Tcp { rst_overtakes, ..Tcp::LINUX };
                configs.push(Config { tcp, ..orderly(name, version, client, server) });
            }
        }
    }
    configs
}

/// Both write and close at any moment.
fn crossed(version: Version) -> Vec<Config> {
    let mut configs = Vec::new();
    for client in ENDS {
        for server in ENDS {
            let name =
                format!("crossed/{}/{}-{}", version.number(), manner_name(client), manner_name(server));
            let any = |manner| Script { when: When::AnyTime, ..writer(manner, 1) };
            let faults = Faults { deadlines: true, ..Faults::NONE };
            configs.push(Config { faults, ..orderly(name, version, any(client), any(server)) });
        }
    }
    configs
}

/// TLS 1.3: one direction closes and the other goes on.
fn half_close() -> Vec<Config> {
    let mut configs = Vec::new();
    for manner in ENDS {
        for worth in WORTHS {
            let name = format!("half-close/1.3/{}/{}", manner_name(manner), worth_name(worth));
            let client = Script {
                writes: 1,
                closing: Closing::HalfThenGraceful,
                when: When::AllWritten,
                ..judging(worth, Framing::CloseDelimited)
            };
            let server = Script { when: When::PeerEnded, ..writer(manner, 2) };
            let config = orderly(name, Version::Tls13, client, server);
            configs.push(Config { faults: Faults::ON_PATH, ..config });
        }
    }
    configs
}

/// The write side is shut as a stream is shut, in any version. The client then reads the answer, or
/// goes away.
fn shutdown(version: Version) -> Vec<Config> {
    let mut configs = Vec::new();
    let when_asked =
        |script: Script| Script { policy: Policy { reply: Reply::WhenAsked, ..script.policy }, ..script };
    let answering = when_asked(Script { writes: 2, ..Script::READER });
    let full = Tcp::NARROW;
    let stuck = Faults { budget: 1, stop_reading: true, cut: true, deadlines: true, ..Faults::NONE };
    let discarding = Policy { late_data: LateData::Discard, ..Script::READER.policy };
    for (what, closing) in [("reads-on", Closing::Shutdown), ("goes", Closing::ShutdownAndGo)] {
        let client =
            Script { writes: 2, closing, when: When::AllWritten, policy: discarding, ..Script::READER };
        for (case, server, tcp, faults) in [
            ("answered", answering, Tcp::LINUX, Faults::NONE),
            ("quiet", Script::READER, Tcp::LINUX, Faults::NONE),
            ("attacked", answering, Tcp::LINUX, Faults::ON_PATH),
            ("full", answering, full, stuck),
            ("closed-first", writer(Manner::Graceful, 1), full, Faults { deadlines: true, ..Faults::NONE }),
        ] {
            let name = format!("shutdown/{}/{what}/{case}", version.number());
            configs.push(Config { tcp, faults, ..orderly(name, version, client, server) });
        }
    }
    configs
}

/// The client closes while the server still has much to write, with or without room for it in the
/// kernel.
fn reply(version: Version) -> Vec<Config> {
    let mut configs = Vec::new();
    let choices = [("discard", Reply::Discard), ("flush", Reply::Flush), ("when-asked", Reply::WhenAsked)];
    for (choice, reply) in choices {
        for (room, send_buffer) in [("full", 1), ("room", 16)] {
            let name = format!("reply/{}/{choice}/{room}", version.number());
            let policy = Policy { reply, ..Script::READER.policy };
            let server = Script { policy, writes: 3, ..Script::READER };
            let faults = Faults { deadlines: true, ..Faults::NONE };
            let tcp = Tcp { send_buffer, ..Tcp::LINUX };
            let config = orderly(name, version, writer(Manner::Graceful, 1), server);
            configs.push(Config { faults, tcp, ..config });
        }
    }
    configs
}

/// A server rejects with a fatal alert while the client may still be sending; it lingers, or loses
/// patience.
fn reject(version: Version) -> Vec<Config> {
    let mut configs = Vec::new();
    for (patience, hastens) in [("patient", false), ("hasty", true)] {
        for (peer, writes) in [("busy", 2), ("quiet", 0)] {
            for (stack, rst_discards) in [("linux", false), ("discarding", true)] {
                let name = format!("reject/{}/{patience}/{peer}/{stack}", version.number());
                let client = Script { writes, ..Script::READER };
                let hastens: &[Manner] = if hastens { &[Manner::AtOnce] } else { &[] };
                let server = Script { closing: REJECTION, when: When::AnyTime, hastens, ..Script::READER };
                let tcp = Tcp { rst_discards, ..Tcp::LINUX };
                configs.push(Config { tcp, ..orderly(name, version, client, server) });
            }
        }
    }
    configs
}

/// One side aborts at any moment.
fn abort(version: Version) -> Vec<Config> {
    let mut configs = Vec::new();
    for worth in WORTHS {
        for (who, client_aborts) in [("client", true), ("server", false)] {
            let name = format!("abort/{}/{who}/{}", version.number(), worth_name(worth));
            let aborting = Script { when: When::AnyTime, ..writer(Manner::Abort, 1) };
            let other = Script { writes: 1, ..judging(worth, Framing::CloseDelimited) };
            let (client, server) = if client_aborts { (aborting, other) } else { (other, aborting) };
            configs.push(orderly(name, version, client, server));
        }
    }
    configs
}

/// Both take the transport back and go on in plaintext; or only one wants to.
fn hand_back(version: Version) -> Vec<Config> {
    let script = |manner, when| Script { plain: 1, when, ..writer(manner, 1) };
    let both = [script(Manner::HandBack, When::AllWritten), script(Manner::HandBack, When::PeerEnded)];
    let crossing = [script(Manner::HandBack, When::AnyTime); 2];
    let one = [script(Manner::HandBack, When::AllWritten), script(Manner::Graceful, When::PeerEnded)];
    let attacked = Faults::ON_PATH;
    let timed = Faults { deadlines: true, ..Faults::NONE };
    [
        ("both", both, Faults::NONE),
        ("both-attacked", both, attacked),
        ("crossing", crossing, timed),
        ("one-closes", one, timed),
    ]
    .into_iter()
    .map(|(name, [client, server], faults)| {
        let name = format!("hand-back/{}/{name}", version.number());
        Config { faults, ..orderly(name, version, client, server) }
    })
    .collect()
}

/// Servers that break the rules as real stacks do, closing first or answering.
fn peers(version: Version) -> Vec<Config> {
    let mut configs = Vec::new();
    for profile in Profile::ROGUES {
        for worth in [MissingNotify::Refuse, MissingNotify::Accept] {
            for (turn, first) in [("closes", true), ("answers", false)] {
                let name =
                    format!("peer/{}/{}/{turn}/{}", version.number(), profile.name(), worth_name(worth));
                let client = Script {
                    writes: 1,
                    when: if first { When::PeerEnded } else { When::AllWritten },
                    ..judging(worth, Framing::CloseDelimited)
                };
                let server = rogue(profile, first);
                let faults = Faults { deadlines: true, ..Faults::NONE };
                configs.push(Config { faults, ..orderly(name, version, client, server) });
            }
        }
    }
    configs
}

/// The script of a profile.
pub(crate) const fn rogue(profile: Profile, first: bool) -> Script {
    let when = match profile {
        Profile::NeverAnswers | Profile::Drips => When::Never,
        _ if first => When::AllWritten,
        _ => When::PeerEnded,
    };
    let closing = match profile {
        Profile::QuietShutdown => Closing::In(Manner::AtOnce),
        Profile::NotifyAfterFatal => REJECTION,
        _ => Closing::In(Manner::Graceful),
    };
    let writes = if matches!(profile, Profile::Drips) { 11 } else { 1 };
    Script { profile, closing, when, writes, ..Script::READER }
}

/// Resets met by writes, by reads and by programs that ask for the error, on every kind of kernel.
fn errno(version: Version) -> Vec<Config> {
    let mut configs = Vec::new();
    for (rule, one_shot_errno) in [("one-shot", true), ("sticky", false)] {
        for (stack, rst_discards) in [("keeps", false), ("discards", true)] {
            for (order, rst_overtakes) in [("overtaking", true), ("in-order", false)] {
                let name = format!("errno/{}/{rule}/{stack}/{order}", version.number());
                let client = Script { writes: 2, ..judging(MissingNotify::Accept, Framing::CloseDelimited) };
                let server = Script { when: When::AnyTime, ..writer(Manner::Abort, 1) };
                let tcp = Tcp { rst_overtakes, rst_discards, one_shot_errno, ..Tcp::LINUX };
                let faults = Faults { budget: 1, ask_error: true, ..Faults::NONE };
                configs.push(Config { tcp, faults, ..orderly(name, version, client, server) });
            }
        }
    }
    configs
}

/// The handshake, and what may end it: a close of either side, a forged close_notify, a FIN after
/// 0-RTT data.
fn handshake(version: Version) -> Vec<Config> {
    let attack = Faults { budget: 1, fin: true, plain_notify: true, deadlines: true, ..Faults::NONE };
    let timed = Faults { deadlines: true, ..Faults::NONE };
    let early = |script: Script| Script { early: 1, ..script };
    let (client, server) = (writer(Manner::Graceful, 1), Script::READER);
    let canceling = Script { when: When::AnyTime, ..client };
    let mut kinds = vec![("attacked", client, server, attack), ("canceled", canceling, server, timed)];
    if version.has_independent_halves() {
        kinds.push(("early-data", early(client), server, attack));
        kinds.push(("early-data-canceled", early(canceling), server, timed));
    }
    let config = |(kind, client, server, faults)| {
        let name = format!("handshake/{}/{kind}", version.number());
        Config { handshake: true, faults, ..orderly(name, version, client, server) }
    };
    kinds.into_iter().map(config).collect()
}

/// A peer that stops reading while the kernel is full.
fn stuck(version: Version) -> Vec<Config> {
    let faults = Faults { budget: 1, stop_reading: true, cut: true, deadlines: true, ..Faults::NONE };
    let config = |manner| {
        let name = format!("stuck/{}/{}", version.number(), manner_name(manner));
        let tcp = Tcp { send_buffer: 1, ..Tcp::LINUX };
        Config { faults, tcp, ..orderly(name, version, writer(manner, 2), Script::READER) }
    };
    ENDS.into_iter().map(config).collect()
}

/// No deadline: what can make a close wait forever.
fn patience(version: Version) -> Vec<Config> {
    let mut configs = Vec::new();
    for manner in [Manner::Graceful, Manner::Linger, Manner::AtOnce, Manner::HandBack] {
        for (why, profile, cut) in [
            ("never-answers", Profile::NeverAnswers, false),
            ("cut", Profile::Conforming, true),
            ("orderly", Profile::Conforming, false),
        ] {
            let name = format!("no-deadline/{}/{}/{why}", version.number(), manner_name(manner));
            let server = match profile {
                Profile::Conforming if matches!(manner, Manner::HandBack) => {
                    Script { closing: Closing::In(Manner::HandBack), ..Script::READER }
                }
                Profile::Conforming => Script::READER,
                _ => rogue(profile, false),
            };
            let faults = Faults { budget: u8::from(cut), cut, ..Faults::NONE };
            configs.push(Config { faults, ..orderly(name, version, writer(manner, 1), server) });
        }
    }
    configs
}

/// The engine of either side closes at the limit of its keys.
fn engine_limit(version: Version) -> Vec<Config> {
    let faults = Faults { budget: 1, engine_limit: true, deadlines: true, ..Faults::NONE };
    let name = format!("engine-limit/{}", version.number());
    vec![Config {
        faults,
        ..orderly(name, version, writer(Manner::Graceful, 2), Script { writes: 1, ..Script::READER })
    }]
}

/// Data that comes after our close, under each choice.
fn late(version: Version) -> Vec<Config> {
    let choices =
        [("deliver", LateData::Deliver), ("discard", LateData::Discard), ("refuse", LateData::Refuse)];
    let config = |(choice, late_data)| {
        let name = format!("late-data/{}/{choice}", version.number());
        let policy = Policy { late_data, ..Script::READER.policy };
        let client = Script { policy, ..writer(Manner::Graceful, 1) };
        let server = Script { writes: 2, ..Script::READER };
        orderly(name, version, client, server)
    };
    choices.into_iter().map(config).collect()
}

/// What forbids resumption: the strict rule of RFC 2818, a close_notify at level fatal that is
/// accepted.
fn resumption(version: Version) -> Vec<Config> {
    let policy = Policy { resumption: ResumptionRule::Rfc2818, ..Script::READER.policy };
    let https = Config {
        faults: Faults::ON_PATH,
        ..orderly(
            format!("resumption/{}/rfc2818", version.number()),
            version,
            Script { policy, ..Script::READER },
            Script { policy, ..writer(Manner::Graceful, 1) },
        )
    };
    let policy = Policy { fatal_notify: FatalNotify::Clean, ..Script::READER.policy };
    let level = orderly(
        format!("resumption/{}/fatal-level-taken", version.number()),
        version,
        Script { policy, ..Script::READER },
        rogue(Profile::NotifyAtFatalLevel, true),
    );
    let quiet = orderly(
        format!("resumption/{}/quiet-client", version.number()),
        version,
        rogue(Profile::QuietShutdown, true),
        Script { writes: 1, ..Script::READER },
    );
    vec![https, level, quiet]
}

/// A peer that is known to close only in answer confirms what it answers.
fn habit(version: Version) -> Vec<Config> {
    let policy = Policy { peer_closes: PeerCloses::OnlyAfterUs, ..Script::READER.policy };
    let client = Script { policy, ..writer(Manner::Graceful, 2) };
    let name = format!("habit/{}/only-after-us", version.number());
    let config = orderly(name, version, client, Script { writes: 1, ..Script::READER });
    vec![Config { faults: Faults { deadlines: true, ..Faults::NONE }, ..config }]
}
