//! Handmade inputs, named after what they show: rows of `docs/scenarios.md`, and what this target
//! has found.

use close_notify::Close;
use insecure_test_crypto::{ALERT, HANDSHAKE};

use super::action::{Action, Call, Words};
use super::adversary::Wrong;
use super::meaning::TICKET;
use super::wire::End;
use crate::FORMAT;

/// Bits of the first set-up byte. Zeros mean a client of TLS 1.2, strict, stepped, without bounds.
const SERVER: u8 = 2;
const TLS13: u8 = 1;
const STREAM: u8 = 4;
/// No room at the start.
const NO_ROOM: u8 = 1 << 5;
/// Values of the second and third byte: choices of the policy.
const DISCARD_LATE: u8 = 3;
const REFUSE_LATE: u8 = 6;
const WHEN_ASKED: u8 = 18;
const ASSEMBLE: u8 = 1 << 3;
const READ_EACH: u8 = 1 << 4;
/// A value of the fourth byte: 255 warnings.
const PATIENT: u8 = 3;

const RUN: Action = Action::Call(Call::Run);
const READ: Action = Action::Call(Call::Read(100));
const WRITE: Action = Action::Call(Call::Write(100));
const CLOSE: Action = Action::Call(Call::Close(Close::Graceful));
const DATA: Action = Action::Say(Words::Data(10));
const NOTIFY: Action = Action::Say(Words::Alert([1, 0]));
const FIN: Action = Action::End(End::Fin);
const RESET: Action = Action::End(End::Reset { errno: 104 });
const CLEARTEXT: Action = Action::Say(Words::Plaintext(b"220 ready to speak in the clear\r\n"));
const PART_OF_A_KEY_UPDATE: Action = Action::Say(Words::Record(HANDSHAKE, &[24, 0]));

/// A name, the set-up, and the steps.
type Seed = (&'static str, [u8; 4], &'static [Action]);

/// The scenarios of docs/scenarios.md, by row.
const SCENARIOS: &[Seed] = &[
    ("01-both-close", [TLS13, 0, 0, 0], &[CLOSE, NOTIFY, RUN]),
    ("01-both-close-stream", [TLS13 | STREAM, 0, 0, 0], &[CLOSE, NOTIFY, FIN, RUN]),
    ("02-peer-closes-and-we-write-on", [TLS13, 0, 0, 0], &[NOTIFY, RUN, WRITE, CLOSE]),
    (
        "03-answer-discards-pending",
        [NO_ROOM, 0, 0, 0],
        &[Action::Call(Call::Write(20_000)), WRITE, NOTIFY, RUN],
    ),
    ("03-answer-when-asked", [STREAM, WHEN_ASKED, 0, 0], &[NOTIFY, RUN, WRITE, CLOSE]),
    ("04-write-after-close", [TLS13, 0, 0, 0], &[CLOSE, WRITE]),
    ("07-key-update-after-close", [TLS13, 0, 0, 0], &[CLOSE, Action::Say(Words::KeyUpdate(1)), NOTIFY, RUN]),
    (
        "08-ticket-after-close",
        [TLS13, 0, 0, 0],
        &[CLOSE, Action::Say(Words::Record(HANDSHAKE, &TICKET)), NOTIFY, RUN],
    ),
    ("09-late-data-delivered", [TLS13 | STREAM, 0, 0, 0], &[CLOSE, DATA, NOTIFY, RUN, READ]),
    ("09-late-data-discarded", [TLS13, DISCARD_LATE, 0, 0], &[CLOSE, DATA, NOTIFY, RUN]),
    ("09-late-data-refused", [SERVER, REFUSE_LATE, 0, 0], &[CLOSE, DATA, RUN]),
    ("10-hello-request-after-close", [0, 0, 0, 0], &[CLOSE, Action::Say(Words::AskAgain), NOTIFY, RUN]),
    (
        "11-bad-record-after-close",
        [TLS13, 0, 0, 0],
        &[CLOSE, Action::Say(Words::Wrongly(Wrong::Place, [1, 0])), RUN],
    ),
    ("12-fatal-alert-after-close", [SERVER, 0, 0, 0], &[CLOSE, Action::Say(Words::Alert([2, 40])), RUN]),
    ("13-close-after-own-alert", [TLS13, 0, 0, 0], &[Action::Call(Call::Reject(80)), CLOSE, FIN, RUN]),
    ("18-plain-close-notify", [TLS13, 0, 0, 0], &[Action::Say(Words::PlainAlert([1, 0])), RUN]),
    ("21-data-after-notify", [TLS13, 0, 0, 0], &[NOTIFY, DATA, RUN, READ]),
    (
        "24-alert-in-two-records",
        [0, 0, ASSEMBLE, 0],
        &[Action::Say(Words::Record(ALERT, &[1])), Action::Say(Words::Record(ALERT, &[0])), RUN],
    ),
    ("24-end-inside-an-alert", [0, 0, ASSEMBLE, 0], &[Action::Say(Words::Record(ALERT, &[1])), FIN, RUN]),
    (
        "25-two-alerts-in-a-record",
        [0, 0, READ_EACH, 0],
        &[Action::Say(Words::Record(ALERT, &[1, 90, 1, 0])), RUN],
    ),
    ("31-user-canceled-then-fin", [TLS13, 0, 0, 0], &[Action::Say(Words::Alert([1, 90])), FIN, RUN]),
    ("34-fin-at-a-boundary", [TLS13 | STREAM, 0, 0, 0], &[DATA, FIN, RUN, RUN]),
    ("35-fin-inside-a-record", [SERVER, 0, 0, 0], &[Action::SayPart(usize::MAX), FIN, RUN]),
    ("36-data-then-reset", [TLS13 | STREAM, 0, 0, 0], &[DATA, RESET, RUN, RUN]),
    ("37-reset-after-notify", [TLS13, 0, 0, 0], &[NOTIFY, RESET, RUN, CLOSE, RUN]),
    (
        "47-no-room-until-the-deadline",
        [TLS13 | NO_ROOM, 0, 0, 0],
        &[CLOSE, Action::Call(Call::DeadlinePasses)],
    ),
    (
        "55-cleartext-after-notify",
        [TLS13, 0, 0, 0],
        &[Action::Call(Call::AskBack), NOTIFY, CLEARTEXT, RUN, Action::Call(Call::HandBack)],
    ),
];

