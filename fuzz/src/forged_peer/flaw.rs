//! A flaw of a run: the duty that it breaks, and a sentence.

use std::fmt;

use close_notify::Ending;

/// A duty of `docs/requirements.md`, or a bound of our own, and how it was broken.
pub(crate) struct Flaw {
    pub(crate) duty: &'static str,
    pub(crate) says: &'static str,
    /// The ending of our side, and that of the reference.
    endings: Option<Box<[Ending; 2]>>,
}

impl Flaw {
    pub(crate) const fn of(duty: &'static str, says: &'static str) -> Self {
        Self { duty, says, endings: None }
    }

    /// A wrong answer of a call.
    pub(crate) const fn answer((duty, says): (&'static str, &'static str)) -> Self {
        Self::of(duty, says)
    }

    pub(crate) fn ending(ours: Ending, reference: Ending) -> Self {
        let says = "the ending is not what the reference reads off the records and the calls";
        Self { duty: "ending", says, endings: Some(Box::new([ours, reference])) }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.duty, self.says)?;
        match &self.endings {
            Some(endings) => write!(f, "\nours      {:?}\nreference {:?}", endings[0], endings[1]),
            None => Ok(()),
        }
    }
}
