//! Two adapters in lockstep with the model, any steps, any chunking.
#![cfg_attr(fuzzing, no_main)]

close_notify_fuzz::target!(lockstep);
