//! How our tables are ruled: a line above, under the head and below, nothing between rows.

use comfy_table::{LineStyle, TableStyle};

pub(crate) const RULED: TableStyle = TableStyle::new()
    .top_border(LineStyle::new('─', '─', '─', '─'))
    .header_separator(LineStyle::new('═', '═', '═', '═'))
    .bottom_border(LineStyle::new('─', '─', '─', '─'));
