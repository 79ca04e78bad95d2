//! `close-notify requirements`: for each duty, the claim that judges it and the mistakes that the
//! claim must catch.

use std::fmt::Write;

use close_notify_model::property::duty::{Check, Duty, Map, map};
use comfy_table::{Cell, Color, ColumnConstraint, Table, Width};

use crate::args::RequirementsArgs;
use crate::frame::{self, RULED};
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
    table.load_style(RULED).enforce_styling();
    table.set_header(["duty", "who", "where", "judged", "the claim of this name catches"]);
    for duty in &map.duties {
        table.add_row(cells(duty));
    }
    let widths = [36, 7, 8, 11, 32].map(|width| ColumnConstraint::Absolute(Width::Fixed(width)));
    table.set_constraints(widths);
    let mut text = format!("{}\n\n", frame::bare(&table));
    let holes: Vec<&str> = map.holes().map(|duty| duty.id.as_str()).collect();
    let modelled = map.by_claim().count();
    let _infallible = writeln!(
        text,
        "{} duties: {modelled} judged by a claim of the model, {} left to bytes, {} by nothing",
        map.duties.len(),
        map.duties.len() - modelled - holes.len(),
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
    let (judged, caught, colour) = match &duty.check {
        Check::Claim { caught, .. } if caught.is_empty() => {
            ("-", "NO MISTAKE: can it fail?".to_owned(), Some(Color::Red))
        }
        Check::Claim { judged, caught, .. } => (judged.as_str(), caught.join(", "), None),
        Check::Fuzz { because } => ("on bytes", because.clone(), Some(Color::Yellow)),
        Check::Nothing => ("-", "NOTHING CHECKS IT".to_owned(), Some(Color::Red)),
    };
    // The remark in parentheses is in the document.
    let place = duty.r#where.split(" (").next().unwrap_or_default().to_owned();
    let cells = [duty.id.clone(), duty.who.clone(), place, judged.to_owned(), caught];
    let paint = |text: String| {
        let cell = Cell::new(text);
        match colour {
            Some(colour) => cell.fg(colour),
            None => cell,
        }
    };
    cells.into_iter().map(paint).collect()
}
