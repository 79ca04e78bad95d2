//! What both ends may conclude about each other: whether the last words survive, whether the ends
//! agree, and the border to plaintext.

use close_notify_core::{Delivery, Manner, WriteEnd, send};

use super::claim_table as claims;
use crate::property::View;
use crate::world::Seen;
use crate::world::config::{Closing, Config};
use crate::world::wire::Unit;

fn hands_back(config: &Config) -> bool {
    config.scripts.iter().any(|script| script.closing == Closing::In(Manner::HandBack))
}

fn has_lost_nothing(view: &View<'_>) -> bool {
    let on_wire =
        view.out().count(Unit::Data, view.out().written) + view.out().count(Unit::Ticket, view.out().written);
    let told = view.told;
    let counted = u32::from(view.end().said) == u32::from(on_wire + view.end().pending) + told.discarded;
    let whole = view.end().got == view.data_before_notify();
    counted && (!told.is_clean() || whole)
}

claims! {
    // RFC 9112 §9.6, RFC 9293 §3.6.1
    "alert-survives-close" Guarantee AtRest where |config| {
            config.scripts.iter().any(|script| matches!(script.closing, Closing::Reject(_)))
        };
        says "in an orderly network a fatal alert that was sent is read by a peer that reads";
        if |v| matches!(v.end().machine.send_state(), send::State::Alerted | send::State::AlertedShut)
            && v.is_orderly() && v.peer_waits();
        then |v| v.peer().saw(Seen::FATAL);

    // RFC 9846 §6.1, RFC 9293 §3.6.1
    "data-survives-close" Guarantee AtRest where |config| !config.handshake;
        says "in an orderly network all that was written before a close is read by a peer that reads";
        if |v| matches!(v.end().machine.send_state(), send::State::Notified | send::State::NotifiedShut)
            && v.is_orderly() && v.peer_waits() && !v.end().got_alert();
        then |v| v.peer().saw(Seen::NOTIFY);

    // RFC 9846 §6.1
    "cut-is-visible" Invariant Always where |config| !config.handshake;
        says "what was discarded or came late is reported, and an end with a loss is not clean";
        if |v| v.end().has_read_all() && !v.end().got_alert();
        then has_lost_nothing;

    "crossed-confirms-nothing" Invariant Always where |config| !config.handshake;
        says "a delivery is confirmed only by a close_notify that was sent after ours had been read";
        if |v| v.told.delivery == Delivery::Confirmed;
        then |v| v.peer().saw(Seen::ANSWERED);

    // RFC 4511 §4.14.3.1
    "wait-before-handback" Invariant Always where hands_back;
        says "the transport goes back only once the peer's close_notify has come";
        if |v| v.end().saw(Seen::HANDED_BACK);
        then |v| v.end().saw(Seen::NOTIFY) && v.out().position(Unit::Notify).is_some();

    // RFC 4511 §4.14.3.1, RFC 4217 §12
    "handback-exact" Invariant AtRest where hands_back;
        says "no byte is lost, repeated or read on the wrong side of the border";
        if |v| v.end().saw(Seen::HANDED_BACK);
        then |v| !v.end().saw(Seen::BORDER_BROKEN) && (!v.is_orderly() || v.end().plain_got == v.peer().plain_said);

    "writing-is-told-true" Invariant Always where |_| true;
        says "what is reported of our last word is what is on the wire";
        if |v| !matches!(v.told.writing, WriteEnd::Open | WriteEnd::Closing | WriteEnd::PartlyWritten);
        then |v| match v.told.writing {
            WriteEnd::CloseNotifySent => v.out().position(Unit::Notify).is_some(),
            WriteEnd::FatalAlertSent(_) => v.out().position(Unit::Fatal).is_some(),
            WriteEnd::Aborted { after_close_notify } => {
                after_close_notify == v.out().position(Unit::Notify).is_some()
            }
            _ => v.out().position(Unit::Notify).is_none() && v.out().position(Unit::Fatal).is_none(),
        };

    "no-illegal-move" Invariant Always where |_| true;
        says "a driver that keeps the contract is never refused";
        if |_| true;
        then |v| !v.end().saw(Seen::ILLEGAL);
}
