//! Keeps the committed corpus of a target small: a file goes if other files cover the same, and its
//! name says where it is from.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;

use close_notify_fuzz::Target;

use crate::build::{self, Sanitizer, root, run};
use crate::{Outcome, fuzzer};

/// How many digits of libFuzzer's name are kept.
const HASH: usize = 8;

/// Minimises the committed corpus together with what runs have added outside of it. Files that a
/// person has named take precedence over found ones, and are never dropped.
pub(crate) fn merge(target: &Target) -> Result<Outcome, Box<dyn Error>> {
    let binaries = build::targets(&[target.name], Sanitizer::None)?;
    let (committed, found) = (fuzzer::committed(target), fuzzer::scratch(target, false)?);
    let kept = root().join("target/fuzz/merged").join(target.name);
    if kept.is_dir() {
        fs::remove_dir_all(&kept)?;
    }
    fs::create_dir_all(&kept)?;
    fs::create_dir_all(&committed)?;
    named_into(&committed, &kept)?;
    let before = fs::read_dir(&committed)?.count();
    let length = format!("-max_len={}", target.longest);
    run(Command::new(binaries.join(target.name))
        .args(["-merge=1", "-timeout=5", &length])
        .args(fuzzer::LEAN)
        .args([&kept, &committed, &found]))?;
    fs::remove_dir_all(&committed)?;
    fs::create_dir_all(&committed)?;
    for file in fs::read_dir(&kept)?.flatten() {
        let name = file.file_name().to_string_lossy().into_owned();
        fs::copy(file.path(), committed.join(readable(&name)))?;
    }
    println!("{}: {before} files before, {} now", target.name, fs::read_dir(&committed)?.count());
    Ok(Outcome::Fine)
}

/// Copies the files that a person has named.
fn named_into(from: &Path, to: &Path) -> std::io::Result<()> {
    for file in fs::read_dir(from)?.flatten() {
        let name = file.file_name();
        if !name.to_string_lossy().starts_with("found-") {
            fs::copy(file.path(), to.join(name))?;
        }
    }
    Ok(())
}

/// libFuzzer names a file by its hash; part of the hash is enough to tell files apart.
fn readable(name: &str) -> String {
    let is_hash = name.len() == 40 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hash { format!("found-{}", &name[..HASH]) } else { name.to_owned() }
}
