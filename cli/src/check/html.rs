//! The report as one page.

use close_notify_model::report::Report;

pub(crate) fn page(_report: &Report) -> String {
    String::new()
}
