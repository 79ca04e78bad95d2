//! The committed corpus, replayed on stable without a fuzzer.

use std::fs;
use std::path::Path;

use close_notify_fuzz::TARGETS;
use close_notify_fuzz::lockstep::{Input, input_of, run};
use close_notify_model::subject::{Step, Subject};
use close_notify_replay::{Over, Skip, possible};

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
fn a_path_becomes_an_input_that_walks_it() {
    let config = "upload/1.3/graceful/unread/overtaking";
    let subject = close_notify_model::family::named(config).expect("a configuration");
    let model = close_notify_model::model::Pair::new(subject);
    let (mut world, mut path) = (model.start(), Vec::new());
    while let Some(&action) = possible(&model, &world).last() {
        path.push(Step::from(action));
        world = model.after(&world, action);
    }
    let input = input_of(config, &path, 7).expect("the target takes it");
    let read = Input::read(&input).expect("an input");
    assert_eq!((read.pair.config.name.as_str(), read.chunk, read.choices.len()), (config, 7, path.len()));
    let mut world = read.pair.start();
    for (choice, step) in read.choices.iter().zip(&path) {
        assert_eq!(possible(read.pair, &world)[usize::from(*choice)], step.action);
        world = read.pair.after(&world, step.action);
    }
}

#[test]
fn every_configuration_that_rustls_can_take_part_in_has_its_own_hash() {
    for subject in Subject::all() {
        let taken = subject.config().is_some_and(|config| Skip::of(config, &[], Over::Memory).is_none());
        assert_eq!(input_of(subject.name(), &[], 0).is_some(), taken, "{}", subject.name());
    }
}

#[test]
fn what_is_no_input_is_no_run() {
    for data in [&b""[..], b"\x02\x00\x00", b"\x01\x00\x00\x00\x00\x00"] {
        assert!(Input::read(data).is_none());
        run(data);
    }
}
