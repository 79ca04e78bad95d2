//! Writes the handmade inputs of `forged_peer` into a folder.
#![allow(missing_docs, reason = "an example")]

use std::path::PathBuf;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let folder = PathBuf::from(env::args().nth(1).ok_or(io::ErrorKind::InvalidInput)?);
    for (name, input) in close_notify_fuzz::forged_peer::seeds() {
        fs::write(folder.join(name), input)?;
    }
    Ok(())
}
