//! What an end means to HTTP: a message is complete by its length, or only with close_notify.

use close_notify_core::MissingNotify;

use super::claim_table as claims;
use crate::world::Seen;
use crate::world::config::{Config, Framing};

fn has_framing(config: &Config, framing: Framing) -> bool {
    !config.handshake && config.scripts.iter().any(|script| script.framing == framing)
}

claims! {
    // RFC 9112 §8, §9.8
    "http-complete-by-length" Invariant Always where |config| has_framing(config, Framing::SelfDelimited);
        says "a message that is whole by its length is complete, whatever the end was";
        if |v| v.script().framing == Framing::SelfDelimited && v.end().has_read_all()
            && v.policy().missing_notify != MissingNotify::Refuse && v.end().got >= v.peer_script().writes;
        then |v| v.accepts();

    "http-incomplete-is-error" Invariant Always where |config| has_framing(config, Framing::SelfDelimited);
        says "a message that is cut by its length is incomplete even with close_notify";
        if |v| v.script().framing == Framing::SelfDelimited && v.end().has_read_all()
            && v.end().got < v.peer_script().writes;
        then |v| !v.accepts();

    "http-close-delimited-needs-notify" Invariant Always where |config| {
            has_framing(config, Framing::CloseDelimited)
        };
        says "a message that the end delimits is complete only with close_notify";
        if |v| v.script().framing == Framing::CloseDelimited && v.end().has_read_all()
            && v.policy().missing_notify != MissingNotify::Accept && !v.end().saw(Seen::NOTIFY);
        then |v| !v.accepts();
}
