//! The report for people on a terminal: the table of verdicts, each attack as a chart, the sums.

use std::fmt::Write;

use close_notify_model::check::report::{Replayed, Report, Verdict};
use close_notify_model::property::duty::{self, Map};
use comfy_table::{Attribute, Cell, Color, ColumnConstraint, Table, Width};
use indicatif::HumanCount;

use super::attack::{Attack, attacks, mark};
use super::fold::{self, Group, VERSIONS, groups};
use crate::frame::{self, RULED};
use crate::out::{BAD, DIM, GOOD, HEAD};

/// What the words of the table mean.
pub(crate) const LEGEND: &str = "\
holds      no order of events breaks a claim; ×3: so in each of 3 configurations; -: none of this version
broken ①   this choice of the application is known to be unsafe, as the rules expect; attack ① is below
NEW ①      or NOT BROKEN: not what the rules expect, the check fails; names: docs/configurations.md
";

/// The whole report.
pub(crate) fn text(report: &Report) -> String {
    let attacks = attacks(report);
    let mut text = format!("{LEGEND}{}\n\n", verdicts(&groups(report, &attacks)));
    for attack in &attacks {
        text += &shown(attack, report);
    }
    text += &findings(report);
    text += &sums(report);
    text
}

fn verdicts(groups: &[Group]) -> String {
    let mut table = Table::new();
    table.load_style(RULED).enforce_styling();
    let head =
        std::iter::once(Cell::new("")).chain(VERSIONS.map(|version| Cell::new(format!("TLS {version}"))));
    table.set_header(head.map(|cell| cell.add_attribute(Attribute::Bold)));
    for group in groups {
        let title = Cell::new(format!("{}: {}", group.name, group.about)).add_attribute(Attribute::Bold);
        if let [(_, line)] = &group.lines[..] {
            table.add_row(std::iter::once(title).chain(line.cells.iter().map(cell)));
            continue;
        }
        table.add_row([title]);
        for (label, line) in &group.lines {
            let label = Cell::new(format!("  {}", if label.is_empty() { "the rest" } else { label }));
            table.add_row(std::iter::once(label).chain(line.cells.iter().map(cell)));
        }
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 1));
    }
    let widths = [46, 12, 12, 12, 12].map(|width| ColumnConstraint::Absolute(Width::Fixed(width)));
    table.set_constraints(widths);
    frame::bare(&table)
}

fn cell(cell: &Option<fold::Cell>) -> Cell {
    let Some(cell) = cell else { return Cell::new("-").fg(Color::DarkGrey) };
    let marks: String = cell.attacks.iter().map(|&number| mark(number)).collect();
    let (word, colour) = match (cell.unexpected, cell.attacks.is_empty()) {
        (true, true) => ("NOT BROKEN".to_owned(), Color::Magenta),
        (true, false) => (format!("NEW {marks}"), Color::Magenta),
        (false, true) => ("holds".to_owned(), Color::Green),
        (false, false) => (format!("broken {marks}"), Color::Red),
    };
    let times = if cell.count > 1 { format!(" ×{}", cell.count) } else { String::new() };
    Cell::new(word + &times).fg(colour)
}

fn shown(attack: &Attack<'_>, report: &Report) -> String {
    let mut text = format!("{HEAD}{} {}{HEAD:#}", mark(attack.number), attack.claim);
    let surprise =
        if attack.because.is_some() { String::new() } else { format!(", {BAD}UNEXPECTED{BAD:#},") };
    let places = configurations(attack.breaks.len());
    let _infallible = writeln!(text, " breaks{surprise} in {places}; shown: {}", attack.config);
    match attack.chart(&report.scope) {
        Some(chart) => text += &indented(&chart.text()),
        None => text += "  (this program does not know the configuration)\n",
    }
    let _infallible = writeln!(text, "  {BAD}the claim that breaks{BAD:#}: {}", attack.says());
    if let Some(because) = attack.because {
        let _infallible = writeln!(text, "  because {because}");
    }
    for line in attack.in_reality(report) {
        let _infallible = writeln!(text, "  {line}");
    }
    for kind in attack.where_it_breaks() {
        let _infallible = writeln!(text, "  {DIM}in {kind}{DIM:#}");
    }
    text + "\n"
}

/// `1 configuration`, `2 configurations`.
pub(crate) fn configurations(count: usize) -> String {
    if count == 1 { "1 configuration".to_owned() } else { format!("{count} configurations") }
}

