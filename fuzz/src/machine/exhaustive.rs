//! Every sequence of facts up to a depth, on the real core, with each step judged as the target
//! judges it.
//!
//! Decides how sequences are enumerated. With 50 facts there are 50⁸ = 3.9 · 10¹³ sequences of
//! eight. They are not walked one by one, but none is left out. The judge of a step sees only the
//! machine, the notes and the fact. Two sequences that lead to the same machine and the same notes,
//! compared as values and not by their hashes, therefore continue in the same way, step for step.
//! Each such pair is visited once, every fact is tried from it, and the number of sequences that
//! lead to it is kept. The numbers of sequences of length d add up to 50^d, which shows that none
//! was lost.

use std::hash::BuildHasher;
use std::ops::AddAssign;

use close_notify_core::{
    CoalescedAlerts, Ending, Event, FatalNotify, FragmentedAlert, LateData, Machine, MissingNotify,
    PeerCloses, Policy, Reply, ResumptionRule, Role, UserCanceled, Version,
};
use foldhash::fast::FixedState;
use hashbrown::HashTable;

use close_notify_reference::{Account, Setup, judge};

use super::input;

/// The result of an enumeration.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Count {
    /// Sequences of every length up to the depth.
    pub sequences: u128,
    /// The sequences in which no fact was refused.
    pub legal: u128,
    /// Distinct pairs of a machine and its notes, up to one fact before the depth.
    pub places: u64,
    /// Steps taken and judged on the real core.
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

/// A machine and its notes, which together determine every continuation.
type Place = (Machine, Account);

/// How many sequences lead to a place, and how many of them do so without a refusal.
#[derive(Clone, Copy, Default)]
struct Ways {
    all: u128,
    legal: u128,
}

impl Ways {
    const fn and(self, other: Self) -> Self {
        Self { all: self.all + other.all, legal: self.legal + other.legal }
    }
}

/// The set-ups whose sequences are enumerated: every version, from before and after the handshake,
/// under policies that contain every choice at least once. Few facts spend their budget and their
/// number of warnings.
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
    input::DISTINCT.clone()
}

/// Enumerates and judges every sequence of up to `depth` of `facts` from one set-up.
///
/// # Panics
///
/// Panics if a step is wrong.
#[must_use]
pub fn sequences(setup: Setup, facts: &[Event], depth: u32) -> Count {
    let mut graph = Graph::new((setup.machine(), Account::new(setup)));
    let mut ways = vec![Ways { all: 1, legal: 1 }];
    let mut count = Count { sequences: 1, legal: 1, ..Count::default() };
    for length in 1..=depth {
        let total = if length < depth {
            graph.leave_all(facts);
            ways = graph.carry(&ways, facts.len());
            ways.iter().copied().fold(Ways::default(), Ways::and)
        } else {
            graph.judge_last(&ways, facts)
        };
        assert_eq!(total.all, (facts.len() as u128).pow(length), "a sequence was lost");
        count.sequences += total.all;
        count.legal += total.legal;
    }
    count.places = graph.places.len() as u64;
    count.steps = count.places * facts.len() as u64;
    count
}

/// Places, and where each fact leads from those that have been expanded.
struct Graph {
    places: Vec<Place>,
    known: HashTable<u32>,
    /// For each expanded place, a row with an entry for each fact: where it leads, or `REFUSED`.
    leads: Vec<u32>,
    left: usize,
}

const REFUSED: u32 = u32::MAX;

impl Graph {
    fn new(start: Place) -> Self {
        let mut graph = Self { places: Vec::new(), known: HashTable::new(), leads: Vec::new(), left: 0 };
        graph.index_of(start);
        graph
    }

    /// Tries every fact from every place that is not expanded yet.
    fn leave_all(&mut self, facts: &[Event]) {
        for at in self.left..self.places.len() {
            let place = self.places[at];
            conclude(place);
            let known = place.0.ending();
            for &fact in facts {
                let lead = judged(place, &known, fact).map_or(REFUSED, |next| self.index_of(next));
                self.leads.push(lead);
            }
            self.left = at + 1;
        }
    }

    /// The number of a place; a new place gets the next number. Only the machine is hashed, but
    /// both are compared.
    fn index_of(&mut self, place: Place) -> u32 {
        let hash = |place: &Place| FixedState::default().hash_one(place.0);
        let Self { places, known, .. } = self;
        if let Some(&at) = known.find(hash(&place), |&at| places[at as usize] == place) {
            return at;
        }
        let at = u32::try_from(places.len()).expect("fewer places than fit into memory");
        places.push(place);
        known.insert_unique(hash(&place), at, |&at| hash(&places[at as usize]));
        at
    }

    /// The ways after one more fact. A refused fact leaves a sequence at its place.
    fn carry(&self, ways: &[Ways], facts: usize) -> Vec<Ways> {
        let mut next = vec![Ways::default(); self.places.len()];
        for (at, (way, row)) in ways.iter().zip(self.leads.chunks_exact(facts)).enumerate() {
            for &lead in row {
                if lead == REFUSED {
                    next[at].all += way.all;
                } else {
                    next[lead as usize] = next[lead as usize].and(*way);
                }
            }
        }
        next
    }

    /// The same for the last fact: the place that it leads to is judged but not kept.
    fn judge_last(&self, ways: &[Ways], facts: &[Event]) -> Ways {
        let mut total = Ways::default();
        for (at, way) in ways.iter().enumerate() {
            let taken = match self.leads.get(at * facts.len()..(at + 1) * facts.len()) {
                Some(row) => row.iter().filter(|&&lead| lead != REFUSED).count(),
                None => {
                    let place = self.places[at];
                    conclude(place);
                    let known = place.0.ending();
                    let taken = |&&fact: &&Event| judged(place, &known, fact).map(conclude).is_some();
                    facts.iter().filter(taken).count()
                }
            };
            total.all += way.all * facts.len() as u128;
            total.legal += way.legal * taken as u128;
        }
        total
    }
}

fn conclude((machine, account): Place) {
    if let Err(flaw) = judge::conclusions(&machine, &account) {
        panic!("{flaw}\n{machine:?}\nnoted {account:?}");
    }
}

/// The place that a fact leads to; `None` if it is refused. Panics if the step is wrong.
fn judged((machine, account): Place, known: &Ending, fact: Event) -> Option<Place> {
    let mut next = (machine, account);
    match judge::step(&mut next.0, &mut next.1, known, fact) {
        Ok(told) => told.map(|_| next),
        Err(flaw) => panic!("{flaw}: {fact:?}\nfrom {machine:?}\nnoted {account:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sequence_of_four_facts_is_judged() {
        let facts = facts();
        for setup in setups() {
            let count = sequences(setup, &facts, 4);
            assert_eq!(count.sequences, (0..=4).map(|length| (facts.len() as u128).pow(length)).sum());
        }
    }
}
