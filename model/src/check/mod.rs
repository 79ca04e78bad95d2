//! The main job: explores every configuration and tries every planted mistake, in parallel.
//!
//! Decides what runs, in which order and on how many threads. What it finds is a [`Report`]; the
//! command decides how to show it. A search that was cut off, for any reason, gives no report.

pub mod explore;
pub mod judge;
pub mod report;
pub mod subject;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::check::explore::{CutOff, Graph, Limits};
use crate::check::report::{Broken, Expected, Mistake, Report, Row, Run, Scope, Shard};
use crate::check::subject::Subject;
use crate::configs::family;
use crate::pair::Pair;
use crate::pair::mutant::Mutant;
use crate::property::relay::NO_LAUNDERING;
use crate::property::{Claim, Judged, View, claims_of};

/// Where the naive relay is tried: the smallest configuration of a relay.
const NAIVE_RELAY: &str = "relay/1.3/abort/naive";

/// What to check, and how.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What to check.
    pub scope: Scope,
    /// Which part of it.
    pub shard: Option<Shard>,
    /// Threads.
    pub jobs: usize,
    /// The most states that one configuration may have.
    pub states: usize,
}

/// How far a run has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// What was done last.
    pub name: &'a str,
    /// Pieces of work that are done.
    pub done: usize,
    /// Pieces of work in total.
    pub of: usize,
    /// States so far.
    pub states: usize,
}

/// A run that gives no report: nothing is proved.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unfinished {
    /// Which search was not complete.
    pub name: String,
    /// Why.
    pub why: CutOff,
}

impl std::fmt::Display for Unfinished {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.name, self.why)
    }
}

impl std::error::Error for Unfinished {}

/// The configurations of a scope, in their order.
#[must_use]
pub fn subjects(scope: &Scope) -> Vec<Subject> {
    let all = if scope.deep { crate::configs::deep::subjects() } else { Subject::all() };
    all.into_iter().filter(|subject| is_selected(&scope.only, subject.name())).collect()
}

/// Whether a name is one of those asked for, or is under a prefix that ends in `/`.
#[must_use]
pub fn is_selected(only: &[String], name: &str) -> bool {
    let matches =
        |wanted: &String| name == wanted || (wanted.ends_with('/') && name.starts_with(wanted.as_str()));
    only.is_empty() || only.iter().any(matches)
}

/// The planted mistakes of a scope, in their order; the larger bounds have none.
fn mistakes(scope: &Scope) -> Vec<Planted> {
    let mutants = Mutant::ALL.iter().map(|&mutant| Planted::InPair(mutant));
    let all = mutants.chain([Planted::NaiveRelay]);
    all.filter(|planted| !scope.deep && is_selected(&scope.only, planted.config())).collect()
}

