//! Two adapters in lockstep with the model: every path of it is an input, and every input is a path.
//!
//! Decides how an input is read. Leaves the run to `close-notify-replay` and the oracle to the model's claims.
//!
//! An input is: one byte for the format, four for the configuration (a hash of its name, so that new configurations
//! leave old inputs as they are), one for the most bytes that a call moves, and then one byte a step, which picks among the steps that are possible there.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use close_notify_model::action::Action;
use close_notify_model::model::Pair;
use close_notify_model::subject::{Step, Subject};
use close_notify_replay::{Over, Skip, drive, possible};

use crate::FORMAT;

/// Every configuration that two ends of rustls can take part in, by the hash of its name.
static PAIRS: LazyLock<BTreeMap<u32, Pair>> = LazyLock::new(|| {
    let replayable = |subject: Subject| match subject {
        Subject::Pair(pair) if Skip::of(&pair.config, &[], Over::Memory).is_none() => Some(*pair),
        Subject::Pair(_) | Subject::Relay(_) => None,
    };
    let by_hash = |pair: Pair| (hash(&pair.config.name), pair);
    Subject::all().into_iter().filter_map(replayable).map(by_hash).collect()
});

/// FNV-1a: what matters is only that it never changes.
fn hash(name: &str) -> u32 {
    name.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// The configuration of this hash, or the next.
fn pair_at(hash: u32) -> &'static Pair {
    let (_, pair) =
        PAIRS.range(hash..).next().or_else(|| PAIRS.first_key_value()).expect("there are configurations");
    pair
}

/// An input, read.
pub struct Input<'a> {
    /// The configuration.
    pub pair: &'static Pair,
    /// The most bytes that a call moves.
    pub chunk: usize,
    /// One byte a step.
    pub choices: &'a [u8],
}

impl<'a> Input<'a> {
    /// Reads an input; none where it is too short or of another format.
    #[must_use]
    pub fn read(data: &'a [u8]) -> Option<Self> {
        let (&[format, a, b, c, d, chunk], choices) = data.split_first_chunk()?;
        let pair = pair_at(u32::from_le_bytes([a, b, c, d]));
        let chunk = if chunk == 0 { usize::MAX } else { usize::from(chunk) };
        (format == FORMAT).then_some(Self { pair, chunk, choices })
    }
}

/// The input that walks a path; none where no target takes its configuration.
#[must_use]
pub fn input_of(config: &str, path: &[Step], chunk: u8) -> Option<Vec<u8>> {
    let pair = PAIRS.get(&hash(config)).filter(|pair| pair.config.name == config)?;
    let mut input = vec![FORMAT];
    input.extend(hash(config).to_le_bytes());
    input.push(chunk);
    let mut world = pair.start();
    for step in path {
        let choice = possible(pair, &world).iter().position(|action| *action == step.action)?;
        input.push(u8::try_from(choice).ok()?);
        world = pair.after(&world, step.action);
    }
    Some(input)
}

/// Two adapters in lockstep with the model: any steps, any chunking.
///
/// Panics: where a run is unsound; that is what a fuzzer looks for.
pub fn run(data: &[u8]) {
    let Some(Input { pair, chunk, choices }) = Input::read(data) else { return };
    let mut choices = choices.iter();
    let mut path: Vec<Action> = Vec::new();
    let choose = |_: &_, possible: &[Action]| {
        let choice = usize::from(*choices.next()?);
        let action = *possible.get(choice % possible.len().max(1))?;
        path.push(action);
        Some(action)
    };
    if let Err(flaw) = drive(pair, chunk, choose) {
        panic!("{}: {flaw}\n{path:?}", pair.config.name);
    }
}
