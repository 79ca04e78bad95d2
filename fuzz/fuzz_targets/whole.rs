//! Whole connections, from connect to end, with our adapters at both ends: handshakes, resumption,
//! halves, relays.
#![cfg_attr(fuzzing, no_main)]

close_notify_fuzz::target!(whole);
