//! What leaves the program: text on stdout, complaints on stderr, and the exit status.

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};

/// How a command ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Exit {
    /// All is as it should be.
    Fine = 0,
    /// Something was found that should not be.
    Finding = 1,
    /// The command was not understood.
    Misuse = 2,
    /// It was interrupted.
    Interrupted = 130,
}

impl Exit {
    pub(crate) const fn fine_if(fine: bool) -> Self {
        if fine { Self::Fine } else { Self::Finding }
    }
}

/// A command that did not finish, and the message about it.
#[derive(Debug)]
pub(crate) struct Stop {
    exit: Exit,
    why: String,
}

impl Stop {
    pub(crate) fn misuse(why: impl Into<String>) -> Self {
        Self { exit: Exit::Misuse, why: why.into() }
    }

    pub(crate) fn finding(why: impl Into<String>) -> Self {
        Self { exit: Exit::Finding, why: why.into() }
    }

    pub(crate) fn interrupted() -> Self {
        Self { exit: Exit::Interrupted, why: "interrupted: nothing is proved".into() }
    }

    /// Prints the message on stderr.
    pub(crate) fn told(self) -> ExitCode {
        let mut stderr = anstream::stderr();
        let _nobody_listens = writeln!(stderr, "{BAD}error:{BAD:#} {}", self.why);
        self.exit.into()
    }
}

/// The style of headings.
pub(crate) const HEAD: Style = Style::new().bold();
/// The style of what is fine.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// The style of what is wrong.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
/// The style of what matters less.
pub(crate) const DIM: Style = Style::new().dimmed();

/// Prints to stdout, in colour if that is wanted. A reader that has gone away is not an error.
/// Fails if stdout cannot be written for another reason.
pub(crate) fn print(text: &str) -> Result<(), Stop> {
    let mut stdout = anstream::stdout();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Stop::finding(format!("stdout: {error}"))),
        _ => Ok(()),
    }
}

/// Writes a file. Fails if it cannot be written; the error names the path.
pub(crate) fn write(path: &std::path::Path, text: &str) -> Result<(), Stop> {
    std::fs::write(path, text).map_err(|error| Stop::misuse(format!("{}: {error}", path.display())))
}
