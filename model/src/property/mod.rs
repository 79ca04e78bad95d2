//! What is claimed of every state: each duty as a premise and what must then hold, for one end.
//!
//! A claim is judged for every conforming end of a world. Guarantees depend on the application's
//! choices: `expect.rs` says in which configurations they break. Every other claim holds whenever
//! its premise fires.

mod answers;
pub mod duty;
mod ends;
mod framing;
mod liveness;
mod receiving;
pub mod relay;
mod sending;
mod session;
mod view;

use crate::pair::Pair;
use crate::world::World;
use crate::world::config::Config;

pub use view::View;

/// When a claim is judged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Judged {
    /// In every state.
    Always,
    /// In a state in which nothing more happens without an attack, a fault or a deadline.
    AtRest,
}

/// Whether a claim may be lost by a choice of the application.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// It holds in every configuration.
    Invariant,
    /// It holds unless `expect.rs` says that the configuration gives it away.
    Guarantee,
}

/// A claim about one end of the connection.
#[derive(Debug)]
pub struct Claim {
    /// Its name: the id of its duty, if it has one.
    pub name: &'static str,
    /// What it says.
    pub says: &'static str,
    /// Whether an application's choice may lose it.
    pub kind: Kind,
    /// When it is judged.
    pub judged: Judged,
    /// In which configurations its premise can fire at all.
    pub applies: fn(&Config) -> bool,
    /// Whether the claim says something about this end.
    pub premise: fn(&View<'_>) -> bool,
    /// What must hold then.
    pub holds: fn(&View<'_>) -> bool,
    judge: fn(&Pair, &World) -> bool,
}

impl Claim {
    /// A claim about two connections at once, which a relay's own model judges.
    pub(crate) const fn of_relay(name: &'static str, says: &'static str, kind: Kind, judged: Judged) -> Self {
        Self {
            name,
            says,
            kind,
            judged,
            applies: |_| false,
            premise: |_| false,
            holds: |_| true,
            judge: |_, _| true,
        }
    }

    /// The whole claim about a world, for stateright.
    #[must_use]
    pub const fn judge(&self) -> fn(&Pair, &World) -> bool {
        self.judge
    }

    /// Whether the premise fires, and whether the claim holds, for the conforming ends of a world.
    #[must_use]
    pub fn verdict(&self, ends: &[Option<View<'_>>]) -> Verdict {
        let mut verdict = Verdict { fired: false, holds: true };
        for view in ends.iter().flatten() {
            if (self.premise)(view) {
                verdict.fired = true;
                verdict.holds &= (self.holds)(view);
            }
        }
        verdict
    }
}

/// What a claim says about one world.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// The premise fired.
    pub fired: bool,
    /// The claim was not broken.
    pub holds: bool,
}

/// Defines a table of claims. The functions of each row also make the plain function that
/// stateright needs.
macro_rules! claims {
    ($($name:literal $kind:ident $judged:ident where $applies:expr;
        says $says:literal;
        if $premise:expr;
        then $holds:expr;)+) => {
        pub(super) static CLAIMS: &[$crate::property::Claim] = &[$({
            fn premise(view: &$crate::property::View<'_>) -> bool {
                let premise: fn(&$crate::property::View<'_>) -> bool = $premise;
                premise(view)
            }
            fn holds(view: &$crate::property::View<'_>) -> bool {
                let holds: fn(&$crate::property::View<'_>) -> bool = $holds;
                holds(view)
            }
            fn judge(pair: &$crate::pair::Pair, world: &$crate::world::World) -> bool {
                let judged = match $crate::property::Judged::$judged {
                    $crate::property::Judged::Always => true,
                    $crate::property::Judged::AtRest => pair.is_at_rest(world),
                };
                let ends = $crate::property::View::conforming(pair, world);
                !judged || ends.iter().flatten().all(|view| !premise(view) || holds(view))
            }
            $crate::property::Claim {
                name: $name,
                says: $says,
                kind: $crate::property::Kind::$kind,
                judged: $crate::property::Judged::$judged,
                applies: $applies,
                premise,
                holds,
                judge,
            }
        }),+];
    };
}
pub(crate) use claims as claim_table;

/// Every claim.
pub fn claims() -> impl Iterator<Item = &'static Claim> {
    [
        sending::CLAIMS,
        receiving::CLAIMS,
        session::CLAIMS,
        ends::CLAIMS,
        framing::CLAIMS,
        liveness::CLAIMS,
        answers::CLAIMS,
    ]
    .into_iter()
    .flatten()
    .chain([&relay::NO_LAUNDERING])
}

/// The claims whose premise can fire in a configuration.
#[must_use]
pub fn claims_of(config: &Config) -> Vec<&'static Claim> {
    claims().filter(|claim| (claim.applies)(config)).collect()
}

/// The claim with this name.
#[must_use]
pub fn claim(name: &str) -> Option<&'static Claim> {
    claims().find(|claim| claim.name == name)
}