/// Runs a plan. The worker threads call `progress` after each piece of work.
///
/// # Errors
///
/// [`Unfinished`] if a search was cut off.
pub fn check(
    plan: &Plan,
    stop: &AtomicBool,
    progress: &(dyn Fn(Progress<'_>) + Sync),
) -> Result<Report, Unfinished> {
    let started = Instant::now();
    let subjects = part(plan.shard, subjects(&plan.scope));
    let planted = part(plan.shard, mistakes(&plan.scope));
    let mut jobs: Vec<Job<'_>> = subjects.iter().map(Job::Explore).collect();
    jobs.extend(planted.iter().map(Job::Catch));
    let done = work(&jobs, plan, stop, progress)?;
    let (mut rows, mut caught, mut mistake_states) = (Vec::new(), Vec::new(), 0);
    for found in done {
        match found {
            Found::Row(row) => rows.push(row),
            Found::Mistake(mistake, states) => {
                caught.push(mistake);
                mistake_states += states;
            }
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    let states = rows.iter().map(|row| row.states).sum::<usize>() + mistake_states;
    let run = Run { jobs: plan.jobs, seconds, states_per_second: states as f64 / seconds, mistake_states };
    Ok(Report::new(plan.scope.clone(), plan.shard, run, rows, caught))
}

fn part<T>(shard: Option<Shard>, all: Vec<T>) -> Vec<T> {
    let all = all.into_iter().enumerate();
    all.filter(|(place, _)| shard.is_none_or(|shard| shard.holds(*place))).map(|(_, item)| item).collect()
}

/// One piece of work.
enum Job<'a> {
    Explore(&'a Subject),
    Catch(&'a Planted),
}

enum Found {
    Row(Row),
    Mistake(Mistake, usize),
}

impl Job<'_> {
    fn name(&self) -> &str {
        match self {
            Self::Explore(subject) => subject.name(),
            Self::Catch(planted) => planted.config(),
        }
    }

    /// How many states it has according to `counts.tsv`; a configuration with larger bounds counts
    /// as its default one. A name that is not there goes first.
    fn weight(&self, counts: &HashMap<&str, usize>) -> usize {
        let name = self.name().trim_start_matches("deep-");
        counts.get(name).copied().unwrap_or(usize::MAX)
    }

    fn run(&self, limits: Limits<'_>) -> Result<Found, CutOff> {
        match self {
            Self::Explore(subject) => explore(subject, limits).map(Found::Row),
            Self::Catch(planted) => {
                planted.explore(limits).map(|(caught, states)| Found::Mistake(planted.report(caught), states))
            }
        }
    }

    fn states(found: &Found) -> usize {
        match found {
            Found::Row(row) => row.states,
            Found::Mistake(_, states) => *states,
        }
    }
}

/// The pinned number of states of each configuration.
fn counts() -> HashMap<&'static str, usize> {
    let row = |line: &'static str| {
        let mut cells = line.split('\t');
        Some((cells.next()?, cells.next()?.parse().ok()?))
    };
    include_str!("../../counts.tsv").lines().filter_map(row).collect()
}

/// Does every job, the heavy ones first, and returns the results in the order of the jobs.
fn work(
    jobs: &[Job<'_>],
    plan: &Plan,
    stop: &AtomicBool,
    progress: &(dyn Fn(Progress<'_>) + Sync),
) -> Result<Vec<Found>, Unfinished> {
    let mut order: Vec<usize> = (0..jobs.len()).collect();
    let counts = counts();
    order.sort_by_key(|&at| std::cmp::Reverse(jobs[at].weight(&counts)));
    let (next, done, states) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    let found: Mutex<Vec<Option<Found>>> = Mutex::new(jobs.iter().map(|_| None).collect());
    let failure: Mutex<Option<Unfinished>> = Mutex::new(None);
    let halt = AtomicBool::new(false);
    let toil = || {
        while let Some(&at) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
            let limits = Limits { states: plan.states, stop };
            if halt.load(Ordering::Relaxed) {
                return;
            }
            match jobs[at].run(limits) {
                Ok(result) => {
                    let of = jobs.len();
                    let done = done.fetch_add(1, Ordering::Relaxed) + 1;
                    let new = Job::states(&result);
                    let states = states.fetch_add(new, Ordering::Relaxed) + new;
                    progress(Progress { name: jobs[at].name(), done, of, states });
                    found.lock().unwrap_or_else(PoisonError::into_inner)[at] = Some(result);
                }
                Err(why) => {
                    halt.store(true, Ordering::Relaxed);
                    let unfinished = Unfinished { name: jobs[at].name().to_owned(), why };
                    failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(unfinished);
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..plan.jobs.max(1) {
            scope.spawn(toil);
        }
    });
    match failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(unfinished) => Err(unfinished),
        None => {
            Ok(found.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().flatten().collect())
        }
    }
}

fn explore(subject: &Subject, limits: Limits<'_>) -> Result<Row, CutOff> {
    let finding = subject.explore(limits)?;
    let expected: Vec<Expected> = subject
        .expected()
        .into_iter()
        .map(|(claim, because)| Expected { claim: claim.to_owned(), because: because.to_owned() })
        .collect();
    let broken: Vec<Broken> = finding
        .broken
        .into_iter()
        .map(|attack| Broken { claim: attack.claim.name.to_owned(), path: attack.path })
        .collect();
    Ok(Row {
        name: subject.name().to_owned(),
        version: subject.name().split('/').nth(1).unwrap_or_default().to_owned(),
        states: finding.states,
        edges: finding.edges,
        verdict: Row::verdict_of(&expected, &broken),
        expected,
        broken,
        fired: finding.fired.into_iter().map(str::to_owned).collect(),
    })
}

/// A planted mistake.
#[derive(Clone, Copy, Debug)]
enum Planted {
    /// In one end of a connection.
    InPair(Mutant),
    /// The relay that ends every downstream gracefully.
    NaiveRelay,
}

impl Planted {
    const fn config(&self) -> &'static str {
        match self {
            Self::InPair(mutant) => mutant.config(),
            Self::NaiveRelay => NAIVE_RELAY,
        }
    }

    fn report(&self, caught: bool) -> Mistake {
        let (name, does, claim) = match self {
            Self::InPair(mutant) => (mutant.name(), mutant.doc().trim(), mutant.property()),
            Self::NaiveRelay => (
                "NaiveRelay",
                "Ends its downstream with close_notify however its upstream ended.",
                NO_LAUNDERING.name,
            ),
        };
        let owned = str::to_owned;
        Mistake {
            name: owned(name),
            does: owned(does),
            claim: owned(claim),
            config: owned(self.config()),
            caught,
        }
    }

    /// Whether the claim catches the mistake and holds without it, and how many states were seen
    /// for that.
    fn explore(&self, limits: Limits<'_>) -> Result<(bool, usize), CutOff> {
        match self {
            Self::InPair(mutant) => explore_mutant(*mutant, limits),
            Self::NaiveRelay => explore_naive_relay(limits),
        }
    }
}

/// A mutant whose configuration does not exist, or has no such claim, counts as not caught.
fn explore_mutant(mutant: Mutant, limits: Limits<'_>) -> Result<(bool, usize), CutOff> {
    let Some(config) = family::named(mutant.config()) else { return Ok((false, 0)) };
    let Some(claim) = claims_of(&config).into_iter().find(|claim| claim.name == mutant.property()) else {
        return Ok((false, 0));
    };
    let (with, seen) = breaks(&Pair::with_mutant(config.clone(), mutant), claim, limits)?;
    let (without, seen_without) = breaks(&Pair::new(config), claim, limits)?;
    Ok((with && !without, seen + seen_without))
}

/// Whether the naive relay breaks the claim and the honest one keeps it.
fn explore_naive_relay(limits: Limits<'_>) -> Result<(bool, usize), CutOff> {
    let honest = NAIVE_RELAY.replace("naive", "honest");
    let (mut caught, mut states) = (true, 0);
    for subject in Subject::all().iter().filter(|one| one.name() == NAIVE_RELAY || one.name() == honest) {
        let finding = subject.explore(limits)?;
        caught &= finding.broken.is_empty() == (subject.name() == honest);
        states += finding.states;
    }
    Ok((caught && states > 0, states))
}

/// Whether some state breaks the claim, and how many states were seen. It stops at the first such
/// state.
fn breaks(pair: &Pair, claim: &Claim, limits: Limits<'_>) -> Result<(bool, usize), CutOff> {
    let (enough, mut broken, mut seen) = (AtomicBool::new(false), false, 0);
    let until = Limits { stop: &enough, ..limits };
    let graph = Graph::explore(pair, until, |_, world, actions| {
        seen += 1;
        let at_rest = actions.iter().all(|action| action.is_optional());
        let is_judged = claim.judged == Judged::Always || at_rest;
        broken |= is_judged && !claim.verdict(&View::conforming(pair, world)).holds;
        if broken || limits.stop.load(Ordering::Relaxed) {
            enough.store(true, Ordering::Relaxed);
        }
    });
    match graph {
        Err(CutOff::Interrupted) if broken => Ok((true, seen)),
        Err(why) => Err(why),
        Ok(_) => Ok((broken, seen)),
    }
}
