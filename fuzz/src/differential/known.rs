//! The known differences of each subject from our stream, and the reasons: one row each.

use super::outcome::{Kind, Outcome};
use super::script::{End, Script, Step, Word};
use super::subject::Subject;

/// A known difference.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// The subjects that differ.
    pub subjects: &'static [Subject],
    /// The scripts in which they differ, in words.
    pub situation: &'static str,
    /// The same as a predicate.
    pub when: fn(&Script) -> bool,
    /// Whether the row describes this pair of outcomes: first our stream's, then the subject's.
    pub says: fn(&Outcome, &Outcome) -> bool,
    /// The outcome of the subject, in words.
    pub instead: &'static str,
    /// Why they differ, and where that is written.
    pub reason: &'static str,
}

/// All known differences.
pub const KNOWN: &[Known] = &[
    Known {
        subjects: OTHERS,
        situation: "TLS 1.2, the peer's close_notify",
        when: |script| !script.is_13() && has(script, |word| matches!(word, Word::Alert([1, 0]))),
        says: |ours, theirs| {
            both(ours, theirs, Kind::Clean) && is_notify(ours) && theirs.said.alert.is_none()
        },
        instead: "the same, but no answer before the application closes",
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
        situation: "TLS 1.2, an alert at an undefined level",
        when: |script| !script.is_13() && has(script, |word| matches!(word, Word::Alert([0 | 3..=255, _]))),
        says: |ours, theirs| ours.kind == Kind::Refused && matches!(theirs.kind, Kind::Alert(_)),
        instead: "that alert as its error; what is sent is the same",
        reason: "it names the alert, not the fault of its level (`process_alert`)",
    },
    Known {
        subjects: BARE,
        situation: "TLS 1.3, an alert at an undefined level",
        when: |script| script.is_13() && has(script, |word| matches!(word, Word::Alert([0 | 3..=255, _]))),
        says: |_, theirs| matches!(theirs.kind, Kind::Alert(_)),
        instead: "that alert as its error, even close_notify or user_canceled, and illegal_parameter sent",
        reason: "it refuses such levels (`process_alert`); RFC 9846 §6 ignores the level",
    },
    Known {
        subjects: BOTH,
        situation: "TLS 1.3, user_canceled at level fatal",
        when: |script| script.is_13() && has(script, |word| word == Word::Alert([2, 90])),
        says: |_, theirs| theirs.kind == Kind::Alert(90),
        instead: "that alert as its error",
        reason: "it goes by the level (`process_alert`); RFC 9846 §6 ignores the level",
    },
    Known {
        subjects: BARE,
        situation: "TLS 1.3, an error alert at level warning",
        when: |script| script.is_13() && has(script, |word| matches!(word, Word::Alert([1, 1..=255]))),
        says: |ours, theirs| ours.kind == theirs.kind && theirs.said.alert == Some([2, 50]),
        instead: "the same, and decode_error sent",
        reason: "it answers a fatal alert with one (`process_alert`); by RFC 9846 §6.2 both sides send nothing more",
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
        situation: "more warnings, or requests for renegotiation, than are tolerated",
        when: |script| has(script, |word| matches!(word, Word::Ticket | Word::Alert([1, _]))),
        says: |ours, theirs| both(ours, theirs, Kind::Refused) && theirs.said.alert.is_none(),
        instead: "the same, and nothing sent",
        reason: "it sends no alert for what its counters refuse (`common_state.rs`, `TemperCounters`)",
    },
    Known {
        subjects: BOTH,
        situation: "TLS 1.3, an error alert at level warning after four user_canceled",
        when: |script| script.is_13() && has(script, |word| word == Word::Alert([1, 90])),
        says: |ours, theirs| {
            let is_quiet = !theirs.said.alert.is_some_and(is_error);
            matches!(ours.kind, Kind::Alert(_)) && theirs.kind == Kind::Refused && is_quiet
        },
        instead: "refused, and no alert sent",
        reason: "its counter of warnings refuses the alert before its description is read (`process_alert`)",
    },
    Known {
        subjects: OTHERS,
        situation: "a reset, and something to write before it is read",
        when: |script| script.steps.contains(&Step::Ends(End::Reset)),
        says: |ours, theirs| (ours.kind, theirs.kind) == (Kind::Reset, Kind::Truncated),
        instead: "truncated",
        reason: "the failed write takes the error, and the next read returns an end of stream (our measurement of Linux). Ours keeps the first error number",
    },
    Known {
        subjects: BARE,
        situation: "its own close_notify, and then a record that is refused",
        when: |script| script.steps.contains(&Step::Closes) || script.closes,
        says: |ours, theirs| {
            ours.kind != Kind::Panic && (theirs.kind == Kind::Panic || theirs.said.is_not_last)
        },
        instead: "a panic in debug builds; in others an alert after its close_notify",
        reason: "it counts its close_notify as a fatal alert (rustls#959)",
    },
    Known {
        subjects: NEXT,
        situation: "an alert at an undefined level",
        when: |script| has(script, |word| matches!(word, Word::Alert([0 | 3..=255, _]))),
        says: |_, theirs| refuses_by(theirs, 47),
        instead: "refused by illegal_parameter",
        reason: "it refuses such levels in every version (0.24.0-dev.2); RFC 9846 §6 ignores the level in TLS 1.3",
    },
    Known {
        subjects: NEXT,
        situation: "TLS 1.3, an error alert at level warning",
        when: |script| script.is_13() && has(script, |word| matches!(word, Word::Alert([1, 1..=255]))),
        says: |ours, theirs| matches!(ours.kind, Kind::Alert(_)) && refuses_by(theirs, 50),
        instead: "refused by decode_error",
        reason: "it treats it as a message that does not parse (0.24.0-dev.2); by RFC 9846 §6.2 both sides send nothing more",
    },
    Known {
        subjects: NEXT,
        situation: "more warnings, or requests for renegotiation, than are tolerated",
        when: |script| has(script, |word| matches!(word, Word::Ticket | Word::Alert([1, _]))),
        says: |ours, theirs| matches!(ours.kind, Kind::Refused | Kind::Alert(_)) && refuses_by(theirs, 47),
        instead: "refused by illegal_parameter, before an error alert after them is read",
        reason: "if more than one alert fits a fault, the stack may choose (RFC 9846 §6.2)",
    },
    Known {
        subjects: OPENSSL,
        situation: "something that is refused",
        when: |_| true,
        says: |ours, theirs| both(ours, theirs, Kind::Refused) && theirs.said.alert.is_some_and(is_error),
        instead: "the same, and another alert for it",
        reason: "if more than one alert fits a fault, the stack may choose (RFC 9846 §6.2)",
    },
    Known {
        subjects: OPENSSL,
        situation: "TLS 1.2, the warning no_renegotiation",
        when: |script| !script.is_13() && has(script, |word| word == Word::Alert([1, 100])),
        says: |_, theirs| theirs.kind == Kind::Refused && theirs.said.alert == Some([2, 40]),
        instead: "refused by handshake_failure",
        reason: "it treats the warning as the refusal of a handshake, even if it asked for none (`ssl/record/rec_layer_s3.c`)",
    },
    Known {
        subjects: OPENSSL,
        situation: "TLS 1.2, warnings with data between them",
        when: |script| {
            has(script, |word| matches!(word, Word::Data(_)))
                && has(script, |word| matches!(word, Word::Alert([1, 1..=255])))
        },
        says: |ours, theirs| ours.kind == Kind::Refused && theirs.kind != Kind::Refused,
        instead: "what comes after them",
        reason: "data resets its count of warnings; ours counts all warnings of a connection (`Policy::warnings`)",
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
        instead: "the error of the transport, which accepts no more",
        reason: "it answers though it has closed; by RFC 9846 §6.1 nothing follows a close_notify",
    },
    Known {
        subjects: OPENSSL,
        situation: "the transport's end without close_notify, and a close after that",
        when: |script| {
            script.steps.iter().any(|step| matches!(step, Step::Ends(End::Fin | End::FinInRecord)))
        },
        says: |ours, theirs| {
            both(ours, theirs, Kind::Truncated) && is_notify(ours) && theirs.said.alert.is_none()
        },
        instead: "the same, and no close_notify of its own",
        reason: "it counts such an end as a protocol error, after which SSL_shutdown(3) must not be called",
    },
    Known {
        subjects: OPENSSL,
        situation: "TLS 1.2, a request for renegotiation",
        when: |script| !script.is_13() && has(script, |word| word == Word::Ticket),
        says: |_, _| true,
        instead: "it renegotiates, and sends no close_notify until that is done",
        reason: "renegotiation is on unless SSL_OP_NO_RENEGOTIATION is set (SSL_CTX_set_options(3))",
    },
];

