//! The attacks of a report, replayed on real rustls, to see whether reality does what the model
//! says.

use close_notify_model::check::report::{Replay, Replayed, Report};
use close_notify_replay::{Outcome, Over, Path, replay};

use super::attack::{Attack, attacks};

/// Each attack that is shown, over each transport.
pub(crate) fn replays(report: &Report) -> Vec<Replay> {
    if report.scope.deep {
        return Vec::new();
    }
    let attacks = attacks(report);
    attacks.iter().flat_map(|attack| Over::ALL.map(|over| taken(attack, over))).collect()
}

fn taken(attack: &Attack<'_>, over: Over) -> Replay {
    let path = Path::new(attack.config, attack.claim.to_owned(), attack.path.to_vec());
    let (outcome, why) = match replay(&path, over) {
        Ok(Outcome::Taken) => (Replayed::Taken, String::new()),
        Ok(Outcome::Skipped(skip)) => (Replayed::Skipped, skip.to_string()),
        Ok(Outcome::Diverged(divergence)) => (Replayed::Diverged, divergence.to_string()),
        Err(error) => (Replayed::Diverged, error.to_string()),
    };
    let (claim, config) = (attack.claim.to_owned(), attack.config.to_owned());
    Replay { claim, config, over: over.to_string(), outcome, why }
}
