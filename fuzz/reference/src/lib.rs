//! What is known about an end, derived from the list of what happened: the specification that the
//! core is compared with.
//!
//! Decides what an ending must say ([`ending`]), which facts can happen at all
//! ([`Account::allows`]), and which alerts a record holds ([`alerts_of`]). It shares the core's
//! types, because they are the question. It shares none of its rules, because they are the answer.
//! The core has a state for each half. This crate has a list of notes, and derives each part of an
//! ending from one rule about them: "reading ended by the first fact that ends it" is [`Account`]'s
//! `end_reading`, and so on.
//!
//! [`judge`] compares a machine of the core with the notes after each fact, [`said`] checks what
//! the core says in words, and [`Shadow`] compares the small machine of lingering with the whole
//! one.
//!
//! This crate is no driver: which step comes next is not known from the end.
//! Sources: `docs/requirements.md`, by the ids next to each rule.

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
    /// Whether the run begins after the handshake, or before its first byte.
    pub established: bool,
}

impl Setup {
    /// The core's machine for the same set-up.
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
/// Leave out facts that the machine refused: they did not happen.
///
/// ```
/// use close_notify_core::{Event, Policy, ReadEnd, Role, Version};
/// use close_notify_reference::{Setup, ending};
/// let (version, role, policy) = (Version::Tls13, Role::Client, Policy::STRICT);
/// let setup = Setup { version, role, policy, established: true };
/// let facts = [Event::PeerData { bytes: 60 }, Event::TransportEof { inside_record: false }];
/// assert_eq!(ending(&setup, &facts).reading, ReadEnd::TruncatedAtBoundary);
/// ```
#[must_use]
pub fn ending(setup: &Setup, facts: &[Event]) -> Ending {
    let mut account = Account::new(*setup);
    facts.iter().for_each(|&fact| account.tell(fact));
    account.ending()
}
