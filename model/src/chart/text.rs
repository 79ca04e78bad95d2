//! A chart in characters.

use super::{Chart, Line, Told, Tone, Way};

/// Columns of the drawing.
const WIDTH: usize = 96;
/// The column of the first lane, and the distance of the last one from the right.
const MARGIN: usize = 3;

pub(super) fn draw(chart: &Chart) -> String {
    let canvas = Canvas { lanes: lanes(chart.lanes.len()) };
    let mut text = canvas.heads(&chart.lanes);
    for line in &chart.lines {
        text += &canvas.line(line);
    }
    text += &canvas.row().done();
    let width = chart.endings.iter().map(|told| told.who.chars().count()).max().unwrap_or(0);
    chart.endings.iter().for_each(|told| text += &ending(told, width));
    text
}

fn lanes(count: usize) -> Vec<usize> {
    let span = WIDTH - 2 * MARGIN;
    (0..count).map(|lane| MARGIN + lane * span / (count - 1).max(1)).collect()
}

fn ending(told: &Told, width: usize) -> String {
    let mut lines = wrap(&told.says, WIDTH - width - 2);
    lines.extend(told.whole.map(|whole| verdict(whole).to_owned()));
    let first = std::iter::once(format!("{:width$}", told.who));
    let heads = first.chain(std::iter::repeat(" ".repeat(width)));
    heads.zip(lines).map(|(head, line)| format!("{head}  {line}\n")).collect()
}

/// What an application concludes from what it has read.
pub(super) const fn verdict(whole: bool) -> &'static str {
    if whole {
        "and takes what it read for the WHOLE message"
    } else {
        "and takes what it read for incomplete"
    }
}

struct Canvas {
    lanes: Vec<usize>,
}

struct Row(Vec<char>);

impl Row {
    fn put(&mut self, at: usize, text: &str) {
        for (offset, letter) in text.chars().enumerate() {
            if let Some(place) = self.0.get_mut(at + offset) {
                *place = letter;
            }
        }
    }

    fn done(self) -> String {
        let line: String = self.0.into_iter().collect();
        format!("{}\n", line.trim_end())
    }
}

impl Canvas {
    fn row(&self) -> Row {
        let mut row = Row(vec![' '; WIDTH]);
        self.lanes.iter().for_each(|&at| row.put(at, "│"));
        row
    }

    fn heads(&self, names: &[&str]) -> String {
        let mut row = Row(vec![' '; WIDTH]);
        for (name, &at) in names.iter().zip(&self.lanes) {
            let length = name.chars().count();
            row.put(at.saturating_sub(length / 2).min(WIDTH - length), name);
        }
        row.done()
    }

    fn line(&self, line: &Line) -> String {
        match line {
            Line::Note { lane, gap, text, tone } => self.note(*lane, *gap, text, *tone),
            Line::Arrow { from, to, label, way } => self.arrow(*from, *to, label, *way),
            Line::Cut { gap } => {
                let (left, right) = (self.lanes[*gap], self.lanes[gap + 1]);
                let text = format!("{:╳^1$}", " path cut: nothing passes any more ", right - left - 1);
                let mut row = self.row();
                row.put(left + 1, &text);
                row.done()
            }
        }
    }

    /// Text beside a lane, in its gap.
    fn note(&self, lane: usize, gap: usize, text: &str, tone: Tone) -> String {
        let mark = match tone {
            Tone::Plain | Tone::Told => "",
            Tone::Bad => "! ",
        };
        let room = self.lanes[gap + 1] - self.lanes[gap] - 8;
        let mut drawn = String::new();
        for (number, part) in wrap(&format!("{mark}{text}"), room).into_iter().enumerate() {
            let mut row = self.row();
            let (at, length) = (self.lanes[lane], part.chars().count());
            if gap == lane {
                row.put(at, if number == 0 { "├─" } else { "│ " });
                row.put(at + 3, &part);
            } else {
                row.put(at - 1, if number == 0 { "─┤" } else { " │" });
                row.put(at - 2 - length, &part);
            }
            drawn += &row.done();
        }
        drawn
    }

    fn arrow(&self, from: usize, to: usize, label: &str, way: Way) -> String {
        let (left, right) = (self.lanes[from.min(to)] + 1, self.lanes[from.max(to)] - 1);
        let (to_right, middle) = (to > from, (left + right) / 2);
        let forged = format!(" {label} ");
        let (start, end) = match (way, to_right) {
            (Way::Whole, _) => (left, right),
            (Way::Leaves, true) | (Way::Arrives | Way::Forged, false) => (left, middle),
            (Way::Leaves, false) | (Way::Arrives | Way::Forged, true) => (middle, right),
        };
        let mut row = self.row();
        row.put(start, &format!("{:─^1$}", forged, end - start + 1));
        let ahead = if way == Way::Leaves {
            "┄"
        } else if to_right {
            "▶"
        } else {
            "◀"
        };
        row.put(if to_right { end } else { start }, ahead);
        let tail = if to_right { start } else { end };
        match way {
            Way::Forged => row.put(
                if to_right { tail - 8 } else { tail },
                if to_right { "ATTACKER " } else { " ATTACKER" },
            ),
            Way::Arrives => row.put(tail, "┄"),
            Way::Whole | Way::Leaves => {}
        }
        row.done()
    }
}

/// Lines of at most `width` characters, broken between words.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.last().map_or(0, |line| line.chars().count());
        if last > 0 && last + 1 + word.chars().count() > width {
            lines.push(word.to_owned());
        } else if let Some(line) = lines.last_mut() {
            if last > 0 {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}
