//! TLS and plaintext by turns on one connection, any interleaving, any chunks.
#![cfg_attr(fuzzing, no_main)]

close_notify_fuzz::target!(hand_back);
