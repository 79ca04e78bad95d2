//! What must hold of each step: the machine against the notes.
//!
//! Decides nothing of TLS: what is true is `reference`'s to say, and what may be asked is `duties`'.

use std::hash::{Hash, Hasher};

use close_notify_core::{Ending, Event, FirstCloser, Machine, ReadEnd, WriteEnd};

use super::duties;
use crate::reference::Account;

/// What is wrong, in words.
pub(super) type Flaw = &'static str;

/// Tells a fact to both, and says whether it was taken.
///
/// Errors: what is wrong with the machine behind it.
pub(super) fn step(machine: &mut Machine, account: &mut Account, fact: Event) -> Result<bool, Flaw> {
    let before = *machine;
    let legal = machine.handle(fact).is_ok();
    if legal != account.allows(fact) {
        return Err(if legal { "what cannot happen was taken" } else { "what can happen was refused" });
    }
    if !legal {
        return if *machine == before { Ok(false) } else { Err("a refused fact changed the machine") };
    }
    let known = account.ending();
    account.tell(fact);
    let told = machine.ending();
    if told != account.ending() {
        return Err("the ending is not what happened");
    }
    grows(&known, &told)?;
    ranks_grow(&before, machine)?;
    duties::asked(machine, account)?;
    Ok(true)
}

// Evidence only grows: nothing that was known is taken back.
fn grows(known: &Ending, told: &Ending) -> Result<(), Flaw> {
    let counts =
        told.discarded >= known.discarded && told.late >= known.late && told.drained >= known.drained;
    let first = known.errno.is_none() || told.errno == known.errno;
    // RFC 9846 §6.1 · notify-is-final, and of every other end
    let reading = known.reading == ReadEnd::Open || told.reading == known.reading;
    let writing = match known.writing {
        WriteEnd::Open | WriteEnd::Closing => true,
        WriteEnd::CloseNotifySent
        | WriteEnd::PartlyWritten
        | WriteEnd::NotSent(_)
        | WriteEnd::FatalAlertSent(_)
        | WriteEnd::Aborted { .. } => {
            told.writing == known.writing || matches!(told.writing, WriteEnd::Aborted { .. })
        }
    };
    let closer = matches!(known.first_closer, FirstCloser::Nobody | FirstCloser::Us)
        || told.first_closer == known.first_closer;
    let resumption = known.resumption.allowed || !told.resumption.allowed;
    let all = counts && first && reading && writing && closer && resumption;
    if all && told.user_canceled >= known.user_canceled {
        Ok(())
    } else {
        Err("what was known was taken back")
    }
}

fn ranks_grow(before: &Machine, after: &Machine) -> Result<(), Flaw> {
    let send = after.send_state().rank() >= before.send_state().rank();
    let recv = after.recv_state().rank() >= before.recv_state().rank();
    let released = after.transport_state().is_released() || !before.transport_state().is_released();
    if send && recv && released { Ok(()) } else { Err("a half went back") }
}

/// A hash that costs little.
pub(super) fn hash(value: &impl Hash) -> u64 {
    let mut hasher = Fold(0xcbf2_9ce4_8422_2325);
    value.hash(&mut hasher);
    hasher.finish()
}

/// A multiply and a fold a word: enough to tell machines apart, where nobody attacks the table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fold(u64);

impl Default for Fold {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fold {
    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u64(u64::from(byte)));
    }

    fn write_u8(&mut self, word: u8) {
        self.write_u64(u64::from(word));
    }

    fn write_u32(&mut self, word: u32) {
        self.write_u64(u64::from(word));
    }

    fn write_u64(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word) * 0x9e37_79b9_7f4a_7c15;
        self.0 = (product as u64) ^ (product >> 64) as u64;
    }

    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }
}
