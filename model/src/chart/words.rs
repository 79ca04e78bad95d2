//! The sentences of a chart.

use close_notify_core::{Manner, ReadEnd};

use crate::pair::Pair;
use crate::world::action::Side;
use crate::world::config::{Closing, Script};
use crate::world::kernel::{Errno, Got};
use crate::world::profile::Profile;
use crate::world::{End, Seen, World};

pub(super) fn closes(closing: Closing) -> String {
    match closing {
        Closing::In(manner) => close_in(manner).to_owned(),
        Closing::HalfThenGraceful => "application closes its write side and reads on".to_owned(),
        Closing::Reject(alert) => format!("application rejects the connection: {alert}"),
        Closing::Drop => "application drops the connection".to_owned(),
        Closing::Shutdown | Closing::ShutdownAndGo => "application shuts its write side".to_owned(),
    }
}

pub(super) fn hastens(manner: Manner) -> String {
    close_in(manner).replacen("application", "application loses patience and", 1)
}

const fn close_in(manner: Manner) -> &'static str {
    match manner {
        Manner::Unasked => "application asks for nothing",
        Manner::HalfClose => "application closes its write side and reads on",
        Manner::Graceful => "application closes and waits for the peer",
        Manner::Linger => "application closes and lingers",
        Manner::AtOnce => "application closes at once",
        Manner::HandBack => "application ends TLS to go on in plaintext",
        Manner::Reject => "application rejects the connection",
        Manner::Abort => "application aborts",
    }
}

pub(super) const fn errno(errno: Errno) -> &'static str {
    match errno {
        Errno::Reset => "ECONNRESET",
        Errno::Pipe => "EPIPE",
        Errno::TimedOut => "ETIMEDOUT",
    }
}

pub(super) fn got(got: Got, forged: bool, drains: bool) -> String {
    match got {
        Got::Unit(unit) if forged => format!("reads a {} that anybody could have sent", unit.label()),
        Got::Unit(unit) if drains => format!("throws away, unread: {}", unit.label()),
        Got::Unit(unit) => format!("reads {}", unit.label()),
        Got::Eof { inside: true } => "reads half a record, then the end of the stream".to_owned(),
        Got::Eof { inside: false } => "reads the end of the stream".to_owned(),
        Got::Failed(number) => format!("read fails: {}", errno(number)),
        Got::Nothing => "reads nothing".to_owned(),
    }
}

/// What the application learns when reading ends.
pub(super) fn told(reading: ReadEnd) -> String {
    format!("told: {reading}")
}

/// What an end knows when the path is over, in one sentence.
pub(super) fn ending(pair: &Pair, world: &World, side: Side) -> String {
    let (end, script) = (world.end(side), pair.config.script(side));
    if script.profile != Profile::Conforming {
        return format!("breaks the rules on purpose ({})", script.profile.name());
    }
    let all = pair.config.script(side.other()).writes;
    let read = match (all, script.reads) {
        (0, _) => String::new(),
        (_, true) => format!("got {} of {all} pieces of data; ", end.got),
        (_, false) => "reads no data; ".to_owned(),
    };
    let waits = if waits_forever(pair, world, end) { "; waits forever" } else { "" };
    format!("{read}{}{waits}", pair.ending(end))
}

fn waits_forever(pair: &Pair, world: &World, end: &End) -> bool {
    let closing = end.machine.manner().is_closing() && !end.machine.transport_state().is_released();
    let rescued = pair.config.faults.deadlines && !end.saw(Seen::TIMED_OUT);
    closing && !rescued && pair.is_at_rest(world)
}

/// Whether the application takes what it read for a whole message; `None` if there is no end to
/// judge.
pub(super) fn whole(pair: &Pair, end: &End, script: &Script, all: u8) -> Option<bool> {
    let judges = script.profile == Profile::Conforming && script.reads && all > 0 && end.has_read_all();
    judges.then(|| pair.accepts(end, script.framing_state(end.got, all)))
}
