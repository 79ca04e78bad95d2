//! Our own explorer: every state once, breadth first, so that the first counterexample is a
//! shortest one.
//!
//! It keeps whole states and compares them, keeps every edge, and proves that the graph has no
//! cycle. "In the end" then means "in a state that no step leaves". A search that was cut off is an
//! error, never a pass.

use std::hash::{BuildHasher, Hash};
use std::sync::atomic::{AtomicBool, Ordering};

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use stateright::Model;

/// Why a search proves nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CutOff {
    /// There are more states than the limit allows.
    TooManyStates(usize),
    /// The program was asked to stop.
    Interrupted,
    /// The graph has a cycle: liveness cannot be read off its ends.
    Cyclic,
}

impl std::fmt::Display for CutOff {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooManyStates(limit) => {
                write!(f, "the search was cut off at {limit} states: nothing is proved")
            }
            Self::Interrupted => f.write_str("the search was interrupted: nothing is proved"),
            Self::Cyclic => f.write_str("the graph has a cycle: liveness cannot be judged"),
        }
    }
}

impl std::error::Error for CutOff {}

/// The bounds of a search.
#[derive(Clone, Copy, Debug)]
pub struct Limits<'a> {
    /// How many states it may hold.
    pub states: usize,
    /// Set from outside to end it.
    pub stop: &'a AtomicBool,
}

/// States in pieces of equal length, so that a growing search never copies what it has found.
struct Store<S> {
    pieces: Vec<Vec<S>>,
    len: usize,
}

impl<S: Copy> Store<S> {
    const PIECE: usize = 1 << 12;

    fn push(&mut self, state: S) {
        if self.len.is_multiple_of(Self::PIECE) {
            self.pieces.push(Vec::with_capacity(Self::PIECE));
        }
        let last = self.pieces.last_mut().expect("a piece was pushed for the first state");
        last.push(state);
        self.len += 1;
    }

    fn at(&self, number: u32) -> &S {
        let number = number as usize;
        &self.pieces[number / Self::PIECE][number % Self::PIECE]
    }
}

/// The whole graph of a model.
pub struct Graph<M: Model> {
    /// Every state, in the order of discovery.
    states: Store<M::State>,
    /// For each state, the state and the step that it was found from.
    parents: Vec<Option<(u32, M::Action)>>,
    /// Where the edges of each state begin in `edges`.
    starts: Vec<u32>,
    edges: Vec<u32>,
}

impl<M> Graph<M>
where
    M: Model,
    M::State: Copy + Eq + Hash,
    M::Action: Copy,
{
    /// Explores everything; `visit` sees each state once, with the steps that leave it.
    ///
    /// # Errors
    ///
    /// [`CutOff`] if the search was not complete or the graph has a cycle.
    pub fn explore(
        model: &M,
        limits: Limits<'_>,
        mut visit: impl FnMut(u32, &M::State, &[M::Action]),
    ) -> Result<Self, CutOff> {
        let mut search = Search::new(model);
        let mut actions = Vec::with_capacity(32);
        let mut at = 0;
        while at < search.graph.states.len {
            if at.is_multiple_of(4096) && limits.stop.load(Ordering::Relaxed) {
                return Err(CutOff::Interrupted);
            }
            let state = *search.graph.states.at(at as u32);
            actions.clear();
            model.actions(&state, &mut actions);
            visit(at as u32, &state, &actions);
            search.expand(model, at as u32, &state, &actions);
            if search.graph.states.len > limits.states {
                return Err(CutOff::TooManyStates(limits.states));
            }
            at += 1;
        }
        search.graph.proved_acyclic()
    }

    /// How many states there are.
    #[must_use]
    pub const fn state_count(&self) -> usize {
        self.states.len
    }

    /// How many edges there are.
    #[must_use]
    pub fn edge_count(&self) -> usize {
        self.edges.len()
    }

    /// The steps that first led to a state.
    #[must_use]
    pub fn path_to(&self, state: u32) -> Vec<M::Action> {
        let mut path = Vec::new();
        let mut at = state;
        while let Some((parent, action)) = self.parents[at as usize] {
            path.push(action);
            at = parent;
        }
        path.reverse();
        path
    }

    /// The states that one step reaches from `state`.
    #[must_use]
    pub fn successors(&self, state: u32) -> &[u32] {
        let from = self.starts[state as usize] as usize;
        let to = self.starts.get(state as usize + 1).map_or(self.edges.len(), |&start| start as usize);
        &self.edges[from..to]
    }

    /// Removes states that no edge leads to, until none is left. A state that remains is on a cycle
    /// or after one.
    fn proved_acyclic(self) -> Result<Self, CutOff> {
        let mut incoming = vec![0_u32; self.states.len];
        self.edges.iter().for_each(|&to| incoming[to as usize] += 1);
        let mut free: Vec<u32> =
            (0..self.states.len as u32).filter(|&at| incoming[at as usize] == 0).collect();
        let mut taken = 0;
        while let Some(at) = free.pop() {
            taken += 1;
            for &to in self.successors(at) {
                incoming[to as usize] -= 1;
                if incoming[to as usize] == 0 {
                    free.push(to);
                }
            }
        }
        if taken == self.states.len { Ok(self) } else { Err(CutOff::Cyclic) }
    }
}

/// A search under way: the graph so far, and which states are in it.
struct Search<M: Model> {
    graph: Graph<M>,
    seen: HashTable<u32>,
    hasher: RandomState,
}

impl<M> Search<M>
where
    M: Model,
    M::State: Copy + Eq + Hash,
    M::Action: Copy,
{
    fn new(model: &M) -> Self {
        let graph = Graph {
            states: Store { pieces: Vec::new(), len: 0 },
            parents: Vec::new(),
            starts: Vec::new(),
            edges: Vec::new(),
        };
        let mut search = Self { graph, seen: HashTable::new(), hasher: RandomState::default() };
        for state in model.init_states() {
            search.place(state, None);
        }
        search
    }

    fn expand(&mut self, model: &M, at: u32, state: &M::State, actions: &[M::Action]) {
        self.graph.starts.push(self.graph.edges.len() as u32);
        for &action in actions {
            if let Some(next) = model.next_state(state, action) {
                let to = self.place(next, Some((at, action)));
                self.graph.edges.push(to);
            }
        }
    }

    /// The number of a state. A new state gets the next number.
    fn place(&mut self, state: M::State, parent: Option<(u32, M::Action)>) -> u32 {
        let hash = self.hasher.hash_one(state);
        let Self { graph, seen, hasher } = self;
        if let Some(&known) = seen.find(hash, |&at| *graph.states.at(at) == state) {
            return known;
        }
        let number = graph.states.len as u32;
        graph.states.push(state);
        graph.parents.push(parent);
        seen.insert_unique(hash, number, |&at| hasher.hash_one(graph.states.at(at)));
        number
    }
}
