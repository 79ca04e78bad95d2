//! What the standards ask, duty by duty, and where each is checked.
//!
//! Reads `docs/requirements.md` itself, so that a row that nothing checks shows up. Decides which
//! duties no model can judge, and gives the reason. A claim judges the duty that has the same name.

use serde::{Deserialize, Serialize};

use crate::pair::mutant::Mutant;
use crate::property::relay::NO_LAUNDERING;
use crate::property::{Judged, claim, claims};

const REQUIREMENTS: &str = include_str!("../../../docs/requirements.md");

/// The duties that only bytes can decide. Code that handles bytes judges them.
const BYTES_ONLY: &[(&str, &str)] = &[(
    "http-headers-cut",
    "the model knows how long a message is, not what is in it: a header section is bytes, which impl/framing holds \
     back until it is whole (tests/behaviour/gate.rs)",
)];

/// One row of the requirements.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Duty {
    /// Its name everywhere.
    pub id: String,
    /// Who is bound: S for the sender of the closure, R for its receiver, or both.
    pub who: String,
    /// In which versions or protocols.
    pub r#where: String,
    /// What is asked.
    pub duty: String,
    /// Where it comes from.
    pub source: String,
    /// How it is checked.
    pub check: Check,
}

/// How a duty is checked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "kebab-case")]
pub enum Check {
    /// A claim of the model.
    Claim {
        /// What it says.
        says: String,
        /// `always` or `at rest`.
        judged: String,
        /// The planted mistakes that it must catch.
        caught: Vec<String>,
    },
    /// Bytes decide it.
    Fuzz {
        /// Why no model can.
        because: String,
    },
    /// Nothing: a hole.
    Nothing,
}

/// Every duty, and the claims that judge none.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Map {
    /// Each row of the requirements.
    pub duties: Vec<Duty>,
    /// Claims beyond them: guarantees that an application may choose to lose, and the driver's
    /// contract.
    pub beyond: Vec<Beyond>,
}

/// A claim that no row of the requirements asks for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Beyond {
    /// Its name.
    pub claim: String,
    /// What it says.
    pub says: String,
    /// `always` or `at rest`.
    pub judged: String,
}

/// The map of the requirements that this program was built with.
#[must_use]
pub fn map() -> Map {
    map_of(REQUIREMENTS)
}

fn map_of(text: &str) -> Map {
    let duties: Vec<Duty> = text.lines().filter_map(row).collect();
    let is_asked = |name: &str| duties.iter().any(|duty| duty.id == name);
    let beyond = claims().filter(|claim| !is_asked(claim.name)).map(|claim| Beyond {
        claim: claim.name.to_owned(),
        says: claim.says.to_owned(),
        judged: judged_name(claim.judged).to_owned(),
    });
    let beyond = beyond.collect();
    Map { duties, beyond }
}

impl Map {
    /// The duties that a claim judges.
    pub fn by_claim(&self) -> impl Iterator<Item = &Duty> {
        self.duties.iter().filter(|duty| matches!(duty.check, Check::Claim { .. }) && !duty.is_hole())
    }

    /// The duties that nothing checks.
    pub fn holes(&self) -> impl Iterator<Item = &Duty> {
        self.duties.iter().filter(|duty| duty.is_hole())
    }
}

impl Duty {
    /// Whether nothing checks it, or its claim has no mistake that it must catch. Such a claim may
    /// be one that cannot fail.
    #[must_use]
    pub fn is_hole(&self) -> bool {
        match &self.check {
            Check::Claim { caught, .. } => caught.is_empty(),
            Check::Fuzz { .. } => false,
            Check::Nothing => true,
        }
    }
}

/// A row of the table: five cells, the first an id.
fn row(line: &str) -> Option<Duty> {
    let cells: Vec<&str> =
        line.trim().strip_prefix('|')?.strip_suffix('|')?.split('|').map(str::trim).collect();
    let [id, who, r#where, duty, source] = cells[..] else { return None };
    if id == "id" || id.starts_with('-') {
        return None;
    }
    let owned = str::to_owned;
    Some(Duty {
        id: owned(id),
        who: owned(who),
        r#where: owned(r#where),
        duty: owned(duty),
        source: owned(source),
        check: check_of(id),
    })
}

fn check_of(id: &str) -> Check {
    if let Some(claim) = claim(id) {
        let (says, judged) = (claim.says.to_owned(), judged_name(claim.judged).to_owned());
        return Check::Claim { says, judged, caught: mistakes_of(id) };
    }
    match BYTES_ONLY.iter().find(|(name, _)| *name == id) {
        Some((_, because)) => Check::Fuzz { because: (*because).to_owned() },
        None => Check::Nothing,
    }
}

fn mistakes_of(id: &str) -> Vec<String> {
    let mutants =
        Mutant::ALL.iter().filter(|mutant| mutant.property() == id).map(|mutant| mutant.name().to_owned());
    let relay = (id == NO_LAUNDERING.name).then(|| "NaiveRelay".to_owned());
    mutants.chain(relay).collect()
}

const fn judged_name(judged: Judged) -> &'static str {
    match judged {
        Judged::Always => "always",
        Judged::AtRest => "at rest",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_duty_is_checked() {
        let map = map();
        assert!(map.duties.len() > 40, "the table was not found");
        assert_eq!(map.holes().map(|duty| duty.id.as_str()).collect::<Vec<_>>(), [""; 0]);
    }

    #[test]
    fn a_duty_that_nothing_checks_is_a_hole() {
        let map = map_of(
            "| id | who | where | duty | source |\n| --- | --- | --- | --- | --- |\n| new | S | 13 | a | b |",
        );
        assert_eq!(map.holes().count(), 1);
    }

    #[test]
    fn a_mark_for_bytes_is_stale_once_there_is_a_claim() {
        for (id, _) in BYTES_ONLY {
            assert!(claim(id).is_none(), "{id} has a claim: take its mark away");
            assert!(map().duties.iter().any(|duty| duty.id == *id), "{id} is no duty");
        }
    }
}
