//! What a log shows of an end and of its errors: little, whatever waits in it.

use std::error::Error;
use std::fmt::Debug;

/// More than any state of an end needs, and less than any data of a run takes.
const MOST: usize = 4_000;
/// As long as a line may be that a person reads.
const LINE: usize = 400;

/// An end, or what belongs to it, shows where it stands and no data.
pub(super) fn is_brief(shown: &dyn Debug) {
    let shown = format!("{shown:?}");
    assert!((1..MOST).contains(&shown.len()), "{} characters show more than a state: {shown}", shown.len());
}

/// An error says what happened, in a line.
pub(super) fn is_a_line(error: &dyn Error) {
    let said = error.to_string();
    assert!((1..LINE).contains(&said.len()) && !said.contains('\n'), "an error is to be a line: {said}");
}
