//! Compares the machine with the notes after each step.
//!
//! Decides nothing about TLS: the notes decide what is true, and `duties` decides what may be
//! asked.

use close_notify_core::{
    Close, Ending, Event, FirstCloser, FramingState, Machine, ReadEnd, TransportEnd, WriteEnd,
};

use crate::Account;
use crate::{answers, duties};

/// A description of what is wrong.
pub type Flaw = &'static str;

/// Passes a fact to the machine and to the notes. Returns the new ending, or `None` if the fact was
/// refused. `known` is the ending before.
///
/// # Errors
///
/// Returns what is wrong with the machine after the fact.
pub fn step(
    machine: &mut Machine,
    account: &mut Account,
    known: &Ending,
    fact: Event,
) -> Result<Option<Ending>, Flaw> {
    let before = *machine;
    let legal = machine.handle(fact).is_ok();
    if legal != account.allows(fact) {
        return Err(if legal { "what cannot happen was taken" } else { "what can happen was refused" });
    }
    if !legal {
        return if *machine == before { Ok(None) } else { Err("a refused fact changed the machine") };
    }
    account.tell(fact);
    let told = machine.ending();
    if told != account.ending() {
        return Err("the ending is not what happened");
    }
    grows(known, &told)?;
    ranks_grow(&before, machine)?;
    duties::asked(machine, account, &told)?;
    answers::agree(machine, account)?;
    Ok(Some(told))
}

// Evidence only grows: nothing that was known is taken back.
fn grows(known: &Ending, told: &Ending) -> Result<(), Flaw> {
    let counts =
        told.discarded >= known.discarded && told.late >= known.late && told.drained >= known.drained;
    let first = known.errno.is_none() || told.errno == known.errno;
    // RFC 9846 §6.1 · notify-is-final, and so is every other end
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
    let transport = known.transport == TransportEnd::Open || told.transport == known.transport;
    let stage = known.reading == ReadEnd::Open || told.in_handshake == known.in_handshake;
    let all = counts && first && reading && writing && closer && resumption && transport && stage;
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

/// Checks that an application may conclude the same from the machine as from the notes.
///
/// # Errors
///
/// Returns where the two differ.
pub fn conclusions(machine: &Machine, account: &Account) -> Result<(), Flaw> {
    let ending = machine.ending();
    if ending.is_clean() != account.is_clean() {
        return Err("the end is clean, or is not, against what happened");
    }
    for &framing in FramingState::ALL {
        let cut = ending.truncation_possible(framing) == account.may_be_cut(framing);
        let accepted = machine.accepts_end(framing) == account.accepts(framing);
        let read = machine.reads_as_end(framing) == account.reads_as_end(framing);
        if !(cut && accepted && read) {
            return Err("what was read is taken for whole, or for cut, against what happened");
        }
    }
    if Close::for_downstream(&ending) == account.passes_on() {
        Ok(())
    } else {
        Err("a relay would pass on another end than happened")
    }
}
