//! Arbitrary bytes from the wire, during and after the handshake.
#![cfg_attr(fuzzing, no_main)]

close_notify_fuzz::target!(raw_wire);
