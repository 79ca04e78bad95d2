//! The steps of a run: what the peer and the application do, as a list.
//!
//! Decides how the bytes of an input become steps: one byte per step, and two more for an alert of
//! any level and code.

use std::fmt;

use close_notify::{Role, Version};

use crate::choices::Choices;
use crate::lab::{ROLES, UPDATES, VERSIONS};

/// What the peer puts into records.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Word {
    /// Application data of this many bytes.
    Data(u8),
    /// An alert in a record of its own.
    Alert([u8; 2]),
    /// Two alerts in one record: this one, and a close_notify.
    TwoAlerts([u8; 2]),
    /// A close_notify in two records.
    SplitNotify,
    /// An alert record without an alert.
    EmptyAlert,
    /// New keys from here on; the flag asks the other side to follow. Nothing is sent up to TLS
    /// 1.2.
    KeyUpdate(bool),
    /// A session ticket (TLS 1.3), or a HelloRequest.
    Ticket,
    /// A close_notify in the clear.
    PlainNotify,
    /// Bytes that are no record: the application protocol in the clear.
    Plain,
    /// A record whose seal is broken.
    Forged,
}

/// How the transport ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// Between two records.
    Fin,
    /// Inside a record.
    FinInRecord,
    /// A reset after all that came.
    Reset,
}

/// One step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// The peer says this.
    Says(Word),
    /// The peer's transport ends in this way.
    Ends(End),
    /// The application writes.
    Writes,
    /// The application ends its direction: close_notify and FIN.
    Closes,
    /// The application reads all that there is.
    Reads,
}

/// A run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Script {
    /// The negotiated version.
    pub version: Version,
    /// The role of our end.
    pub role: Role,
    /// The application reads after each step.
    pub is_eager: bool,
    /// The application closes after all steps, if it has not before.
    pub closes: bool,
    /// The most bytes that a read of the transport returns.
    pub chunk: usize,
    /// The steps, in order.
    pub steps: Vec<Step>,
}

const LEVELS: [u8; 4] = [1, 2, 0, 255];
const LENGTHS: [u8; 4] = [1, 5, 0, 200];
/// Enough for an end and what comes after it.
const STEPS: usize = 24;

impl Script {
    /// Reads an input; `None` if it has another format.
    #[must_use]
    pub fn read(data: &[u8]) -> Option<Self> {
        let mut choices = Choices::read(data)?;
        let flags = choices.byte();
        let chunk = match choices.byte() {
            0 => usize::MAX,
            chunk => chunk.into(),
        };
        let mut script = Self {
            version: VERSIONS[usize::from(flags & 1)],
            role: ROLES[usize::from(flags >> 1 & 1)],
            is_eager: flags & 4 == 0,
            closes: flags & 8 != 0,
            chunk,
            steps: Vec::with_capacity(STEPS),
        };
        let (mut has_ended, mut updates) = (false, 0);
        while script.steps.len() < STEPS {
            let Some(step) = choices.next_byte().map(|byte| step(byte, &mut choices)) else { break };
            let is_update = matches!(step, Step::Says(Word::KeyUpdate(_)));
            let is_peer = matches!(step, Step::Says(_) | Step::Ends(_));
            // A recorded peer has keys for this many updates only.
            let has_keys = !is_update || updates < UPDATES;
            if has_keys && !(is_peer && has_ended) {
                script.steps.push(step);
                updates += usize::from(is_update);
            }
            has_ended |= matches!(step, Step::Ends(_));
        }
        Some(script)
    }

    /// The words of the peer, in order.
    pub fn words(&self) -> impl Iterator<Item = Word> {
        self.steps.iter().filter_map(|step| match step {
            Step::Says(word) => Some(*word),
            Step::Ends(_) | Step::Writes | Step::Closes | Step::Reads => None,
        })
    }

    /// Whether it is TLS 1.3.
    #[must_use]
    pub const fn is_13(&self) -> bool {
        self.version.has_independent_halves()
    }
}

fn step(byte: u8, choices: &mut Choices<'_>) -> Step {
    use Step::Says;
    let choice = usize::from(byte & 3);
    match byte >> 2 & 15 {
        0 | 1 => Says(Word::Data(LENGTHS[choice])),
        2 => Says(Word::Alert([LEVELS[choice], 0])),
        3 => Says(Word::Alert([LEVELS[choice], 90])),
        4 => Says(Word::Alert([LEVELS[choice], [40, 20, 100, 222][usize::from(byte >> 6)]])),
        5 => Says(Word::Alert([choices.byte(), choices.byte()])),
        6 => Says(Word::TwoAlerts([LEVELS[choice], [0, 90, 40, 100][usize::from(byte >> 6)]])),
        7 => [Says(Word::SplitNotify), Says(Word::EmptyAlert), Says(Word::PlainNotify), Says(Word::Plain)]
            [choice],
        8 => Says(Word::KeyUpdate(choice & 1 == 1)),
        9 => Says(Word::Ticket),
        10 => Says(Word::Forged),
        11 => {
            [Step::Ends(End::Fin), Step::Ends(End::FinInRecord), Step::Ends(End::Reset), Step::Reads][choice]
        }
        12 => Step::Writes,
        13 => Step::Closes,
        14 => Step::Reads,
        _ => Says(Word::Alert([1, 0])),
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let eager = if self.is_eager { "eager" } else { "looking away" };
        let closes = if self.closes { ", closes at the end" } else { "" };
        writeln!(f, "{:?} of {}, {eager}{closes}, {} bytes a read", self.role, self.version, self.chunk)?;
        self.steps.iter().try_for_each(|step| writeln!(f, "  {step:?}"))
    }
}
