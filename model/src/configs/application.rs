//! Configurations of what an application may want: to hurry, to walk away, to reject late, to
//! choose how alerts are read.
//!
//! Decides what is varied. Leaves the verdicts to `expect.rs`.

use close_notify_core::{CoalescedAlerts, FragmentedAlert, Manner, Policy, Reply, UserCanceled, Version};

use crate::configs::family::{REJECTION, WORTHS, judging, manner_name, orderly, rogue, worth_name, writer};
use crate::world::config::{Closing, Config, Faults, Framing, Script, When};
use crate::world::profile::Profile;

/// All of them in one version.
pub(crate) fn of_applications(version: Version) -> Vec<Config> {
    [haste(version), dropping(version), reject_after(version), alerts(version)].concat()
}

/// The application asks for one end and then, out of patience, for another.
fn haste(version: Version) -> Vec<Config> {
    const THEN: [(Closing, &[Manner]); 6] = [
        (Closing::In(Manner::Graceful), &[Manner::AtOnce, Manner::Abort]),
        (Closing::In(Manner::Graceful), &[Manner::Linger, Manner::Abort]),
        (Closing::In(Manner::Linger), &[Manner::AtOnce, Manner::Abort]),
        (Closing::In(Manner::AtOnce), &[Manner::Graceful, Manner::Abort]),
        (Closing::In(Manner::HandBack), &[Manner::Graceful, Manner::AtOnce]),
        (REJECTION, &[Manner::AtOnce, Manner::Abort]),
    ];
    let config = |(closing, hastens): (Closing, &'static [Manner])| {
        let first = if let Closing::In(manner) = closing { manner_name(manner) } else { "reject" };
        let then: Vec<_> = hastens.iter().map(|&manner| manner_name(manner)).collect();
        let name = format!("haste/{}/{first}/{}", version.number(), then.join("-"));
        let client = Script { writes: 1, closing, hastens, when: When::AllWritten, ..Script::READER };
        orderly(name, version, client, Script { writes: 1, ..Script::READER })
    };
    THEN.into_iter().map(config).collect()
}

/// The application drops its connection and asks for no end; the peer's policy decides what that is
/// worth.
fn dropping(version: Version) -> Vec<Config> {
    let mut configs = Vec::new();
    for (moment, when) in [
        ("any-time", When::AnyTime),
        ("all-written", When::AllWritten),
        ("something-read", When::SomethingRead),
    ] {
        for (who, client_drops) in [("client", true), ("server", false)] {
            for worth in WORTHS {
                let name = format!("drop/{}/{moment}/{who}/{}", version.number(), worth_name(worth));
                let drops = Script { when, closing: Closing::Drop, ..writer(Manner::Graceful, 2) };
                let other = Script { writes: 1, ..judging(worth, Framing::CloseDelimited) };
                let (client, server) = if client_drops { (drops, other) } else { (other, drops) };
                configs.push(orderly(name, version, client, server));
            }
        }
    }
    configs
}

/// A server rejects once it has read the client's close_notify, whether or not it has answered it.
fn reject_after(version: Version) -> Vec<Config> {
    let config = |(choice, reply)| {
        let name = format!("reject-after/{}/{choice}", version.number());
        let policy = Policy { reply, ..Script::READER.policy };
        let server = Script { policy, closing: REJECTION, writes: 1, ..Script::READER };
        orderly(name, version, writer(Manner::Graceful, 1), server)
    };
    [("discard", Reply::Discard), ("when-asked", Reply::WhenAsked)].into_iter().map(config).collect()
}

/// Alerts that a policy reads differently from the strict one.
fn alerts(version: Version) -> Vec<Config> {
    let strict = Script::READER.policy;
    let assembling = Policy { fragmented_alert: FragmentedAlert::Assemble, ..strict };
    let reading_each = Policy { coalesced_alerts: CoalescedAlerts::ReadEach, ..strict };
    let refusing = Policy { user_canceled: UserCanceled::Error, ..strict };
    let choices = [
        ("split-assembled", assembling, Profile::SplitNotify),
        ("half-assembled", assembling, Profile::HalfNotify),
        ("joined-read", reading_each, Profile::JoinedNotify),
        ("canceled-error", refusing, Profile::CanceledThenNotify),
        ("canceled-error-fin", refusing, Profile::CanceledThenFin),
    ];
    let mut configs = Vec::new();
    for (choice, policy, profile) in choices {
        for (turn, first) in [("closes", true), ("answers", false)] {
            let name = format!("alerts/{}/{choice}/{turn}", version.number());
            let when = if first { When::PeerEnded } else { When::AllWritten };
            let client = Script { policy, writes: 1, when, ..Script::READER };
            let faults = Faults { deadlines: true, ..Faults::NONE };
            configs.push(Config { faults, ..orderly(name, version, client, rogue(profile, first)) });
        }
    }
    configs
}
