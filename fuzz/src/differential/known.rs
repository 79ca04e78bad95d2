//! Where a subject differs from our stream, and why: one row each.

use super::outcome::{Kind, Outcome};
use super::script::{End, Script, Step, Word};
use super::subject::Subject;

/// A difference that is known.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// Who differs.
    pub subjects: &'static [Subject],
    /// In which scripts, in words.
    pub situation: &'static str,
    /// The same as a predicate.
    pub when: fn(&Script) -> bool,
    /// Whether this is what the row speaks of: what our stream says, and what the subject does.
    pub says: fn(&Outcome, &Outcome) -> bool,
    /// What it says in place of what our stream says.
    pub instead: &'static str,
    /// Why, and where that is written.
    pub reason: &'static str,
}

/// All that is known.
pub const KNOWN: &[Known] = &[
    Known {
        subjects: OTHERS,
        situation: "TLS 1.2, the peer's close_notify",
        when: |script| !script.is_13() && has(script, |word| matches!(word, Word::Alert([1, 0]))),
        says: |ours, theirs| {
            both(ours, theirs, Kind::Clean) && is_notify(ours) && theirs.said.alert.is_none()
        },
        instead: "the same, and no answer before it is asked for one",
        reason: "no answer by itself (`common_state.rs`, `process_alert`; SSL_shutdown(3)); RFC 5246 §7.2.1 wants one at once",
    },
    Known {
        subjects: BOTH,
        situation: "TLS 1.2, close_notify at level fatal",
        when: |script| !script.is_13() && has(script, |word| word == Word::Alert([2, 0])),
        says: |ours, theirs| ours.kind == Kind::Alert(0) && theirs.kind == Kind::Clean,
        instead: "a clean end",
        reason: "it does not look at the level of a close_notify (`process_alert`); ours is the choice `FatalNotify::Error`",
    },
    Known {
        subjects: BARE,
        situation: "TLS 1.2, an alert at a level that is none",
        when: |script| !script.is_13() && has(script, |word| matches!(word, Word::Alert([0 | 3..=255, _]))),
        says: |ours, theirs| ours.kind == Kind::Refused && matches!(theirs.kind, Kind::Alert(_)),
        instead: "that alert as its error; what is sent is the same",
        reason: "it names what came in place of what is wrong with it (`process_alert`)",
    },
    Known {
        subjects: BARE,
        situation: "TLS 1.3, an alert at a level that is none",
        when: |script| script.is_13() && has(script, |word| matches!(word, Word::Alert([0 | 3..=255, _]))),
        says: |_, theirs| matches!(theirs.kind, Kind::Alert(_)),
        instead: "that alert as its error, be it close_notify or user_canceled, and illegal_parameter sent",
        reason: "it refuses such levels (`process_alert`); RFC 9846 §6 has the level ignored",
    },
    Known {
        subjects: BOTH,
        situation: "TLS 1.3, user_canceled at level fatal",
        when: |script| script.is_13() && has(script, |word| word == Word::Alert([2, 90])),
        says: |_, theirs| theirs.kind == Kind::Alert(90),
        instead: "that alert as its error",
        reason: "it goes by the level (`process_alert`); RFC 9846 §6 has the level ignored",
    },
    Known {
        subjects: BARE,
        situation: "TLS 1.3, an error alert at level warning",
        when: |script| script.is_13() && has(script, |word| matches!(word, Word::Alert([1, 1..=255]))),
        says: |ours, theirs| ours.kind == theirs.kind && theirs.said.alert == Some([2, 50]),
        instead: "the same, and decode_error sent",
        reason: "it answers a fatal alert with one (`process_alert`); RFC 9846 §6.2 has both sides say nothing more",
    },
    Known {
        subjects: BOTH,
        situation: "an alert record without an alert, with half of one, or with two",
        when: |script| {
            has(script, |word| matches!(word, Word::EmptyAlert | Word::SplitNotify | Word::TwoAlerts(_)))
        },
        says: |ours, theirs| both(ours, theirs, Kind::Refused) && theirs.said.alert == Some([2, 50]),
        instead: "the same, and decode_error sent",
        reason: "such a record does not parse (`msgs/alert.rs`); RFC 9846 §5.1, §5.4 want unexpected_message",
    },
    Known {
        subjects: BARE,
        situation: "more warnings, or wishes to shake hands again, than are survived",
        when: |script| has(script, |word| matches!(word, Word::Ticket | Word::Alert([1, _]))),
        says: |ours, theirs| both(ours, theirs, Kind::Refused) && theirs.said.alert.is_none(),
        instead: "the same, and nothing sent",
        reason: "what its counters refuse has no alert (`common_state.rs`, `TemperCounters`)",
    },
    Known {
        subjects: BOTH,
        situation: "TLS 1.3, an error alert at level warning behind four user_canceled",
        when: |script| script.is_13() && has(script, |word| word == Word::Alert([1, 90])),
        says: |ours, theirs| {
            let is_quiet = !theirs.said.alert.is_some_and(is_error);
            matches!(ours.kind, Kind::Alert(_)) && theirs.kind == Kind::Refused && is_quiet
        },
        instead: "refused, and no alert sent for that",
        reason: "its counter of warnings refuses before the alert is looked at (`process_alert`)",
    },
    Known {
        subjects: OTHERS,
        situation: "a reset, and something to write before it is read",
        when: |script| script.steps.contains(&Step::Ends(End::Reset)),
        says: |ours, theirs| (ours.kind, theirs.kind) == (Kind::Reset, Kind::Truncated),
        instead: "truncated",
        reason: "the write that fails takes the error away, and the next read gives an end: our measurement of Linux. Ours keeps the first error number",
    },
    Known {
        subjects: BARE,
        situation: "its own close_notify, and then a record that is refused",
        when: |script| script.steps.contains(&Step::Closes) || script.closes,
        says: |ours, theirs| {
            ours.kind != Kind::Panic && (theirs.kind == Kind::Panic || theirs.said.is_not_last)
        },
        instead: "a panic in debug builds; in others an alert behind its close_notify",
        reason: "it counts its close_notify as a fatal alert (rustls#959)",
    },
    Known {
        subjects: NEXT,
        situation: "an alert at a level that is none",
        when: |script| has(script, |word| matches!(word, Word::Alert([0 | 3..=255, _]))),
        says: |_, theirs| refuses_by(theirs, 47),
        instead: "refused by illegal_parameter",
        reason: "it refuses such levels in every version (0.24.0-dev.2); RFC 9846 §6 has the level ignored in TLS 1.3",
    },
    Known {
        subjects: NEXT,
        situation: "TLS 1.3, an error alert at level warning",
        when: |script| script.is_13() && has(script, |word| matches!(word, Word::Alert([1, 1..=255]))),
        says: |ours, theirs| matches!(ours.kind, Kind::Alert(_)) && refuses_by(theirs, 50),
        instead: "refused by decode_error",
        reason: "it takes it for a message that does not parse (0.24.0-dev.2); RFC 9846 §6.2 has both sides say nothing more",
    },
    Known {
        subjects: NEXT,
        situation: "more warnings, or wishes to shake hands again, than are survived",
        when: |script| has(script, |word| matches!(word, Word::Ticket | Word::Alert([1, _]))),
        says: |ours, theirs| matches!(ours.kind, Kind::Refused | Kind::Alert(_)) && refuses_by(theirs, 47),
        instead: "refused by illegal_parameter, before an error alert behind them is looked at",
        reason: "which alert names a fault is the stack's choice where more than one fits (RFC 9846 §6.2)",
    },
    Known {
        subjects: OPENSSL,
        situation: "something that is refused",
        when: |_| true,
        says: |ours, theirs| both(ours, theirs, Kind::Refused) && theirs.said.alert.is_some_and(is_error),
        instead: "the same, and another alert for it",
        reason: "which alert names a fault is the stack's choice where more than one fits (RFC 9846 §6.2)",
    },
    Known {
        subjects: OPENSSL,
        situation: "TLS 1.2, the warning no_renegotiation",
        when: |script| !script.is_13() && has(script, |word| word == Word::Alert([1, 100])),
        says: |_, theirs| theirs.kind == Kind::Refused && theirs.said.alert == Some([2, 40]),
        instead: "refused by handshake_failure",
        reason: "it takes the warning for the refusal of a handshake, asked for or not (`ssl/record/rec_layer_s3.c`)",
    },
    Known {
        subjects: OPENSSL,
        situation: "TLS 1.2, warnings with data between them",
        when: |script| {
            has(script, |word| matches!(word, Word::Data(_)))
                && has(script, |word| matches!(word, Word::Alert([1, 1..=255])))
        },
        says: |ours, theirs| ours.kind == Kind::Refused && theirs.kind != Kind::Refused,
        instead: "what comes behind them",
        reason: "data sets its count of warnings back to nothing; ours counts all of a connection (`Policy::warnings`)",
    },
    Known {
        subjects: OPENSSL,
        situation: "TLS 1.3, user_canceled, and then close_notify",
        when: |script| script.is_13() && has(script, |word| matches!(word, Word::Alert([_, 90]))),
        says: |ours, theirs| (ours.kind, theirs.kind) == (Kind::Clean, Kind::Truncated),
        instead: "SSL_ERROR_SYSCALL without an error, which reads as a truncation",
        reason: "`SSL_get_error` asks whether the last warning was close_notify, and user_canceled stays the last one (`ssl/ssl_lib.c`)",
    },
    Known {
        subjects: OPENSSL,
        situation: "TLS 1.3, its own close_notify, and then a KeyUpdate that asks for another",
        when: |script| script.is_13() && has(script, |word| word == Word::KeyUpdate(true)),
        says: |_, theirs| theirs.kind == Kind::Reset,
        instead: "the error of the transport, which takes no more",
        reason: "it answers though it has closed; RFC 9846 §6.1 has nothing follow a close_notify",
    },
    Known {
        subjects: OPENSSL,
        situation: "the transport's end without close_notify, and a close behind that",
        when: |script| {
            script.steps.iter().any(|step| matches!(step, Step::Ends(End::Fin | End::FinInRecord)))
        },
        says: |ours, theirs| {
            both(ours, theirs, Kind::Truncated) && is_notify(ours) && theirs.said.alert.is_none()
        },
        instead: "the same, and no close_notify of its own",
        reason: "it counts such an end as a protocol error, behind which SSL_shutdown(3) must not be called",
    },
    Known {
        subjects: OPENSSL,
        situation: "TLS 1.2, a wish to shake hands again",
        when: |script| !script.is_13() && has(script, |word| word == Word::Ticket),
        says: |_, _| true,
        instead: "it does, and says no close_notify until that is done",
        reason: "renegotiation is on where SSL_OP_NO_RENEGOTIATION is not set (SSL_CTX_set_options(3))",
    },
];

