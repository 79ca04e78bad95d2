//! Whole connections, from connect to end, both ends of ours: handshakes, resumption, halves,
//! relays.
#![cfg_attr(fuzzing, no_main)]

close_notify_fuzz::target!(whole);
