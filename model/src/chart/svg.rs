//! A chart as SVG: the same lines as in characters, on a white background, so that it is readable
//! on any page.

use std::fmt::Write;

use super::text::{verdict, wrap};
use super::{Chart, Line, Told, Tone, Way};

const WIDTH: usize = 900;
const MARGIN: usize = 60;
const STEP: usize = 24;
/// About the width of a letter of the font below.
const LETTER: usize = 7;

const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#1b2733}.head{font-weight:700}\
.lane{stroke:#9aa7b4;stroke-width:2}.plain{stroke:#2b6cb0;fill:#2b6cb0}text.told{font-weight:700}\
text.bad,text.forged{fill:#b3261e}.forged{stroke:#b3261e;fill:#b3261e}path,line{fill:none;stroke-width:1.6}\
polygon{stroke:none}text.plain,text.told,text.bad,text.forged,text.head{stroke:none}text.plain{fill:#1b2733}\
text.label{fill:#1b4f8a;stroke:#fff;stroke-width:4;paint-order:stroke}\
text.forged{stroke:#fff;stroke-width:4;paint-order:stroke}";

pub(super) fn draw(chart: &Chart) -> String {
    let mut sheet = Sheet::new(chart.lanes.len());
    for (name, x) in chart.lanes.iter().zip(sheet.lanes.clone()) {
        sheet.text(x, "middle", "head", name);
    }
    let top = sheet.y + STEP / 2;
    sheet.y += STEP + STEP / 2;
    chart.lines.iter().for_each(|line| sheet.line(line));
    let bottom = sheet.y;
    sheet.y += STEP;
    chart.endings.iter().for_each(|told| sheet.ending(told));
    sheet.done(top, bottom)
}

struct Sheet {
    lanes: Vec<usize>,
    y: usize,
    body: String,
}

impl Sheet {
    fn new(count: usize) -> Self {
        let span = WIDTH - 2 * MARGIN;
        let lanes = (0..count).map(|lane| MARGIN + lane * span / (count - 1).max(1)).collect();
        Self { lanes, y: STEP, body: String::new() }
    }

    fn done(self, top: usize, bottom: usize) -> String {
        let height = self.y;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
             height=\"{height}\" role=\"img\"><style>{STYLE}</style>\
             <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#fff\"/>"
        );
        for x in &self.lanes {
            let _infallible =
                write!(svg, "<line class=\"lane\" x1=\"{x}\" y1=\"{top}\" x2=\"{x}\" y2=\"{bottom}\"/>");
        }
        svg + &self.body + "</svg>"
    }

    fn text(&mut self, x: usize, anchor: &str, class: &str, text: &str) {
        let (y, text) = (self.y, escaped(text));
        let _infallible = write!(
            self.body,
            "<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\" class=\"{class}\">{text}</text>"
        );
    }

    fn line(&mut self, line: &Line) {
        match line {
            Line::Note { lane, gap, text, tone } => self.note(*lane, *gap, text, *tone),
            Line::Arrow { from, to, label, way } => self.arrow(*from, *to, label, *way),
            Line::Cut { gap } => self.cut(*gap),
        }
    }

    fn note(&mut self, lane: usize, gap: usize, text: &str, tone: Tone) {
        let class = match tone {
            Tone::Plain => "plain",
            Tone::Told => "told",
            Tone::Bad => "bad",
        };
        let room = (self.lanes[gap + 1] - self.lanes[gap] - 40) / LETTER;
        let (x, anchor) = match gap == lane {
            true => (self.lanes[lane] + 10, "start"),
            false => (self.lanes[lane] - 10, "end"),
        };
        for part in wrap(text, room) {
            self.text(x, anchor, class, &part);
            self.y += STEP * 3 / 4;
        }
        self.y += STEP / 4;
    }

    fn arrow(&mut self, from: usize, to: usize, label: &str, way: Way) {
        let (start, end) = (self.lanes[from], self.lanes[to]);
        let middle = start.midpoint(end);
        let (x1, x2) = match way {
            Way::Whole => (start, end),
            Way::Leaves => (start, middle),
            Way::Arrives | Way::Forged => (middle, end),
        };
        let (y, class) = (self.y, if way == Way::Forged { "forged" } else { "plain" });
        let dashes = if way == Way::Leaves { " stroke-dasharray=\"7 4\"" } else { "" };
        let _infallible = write!(self.body, "<path class=\"{class}\" d=\"M{x1} {y}H{x2}\"{dashes}/>");
        if way != Way::Leaves {
            let back = if end > start { x2 - 10 } else { x2 + 10 };
            let (above, below) = (y - 5, y + 5);
            let _infallible = write!(
                self.body,
                "<polygon class=\"{class}\" points=\"{x2},{y} {back},{above} {back},{below}\"/>"
            );
        }
        self.y += 4;
        let (class, told) = match way {
            Way::Forged => ("forged", format!("attacker: {label}")),
            Way::Leaves => ("label", format!("{label} (on its way)")),
            Way::Whole | Way::Arrives => ("label", label.to_owned()),
        };
        self.text(x1.midpoint(x2), "middle", class, &told);
        self.y += STEP - 4;
    }

    fn cut(&mut self, gap: usize) {
        let (left, right, y) = (self.lanes[gap], self.lanes[gap + 1], self.y);
        let _infallible = write!(
            self.body,
            "<path class=\"forged\" d=\"M{left} {y}H{right}\" stroke-dasharray=\"2 6\" stroke-width=\"4\"/>"
        );
        self.y += 4;
        self.text(left.midpoint(right), "middle", "forged", "path cut: nothing passes any more");
        self.y += STEP - 4;
    }

    fn ending(&mut self, told: &Told) {
        self.text(MARGIN / 2, "start", "head", &told.who);
        let indent = MARGIN / 2 + 150;
        for part in wrap(&told.says, (WIDTH - indent) / LETTER) {
            self.text(indent, "start", "plain", &part);
            self.y += STEP * 3 / 4;
        }
        if let Some(whole) = told.whole {
            self.text(indent, "start", if whole { "told" } else { "plain" }, verdict(whole));
            self.y += STEP * 3 / 4;
        }
        self.y += STEP / 4;
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
