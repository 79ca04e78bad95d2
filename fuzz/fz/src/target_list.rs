//! The targets by name.

use close_notify_fuzz::{TARGETS, Target, target};

use crate::table;

/// The target with this name, for the command line.
pub(crate) fn parse(name: &str) -> Result<&'static Target, String> {
    let names = || TARGETS.iter().map(|target| target.name).collect::<Vec<_>>().join(", ");
    target(name).ok_or_else(|| format!("no target is named {name}; there are {}", names()))
}

/// Every target and what it drives.
pub(crate) fn table() -> String {
    table::of(
        &["target", "what it drives"],
        TARGETS.iter().map(|target| [target.name.into(), target.drives.into()]),
    )
}
