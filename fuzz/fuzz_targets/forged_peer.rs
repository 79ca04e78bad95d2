//! One adapter against a peer that holds the keys.
#![cfg_attr(fuzzing, no_main)]

close_notify_fuzz::target!(forged_peer);
