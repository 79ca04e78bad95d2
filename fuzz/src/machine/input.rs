//! The bytes of an input as a set-up and as facts.
//!
//! The set-up has six bytes: flags (version, role, established, and the plan); the policy (a
//! preset, or a custom one); and for a custom policy two bytes of choices, and one each for its
//! warnings and its budgets. Policy 254 is also custom, and has one more byte: an alert. With it,
//! texts are judged too.

use std::sync::LazyLock;

use close_notify_core::{
    AlertDescription as Alert, AlertLevel, CoalescedAlerts, Event, FatalNotify, FragmentedAlert, LateData,
    Manner, MissingNotify, PeerCloses, Policy, Reply, ResumptionRule, Role, UserCanceled, Version,
};

use crate::choices::Choices;
use close_notify_reference::Setup;

/// The plan of a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// Whether a driver answers the machine's outputs, and the input gives only facts from outside.
    pub(super) drives: bool,
    /// Whether the run checks that the close ends.
    pub(super) ends: bool,
    /// Whether the same facts are also given to another machine.
    pub(super) repeats: bool,
    /// The alert and the fact whose texts are judged, if texts are judged at all.
    pub(super) asks: Option<(Alert, Event)>,
}

/// Interesting numbers of bytes: none, few, close to a budget, as many as a count can hold.
const SIZES: [u32; 8] = [0, 1, 60, 1400, 16_384, 65_536, 0x0004_0000, u32::MAX];

/// Budgets in bytes, the unusual ones first.
const BUDGETS: [u32; 8] = [0, 1, 100, 65_536, 0x0004_0000, u32::MAX - 1, u32::MAX, 1460];

/// Limits of what may be kept of a budget, the whole first.
const KEEPS: [u32; 8] = [u32::MAX, 0, 1, 60, 100, 1400, 65_536, 0x0004_0000];

const WARNINGS: [u8; 4] = [0, 1, 4, 255];

/// Error numbers: none, EPIPE, ENOTCONN, and the resets of Linux, of the BSDs and of Windows.
const ERRNOS: [i32; 7] = [104, 32, 0, 54, 10_054, 10_053, 107];

/// A custom policy, and texts are judged. Texts are slow, so few inputs ask for them.
const IN_WORDS: u8 = 254;

/// The set-up of a run.
pub(super) fn setup(choices: &mut Choices<'_>) -> (Setup, Plan) {
    let [flags, preset] = [choices.byte(), choices.byte()];
    let bytes = [choices.byte(), choices.byte(), choices.byte(), choices.byte()];
    let setup = Setup {
        version: Version::ALL[usize::from(flags & 3)],
        role: if flags & 4 == 0 { Role::Client } else { Role::Server },
        established: flags & 8 == 0,
        policy: policy(preset, bytes),
    };
    let asks = (preset == IN_WORDS).then(|| {
        let choice = choices.byte();
        (Alert(choice), DISTINCT[usize::from(choice) % DISTINCT.len()])
    });
    (setup, Plan { drives: flags & 16 != 0, ends: flags & 32 != 0, repeats: flags & 64 != 0, asks })
}

fn policy(preset: u8, [choice, more, warnings, budget]: [u8; 4]) -> Policy {
    if let Some((_, policy)) = Policy::PRESETS.get(usize::from(preset)) {
        return *policy;
    }
    let pick = |bits: u8| usize::from(bits % 3);
    Policy {
        missing_notify: MissingNotify::ALL[pick(choice)],
        late_data: LateData::ALL[pick(choice >> 2)],
        reply: Reply::ALL[pick(choice >> 4)],
        fatal_notify: FatalNotify::ALL[usize::from(choice >> 6 & 1)],
        resumption: ResumptionRule::ALL[usize::from(choice >> 7)],
        peer_closes: PeerCloses::ALL[usize::from(more & 1)],
        fragmented_alert: FragmentedAlert::ALL[usize::from(more >> 1 & 1)],
        coalesced_alerts: CoalescedAlerts::ALL[usize::from(more >> 2 & 1)],
        user_canceled: UserCanceled::ALL[usize::from(more >> 3 & 1)],
        warnings: WARNINGS[usize::from(warnings & 3)],
        drain_budget: BUDGETS[usize::from(budget & 7)],
        keep_budget: KEEPS[usize::from(budget >> 3 & 7)],
    }
}

const fn alert(level: u8, description: Alert) -> Event {
    Event::PeerAlert { level: AlertLevel(level), description }
}

