//! Two adapters on the TCP of smoltcp: a wire that loses, repeats, reorders, delays and forges.
//! Every run must be a path of the model.
//!
//! Decides how an input is read. `close-notify-replay` decides what a run means, and the model's
//! claims are the oracle.
//!
//! An input begins like those of `lockstep`: the format, the configuration, the most bytes that a
//! call moves. Then comes a byte for the length of segments and the first sequence numbers, and
//! then one byte per turn. After the last turn the network heals: segments in flight arrive, what
//! was lost is sent again, and both ends continue until nothing is left to do.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use close_notify_model::check::subject::Subject;
use close_notify_model::pair::Pair;
use close_notify_model::property::Claim;
use close_notify_model::world::action::{Action, Side};
use close_notify_model::world::config::{Config, Faults};
use close_notify_model::world::kernel::Tcp;
use close_notify_replay::{Connected, Flaw, Input, Over, Setup, Skip, Trace, claims_to_judge};

use crate::lab;

/// A configuration whose wire may do anything, and its claims.
struct Played {
    pair: Pair,
    claims: Vec<&'static Claim>,
}

/// An adversary on the path with unlimited attacks: a run has fewer turns than the budget allows.
const ANYTHING: Faults = Faults {
    budget: u8::MAX,
    fin: true,
    rst: true,
    cut: true,
    plain_notify: false,
    stop_reading: true,
    ask_error: true,
    deadlines: true,
    engine_limit: false,
};

/// Every configuration that two ends of rustls can take part in, by its name.
static PLAYED: LazyLock<BTreeMap<String, Played>> = LazyLock::new(|| {
    let replayable = |subject: Subject| match subject {
        Subject::Pair(pair) if Skip::of(&pair.config, &[], Over::Smoltcp).is_none() => Some(pair.config),
        Subject::Pair(_) | Subject::Relay(_) => None,
    };
    let played = |config: Config| {
        let tcp = Tcp { rst_overtakes: true, ..config.tcp };
        let pair = Pair::new(Config { tcp, faults: ANYTHING, ..config });
        (pair.config.name.clone(), Played { claims: claims_to_judge(&pair), pair })
    };
    Subject::all().into_iter().filter_map(replayable).map(played).collect()
});

/// The possible lengths of segments: whole records, or parts of them.
const SEGMENTS: [usize; 4] = [1460, 64, 100, 200];
/// How far a forged segment may be from what its victim expects: exact, in the window, and outside
/// of it.
const OFFSETS: [isize; 8] = [0, 0, 0, 1, -1, 90, 5000, -5000];
/// After how many bytes of a record a FIN may be forged.
const INSIDE: [usize; 4] = [1, 5, 20, 60];
/// How much time may pass, in milliseconds: without retransmission, with some, and until TIME-WAIT
/// ends.
const TIMES: [u64; 4] = [10, 400, 1_500, 11_000];
/// More steps than two ends can have left after the network has healed.
const STEPS: usize = 256;
/// How often the healed network carries everything before a run is given up. A stack waits longer
/// each time.
const ROUNDS: usize = 64;

/// Runs two adapters on a wire that may do anything.
///
/// # Panics
///
/// Panics if a run is no path of the model, or if a claim is broken; that is what a fuzzer looks
/// for.
pub fn run(data: &[u8]) {
    let Some(Input { subject, chunk, choices }) = Input::read(data) else { return };
    let Some((played, (wire, turns))) = PLAYED.get(subject.name()).zip(choices.split_first()) else { return };
    let config = &played.pair.config;
    let setup = Setup { chunk, segment: SEGMENTS[usize::from(wire & 3)], seed: (wire >> 3).into() };
    let attacked = wire & 4 == 0;
    let tickets = usize::from(config.script(Side::Server).tickets);
    let (ends, tickets) = lab::pair(config.version, tickets);
    let connected = Connected { ends, tickets };
    let mut trace = Trace::new(&played.pair, &played.claims, connected, setup)
        .expect("two stacks on a good wire connect");
    if let Err(flaw) = play(&mut trace, attacked, turns) {
        panic!("{}: {flaw}\n{setup:?}\n{:?}", config.name, trace.turns());
    }
}

fn play(trace: &mut Trace<'_>, attacked: bool, turns: &[u8]) -> Result<(), Flaw> {
    turns.iter().try_for_each(|&turn| if attacked { attack(trace, turn) } else { take(trace, turn) })?;
    heal(trace)?;
    trace.finish()
}

/// Takes the turn of one byte, with attacks and faults.
fn attack(trace: &mut Trace<'_>, turn: u8) -> Result<(), Flaw> {
    let choice = usize::from(turn);
    let side = Side::BOTH[choice & 1];
    let offset = OFFSETS[(choice >> 1) & 7];
    match turn {
        0..=95 => return pick(trace, choice, |_| true),
        96..=207 => return take(trace, turn),
        208..=223 => trace.forge_reset(side, offset),
        224..=239 => trace.forge_fin(side, offset, 0),
        240..=253 => trace.forge_fin(side, 0, INSIDE[(choice >> 1) & 3]),
        254..=255 => return trace.cut(),
    }
    Ok(())
}

/// Takes the turn of one byte in an orderly world. A wire that loses, repeats, reorders and delays
/// is orderly.
fn take(trace: &mut Trace<'_>, turn: u8) -> Result<(), Flaw> {
    let choice = usize::from(turn);
    let side = Side::BOTH[choice & 1];
    let nth = (choice & 15) % trace.in_flight().max(1);
    match turn {
        0..=95 => return pick(trace, choice, is_orderly),
        96..=111 => return trace.speak(side),
        112..=127 | 208..=255 => return carry(trace),
        128..=159 => return trace.land(nth, false),
        160..=175 => trace.lose(nth),
        176..=191 => return trace.land(nth, true),
        192..=207 => trace.pass(TIMES[choice & 3]),
    }
    Ok(())
}

/// Takes one of the steps that the ends may take.
fn pick(trace: &mut Trace<'_>, choice: usize, may: fn(&Action) -> bool) -> Result<(), Flaw> {
    let count = trace.steps().filter(may).count();
    let step = trace.steps().filter(may).nth(choice % count.max(1));
    step.map_or(Ok(()), |step| trace.step(step))
}

/// Whether a step is neither a fault nor a deadline.
const fn is_orderly(step: &Action) -> bool {
    !matches!(step, Action::StopReading(_) | Action::AskError(_) | Action::Deadline(_))
}

/// Both stacks send, and all segments in flight arrive in order.
fn carry(trace: &mut Trace<'_>) -> Result<(), Flaw> {
    Side::BOTH.into_iter().try_for_each(|side| trace.speak(side))?;
    (0..trace.in_flight()).try_for_each(|_| trace.land(0, false))
}

/// The network works, and both ends do what they must, until the model is at rest.
fn heal(trace: &mut Trace<'_>) -> Result<(), Flaw> {
    for _ in 0..ROUNDS {
        carry(trace)?;
        let mut steps = 0;
        while let Some(step) = next_step(trace) {
            trace.step(step)?;
            carry(trace)?;
            steps += 1;
            if steps > STEPS {
                return Err(Flaw::Broken { claim: "every-close-ends", at: trace.turns().len() });
            }
        }
        if trace.is_at_rest() {
            break;
        }
        trace.pass(TIMES[2]);
    }
    Ok(())
}

/// The next step that an end must take.
fn next_step(trace: &Trace<'_>) -> Option<Action> {
    trace.steps().find(|step| !step.is_optional())
}
