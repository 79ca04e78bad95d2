//! Sequence charts of a path, for readers who do not know the source: who sent what, what the
//! attacker did, what each application learned.
//!
//! Decides what of a path is worth a line. `story` turns steps into lines, `words` has the
//! sentences, `text` and `svg` draw. The model takes the steps.

mod story;
mod svg;
mod text;
mod words;

use crate::check::subject::{Step, Subject};
use crate::pair::Pair;
use crate::world::action::Action;

/// The chart of one path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Chart {
    lanes: Vec<&'static str>,
    lines: Vec<Line>,
    endings: Vec<Told>,
}

/// How a line is coloured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Tone {
    /// What happens anyway.
    Plain,
    /// What an application learns.
    Told,
    /// What the attacker or a fault did, and what is lost.
    Bad,
}

/// How much of the way of a message is drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    /// From one end to the other.
    Whole,
    /// It leaves. Something else happens before it arrives, or it never arrives.
    Leaves,
    /// It arrives, having left long before.
    Arrives,
    /// It arrives, and the attacker sent it.
    Forged,
}

/// One line of a chart. A gap is the space to the right of the lane with its number.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Line {
    /// Something that an end does or learns.
    Note {
        /// The lane of that end.
        lane: usize,
        /// The gap in which it is written.
        gap: usize,
        /// What.
        text: String,
        /// How it is coloured.
        tone: Tone,
    },
    /// Something that moves.
    Arrow {
        /// From which lane.
        from: usize,
        /// To which.
        to: usize,
        /// What.
        label: String,
        /// How much of its way is drawn.
        way: Way,
    },
    /// Nothing passes any more.
    Cut {
        /// Between which lanes.
        gap: usize,
    },
}

/// What an end knows when the path is over.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Told {
    who: String,
    says: String,
    /// Whether its application takes what it read for a whole message; `None` if it does not read
    /// to an end.
    whole: Option<bool>,
}

impl Chart {
    /// The chart of a path of a subject. It stops before the first step that the subject cannot
    /// take.
    #[must_use]
    pub fn of(subject: &Subject, path: &[Step]) -> Self {
        match subject {
            Subject::Pair(pair) => story::of_pair(pair, path.iter().map(|step| step.action)),
            Subject::Relay(relay) => story::of_relay(relay, path),
        }
    }

    /// Drawn with characters, at most 98 columns wide.
    #[must_use]
    pub fn text(&self) -> String {
        text::draw(self)
    }

    /// Drawn as an SVG element.
    #[must_use]
    pub fn svg(&self) -> String {
        svg::draw(self)
    }
}

/// The chart of a path of a pair, as stateright's Explorer needs it.
#[must_use]
pub fn svg(pair: &Pair, path: &[Action]) -> String {
    story::of_pair(pair, path.iter().copied()).svg()
}