const NEXT: &[Subject] = &[Subject::Next];
const OPENSSL: &[Subject] = &[Subject::OpenSsl];
const OTHERS: &[Subject] = &[Subject::Rustls, Subject::Unbuffered, Subject::OpenSsl, Subject::Next];
/// The current rustls only.
const BARE: &[Subject] = &[Subject::Rustls, Subject::Unbuffered];
/// The current rustls and the next.
const BOTH: &[Subject] = &[Subject::Rustls, Subject::Unbuffered, Subject::Next];

fn has(script: &Script, is: impl Fn(Word) -> bool) -> bool {
    script.words().any(is)
}

fn is_error([_, code]: [u8; 2]) -> bool {
    code != 0
}

/// Whether the subject refused with this alert. Only a close_notify before it, or a transport that
/// accepts no more, can prevent the alert.
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

/// The row that describes this difference.
pub(super) fn find(subject: Subject, script: &Script, ours: Outcome, theirs: Outcome) -> Option<usize> {
    KNOWN.iter().position(|known| {
        known.subjects.contains(&subject) && (known.when)(script) && (known.says)(&ours, &theirs)
    })
}

/// The table as Markdown.
#[must_use]
pub fn table() -> String {
    let mut text = String::from(
        "# Where other stacks end differently from our streams\n\n\
         Drawn from `src/differential/known.rs` by `cargo run -p close-notify-fuzz --example differences`. Our stream over \
         tokio\ndiffers nowhere. Each row occurs in the corpus of `differential`. Files without a crate are those of rustls \
         0.23.46.\n\n| who | situation | what it does instead | why |\n| --- | --- | --- | --- |\n",
    );
    for known in KNOWN {
        let who: Vec<&str> = known.subjects.iter().map(|subject| subject.name()).collect();
        let Known { situation, instead, reason, .. } = known;
        text.push_str(&format!("| {} | {situation} | {instead} | {reason} |\n", who.join("; ")));
    }
    text
}
