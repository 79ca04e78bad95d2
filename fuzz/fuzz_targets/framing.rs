//! The trackers of messages against reference parsers: any bytes, in any pieces.
#![cfg_attr(fuzzing, no_main)]

close_notify_fuzz::target!(framing);
