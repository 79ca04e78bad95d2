//! Many configurations as few lines: what agrees in every version is one line, and what is not
//! worth a separate line is counted.
//!
//! Decides which choices of a family always stay apart, because they are what a reader looks for.

use close_notify_model::check::report::{Report, Row, Verdict};

use super::attack::Attack;

/// The columns of the table.
pub(crate) const VERSIONS: [&str; 4] = ["1.0", "1.1", "1.2", "1.3"];

/// What a family is about, and which parts of its names always have separate lines.
struct Family {
    name: &'static str,
    about: &'static str,
    apart: &'static [usize],
}

const fn family(name: &'static str, about: &'static str, apart: &'static [usize]) -> Family {
    Family { name, about, apart }
}

/// In the order in which they are shown.
const FAMILIES: &[Family] = &[
    family("download", "server sends, closes; attacker", &[1, 2]),
    family("half-close", "one direction ends, one goes on", &[1]),
    family("upload", "client sends, closes, reads nothing", &[0]),
    family("crossed", "both close at any moment", &[]),
    family("reply", "client closes, server has more", &[]),
    family("haste", "one close, then a quicker one", &[0]),
    family("drop", "application walks away unasked", &[]),
    family("late-data", "data after our own close_notify", &[]),
    family("reject", "server sends a fatal alert", &[0]),
    family("reject-after", "alert after their close", &[]),
    family("abort", "one side resets on purpose", &[]),
    family("stuck", "peer stops reading, kernel is full", &[]),
    family("no-deadline", "nobody has a deadline", &[1]),
    family("hand-back", "plaintext goes on after TLS", &[]),
    family("handshake", "closing before there are keys", &[]),
    family("errno", "resets met by every kind of call", &[]),
    family("resumption", "which ends forbid to resume", &[]),
    family("alerts", "read otherwise than strictly", &[]),
    family("preset", "policies where protocols end", &[0]),
    family("habit", "peer closes only in answer", &[]),
    family("engine-limit", "engine closes at its key limit", &[]),
    family("relay", "attacker upstream of a relay", &[1]),
    family("peer", "server breaks rules as stacks do", &[0]),
    family("mutants", "trials, small worlds in which mistakes are planted", &[]),
];

/// A label longer than this says less than "the rest".
const LABEL: usize = 44;

/// The result of the configurations in one cell.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Cell {
    /// How many there are.
    pub(crate) count: usize,
    /// The numbers of the attacks that break them.
    pub(crate) attacks: Vec<usize>,
    /// Their verdict is not the expected one.
    pub(crate) unexpected: bool,
}

impl Cell {
    fn agrees(&self, other: &Self) -> bool {
        self.attacks == other.attacks && self.unexpected == other.unexpected
    }
}

/// A line of the table.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// For each part of the name, the values that the line covers.
    parts: Vec<Vec<String>>,
    /// One cell per version.
    pub(crate) cells: [Option<Cell>; 4],
}

/// A family and its lines.
pub(crate) struct Group {
    /// Its name.
    pub(crate) name: String,
    /// What it is about.
    pub(crate) about: &'static str,
    /// Its lines, each with a label that distinguishes it from the others. The label is empty if
    /// the line is the only one, or the rest of them.
    pub(crate) lines: Vec<(String, Line)>,
}

