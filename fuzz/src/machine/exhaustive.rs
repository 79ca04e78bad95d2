//! Every sequence of facts up to a depth, on the real core, each step judged as the target judges it.
//!
//! Decides how sequences are counted out. With 47 facts there are 47⁸ = 2.4 · 10¹³ sequences of eight; they are not walked one by
//! one, and still none is left out. The judge of a step sees the machine, the notes and the fact, and nothing else. Two
//! sequences that lead to the same machine and the same notes, compared as values and not by their hashes, therefore go on
//! alike, step for step: each such pair is visited once, every fact is tried from it, and the number of sequences that lead to
//! it is carried along. That the numbers of sequences of length d add up to 47^d says that none was lost.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::BuildHasherDefault;
use std::ops::AddAssign;

use close_notify_core::{
    CoalescedAlerts, Event, FatalNotify, FragmentedAlert, LateData, Machine, MissingNotify, PeerCloses,
    Policy, Reply, ResumptionRule, Role, UserCanceled, Version,
};

use super::input;
use super::judge::{self, Fold};
use crate::reference::{Account, Setup};

/// What was counted.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Count {
    /// Sequences of every length up to the depth.
    pub sequences: u128,
    /// Those among them in which every fact was taken.
    pub legal: u128,
    /// Machines that differ, with what is noted beside them.
    pub places: u64,
    /// Steps that were taken and judged on the real core.
    pub steps: u64,
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.sequences += other.sequences;
        self.legal += other.legal;
        self.places += other.places;
        self.steps += other.steps;
    }
}

/// A pair that has one future.
type Place = (Machine, Account);

/// How many sequences lead to a place, and how many of them without a refusal.
#[derive(Clone, Copy, Default)]
struct Ways {
    all: u128,
    legal: u128,
}

/// The set-ups whose sequences are counted out: every version, from before the handshake and from behind it, under
/// policies that hold every choice at least once, with a budget and a number of warnings that few facts spend.
#[must_use]
pub fn setups() -> Vec<Setup> {
    let mut setups = Vec::new();
    for &version in Version::ALL {
        for policy in policies() {
            for established in [true, false] {
                setups.push(Setup { version, role: Role::Server, policy, established });
            }
        }
    }
    setups
}

fn policies() -> [Policy; 3] {
    let small = Policy { warnings: 1, drain_budget: 100, ..Policy::STRICT };
    let rare = Policy {
        missing_notify: MissingNotify::Accept,
        late_data: LateData::Discard,
        reply: Reply::Flush,
        fatal_notify: FatalNotify::Clean,
        resumption: ResumptionRule::Rfc2818,
        ..small
    };
    let odd = Policy {
        missing_notify: MissingNotify::BetweenMessages,
        late_data: LateData::Refuse,
        reply: Reply::WhenAsked,
        peer_closes: PeerCloses::OnlyAfterUs,
        fragmented_alert: FragmentedAlert::Assemble,
        coalesced_alerts: CoalescedAlerts::ReadEach,
        user_canceled: UserCanceled::Error,
        warnings: 0,
        ..small
    };
    [small, rare, odd]
}

/// The facts of a sequence.
#[must_use]
pub fn facts() -> Vec<Event> {
    input::distinct()
}

/// Counts out and judges every sequence of up to `depth` of `facts` from one set-up.
///
/// Panics: at a step that is wrong.
#[must_use]
pub fn sequences(setup: Setup, facts: &[Event], depth: u32) -> Count {
    let mut graph = Graph::new((setup.machine(), Account::new(setup)));
    let mut ways = vec![Ways { all: 1, legal: 1 }];
    let mut count = Count { sequences: 1, legal: 1, ..Count::default() };
    for length in 1..=depth {
        graph.judge_from_all(facts, &mut count);
        ways = graph.carry(&ways, facts.len());
        let (all, legal) = ways.iter().fold((0, 0), |(all, legal), way| (all + way.all, legal + way.legal));
        assert_eq!(all, (facts.len() as u128).pow(length), "a sequence was lost");
        count.sequences += all;
        count.legal += legal;
    }
    count.places = graph.places.len() as u64;
    count
}

/// Places, and where each fact leads from those that were left.
struct Graph {
    index: HashMap<Place, u32, BuildHasherDefault<Fold>>,
    places: Vec<Place>,
    /// For each place that was left, a row of as many as there are facts: where it leads, or `REFUSED`.
    leads: Vec<u32>,
    left: usize,
}

const REFUSED: u32 = u32::MAX;

impl Graph {
    fn new(start: Place) -> Self {
        let mut index = HashMap::default();
        index.insert(start, 0);
        Self { index, places: vec![start], leads: Vec::new(), left: 0 }
    }

    /// Tries every fact from every place that was not left yet.
    fn judge_from_all(&mut self, facts: &[Event], count: &mut Count) {
        for at in self.left..self.places.len() {
            let (machine, account) = self.places[at];
            for &fact in facts {
                let mut next = (machine, account);
                let lead = match judge::step(&mut next.0, &mut next.1, fact) {
                    Ok(true) => self.index_of(next),
                    Ok(false) => REFUSED,
                    Err(flaw) => panic!("{flaw}: {fact:?}\nfrom {machine:?}\nnoted {account:?}"),
                };
                self.leads.push(lead);
                count.steps += 1;
            }
            self.left = at + 1;
        }
    }

    fn index_of(&mut self, place: Place) -> u32 {
        match self.index.entry(place) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(new) => {
                let at = u32::try_from(self.places.len()).expect("fewer places than fit into memory");
                self.places.push(place);
                *new.insert(at)
            }
        }
    }

    /// The ways of one fact more. A refused fact leaves a sequence where it is.
    fn carry(&self, ways: &[Ways], facts: usize) -> Vec<Ways> {
        let mut next = vec![Ways::default(); self.places.len()];
        for (at, (way, row)) in ways.iter().zip(self.leads.chunks_exact(facts)).enumerate() {
            for &lead in row {
                if lead == REFUSED {
                    next[at].all += way.all;
                } else {
                    let to = &mut next[lead as usize];
                    to.all += way.all;
                    to.legal += way.legal;
                }
            }
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sequence_of_four_facts_is_judged() {
        let facts = facts();
        for setup in setups() {
            let count = sequences(setup, &facts, 3);
            assert_eq!(count.sequences, (0..=3).map(|length| (facts.len() as u128).pow(length)).sum());
        }
    }
}
