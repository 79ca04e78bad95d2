//! What a check found, as a value: written as JSON, merged from shards, shown in tables.
//!
//! Decides what counts as a finding. Leaves the run to `check.rs`, and how it is shown to the
//! command. The schema is in `docs/check-report.md`.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::check::subject::Step;
use crate::property::claims;

/// The number of this schema.
pub const SCHEMA: u32 = 1;

/// Everything that one check found.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: u32,
    /// What was asked for.
    pub scope: Scope,
    /// Which part of it this report holds; `None` if it holds all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// The sums of what follows.
    pub totals: Totals,
    /// How long it took: the one part that differs from run to run.
    pub run: Run,
    /// Each configuration, in the order of the families.
    pub configurations: Vec<Row>,
    /// Each planted mistake.
    pub mistakes: Vec<Mistake>,
    /// The attacks that were shown, replayed on real TLS; a shard has none.
    #[serde(default)]
    pub replays: Vec<Replay>,
}

/// What a check was asked to look at.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// The larger bounds, in place of the default ones.
    pub deep: bool,
    /// Names and prefixes; empty means everything.
    pub only: Vec<String>,
}

impl Scope {
    /// Whether it is the full default run: then each premise must fire and each mistake be tried.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        !self.deep && self.only.is_empty()
    }
}

/// A part of a run: every `of`-th configuration, from the `number`-th on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shard {
    /// 1 to `of`.
    pub number: usize,
    /// How many parts there are.
    pub of: usize,
}

impl Shard {
    /// Whether the item at this place of the whole list is in this part.
    #[must_use]
    pub const fn holds(self, place: usize) -> bool {
        place % self.of == self.number - 1
    }
}

/// Sums.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Totals {
    /// Configurations.
    pub configurations: usize,
    /// Unique states.
    pub states: usize,
    /// Steps between them.
    pub edges: usize,
    /// Configurations whose verdict is not the expected one.
    pub unexpected: usize,
    /// Claims whose premise fired in some state.
    pub premises_fired: usize,
    /// Claims whose premise fired nowhere.
    pub silent: Vec<String>,
    /// Planted mistakes that were tried.
    pub mistakes: usize,
    /// Those that their claim caught.
    pub caught: usize,
}

/// How long a run took.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Threads.
    pub jobs: usize,
    /// From start to end; for merged shards, the sum.
    pub seconds: f64,
    /// Unique states per second, including those of the planted mistakes.
    pub states_per_second: f64,
    /// States that were explored to catch the planted mistakes; they are in no other sum.
    pub mistake_states: usize,
}

/// Whether what was found is what was expected.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// No claim broke, and none was expected to.
    Holds,
    /// The expected claims broke, and no other.
    Broken,
    /// Another set of claims broke than was expected.
    Unexpected,
}

/// One configuration.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// `family/version/…`.
    pub name: String,
    /// `1.0` to `1.3`.
    pub version: String,
    /// Unique states.
    pub states: usize,
    /// Steps between them.
    pub edges: usize,
    /// Whether what was found is what was expected.
    pub verdict: Verdict,
    /// What was expected to break, and why.
    pub expected: Vec<Expected>,
    /// What broke, and how.
    pub broken: Vec<Broken>,
    /// The claims whose premise fired.
    pub fired: Vec<String>,
}

/// A claim that an application's choice gives away.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// Which.
    pub claim: String,
    /// Why.
    pub because: String,
}

/// A claim that a state broke.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Broken {
    /// Which.
    pub claim: String,
    /// A shortest path to such a state.
    pub path: Vec<Step>,
}

/// A planted mistake, and whether the claim that exists to catch it did.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mistake {
    /// Its name.
    pub name: String,
    /// What it does wrong.
    pub does: String,
    /// The claim that must catch it.
    pub claim: String,
    /// Where it is planted.
    pub config: String,
    /// Whether the claim caught it.
    pub caught: bool,
}

/// An attack, replayed step by step on real TLS.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replay {
    /// The claim that it breaks.
    pub claim: String,
    /// The configuration whose path was taken.
    pub config: String,
    /// What carried the bytes.
    pub over: String,
    /// The result.
    pub outcome: Replayed,
    /// Why it was not taken, or where reality differed from the model.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

/// The result of a replay.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Replayed {
    /// Reality took the path, and both endings are the model's.
    Taken,
    /// Reality cannot be made to take it.
    Skipped,
    /// Reality did something else.
    Diverged,
}

/// Why reports cannot be merged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MergeError {
    /// There is no report.
    Nothing,
    /// One has another schema.
    Schema(u32),
    /// One is not a shard.
    NoShard,
    /// They are shards of different runs.
    Mixed,
    /// A shard is missing, or was given twice.
    Shards {
        /// How many are needed.
        of: usize,
        /// Which were given.
        given: Vec<usize>,
    },
}

impl std::fmt::Display for MergeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Nothing => f.write_str("there is no report to merge"),
            Self::Schema(found) => {
                write!(f, "a report has schema {found}; this program reads schema {SCHEMA}")
            }
            Self::NoShard => {
                f.write_str("a report is whole already: only reports of `--shard K/N` are merged")
            }
            Self::Mixed => {
                f.write_str("the reports are shards of different runs: N, --config and --deep must agree")
            }
            Self::Shards { of, given } => {
                write!(f, "shards 1 to {of} are needed, each once; given are {given:?}")
            }
        }
    }
}

impl std::error::Error for MergeError {}

