//! How our tables are ruled: a line above, one below the header and one at the end. There is
//! nothing between rows, and rows have no trailing blanks.

use comfy_table::{LineStyle, Table, TableStyle};

pub(crate) const RULED: TableStyle = TableStyle::new()
    .top_border(LineStyle::new('─', '─', '─', '─'))
    .header_separator(LineStyle::new('═', '═', '═', '═'))
    .bottom_border(LineStyle::new('─', '─', '─', '─'));

/// The lines without trailing blanks, whether inside a style or after it.
pub(crate) fn bare(table: &Table) -> String {
    let lines: Vec<String> = table.trim_fmt().lines().map(bare_end).collect();
    lines.join("\n")
}

fn bare_end(line: &str) -> String {
    let (mut text, mut styles) = (line, String::new());
    loop {
        text = text.trim_end();
        let Some(at) = text.rfind('\u{1b}').filter(|_| text.ends_with('m')) else { break };
        let style = &text[at..];
        if !style[1..style.len() - 1].chars().all(|letter| "[;0123456789".contains(letter)) {
            break;
        }
        styles.insert_str(0, style);
        text = &text[..at];
    }
    format!("{text}{styles}")
}
