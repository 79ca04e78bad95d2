//! What a log shows about an end and its errors: little, however much data waits in the end.

use std::error::Error;
use std::fmt::Debug;

/// More than any state of an end needs, and less than any data of a run takes.
const MOST: usize = 4_000;
/// The longest line that a person reads.
const LINE: usize = 400;

/// Checks that an end, or a part of it, shows its state and no data.
pub(super) fn is_brief(shown: &dyn Debug) {
    let shown = format!("{shown:?}");
    assert!((1..MOST).contains(&shown.len()), "{} characters show more than a state: {shown}", shown.len());
}

/// Checks that an error says what happened in one line.
pub(super) fn is_a_line(error: &dyn Error) {
    let said = error.to_string();
    assert!((1..LINE).contains(&said.len()) && !said.contains('\n'), "an error must be one line: {said}");
}
