//! The committed corpus, replayed on stable without a fuzzer.

use std::fs;
use std::path::Path;

use close_notify_fuzz::TARGETS;

/// The files of a target's corpus, by name.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("a target has a corpus")
        .flatten()
        .map(|file| {
            let data = fs::read(file.path()).expect("a file of the corpus");
            (file.file_name().to_string_lossy().into_owned(), data)
        })
        .collect();
    files.sort();
    files
}

#[test]
fn every_file_of_every_corpus_is_sound() {
    for target in TARGETS {
        let files = corpus(target.name);
        assert!(!files.is_empty(), "{} has no corpus", target.name);
        for (name, data) in files {
            assert_eq!(
                data.first(),
                Some(&close_notify_fuzz::FORMAT),
                "{}/{name} is of another format",
                target.name
            );
            (target.run)(&data);
        }
    }
}

#[test]
fn what_is_no_input_is_no_run() {
    for target in TARGETS {
        for data in [&b""[..], b"\x02", b"\x02\x00\x00", b"\x01\x00\x00\x00\x00\x00"] {
            (target.run)(data);
        }
    }
}
