//! Every property catches the mistake that was planted for it, and each mistake only the properties
//! named here.

use std::collections::BTreeSet;

use close_notify_model::check::judge::{judge, unhindered};
use close_notify_model::configs::expect::expected;
use close_notify_model::configs::family;
use close_notify_model::pair::Pair;
use close_notify_model::pair::mutant::Mutant;
use close_notify_model::property;

/// What a mistake breaks beside its own property, and why that cannot be otherwise.
fn also(mutant: Mutant) -> &'static [&'static str] {
    use Mutant as M;
    match mutant {
        // The same duty said of each role; a peer that waits for close_notify is not given one; and
        // the core was told that it was sent.
        M::SkipsNotify => &[
            "http-client-notifies",
            "http-server-tries",
            "data-survives-close",
            "writing-is-told-true",
            "shut-means-said",
        ],
        M::ClientSkipsNotify => {
            &["notify-before-fin", "data-survives-close", "writing-is-told-true", "shut-means-said"]
        }
        // The client has read the FIN for a truncation, and shut its own side, when the server's
        // reset comes.
        M::ServerSkipsNotify => &[
            "notify-before-fin",
            "data-survives-close",
            "writing-is-told-true",
            "shut-means-said",
            "rst-is-not-close",
        ],
        M::IgnoresEarlyNotify => &["rst-is-not-close"],
        // What stands on the wire is no close_notify at level warning.
        M::NotifiesAtFatalLevel => &["writing-is-told-true", "shut-means-said"],
        // The server of the trial is strict, and believes the torn record as well.
        M::AcceptsTorn => &["http-close-delimited-needs-notify"],
        // A second close_notify is a record behind the first; where it meets a closed socket it is
        // answered by a reset, which destroys what was in flight.
        M::NotifiesTwice => &["nothing-after-notify", "data-survives-close"],
        // What was written there is not before the close_notify that was said to be the last.
        M::WritesAfterNotify => &["shut-means-said"],
        M::WritesAfterLimit => &["nothing-after-notify", "shut-means-said"],
        // What is delivered behind the end was not sent before it.
        M::DeliversAfterNotify => {
            &["delivered-before-end", "no-silent-truncation", "cut-is-visible", "no-ok-over-a-loss"]
        }
        // The core refuses the move, so the connection is left as it is: open, and its plaintext
        // unread.
        M::HandsBackEarly => &[
            "no-illegal-move",
            "handback-exact",
            "no-mutual-wait",
            "every-close-ends",
            "data-survives-close",
        ],
        M::IsLenient => &["http-close-delimited-needs-notify", "no-ok-over-a-loss"],
        // A FIN taken for close_notify is trusted wherever close_notify is.
        M::EofIsClose => &[
            "notify-whole",
            "rst-is-not-close",
            "no-silent-truncation",
            "cut-is-visible",
            "http-close-delimited-needs-notify",
            "no-ok-over-a-loss",
        ],
        M::TornNotifyCounts => &[
            "fin-is-not-close",
            "no-silent-truncation",
            "cut-is-visible",
            "http-close-delimited-needs-notify",
            "no-ok-over-a-loss",
        ],
        // The reset, forgotten, reads as a FIN, which this reader accepts; and so does a transport
        // that has died.
        M::ForgetsErrno => &["no-silent-truncation", "lenient-takes-a-fin-alone", "no-ok-over-a-loss"],
        M::TrustsDeadTransport => &["no-silent-truncation", "lenient-takes-a-fin-alone", "no-ok-over-a-loss"],
        // What a read calls the end is what an application takes for whole.
        M::ReadsTornAsEnd | M::ReadsResetAsEnd | M::ReadsOverLoss => &["no-silent-truncation"],
        // What is dropped is missing from a clean end.
        M::DropsDataAtNotify => &["no-silent-truncation", "cut-is-visible", "no-ok-over-a-loss"],
        // It came in the handshake; and it may be followed by a reset, which is then no clean end
        // either.
        M::TrustsPlainNotify => &["rst-is-not-close", "notify-in-handshake"],
        // An alert that is not heard is not reported, and forbids nothing.
        M::IgnoresFatal => &["fatal-is-an-error", "fatal-discards-tickets"],
        M::FatalIsClose => &[
            "fin-is-not-close",
            "fatal-ends-both",
            "fatal-discards-tickets",
            "http-close-delimited-needs-notify",
            "no-ok-over-a-loss",
        ],
        // A clean end that no close_notify stands behind.
        M::CanceledIsClose => &["fin-is-not-close", "http-close-delimited-needs-notify", "no-ok-over-a-loss"],
        // Who waits for ever does not end its close.
        M::WaitsFirst => &["every-close-ends"],
        // The cut may fall inside the 0-RTT record, or come from the adversary of the handshake.
        M::EarlyEndIsEnd => &["notify-whole", "plain-alert-is-no-close"],
        // Complete only by the end is the framing in which a wrong end truncates silently.
        M::TrustsFin => &["no-silent-truncation"],
        // An answer that TLS 1.3 does not want is one that nobody ordered.
        M::RepliesIn13 => &["notify-is-asked-for"],
        // The core says that it aborted before its close_notify, which is true of all but this
        // driver.
        M::AbortNotifies => &["writing-is-told-true"],
        // A server is one of those whom a missing close_notify must not cost the session.
        M::PunishesIncomplete => &["unclean-allows-resume"],
        _ => &[],
    }
}

fn broken(pair: &Pair) -> BTreeSet<&'static str> {
    let outcome = judge(pair, unhindered()).expect("trials are explored whole");
    outcome.broken.iter().map(|broken| broken.claim.name).collect()
}

#[test]
fn each_mistake_is_caught_by_its_property_and_by_no_other_than_named() {
    let mut wrong = Vec::new();
    for &mutant in Mutant::ALL {
        let config = family::named(mutant.config()).expect("the trial of a mutant exists");
        let given_away: BTreeSet<_> = expected(&config).iter().map(|rule| rule.claim).collect();
        let caught: BTreeSet<_> = &broken(&Pair::with_mutant(config, mutant)) - &given_away;
        let named: BTreeSet<_> = also(mutant).iter().copied().chain([mutant.property()]).collect();
        if caught != named {
            wrong.push(format!("{}: caught by {caught:?}, named are {named:?}", mutant.name()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn without_the_mistake_the_property_holds_and_its_premise_fires() {
    for &mutant in Mutant::ALL {
        let config = family::named(mutant.config()).expect("the trial of a mutant exists");
        let outcome = judge(&Pair::new(config), unhindered()).expect("trials are explored whole");
        let property = mutant.property();
        assert!(
            outcome.broken.iter().all(|broken| broken.claim.name != property),
            "{property} breaks by itself"
        );
        let needs_mistake = property == "crossed-confirms-nothing" || property == "linger-is-bounded";
        assert!(
            needs_mistake || outcome.fired.contains(&property),
            "{property} has nothing to say in its trial"
        );
    }
}

#[test]
fn every_property_has_a_mistake_that_it_catches() {
    let caught: BTreeSet<_> = Mutant::ALL.iter().map(|mutant| mutant.property()).collect();
    for claim in property::claims() {
        // The relay's mistake is the naive relay, which is explored beside the honest one.
        let naive_relay = claim.name == "no-laundering";
        assert!(naive_relay || caught.contains(claim.name), "{} has no mutant", claim.name);
    }
}