impl Report {
    /// A report, with its sums computed.
    #[must_use]
    pub fn new(
        scope: Scope,
        shard: Option<Shard>,
        run: Run,
        configurations: Vec<Row>,
        mistakes: Vec<Mistake>,
    ) -> Self {
        let totals = Totals::of(&configurations, &mistakes);
        Self { schema: SCHEMA, scope, shard, totals, run, configurations, mistakes, replays: Vec::new() }
    }

    /// Merges the reports of all shards of a run, in any order. The result equals the report of a
    /// run in one piece, except for [`Run`].
    ///
    /// # Errors
    ///
    /// [`MergeError`] if they are not exactly the shards of one run.
    pub fn merge(mut parts: Vec<Self>) -> Result<Self, MergeError> {
        parts.sort_by_key(|part| part.shard.map(|shard| shard.number));
        let scope = Self::common_scope(&parts)?;
        let run = parts.iter().skip(1).fold(parts[0].run, |run, part| run.plus(&part.run));
        let (rows, mistakes): (Vec<_>, Vec<_>) =
            parts.into_iter().map(|part| (part.configurations, part.mistakes)).unzip();
        Ok(Self::new(scope, None, run, interleave(rows), interleave(mistakes)))
    }

    fn common_scope(parts: &[Self]) -> Result<Scope, MergeError> {
        let first = parts.first().ok_or(MergeError::Nothing)?;
        if let Some(part) = parts.iter().find(|part| part.schema != SCHEMA) {
            return Err(MergeError::Schema(part.schema));
        }
        let shards: Option<Vec<Shard>> = parts.iter().map(|part| part.shard).collect();
        let shards = shards.ok_or(MergeError::NoShard)?;
        let of = shards[0].of;
        if parts.iter().any(|part| part.scope != first.scope) || shards.iter().any(|shard| shard.of != of) {
            return Err(MergeError::Mixed);
        }
        let given: Vec<usize> = shards.iter().map(|shard| shard.number).collect();
        if given != (1..=of).collect::<Vec<_>>() {
            return Err(MergeError::Shards { of, given });
        }
        Ok(first.scope.clone())
    }

    /// The configurations whose verdict is not the expected one.
    pub fn unexpected(&self) -> impl Iterator<Item = &Row> {
        self.configurations.iter().filter(|row| row.verdict == Verdict::Unexpected)
    }

    /// The planted mistakes that were not caught.
    pub fn missed(&self) -> impl Iterator<Item = &Mistake> {
        self.mistakes.iter().filter(|mistake| !mistake.caught)
    }

    /// Claims whose premise fired nowhere although everything was explored.
    #[must_use]
    pub fn silent(&self) -> &[String] {
        if self.scope.is_full() && self.shard.is_none() { &self.totals.silent } else { &[] }
    }

    /// The attacks that went differently in reality than in the model.
    pub fn diverged(&self) -> impl Iterator<Item = &Replay> {
        self.replays.iter().filter(|replay| replay.outcome == Replayed::Diverged)
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_fine(&self) -> bool {
        let proved = self.unexpected().next().is_none() && self.missed().next().is_none();
        proved && self.silent().is_empty() && self.diverged().next().is_none()
    }
}

impl Row {
    /// The verdict that follows from what was expected and what broke.
    #[must_use]
    pub fn verdict_of(expected: &[Expected], broken: &[Broken]) -> Verdict {
        let expected: BTreeSet<&str> = expected.iter().map(|expected| expected.claim.as_str()).collect();
        let found: BTreeSet<&str> = broken.iter().map(|broken| broken.claim.as_str()).collect();
        match (expected == found, found.is_empty()) {
            (true, true) => Verdict::Holds,
            (true, false) => Verdict::Broken,
            (false, _) => Verdict::Unexpected,
        }
    }
}

impl Totals {
    fn of(rows: &[Row], mistakes: &[Mistake]) -> Self {
        let fired: BTreeSet<&str> =
            rows.iter().flat_map(|row| row.fired.iter().map(String::as_str)).collect();
        let silent = claims().map(|claim| claim.name).filter(|name| !fired.contains(name));
        Self {
            configurations: rows.len(),
            states: rows.iter().map(|row| row.states).sum(),
            edges: rows.iter().map(|row| row.edges).sum(),
            unexpected: rows.iter().filter(|row| row.verdict == Verdict::Unexpected).count(),
            premises_fired: fired.len(),
            silent: silent.map(String::from).collect(),
            mistakes: mistakes.len(),
            caught: mistakes.iter().filter(|mistake| mistake.caught).count(),
        }
    }
}

impl Run {
    fn plus(&self, other: &Self) -> Self {
        let states = self.states_per_second * self.seconds + other.states_per_second * other.seconds;
        let seconds = self.seconds + other.seconds;
        let states_per_second = if seconds > 0.0 { states / seconds } else { 0.0 };
        let mistake_states = self.mistake_states + other.mistake_states;
        Self { jobs: self.jobs.max(other.jobs), seconds, states_per_second, mistake_states }
    }
}

/// Undoes [`Shard::holds`]: takes one item of each list in turn.
fn interleave<T>(lists: Vec<Vec<T>>) -> Vec<T> {
    let mut lists: Vec<_> = lists.into_iter().map(Vec::into_iter).collect();
    let mut whole = Vec::new();
    loop {
        let before = whole.len();
        whole.extend(lists.iter_mut().filter_map(Iterator::next));
        if whole.len() == before {
            return whole;
        }
    }
}