const NEXT: &[Subject] = &[Subject::Next];
const OPENSSL: &[Subject] = &[Subject::OpenSsl];
const OTHERS: &[Subject] = &[Subject::Rustls, Subject::Unbuffered, Subject::OpenSsl, Subject::Next];
/// The present rustls alone.
const BARE: &[Subject] = &[Subject::Rustls, Subject::Unbuffered];
/// The present one and the next.
const BOTH: &[Subject] = &[Subject::Rustls, Subject::Unbuffered, Subject::Next];

fn has(script: &Script, is: impl Fn(Word) -> bool) -> bool {
    script.words().any(is)
}

fn is_error([_, code]: [u8; 2]) -> bool {
    code != 0
}

/// Refused by this alert, which nothing keeps from being sent but a close_notify before it, or a
/// transport that takes no more.
fn refuses_by(theirs: &Outcome, code: u8) -> bool {
    let said = theirs.said.alert;
    theirs.kind == Kind::Refused && (said.is_none_or(|said| said == [2, code]) || is_notify(theirs))
}

fn both(ours: &Outcome, theirs: &Outcome, kind: Kind) -> bool {
    (ours.kind, theirs.kind) == (kind, kind)
}

fn is_notify(outcome: &Outcome) -> bool {
    matches!(outcome.said.alert, Some([_, 0]))
}

/// The row that speaks of this difference.
pub(super) fn find(subject: Subject, script: &Script, ours: Outcome, theirs: Outcome) -> Option<usize> {
    KNOWN.iter().position(|known| {
        known.subjects.contains(&subject) && (known.when)(script) && (known.says)(&ours, &theirs)
    })
}

/// The table for a reader.
#[must_use]
pub fn table() -> String {
    let mut text = String::from(
        "# Where others end otherwise than our streams\n\n\
         Drawn from `src/differential/known.rs` by `cargo run -p close-notify-fuzz --example differences`. Our stream over \
         tokio\ndiffers nowhere. Each row occurs in the corpus of `differential`. Files without a crate are those of rustls \
         0.23.46.\n\n| who | where | what it says instead | why |\n| --- | --- | --- | --- |\n",
    );
    for known in KNOWN {
        let who: Vec<&str> = known.subjects.iter().map(|subject| subject.name()).collect();
        let Known { situation, instead, reason, .. } = known;
        text.push_str(&format!("| {} | {situation} | {instead} | {reason} |\n", who.join("; ")));
    }
    text
}
