//! The duties of the side that sends: its last word, and that nothing follows it.

use close_notify_core::{Manner, Output, Reply, Version, send};

use super::claim_table as claims;
use crate::property::View;
use crate::world::Seen;
use crate::world::action::Side;
use crate::world::config::{Closing, Config};
use crate::world::wire::Unit;

fn is_1x(config: &Config) -> bool {
    config.version != Version::Tls13
}

fn is_13(config: &Config) -> bool {
    config.version == Version::Tls13
}

fn asks_for(config: &Config, manner: Manner) -> bool {
    config.scripts.iter().any(|script| script.closing == Closing::In(manner))
}

fn hastens(config: &Config) -> bool {
    config.scripts.iter().any(|script| !script.hastens.is_empty())
}

fn answers_when_asked(config: &Config) -> bool {
    is_13(config) || config.scripts.iter().any(|script| script.policy.reply == Reply::WhenAsked)
}

fn was_asked(view: &View<'_>) -> bool {
    view.end().asked > 0 || view.end().saw(Seen::ENGINE_LIMITED) || view.end().saw(Seen::EARLY_NOTIFY)
}

fn rejects(config: &Config) -> bool {
    config.scripts.iter().any(|script| matches!(script.closing, Closing::Reject(_)))
}

fn said_its_last_word(view: &View<'_>) -> bool {
    let (out, end) = (view.out(), view.end());
    out.position(Unit::Notify).is_some()
        || out.position(Unit::FatalNotify).is_some()
        || out.position(Unit::Fatal).is_some()
        || end.saw(Seen::FATAL)
        || matches!(end.machine.send_state(), send::State::Silenced | send::State::SilencedShut)
}

fn nothing_after(view: &View<'_>, word: Unit) -> bool {
    let out = view.out();
    let first = out.position(word).map_or(out.written, |at| at + 1);
    let plain = |at| out.unit(at) == Unit::Plain && view.end().saw(Seen::HANDED_BACK);
    (first..out.written).all(plain) && !view.end().saw(Seen::SAID_AFTER_END)
}

claims! {
    // RFC 9846 §6.1, RFC 5246 §7.2.1
    "notify-before-fin" Guarantee Always where |_| true;
        says "a side that shuts its write side has sent close_notify or an error alert before";
        if |v| v.sent_fin();
        then said_its_last_word;

    "http-client-notifies" Guarantee Always where |_| true;
        says "a client sends close_notify before it closes";
        if |v| v.side == Side::Client && v.sent_fin();
        then said_its_last_word;

    "http-server-tries" Guarantee Always where |_| true;
        says "a server sends close_notify before it closes";
        if |v| v.side == Side::Server && v.sent_fin();
        then said_its_last_word;

    // RFC 9846 §6.1, §6.2
    "nothing-after-notify" Invariant Always where |_| true;
        says "no record follows close_notify";
        if |v| v.out().position(Unit::Notify).is_some();
        then |v| nothing_after(v, Unit::Notify);

    "one-notify" Invariant Always where |_| true;
        says "at most one close_notify is sent";
        if |v| v.out().position(Unit::Notify).is_some();
        then |v| v.out().count(Unit::Notify, v.out().written) == 1;

    // RFC 5246 §7.2
    "notify-level-warning" Invariant Always where |_| true;
        says "a close_notify is sent at level warning";
        if |v| matches!(v.end().machine.send_state(), send::State::Notified | send::State::NotifiedShut);
        then |v| v.out().position(Unit::FatalNotify).is_none();

    // RFC 9846 §6.1
    "fatal-no-notify" Invariant Always where rejects;
        says "no record follows a fatal alert, close_notify least of all";
        if |v| v.out().position(Unit::Fatal).is_some();
        then |v| nothing_after(v, Unit::Fatal);

    "abort-sends-no-notify" Invariant Always where |config| asks_for(config, Manner::Abort);
        says "an abort sends no close_notify first";
        if |v| v.end().machine.manner() == Manner::Abort && !v.end().saw(Seen::NOTIFY);
        then |v| v.out().position(Unit::Notify).is_none();

    // RFC 9846 §5.5
    "limit-close-counts" Invariant Always where |config| config.faults.engine_limit;
        says "a close_notify that the engine sends by itself closes the write side like any other";
        if |v| v.end().saw(Seen::ENGINE_LIMITED);
        then |v| !v.pair.may_write(&v.end().machine) && nothing_after(v, Unit::Notify);

    // RFC 5246 §7.2.1
    "reply-at-once" Invariant Always where is_1x;
        says "up to TLS 1.2 the peer's close_notify is answered at once";
        if |v| v.end().is_notified() && v.policy().reply != Reply::WhenAsked;
        then |v| !matches!(v.end().machine.send_state(), send::State::Handshaking | send::State::Open);

    "reply-drops-pending" Invariant Always where |config| is_1x(config) && config.tcp.send_buffer < 16;
        says "that answer discards what was pending";
        if |v| v.end().is_notified() && v.policy().reply == Reply::Discard
            && v.end().said > v.out().count(Unit::Data, v.out().written);
        then |v| v.end().pending == 0;

    // RFC 9846 §6.1
    "write-after-peer-notify" Invariant Always where |config| is_13(config) && !config.faults.engine_limit;
        says "in TLS 1.3 the peer's close_notify leaves this side free to write, and costs it nothing pending";
        if |v| v.end().is_notified() && !v.end().saw(Seen::TIMED_OUT) && !v.socket().dead && v.socket().errno.is_none()
            && v.end().machine.manner() != Manner::Abort && !v.end().saw(Seen::RESET) && !v.end().saw(Seen::WRITE_FAILED);
        then |v| (v.end().asked > 0 || v.end().machine.may_write()) && v.told.discarded == 0;

    "no-wait-needed" Invariant Always where |config| asks_for(config, Manner::AtOnce) || hastens(config);
        says "a side that was asked not to wait never waits, however it was asked to close before";
        if |v| (v.script().closing == Closing::In(Manner::AtOnce) && v.end().asked > 0) || v.is_in_haste();
        then |v| !matches!(v.pair.output(&v.end().machine), Output::AwaitPeer | Output::Drain);

    // RFC 9846 §6.1 · what a self-answering responder gives to a peer that delays close_notify
    "notify-is-asked-for" Invariant Always where answers_when_asked;
        says "in TLS 1.3, and if the policy says when asked, no close_notify is sent that nobody asked for";
        if |v| v.out().position(Unit::Notify).is_some()
            && (is_13(v.config()) || v.policy().reply == Reply::WhenAsked);
        then was_asked;
}
