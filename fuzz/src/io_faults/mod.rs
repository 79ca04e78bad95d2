//! Both adapters over a transport that returns short counts, waits, and fails with every error
//! number, with time that jumps.
//!
//! Decides which adapters run. `script` decides what a byte means, `judge` what must hold, and
//! `bed` how a call is made and what follows from one that waits. If both adapters run, they must
//! be in the same state after every action.

mod bed;
mod clock;
mod ends;
mod judge;
mod peer;
mod script;
mod wire;

use crate::choices::Choices;
use bed::Bed;
use clock::Clock;
use script::{Action, Adapters, Setting, Told};

/// Runs an input.
///
/// # Panics
///
/// Panics if a duty is broken.
pub fn run(data: &[u8]) {
    let Some(mut choices) = Choices::read(data) else { return };
    let _told = Told(data);
    let setting = script::setting(&mut choices);
    let mut clock = Clock::new();
    match setting.adapters {
        Adapters::Blocking => drive(&mut choices, &mut clock, [Bed::new(&setting, false)]),
        Adapters::OfTasks => drive(&mut choices, &mut clock, [Bed::new(&setting, true)]),
        Adapters::Both => drive(&mut choices, &mut clock, both(&setting)),
    }
}

fn both(setting: &Setting) -> [Bed; 2] {
    [false, true].map(|of_tasks| Bed::new(setting, of_tasks))
}

fn drive<const N: usize>(choices: &mut Choices<'_>, clock: &mut Clock, mut beds: [Bed; N]) {
    let alone = N == 1;
    while let Some(byte) = choices.next_byte() {
        let action = Action::of(byte, alone);
        if let Action::Jump(seconds) = action {
            clock.jump(seconds);
        }
        beds.iter_mut().for_each(|bed| act(bed, clock, action, alone));
        if let [one, other] = &beds[..] {
            one.stands_as(other);
        }
    }
    beds.into_iter().for_each(|bed| bed.finish(clock));
}

fn act(bed: &mut Bed, clock: &mut Clock, action: Action, alone: bool) {
    match action {
        Action::PeerSays(count) => bed.peer_says(|peer, said| peer.say_data(count, said)),
        Action::PeerEnds(alert) => bed.peer_says(|peer, said| peer.say_end(alert, said)),
        Action::PeerMessage => bed.peer_says(|peer, said| peer.say_message(said)),
        Action::PeerPlain => bed.peer_says(|peer, said| peer.say_plain(30, said)),
        Action::Fin => bed.peer_ends(None),
        Action::Reset(errno) => bed.peer_ends(Some(errno)),
        Action::Arrives(count) => bed.arrives(count),
        Action::Room(room) => bed.makes_room(room),
        Action::Grain(grain) => bed.wire().grain = grain,
        Action::Fails(call, fault) => bed.will_fail(call, fault),
        Action::Waits { flush, shut } => bed.waits(flush, shut),
        Action::Jump(_) => bed.time_has_jumped(clock),
        Action::Call(op) => bed.call(clock, op),
        Action::Go => bed.go(clock, !alone),
        Action::LookAgain(task) => bed.look_again(clock, task),
        Action::Cancel(task) => bed.cancel(task),
    }
}
