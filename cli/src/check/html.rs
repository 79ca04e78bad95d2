//! The report as one self-contained page: the same table, with the charts drawn.

use std::fmt::Write;

use close_notify_model::check::report::Report;

use super::attack::{Attack, attacks, mark};
use super::fold::{Cell, Group, VERSIONS, groups};
use super::table;

const STYLE: &str = "body{font:15px/1.45 system-ui,sans-serif;max-width:960px;margin:2em auto;padding:0 1em;\
color:#1b2733;background:#f6f8fa}h1{font-size:1.5em}h2{font-size:1.15em;margin:2em 0 .3em}\
table{border-collapse:collapse;width:100%;background:#fff;font-size:14px}th,td{text-align:left;padding:.2em .6em;\
border-bottom:1px solid #e3e8ee}tr.family td{font-weight:600;background:#eef2f6}td.in{padding-left:1.8em}\
.holds{color:#1a7f37}.broken{color:#b3261e;font-weight:600}.unexpected{background:#b3261e;color:#fff}\
a{color:inherit}svg{display:block;max-width:100%;height:auto;border:1px solid #e3e8ee;margin:.6em 0}\
code{background:#eef2f6;padding:0 .25em}pre{background:#fff;padding:1em;border:1px solid #e3e8ee;overflow-x:auto}\
details{margin:.4em 0}.because{margin:.2em 0}";

/// The page.
pub(crate) fn page(report: &Report) -> String {
    let attacks = attacks(report);
    let mut page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>close-notify check</title>\
         <style>{STYLE}</style><h1>How a TLS connection ends: what holds, and what breaks</h1>\
         <pre>{}</pre>{}<h2>Verdicts</h2><pre>{}</pre><table><tr><th></th>",
        escaped(&table::plain_sums(report)),
        verdict(report),
        escaped(table::LEGEND)
    );
    for version in VERSIONS {
        let _infallible = write!(page, "<th>TLS {version}</th>");
    }
    page += "</tr>";
    groups(report, &attacks).iter().for_each(|group| page += &rows(group));
    page += "</table><h2>Attacks</h2><p>The shortest path to each claim that breaks.</p>";
    attacks.iter().for_each(|attack| page += &shown(attack, report));
    page + &verdict(report) + "</html>\n"
}

/// The closing line, as on the terminal.
fn verdict(report: &Report) -> String {
    let class = if report.is_fine() { "holds" } else { "broken" };
    format!("<p class=\"{class}\">{}</p>", escaped(table::outcome(report)))
}

fn rows(group: &Group) -> String {
    let title = format!("{}: {}", group.name, group.about);
    if let [(_, line)] = &group.lines[..] {
        return row("family", "", &title, &line.cells);
    }
    let mut rows = row("family", "", &title, &[const { None }; 4]).replace("<td>-</td>", "<td></td>");
    for (label, line) in &group.lines {
        rows += &row("", "in", if label.is_empty() { "the rest" } else { label }, &line.cells);
    }
    rows
}

fn row(class: &str, indent: &str, label: &str, cells: &[Option<Cell>; 4]) -> String {
    let cells: String = cells.iter().map(cell).collect();
    format!("<tr class=\"{class}\"><td class=\"{indent}\">{}</td>{cells}</tr>", escaped(label))
}

fn cell(cell: &Option<Cell>) -> String {
    let Some(cell) = cell else { return "<td>-</td>".to_owned() };
    let link = |number: &usize| format!("<a href=\"#attack-{number}\">{}</a>", mark(*number));
    let marks: String = cell.attacks.iter().map(link).collect();
    let (class, word) = match (cell.unexpected, cell.attacks.is_empty()) {
        (true, true) => ("unexpected", "not broken".to_owned()),
        (true, false) => ("unexpected", format!("new {marks}")),
        (false, true) => ("holds", "holds".to_owned()),
        (false, false) => ("broken", format!("broken {marks}")),
    };
    let times = if cell.count > 1 { format!(" ×{}", cell.count) } else { String::new() };
    format!("<td class=\"{class}\">{word}{times}</td>")
}

fn shown(attack: &Attack<'_>, report: &Report) -> String {
    let (number, claim, says) = (attack.number, escaped(attack.claim), escaped(attack.says()));
    let mut text = format!(
        "<h2 id=\"attack-{number}\">{} {claim}</h2><p class=\"because\">The claim that breaks: {says}.</p>",
        mark(number)
    );
    if let Some(because) = attack.because {
        let _infallible = write!(text, "<p class=\"because\">Because {}.</p>", escaped(because));
    }
    text += &attack.chart(&report.scope).map_or_else(String::new, |chart| chart.svg());
    for line in attack.in_reality(report) {
        let _infallible = write!(text, "<p class=\"because\">{}</p>", escaped(&line));
    }
    let (config, count) = (escaped(attack.config), table::configurations(attack.breaks.len()));
    let _infallible = write!(
        text,
        "<p><code>close-notify explore {config}</code></p><details><summary>in {count}</summary>"
    );
    for kind in attack.where_it_breaks() {
        let _infallible = write!(text, "{}<br>", escaped(&kind));
    }
    text + "</details>"
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
