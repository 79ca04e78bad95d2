//! The tables of known differences: each row occurs in the corpus, and the generated table is
//! committed.

use std::path::Path;
use std::{env, fs};

use close_notify_fuzz::{differential, framing};

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let files = fs::read_dir(folder).expect("a target has a corpus").flatten();
    files.map(|file| fs::read(file.path()).expect("a file of the corpus")).collect()
}

#[test]
fn every_known_difference_between_subjects_occurs() {
    let mut seen = vec![false; differential::KNOWN.len()];
    for script in corpus("differential").iter().filter_map(|data| differential::Script::read(data)) {
        for (subject, ours, theirs) in differential::compared(&script) {
            if ours != theirs
                && let Some(row) = differential::row(subject, &script, ours, theirs)
            {
                seen[row] = true;
            }
        }
    }
    for (known, seen) in differential::KNOWN.iter().zip(seen) {
        let is_there = differential::Subject::present().any(|subject| known.subjects.contains(&subject));
        assert!(seen || !is_there, "a stale row: {:?}, {}", known.subjects, known.situation);
    }
}

#[test]
fn every_fault_that_only_a_tracker_finds_occurs() {
    let mut seen = vec![false; framing::KNOWN.len()];
    for (protocol, fault) in corpus("framing").iter().filter_map(|data| framing::found(data)) {
        let row = framing::KNOWN.iter().position(|known| known.fits(protocol, fault));
        seen[row.expect("the target knows it")] = true;
    }
    for (known, seen) in framing::KNOWN.iter().zip(seen) {
        assert!(seen, "a stale row: {:?}, {}", known.protocols, known.what);
    }
}

#[test]
fn the_table_of_differences_is_committed() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("DIFFERENCES.md");
    let drawn = differential::table();
    if env::var_os("UPDATE").is_some() {
        fs::write(&file, &drawn).expect("the table can be written");
    }
    let committed = fs::read_to_string(&file).unwrap_or_default();
    assert!(committed == drawn, "DIFFERENCES.md is not what the code says: run this test with UPDATE=1");
}
