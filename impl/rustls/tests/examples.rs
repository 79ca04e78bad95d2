//! Every example runs, holds what it claims, and prints what its first lines show. `UPDATE=1`
//! rewrites those lines.
#![allow(clippy::unwrap_used, reason = "test helpers: clippy exempts only the tests themselves")]
#![allow(clippy::duplicate_mod, reason = "each example is a program with its own modules")]

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

macro_rules! examples {
    ($($name:ident = $path:literal,)+) => {
        $(
            #[allow(dead_code, reason = "run is called here, and main is not")]
            #[path = $path]
            mod $name;
        )+
        const NAMES: &[&str] = &[$(stringify!($name)),+];
        mod runs_and_prints_what_it_shows {
            $(
                #[test]
                fn $name() {
                    super::check(stringify!($name), &super::$name::run().unwrap());
                }
            )+
        }
    };
}

examples! {
    ftp_ccc = "../examples/ftp_ccc.rs",
    ftps_data = "../examples/ftps_data.rs",
    graceful = "../examples/graceful.rs",
    hand_back = "../examples/hand_back.rs",
    hyper_client = "../examples/hyper_client.rs",
    hyper_server = "../examples/hyper_server.rs",
    ldap_stop_tls = "../examples/ldap_stop_tls.rs",
    pool = "../examples/pool.rs",
    reject = "../examples/reject.rs",
    reverse_proxy = "../examples/reverse_proxy.rs",
}

const OPENS: &str = "//! ```text\n";
const CLOSES: &str = "//! ```\n";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

#[test]
fn no_example_is_forgotten() {
    let files = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let programs = files.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let names: BTreeSet<String> =
        programs.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    assert_eq!(names, NAMES.iter().map(|name| (*name).to_owned()).collect());
}

#[test]
fn the_docs_of_the_crate_name_every_example() {
    let docs = include_str!("../src/lib.rs");
    let unnamed: Vec<_> = NAMES.iter().filter(|name| !docs.contains(&format!("//! | `{name}` | "))).collect();
    assert!(unnamed.is_empty(), "{unnamed:?}");
}

/// Checks that an example prints what its first lines show.
fn check(name: &str, told: &str) {
    let path = folder().join(name).with_extension("rs");
    let source = fs::read_to_string(&path).unwrap();
    let (before, rest) = source.split_once(OPENS).expect("its first lines show what it prints");
    let (shown, after) = rest.split_once(CLOSES).expect("what they show has an end");
    let printed: String = told.lines().map(|line| format!("//! {line}\n")).collect();
    if env::var_os("UPDATE").is_some() {
        fs::write(path, [before, OPENS, &printed, CLOSES, after].concat()).unwrap();
    } else {
        assert_eq!(
            printed, shown,
            "{name} prints something else; UPDATE=1 rewrites what its first lines show"
        );
    }
}
