//! `close-notify requirements`: duty by duty, the claim that judges it and the mistake that the claim must catch.

use std::fmt::Write;

use close_notify_model::duty::{Check, Duty, Map, map};
use comfy_table::{Cell, Color, ColumnConstraint, ContentArrangement, Table, Width};

use crate::args::RequirementsArgs;
use crate::frame::RULED;
use crate::out::{self, Exit, Stop};

pub(crate) fn run(args: &RequirementsArgs) -> Result<Exit, Stop> {
    let map = map();
    let text = if args.json {
        serde_json::to_string_pretty(&map).map_err(|error| Stop::finding(error.to_string()))? + "\n"
    } else {
        text(&map)
    };
    out::print(&text)?;
    Ok(Exit::fine_if(map.holes().next().is_none()))
}

fn text(map: &Map) -> String {
    let mut table = Table::new();
    table.load_style(RULED).enforce_styling().set_width(100);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(["duty", "who", "where", "claim of the model", "judged", "caught mistake"]);
    for duty in &map.duties {
        table.add_row(cells(duty));
    }
    let widths = [24, 4, 6, 32, 7, 16].map(|width| ColumnConstraint::Absolute(Width::Fixed(width)));
    table.set_constraints(widths);
    let mut text = format!("{table}\n\n");
    let fuzzed = map.duties.iter().filter(|duty| matches!(duty.check, Check::Fuzz { .. })).count();
    let holes: Vec<&str> = map.holes().map(|duty| duty.id.as_str()).collect();
    let modelled = map.duties.len() - fuzzed - holes.len();
    let _infallible = writeln!(
        text,
        "{} duties: {modelled} judged by a claim of the model, {fuzzed} left to bytes, {} by nothing",
        map.duties.len(),
        holes.len(),
    );
    let _infallible = writeln!(text, "claims beyond them:");
    for beyond in &map.beyond {
        let _infallible = writeln!(text, "  {}: {} ({})", beyond.claim, beyond.says, beyond.judged);
    }
    for hole in &holes {
        let _infallible = writeln!(text, "{}nothing checks{:#} {hole}", out::BAD, out::BAD);
    }
    text
}

fn cells(duty: &Duty) -> Vec<Cell> {
    let (says, judged, caught, colour) = match &duty.check {
        Check::Claim { says, judged, caught } => (says.clone(), judged.as_str(), caught.join(" "), None),
        Check::Fuzz { because } => (format!("bytes decide: {because}"), "fuzz", String::new(), Some(Color::Yellow)),
        Check::Nothing => ("nothing checks it".to_owned(), "-", String::new(), Some(Color::Red)),
    };
    let cells = [duty.id.clone(), duty.who.clone(), duty.r#where.clone(), says, judged.to_owned(), caught];
    let paint = |text: String| {
        let cell = Cell::new(text);
        match colour {
            Some(colour) => cell.fg(colour),
            None => cell,
        }
    };
    cells.into_iter().map(paint).collect()
}
