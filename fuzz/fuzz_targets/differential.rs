//! One script for our streams, rustls alone and OpenSSL: the same end, or a known difference.
#![cfg_attr(fuzzing, no_main)]

close_notify_fuzz::target!(differential);
