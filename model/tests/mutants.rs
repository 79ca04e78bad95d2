//! Every property catches the mistake that was planted for it, and each mistake breaks only the
//! properties named here.

use std::collections::BTreeSet;

use close_notify_model::check::judge::{judge, unhindered};
use close_notify_model::configs::expect::expected;
use close_notify_model::configs::family;
use close_notify_model::pair::Pair;
use close_notify_model::pair::mutant::Mutant;
use close_notify_model::property;

/// What mistakes break besides their own property, and why they must.
const ALSO: &[(&[Mutant], &[&str])] = {
    use Mutant as M;
    &[
        // The same duty for each role; a peer that waits for close_notify does not get one; and the
        // driver reported to the core that it was sent.
        (
            &[M::SkipsNotify],
            &[
                "http-client-notifies",
                "http-server-tries",
                "data-survives-close",
                "writing-is-told-true",
                "shut-means-said",
            ],
        ),
        (
            &[M::ClientSkipsNotify],
            &["notify-before-fin", "data-survives-close", "writing-is-told-true", "shut-means-said"],
        ),
        (
            &[M::ServerSkipsNotify],
            &["notify-before-fin", "data-survives-close", "writing-is-told-true", "shut-means-said"],
        ),
        // What is on the wire is not a close_notify at level warning.
        (&[M::NotifiesAtFatalLevel], &["writing-is-told-true", "shut-means-said"]),
        // The server of the trial is strict, and accepts the torn record as well.
        (&[M::AcceptsTorn], &["http-close-delimited-needs-notify"]),
        // A second close_notify is a record after the first. A closed socket answers it with a
        // reset, which destroys what was in flight.
        (&[M::NotifiesTwice], &["nothing-after-notify", "data-survives-close"]),
        // What was written then is not before the close_notify that was reported as the last word.
        (&[M::WritesAfterNotify], &["shut-means-said"]),
        (&[M::WritesAfterLimit], &["nothing-after-notify", "shut-means-said"]),
        // What is delivered after the end was not sent before it.
        (
            &[M::DeliversAfterNotify],
            &["delivered-before-end", "no-silent-truncation", "cut-is-visible", "no-ok-over-a-loss"],
        ),
        // The core refuses the move, so the connection stays as it is: open, and its plaintext
        // unread.
        (
            &[M::HandsBackEarly],
            &[
                "no-illegal-move",
                "handback-exact",
                "no-mutual-wait",
                "every-close-ends",
                "data-survives-close",
            ],
        ),
        (&[M::IsLenient], &["http-close-delimited-needs-notify", "no-ok-over-a-loss"]),
        // A FIN that is taken for close_notify is trusted whenever close_notify is.
        (
            &[M::EofIsClose],
            &[
                "notify-whole",
                "rst-is-not-close",
                "no-silent-truncation",
                "cut-is-visible",
                "http-close-delimited-needs-notify",
                "no-ok-over-a-loss",
            ],
        ),
        (
            &[M::TornNotifyCounts],
            &[
                "fin-is-not-close",
                "no-silent-truncation",
                "cut-is-visible",
                "http-close-delimited-needs-notify",
                "no-ok-over-a-loss",
            ],
        ),
        // A reset that is forgotten reads as a FIN, which this reader accepts. So does a transport
        // that has died.
        (&[M::ForgetsErrno], &["no-silent-truncation", "lenient-takes-a-fin-alone", "no-ok-over-a-loss"]),
        (
            &[M::TrustsDeadTransport],
            &["no-silent-truncation", "lenient-takes-a-fin-alone", "no-ok-over-a-loss"],
        ),
        // If a read reports the end of data, an application takes the message for whole.
        (&[M::ReadsTornAsEnd, M::ReadsResetAsEnd, M::ReadsOverLoss], &["no-silent-truncation"]),
        // What is dropped is missing from a clean end.
        (&[M::DropsDataAtNotify], &["no-silent-truncation", "cut-is-visible", "no-ok-over-a-loss"]),
        // It came in the handshake. A reset may follow it, which is then not a clean end either.
        (&[M::TrustsPlainNotify], &["rst-is-not-close", "notify-in-handshake"]),
        // An alert that is ignored is not reported, and forbids nothing.
        (&[M::IgnoresFatal], &["fatal-is-an-error", "fatal-discards-tickets"]),
        (
            &[M::FatalIsClose],
            &[
                "fin-is-not-close",
                "fatal-ends-both",
                "fatal-discards-tickets",
                "http-close-delimited-needs-notify",
                "no-ok-over-a-loss",
            ],
        ),
        // A clean end without a close_notify.
        (
            &[M::CanceledIsClose],
            &["fin-is-not-close", "http-close-delimited-needs-notify", "no-ok-over-a-loss"],
        ),
        // An end that waits forever does not end its close.
        (&[M::WaitsFirst], &["every-close-ends"]),
        // The cut may fall inside the 0-RTT record, or come from the adversary of the handshake.
        (&[M::EarlyEndIsEnd], &["notify-whole", "plain-alert-is-no-close"]),
        // If only the end delimits a message, a wrong end truncates it silently.
        (&[M::TrustsFin], &["no-silent-truncation"]),
        // An answer that TLS 1.3 does not want is one that nobody asked for.
        (&[M::RepliesIn13], &["notify-is-asked-for"]),
        // The core says that it aborted before its close_notify, which is true of every driver but
        // this one.
        (&[M::AbortNotifies], &["writing-is-told-true"]),
        // A server, like any end, must not lose the session to a missing close_notify.
        (&[M::PunishesIncomplete], &["unclean-allows-resume"]),
    ]
};

fn also(mutant: Mutant) -> &'static [&'static str] {
    ALSO.iter().find(|(mutants, _)| mutants.contains(&mutant)).map_or(&[], |(_, claims)| claims)
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
