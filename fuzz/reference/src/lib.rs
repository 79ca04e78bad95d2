//! What is known about an end, read off the list of what happened: the specification that the core
//! is held against.
//!
//! Decides what an ending must say ([`ending`]), which facts can happen at all
//! ([`Account::allows`]), and which alerts a record holds ([`alerts_of`]). It shares the core's
//! types, for they are the question, and none of its rules, for they are the answer: where the core
//! is a state for each half, this is a list of notes, and each thing that an ending tells is one
//! sentence about them. "Reading ended by the first fact that ends it" is [`Account`]'s
//! `end_reading`, and so on.
//!
//! [`judge`] holds a machine of the core against the notes behind each fact, [`said`] what it says
//! of itself in words, and [`Shadow`] the small machine of lingering against the whole one.
//!
//! It is no driver: which step comes next is no knowledge about the end.
//! Sources: `docs/requirements.md`, by the ids beside each sentence.

mod account;
mod alert;
mod answers;
mod duties;
pub mod judge;
mod legal;
pub mod said;
mod shadow;
mod trust;
mod verdict;

use close_notify_core::{Ending, Event, Machine, Policy, Role, Version};

pub use account::{Account, Word};
pub use alert::alerts_of;
pub use shadow::Shadow;

/// What is fixed before the first fact.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Setup {
    /// The version of TLS.
    pub version: Version,
    /// Which end this is. No ending depends on it.
    pub role: Role,
    /// What the application chose.
    pub policy: Policy,
    /// Whether the story begins behind the handshake, or before its first byte.
    pub established: bool,
}

impl Setup {
    /// The core's machine for the same story.
    #[must_use]
    pub const fn machine(&self) -> Machine {
        if self.established {
            Machine::established(self.version, self.role, self.policy)
        } else {
            Machine::new(self.version, self.role, self.policy)
        }
    }
}

/// What is known about the end once all of `facts` happened, in this order.
///
/// Shape: facts that the machine refused did not happen, and are left out.
///
/// ```
/// use close_notify_core::{Event, Policy, ReadEnd, Role, Version};
/// use close_notify_reference::{Setup, ending};
/// let setup = Setup { version: Version::Tls13, role: Role::Client, policy: Policy::STRICT, established: true };
/// let facts = [Event::PeerData { bytes: 60 }, Event::TransportEof { inside_record: false }];
/// assert_eq!(ending(&setup, &facts).reading, ReadEnd::TruncatedAtBoundary);
/// ```
#[must_use]
pub fn ending(setup: &Setup, facts: &[Event]) -> Ending {
    let mut account = Account::new(*setup);
    facts.iter().for_each(|&fact| account.tell(fact));
    account.ending()
}
