//! A path in a few bytes, as fuzzers need it: every input is a path of some configuration, and
//! every path is an input.
//!
//! An input is: one byte for the format, four for the configuration (a hash of its name, so that
//! new configurations leave old inputs as they are), one for the most bytes that a call moves, and
//! then one byte per step, which picks among the steps that the model can take there.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use close_notify_model::check::subject::{Step, Subject};
use stateright::Model;

use crate::path::{Path, PathError};
use crate::report::Over;
use crate::skip::Skip;

/// The version of the format.
pub const FORMAT: u8 = 2;

/// Every configuration by the hash of its name.
static SUBJECTS: LazyLock<BTreeMap<u32, Subject>> =
    LazyLock::new(|| Subject::all().into_iter().map(|subject| (hash(subject.name()), subject)).collect());

/// The hashes of those that two ends of rustls can take part in.
static REAL: LazyLock<BTreeMap<u32, &'static Subject>> = LazyLock::new(|| {
    let is_real = |subject: &&Subject| {
        subject.config().is_some_and(|config| Skip::of(config, &[], Over::Memory).is_none())
    };
    SUBJECTS.values().filter(is_real).map(|subject| (hash(subject.name()), subject)).collect()
});

/// FNV-1a. It matters only that it never changes.
fn hash(name: &str) -> u32 {
    name.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// An input that was read.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The configuration of the hash, or else the next one that two ends of rustls can take part
    /// in.
    pub subject: &'static Subject,
    /// The most bytes that a call moves.
    pub chunk: usize,
    /// One byte per step.
    pub choices: &'a [u8],
}

impl<'a> Input<'a> {
    /// Reads an input; `None` if it is too short or of another format.
    #[must_use]
    pub fn read(data: &'a [u8]) -> Option<Self> {
        let (&[format, a, b, c, d, chunk], choices) = data.split_first_chunk()?;
        let hash = u32::from_le_bytes([a, b, c, d]);
        let next =
            || REAL.range(hash..).next().or_else(|| REAL.first_key_value()).map(|(_, &subject)| subject);
        let subject = SUBJECTS.get(&hash).or_else(next)?;
        let chunk = if chunk == 0 { usize::MAX } else { usize::from(chunk) };
        (format == FORMAT).then_some(Self { subject, chunk, choices })
    }

    /// The path that it walks.
    #[must_use]
    pub fn path(&self) -> Path {
        let steps = match self.subject {
            Subject::Pair(pair) => walked(pair.as_ref(), self.choices).into_iter().map(Step::from).collect(),
            Subject::Relay(relay) => walked(relay.as_ref(), self.choices)
                .into_iter()
                .map(|(link, action)| Step { link: Some(link), action })
                .collect(),
        };
        Path::new(self.subject.name(), String::new(), steps)
    }
}

/// The input that walks a path. Each call moves at most `chunk` bytes; zero means any number.
///
/// # Errors
///
/// [`PathError`] if it is not a path of the model.
pub fn input_of(path: &Path, chunk: u8) -> Result<Vec<u8>, PathError> {
    let hash = hash(&path.config);
    let named = SUBJECTS.get(&hash).filter(|subject| subject.name() == path.config);
    let choices = match named.ok_or_else(|| PathError::Config(path.config.clone()))? {
        Subject::Pair(pair) => choices(pair.as_ref(), &path.path, Step::from),
        Subject::Relay(relay) => {
            choices(relay.as_ref(), &path.path, |(link, action)| Step { link: Some(link), action })
        }
    };
    let [a, b, c, d] = hash.to_le_bytes();
    Ok([FORMAT, a, b, c, d, chunk].into_iter().chain(choices?).collect())
}

/// The steps that bytes pick, until the bytes or the steps run out.
fn walked<M: Model<Action: Clone>>(model: &M, choices: &[u8]) -> Vec<M::Action> {
    let mut steps = Vec::with_capacity(choices.len());
    let mut state = model.init_states().swap_remove(0);
    let mut enabled = Vec::with_capacity(32);
    for &choice in choices {
        enabled.clear();
        model.actions(&state, &mut enabled);
        let Some(step) = enabled.get(usize::from(choice) % enabled.len().max(1)).cloned() else { break };
        let Some(next) = model.next_state(&state, step.clone()) else { break };
        steps.push(step);
        state = next;
    }
    steps
}

/// The bytes that pick these steps.
fn choices<M: Model<Action: Clone>>(
    model: &M,
    steps: &[Step],
    named: impl Fn(M::Action) -> Step,
) -> Result<Vec<u8>, PathError> {
    let mut state = model.init_states().swap_remove(0);
    let mut choices = Vec::with_capacity(steps.len());
    for (at, step) in steps.iter().enumerate() {
        let mut enabled = Vec::with_capacity(32);
        model.actions(&state, &mut enabled);
        let choice = enabled.iter().position(|action| named(action.clone()) == *step);
        let next = choice.and_then(|choice| model.next_state(&state, enabled[choice].clone()));
        let (Some(choice), Some(next)) = (choice.and_then(|choice| u8::try_from(choice).ok()), next) else {
            let instead = enabled.into_iter().map(|action| named(action).action).collect();
            return Err(PathError::Step { at, step: step.action, instead });
        };
        choices.push(choice);
        state = next;
    }
    Ok(choices)
}
