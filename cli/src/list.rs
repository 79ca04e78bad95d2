//! `close-notify list`: every configuration, with what is expected of it.

use std::fmt::Write;

use close_notify_model::check::report::{Scope, Shard};

use crate::args::ListArgs;
use crate::names;
use crate::out::{self, Exit, Stop};

pub(crate) fn run(args: &ListArgs) -> Result<Exit, Stop> {
    print(&names::scope(args.deep, &args.config), None)
}

/// One line per configuration: its name, and `holds` or the claims that its choices give away.
pub(crate) fn print(scope: &Scope, shard: Option<Shard>) -> Result<Exit, Stop> {
    let subjects = names::find(scope)?;
    let width = subjects.iter().map(|subject| subject.name().len()).max().unwrap_or(0);
    let mut text = String::new();
    for (place, subject) in subjects.iter().enumerate() {
        if shard.is_none_or(|shard| shard.holds(place)) {
            let broken: Vec<&str> = subject.expected().into_iter().map(|(claim, _)| claim).collect();
            let verdict =
                if broken.is_empty() { "holds".to_owned() } else { format!("breaks {}", broken.join(", ")) };
            let _infallible = writeln!(text, "{:width$}  {verdict}", subject.name());
        }
    }
    out::print(&text).map(|()| Exit::Fine)
}
