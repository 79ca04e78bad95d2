//! Up to 64 connections in one lingering engine, against a plain list of them.
#![cfg_attr(fuzzing, no_main)]

close_notify_fuzz::target!(many);
