//! Which guarantees a configuration gives away: rules on its choices, written without looking at
//! any run.
//!
//! Every other claim is expected to hold. A verdict that differs, in either direction, fails the
//! check.

use close_notify_core::{Manner, MissingNotify, PeerCloses};

use crate::world::config::{Closing, Config, Framing, Script, When};
use crate::world::profile::Profile;

/// A rule: the guarantee, when an application gives it away, and why.
pub struct Rule {
    /// The guarantee.
    pub claim: &'static str,
    /// Why it breaks, for the reader of the table.
    pub because: &'static str,
    /// Whether an end (the first script) gives it away when it faces this peer (the second).
    gives_away: fn(&Config, &Script, &Script) -> bool,
}

/// Every rule.
pub static RULES: &[Rule] = &[
    Rule {
        claim: "no-silent-truncation",
        because: "a FIN that anybody on the path can forge is taken for the end of the data",
        gives_away: |config, end, peer| {
            let trusts_fin = end.policy.missing_notify == MissingNotify::Accept;
            let unframed = end.framing == Framing::CloseDelimited && end.reads;
            trusts_fin && unframed && peer.writes > 0 && config.faults.fin && config.faults.budget > 0
        },
    },
    Rule {
        claim: "alert-survives-close",
        because: "closing with bytes of the peer unread, or still to come, resets the connection under the alert",
        gives_away: |_, end, peer| {
            let hasty = end.hastens.contains(&Manner::AtOnce);
            matches!(end.closing, Closing::Reject(_)) && hasty && sends_unasked(peer) && waits(peer)
        },
    },
    Rule {
        claim: "data-survives-close",
        because: "closing with bytes of the peer unread, or still to come, resets the connection under the data",
        gives_away: |_, end, peer| {
            let at_once = end.closing == Closing::In(Manner::AtOnce) || end.hastens.contains(&Manner::AtOnce);
            let notifies = !matches!(end.closing, Closing::Reject(_));
            at_once && notifies && end.when != When::PeerEnded && sends_unasked(peer) && waits(peer)
        },
    },
    Rule {
        claim: "data-survives-close",
        because: "an end that goes away after a shutdown closes with bytes of the peer unread, or still to come",
        gives_away: |_, end, peer| {
            end.closing == Closing::ShutdownAndGo && sends_unasked(peer) && waits(peer)
        },
    },
    Rule {
        claim: "notify-before-fin",
        because: "a socket that is dropped sends a FIN, and nobody was there to say close_notify before it",
        gives_away: |_, end, _| end.closing == Closing::Drop,
    },
    Rule {
        claim: "http-client-notifies",
        because: "a client that drops its connection says nothing before the FIN",
        gives_away: |config, end, _| end.closing == Closing::Drop && std::ptr::eq(end, &config.scripts[0]),
    },
    Rule {
        claim: "http-server-tries",
        because: "a server that drops its connection says nothing before the FIN",
        gives_away: |config, end, _| end.closing == Closing::Drop && std::ptr::eq(end, &config.scripts[1]),
    },
    Rule {
        claim: "crossed-confirms-nothing",
        because: "a peer that closes only in answer closes first once somebody on the path has forged a FIN to it",
        gives_away: |config, end, peer| {
            let trusts_habit = end.policy.peer_closes == PeerCloses::OnlyAfterUs;
            trusts_habit && peer.when != When::Never && config.faults.fin && config.faults.budget > 0
        },
    },
    Rule {
        claim: "every-close-ends",
        because: "nothing bounds the wait for a peer that never answers, or that can no longer be heard",
        gives_away: |config, end, peer| {
            let mute = peer.profile == Profile::NeverAnswers;
            let faults = config.faults;
            let deaf = faults.budget > 0 && (faults.cut || faults.stop_reading || faults.rst);
            !config.faults.deadlines && waits_for_peer(end) && (mute || deaf)
        },
    },
];

/// The guarantees that a configuration gives away, in the order of [`RULES`].
#[must_use]
pub fn expected(config: &Config) -> Vec<&'static Rule> {
    let [client, server] = &config.scripts;
    let given_away = |rule: &&Rule| {
        [(client, server), (server, client)]
            .into_iter()
            .any(|(end, peer)| end.profile == Profile::Conforming && (rule.gives_away)(config, end, peer))
    };
    RULES.iter().filter(given_away).collect()
}

/// Whether a peer sends anything other than answers.
fn sends_unasked(peer: &Script) -> bool {
    peer.writes + peer.tickets > 0 || matches!(peer.when, When::AnyTime | When::AllWritten)
}

/// Whether a peer keeps reading until it knows our end.
fn waits(peer: &Script) -> bool {
    let manner =
        matches!(peer.closing, Closing::In(Manner::Graceful | Manner::HandBack) | Closing::HalfThenGraceful);
    peer.profile == Profile::Conforming && peer.reads && manner
}

/// Whether an end, once it closes, waits for something from the peer that may not have come yet.
fn waits_for_peer(end: &Script) -> bool {
    match end.closing {
        Closing::In(Manner::Graceful | Manner::HandBack) => end.when != When::PeerEnded,
        Closing::In(Manner::Linger) | Closing::Reject(_) => true,
        Closing::In(
            Manner::AtOnce | Manner::Abort | Manner::Unasked | Manner::HalfClose | Manner::Reject,
        ) => false,
        Closing::HalfThenGraceful | Closing::Drop | Closing::Shutdown | Closing::ShutdownAndGo => false,
    }
}
