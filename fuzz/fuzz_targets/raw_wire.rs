//! Arbitrary bytes from the wire, during the handshake and behind it.
#![cfg_attr(fuzzing, no_main)]

close_notify_fuzz::target!(raw_wire);
