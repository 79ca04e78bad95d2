//! The committed corpus, replayed on stable without a fuzzer.

use std::fs;
use std::path::Path;

use close_notify_fuzz::{Input, input_of, pair};
use close_notify_model::subject::{Step, Subject};
use close_notify_replay::{Over, Skip, possible};

#[test]
fn every_file_of_the_corpus_is_sound() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/pair");
    let files: Vec<_> = fs::read_dir(corpus).expect("a corpus").flatten().collect();
    assert!(files.len() >= 200, "{} files", files.len());
    for file in files {
        let data = fs::read(file.path()).expect("a file of the corpus");
        assert!(Input::read(&data).is_some(), "{:?} is no input", file.path());
        pair(&data);
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
        pair(data);
    }
}