fn indented(text: &str) -> String {
    let loud = ["ATTACKER", "WHOLE", "forever"];
    let text =
        loud.iter().fold(text.to_owned(), |text, word| text.replace(word, &format!("{BAD}{word}{BAD:#}")));
    text.lines().map(|line| format!("  {line}\n")).collect()
}

fn findings(report: &Report) -> String {
    let mut text = String::new();
    for row in report.unexpected() {
        let kept = row
            .expected
            .iter()
            .filter(|expected| row.broken.iter().all(|broken| broken.claim != expected.claim));
        for expected in kept {
            let (name, claim) = (&row.name, &expected.claim);
            let _infallible =
                writeln!(text, "{BAD}unexpected{BAD:#} {name}: {claim} holds, and was to break");
        }
        for broken in
            row.broken.iter().filter(|broken| row.expected.iter().all(|one| one.claim != broken.claim))
        {
            let (name, claim) = (&row.name, &broken.claim);
            let _infallible = writeln!(text, "{BAD}unexpected{BAD:#} {name}: {claim} breaks");
        }
    }
    for mistake in report.missed() {
        let (name, claim, config) = (&mistake.name, &mistake.claim, &mistake.config);
        let _infallible = writeln!(text, "{BAD}missed{BAD:#} {name}: {claim} does not catch it in {config}");
    }
    for replay in report.diverged() {
        let (claim, config, over, why) = (&replay.claim, &replay.config, &replay.over, &replay.why);
        let _infallible = writeln!(text, "{BAD}different{BAD:#} {claim} in {config} over {over}: {why}");
    }
    for claim in report.silent() {
        let _infallible = writeln!(text, "{BAD}silent{BAD:#} {claim}: its premise fired nowhere");
    }
    text
}

/// The sums without colours.
pub(crate) fn plain_sums(report: &Report) -> String {
    let mut lines = totals(report);
    lines.extend(report.shard.map(|shard| {
        ("shard", format!("{} of {}: a part proves nothing of the rest", shard.number, shard.of))
    }));
    lines.iter().map(|(name, value)| format!("{name:20} {value}\n")).collect()
}

fn totals(report: &Report) -> Vec<(&'static str, String)> {
    let totals = &report.totals;
    let count = |number: usize| HumanCount(number as u64).to_string();
    let broken = report.configurations.iter().filter(|row| row.verdict == Verdict::Broken).count();
    let holds = totals.configurations - broken - totals.unexpected;
    let premises = totals.premises_fired + totals.silent.len();
    let mut lines = vec![
        (
            "configurations",
            format!("{}: {holds} hold, {broken} break as their rules say", totals.configurations),
        ),
        ("unexpected verdicts", totals.unexpected.to_string()),
        ("unique states", format!("{}, {} steps, every one seen", count(totals.states), count(totals.edges))),
    ];
    if totals.mistakes > 0 {
        lines.push(("planted mistakes", format!("{} of {} caught", totals.caught, totals.mistakes)));
    }
    lines.push(("attacks replayed", replays(report)));
    lines.push(("claims", format!("{} of {premises} had something to judge", totals.premises_fired)));
    if report.scope.is_full() && report.shard.is_none() {
        lines.push(("duties", duties(&duty::map())));
    }
    lines.push(("time", time(report)));
    lines
}

fn sums(report: &Report) -> String {
    let style = if report.is_fine() { GOOD } else { BAD };
    format!("{}{style}{}{style:#}\n", plain_sums(report), outcome(report))
}

/// The result, in one line.
pub(crate) fn outcome(report: &Report) -> &'static str {
    if report.is_fine() {
        "every verdict is the expected one"
    } else {
        "something is not as expected: see above"
    }
}

fn replays(report: &Report) -> String {
    let count = |outcome| report.replays.iter().filter(|replay| replay.outcome == outcome).count();
    let [taken, skipped, diverged] = [Replayed::Taken, Replayed::Skipped, Replayed::Diverged].map(count);
    match report.replays.len() {
        0 => "none".to_owned(),
        all => format!(
            "{taken} of {all} went on real rustls as in the model; {skipped} not tried, {diverged} different"
        ),
    }
}

fn duties(map: &Map) -> String {
    let (all, by_claim) = (map.duties.len(), map.by_claim().count());
    format!("{by_claim} of {all} judged by a claim, {} left to bytes", all - by_claim - map.holes().count())
}

fn time(report: &Report) -> String {
    let run = &report.run;
    let speed = HumanCount(run.states_per_second as u64);
    format!("{:.1} s on {} threads, {speed} states a second", run.seconds, run.jobs)
}