/// Inputs that found flaws in our own code.
const REGRESSIONS: &[Seed] = &[
    (
        "alert-between-the-parts-of-a-message-then-write",
        [TLS13, 0, 0, 0],
        &[PART_OF_A_KEY_UPDATE, NOTIFY, RUN, WRITE],
    ),
    ("bad-type-after-late-data", [TLS13, DISCARD_LATE, 0, 0], &[CLOSE, DATA, CLEARTEXT, RUN, READ]),
    (
        "flush-writes-the-last-word",
        [STREAM | NO_ROOM, 0, 0, 0],
        &[CLOSE, Action::Room(usize::MAX), Action::Call(Call::Flush)],
    ),
    (
        "look-with-an-alert-to-send-and-no-room",
        [STREAM | NO_ROOM, 0, 0, 0],
        &[Action::Say(Words::Record(ALERT, &[])), Action::Call(Call::Receive), Action::Room(usize::MAX), RUN],
    ),
    (
        "more-warnings-than-rustls-survives",
        [0, 0, 0, PATIENT],
        &[Action::Say(Words::AlertFlood([1, 100], 6)), DATA, NOTIFY, RUN, READ],
    ),
];

/// Every handmade input: its name, and its bytes.
#[must_use]
pub fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    SCENARIOS.iter().chain(REGRESSIONS).map(|(name, set_up, steps)| (*name, input(set_up, steps))).collect()
}

fn input(set_up: &[u8; 4], steps: &[Action]) -> Vec<u8> {
    let bytes = steps.iter().map(|step| step.byte().expect("a step of the alphabet"));
    [FORMAT].into_iter().chain(*set_up).chain(bytes).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    #[test]
    fn every_input_made_by_hand_holds_and_is_in_the_corpus() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/forged_peer");
        for (name, input) in super::seeds() {
            super::super::run(&input);
            assert_eq!(
                fs::read(corpus.join(name)).unwrap(),
                input,
                "{name}: write it with the example seeds"
            );
        }
    }
}
