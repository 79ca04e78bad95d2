//! The distinct attacks of a report: each claim that breaks, once, with the shortest path of all
//! configurations.

use std::cmp::Ordering;

use close_notify_model::chart::Chart;
use close_notify_model::check::report::{Replayed, Report, Row, Scope};
use close_notify_model::check::subject::{Step, Subject};
use close_notify_model::check::subjects;
use close_notify_model::property::claim;

/// A claim that breaks, and how.
pub(crate) struct Attack<'a> {
    /// Its number in the table.
    pub(crate) number: usize,
    /// Which claim.
    pub(crate) claim: &'a str,
    /// Why that was expected; `None` if it was not.
    pub(crate) because: Option<&'a str>,
    /// The configuration of the chart.
    pub(crate) config: &'a str,
    /// The steps of the chart.
    pub(crate) path: &'a [Step],
    /// Every configuration that it breaks.
    pub(crate) breaks: Vec<&'a str>,
}

/// A number in the table and above the charts: circled, as far as there are such characters.
pub(crate) fn mark(number: usize) -> String {
    let circled = number.checked_sub(1).and_then(|nth| u32::try_from(nth).ok()).filter(|nth| *nth < 20);
    let circled = circled.and_then(|nth| char::from_u32('①' as u32 + nth));
    circled.map_or_else(|| format!("({number})"), String::from)
}

/// Every attack, in the order in which the table shows them.
pub(crate) fn attacks(report: &Report) -> Vec<Attack<'_>> {
    let mut attacks: Vec<Attack<'_>> = Vec::new();
    for row in &report.configurations {
        for broken in &row.broken {
            let because = because(row, &broken.claim);
            let known = |attack: &&mut Attack<'_>| {
                attack.claim == broken.claim && attack.because.is_some() == because.is_some()
            };
            if let Some(attack) = attacks.iter_mut().find(known) {
                attack.breaks.push(&row.name);
                if is_better(row, &broken.path, attack) {
                    (attack.config, attack.path) = (&row.name, &broken.path);
                }
            } else {
                let (number, breaks) = (attacks.len() + 1, vec![row.name.as_str()]);
                let (claim, config, path) = (&broken.claim, &row.name, &broken.path);
                attacks.push(Attack { number, claim, because, config, path, breaks });
            }
        }
    }
    attacks
}

/// Whether a path is better than the one so far: it is not from the trial of a mistake, or it is
/// shorter, or it is the same in a later version of TLS.
fn is_better(row: &Row, path: &[Step], so_far: &Attack<'_>) -> bool {
    let rank = |name: &str, path: &[Step]| (name.starts_with("mutants/"), path.len());
    let same = kind(&row.name) == kind(so_far.config);
    match rank(&row.name, path).cmp(&rank(so_far.config, so_far.path)) {
        Ordering::Less => true,
        Ordering::Equal => same,
        Ordering::Greater => false,
    }
}

/// A name without its version.
fn kind(name: &str) -> (&str, &str) {
    let mut parts = name.splitn(3, '/');
    (parts.next().unwrap_or_default(), parts.nth(1).unwrap_or_default())
}

/// `a, b and c`.
fn listed(parts: &[&str]) -> String {
    match parts {
        [before @ .., last] if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        _ => parts.concat(),
    }
}

fn because<'a>(row: &'a Row, claim: &str) -> Option<&'a str> {
    row.expected.iter().find(|expected| expected.claim == claim).map(|expected| expected.because.as_str())
}

impl Attack<'_> {
    /// What the broken claim says.
    pub(crate) fn says(&self) -> &'static str {
        claim(self.claim).map_or("", |claim| claim.says)
    }

    /// What happened in reality: a line for each result, with the transports that gave it.
    pub(crate) fn in_reality(&self, report: &Report) -> Vec<String> {
        let mut answers: Vec<(String, Vec<&str>)> = Vec::new();
        for replay in report.replays.iter().filter(|one| one.claim == self.claim && one.config == self.config)
        {
            let over = match replay.over.as_str() {
                "kernel" => "over loopback",
                "smoltcp" => "over smoltcp",
                _ => "in memory",
            };
            let answer = match replay.outcome {
                Replayed::Taken => "the same, step by step".to_owned(),
                Replayed::Skipped => format!("not tried, {}", replay.why),
                Replayed::Diverged => format!("DIFFERENT, {}", replay.why),
            };
            match answers.iter_mut().find(|(known, _)| *known == answer) {
                Some((_, transports)) => transports.push(over),
                None => answers.push((answer, vec![over])),
            }
        }
        answers
            .into_iter()
            .map(|(answer, over)| format!("on real rustls, {}: {answer}", listed(&over)))
            .collect()
    }

    /// Its chart; `None` if the report names a configuration that this program does not have.
    pub(crate) fn chart(&self, scope: &Scope) -> Option<Chart> {
        let scope = Scope { deep: scope.deep, only: vec![self.config.to_owned()] };
        let subject: Option<Subject> = subjects(&scope).into_iter().next();
        subject.map(|subject| Chart::of(&subject, self.path))
    }

    /// The configurations that it breaks, by family and by what follows the version.
    pub(crate) fn where_it_breaks(&self) -> Vec<String> {
        let mut kinds: Vec<(String, Vec<&str>)> = Vec::new();
        for name in &self.breaks {
            let mut parts = name.splitn(3, '/');
            let family = parts.next().unwrap_or_default();
            let version = parts.next().unwrap_or_default();
            let kind = parts.next().map_or_else(|| family.to_owned(), |rest| format!("{family}/*/{rest}"));
            match kinds.iter_mut().find(|(known, _)| *known == kind) {
                Some((_, versions)) => versions.push(version),
                None => kinds.push((kind, vec![version])),
            }
        }
        let told = |(kind, versions): (String, Vec<&str>)| match versions.len() {
            4 => kind,
            _ => format!("{kind} (TLS {})", versions.join(", ")),
        };
        kinds.into_iter().map(told).collect()
    }
}
