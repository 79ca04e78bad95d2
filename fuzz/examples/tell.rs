//! Tells inputs in words: the target, then the files; prints the set-up and the steps of each.
#![allow(missing_docs, reason = "an example")]

use std::{env, fs};

use close_notify_fuzz::{forged_peer, raw_wire, whole};

fn main() -> std::io::Result<()> {
    let target = env::args().nth(1).unwrap_or_default();
    let tell = match target.as_str() {
        "raw_wire" => raw_wire::tell,
        "whole" => whole::tell,
        _ => forged_peer::tell,
    };
    for file in env::args().skip(2) {
        println!("{file}\n{}", tell(&fs::read(&file)?));
    }
    Ok(())
}