/// Facts from outside of a driver, without a number.
const OUTSIDE: [Event; 28] = [
    alert(1, Alert::CLOSE_NOTIFY),
    alert(2, Alert::CLOSE_NOTIFY),
    alert(0, Alert::CLOSE_NOTIFY),
    alert(2, Alert::CERTIFICATE_REQUIRED),
    alert(1, Alert::CERTIFICATE_EXPIRED),
    alert(1, Alert::USER_CANCELED),
    alert(2, Alert::USER_CANCELED),
    alert(1, Alert::NO_RENEGOTIATION),
    alert(1, Alert(250)),
    Event::TransportEof { inside_record: false },
    Event::TransportEof { inside_record: true },
    Event::PeerViolation(Alert::BAD_RECORD_MAC),
    Event::PeerKeysInUse,
    Event::EarlyDataAccepted,
    Event::HandshakeDone,
    Event::Write,
    Event::CloseWrite,
    Event::Close(Manner::Graceful),
    Event::Close(Manner::Linger),
    Event::Close(Manner::AtOnce),
    Event::Close(Manner::HandBack),
    Event::Close(Manner::Reject),
    Event::Close(Manner::Abort),
    Event::Close(Manner::HalfClose),
    Event::Close(Manner::Unasked),
    Event::Reject(Alert::ACCESS_DENIED),
    Event::Reject(Alert::CLOSE_NOTIFY),
    Event::DeadlinePassed,
];

/// Answers of a driver, without a number.
const ANSWERS: [Event; 12] = [
    Event::OutputSealed,
    Event::OutputWritten,
    Event::OutputBegun,
    Event::OutputUnsealable,
    Event::WriteShut,
    Event::DeadlineStarted,
    Event::SessionForgotten,
    Event::TransportClosed,
    Event::TransportResetByUs,
    Event::TransportHandedBack,
    Event::EngineNotified,
    Event::PendingDiscarded { bytes: 0 },
];

/// The next fact of any kind: 40 plain ones; four kinds with eight sizes each; two with seven error
/// numbers each, or any; and an alert or a rejection with any bytes.
pub(super) fn fact(choices: &mut Choices<'_>) -> Option<Event> {
    let byte = choices.next_byte()?;
    let at = usize::from(byte);
    Some(match byte {
        0..28 => OUTSIDE[at],
        28..40 => ANSWERS[at - 28],
        40..=255 => numbered(byte - 40, choices),
    })
}

/// The next fact from outside, and whether another comes before the driver has answered.
pub(super) fn outside_fact(choices: &mut Choices<'_>) -> Option<(Event, bool)> {
    let byte = choices.next_byte()?;
    let at = byte & 0x7f;
    let fact = if at < 28 { OUTSIDE[usize::from(at)] } else { numbered(at - 28, choices) };
    Some((fact, byte & 0x80 != 0))
}

fn numbered(at: u8, choices: &mut Choices<'_>) -> Event {
    let bytes = SIZES[usize::from(at & 7)];
    match at >> 3 {
        0 => Event::PeerData { bytes },
        1 => Event::Drained { bytes },
        2 => Event::PeerMessage { bytes },
        3 => Event::TransportReset { errno: errno(at & 7, choices) },
        4 => Event::WriteFailed { errno: errno(at & 7, choices) },
        5 if at & 7 == 7 => Event::TransportHandedOver,
        5 if at & 1 == 1 => Event::Flushed,
        5 => Event::EngineNotified,
        6 => Event::PendingDiscarded { bytes },
        7 => Event::Reject(Alert(choices.byte())),
        8 => Event::PeerViolation(Alert(choices.byte())),
        _ => alert(choices.byte(), Alert(choices.byte())),
    }
}

/// An interesting error number, or any: a number that is no reset must not count as one.
fn errno(at: u8, choices: &mut Choices<'_>) -> i32 {
    ERRNOS.get(usize::from(at)).copied().unwrap_or_else(|| i32::from(choices.byte()))
}

/// The interesting facts, each with one number: the elements of the enumerated sequences.
pub(super) static DISTINCT: LazyLock<Vec<Event>> = LazyLock::new(|| {
    let bytes = 60;
    let numbered = [
        Event::PeerData { bytes },
        Event::Drained { bytes },
        Event::PeerMessage { bytes },
        Event::PendingDiscarded { bytes: 7 },
        Event::TransportReset { errno: 104 },
        Event::WriteFailed { errno: 104 },
        Event::WriteFailed { errno: 32 },
        Event::WriteFailed { errno: 110 },
        Event::TransportHandedOver,
        Event::Flushed,
    ];
    [&OUTSIDE[..], &ANSWERS[..], &numbered[..]].concat()
});