/// Every family of a report that has configurations, folded.
pub(crate) fn groups(report: &Report, attacks: &[Attack<'_>]) -> Vec<Group> {
    let mut groups: Vec<(String, Vec<Line>)> = Vec::new();
    for row in &report.configurations {
        let mut parts = row.name.split('/');
        let name = parts.next().unwrap_or_default();
        let line = line(row, parts.skip(1).map(|part| vec![part.to_owned()]).collect(), attacks);
        match groups.iter_mut().find(|(known, _)| known == name) {
            Some((_, lines)) => lines.push(line),
            None => groups.push((name.to_owned(), vec![line])),
        }
    }
    groups.sort_by_key(|(name, _)| place(name));
    groups.into_iter().map(|(name, lines)| group(name, lines)).collect()
}

fn place(name: &str) -> usize {
    let name = name.trim_start_matches("deep-");
    FAMILIES.iter().position(|family| family.name == name).unwrap_or(FAMILIES.len())
}

fn line(row: &Row, parts: Vec<Vec<String>>, attacks: &[Attack<'_>]) -> Line {
    let breaks = |attack: &&Attack<'_>| attack.breaks.contains(&row.name.as_str());
    let numbers = attacks.iter().filter(breaks).map(|attack| attack.number).collect();
    let cell = Cell { count: 1, attacks: numbers, unexpected: row.verdict == Verdict::Unexpected };
    let cells = VERSIONS.map(|version| (version == row.version).then(|| cell.clone()));
    Line { parts, cells }
}

fn group(name: String, mut lines: Vec<Line>) -> Group {
    let known = FAMILIES.get(place(&name));
    let apart = known.map_or(&[][..], |family| family.apart);
    let width = lines.iter().map(|line| line.parts.len()).max().unwrap_or(0);
    fold(&mut lines, None);
    let values: Vec<Vec<String>> = (0..width).map(|part| values(&lines, part)).collect();
    for part in (0..width).rev().filter(|part| !apart.contains(part)) {
        fold(&mut lines, Some(part));
    }
    lines.sort_by_key(|line| label(line, &values).len() > LABEL);
    let lines = lines.into_iter().map(|line| (told(&line, &values), line)).collect();
    let name = name.trim_start_matches("deep-").to_owned();
    Group { name, about: known.map_or("", |family| family.about), lines }
}

/// Merges lines that agree and whose names differ only in `part`; without a part, only in the
/// version.
fn fold(lines: &mut Vec<Line>, part: Option<usize>) {
    let mut folded: Vec<Line> = Vec::new();
    for line in lines.drain(..) {
        let twin = folded.iter_mut().find(|known| {
            let same =
                |(at, (one, other)): (usize, (&Vec<String>, &Vec<String>))| Some(at) == part || one == other;
            known.parts.len() == line.parts.len()
                && known.parts.iter().zip(&line.parts).enumerate().all(same)
                && known.agrees(&line)
        });
        match twin {
            Some(known) => known.take(line),
            None => folded.push(line),
        }
    }
    *lines = folded;
}

impl Line {
    fn agrees(&self, other: &Self) -> bool {
        self.cells.iter().zip(&other.cells).all(|cells| match cells {
            (Some(one), Some(other)) => one.agrees(other),
            _ => true,
        })
    }

    fn take(&mut self, other: Self) {
        for (mine, theirs) in self.cells.iter_mut().zip(other.cells) {
            match (mine, theirs) {
                (Some(mine), Some(theirs)) => mine.count += theirs.count,
                (mine @ None, theirs) => *mine = theirs,
                (Some(_), None) => {}
            }
        }
        for (mine, theirs) in self.parts.iter_mut().zip(other.parts) {
            mine.extend(theirs);
            mine.dedup();
        }
    }
}

fn values(lines: &[Line], part: usize) -> Vec<String> {
    let mut values: Vec<String> =
        lines.iter().filter_map(|line| line.parts.get(part)).flatten().cloned().collect();
    values.sort_unstable();
    values.dedup();
    values
}

fn told(line: &Line, values: &[Vec<String>]) -> String {
    let label = label(line, values);
    if label.len() > LABEL { String::new() } else { label }
}

/// The parts that distinguish the line from the others of its family.
fn label(line: &Line, values: &[Vec<String>]) -> String {
    let told = line.parts.iter().zip(values).filter_map(|(part, all)| {
        let mut part = part.clone();
        part.sort_unstable();
        part.dedup();
        (part.len() < all.len()).then(|| part.join(" or "))
    });
    told.collect::<Vec<_>>().join(", ")
}
