//! The trackers of messages, told anything in any pieces, against reference parsers.
#![cfg_attr(fuzzing, no_main)]

close_notify_fuzz::target!(framing);
