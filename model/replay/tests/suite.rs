//! The generated suite, walked on real rustls: every path is taken as the model says, over memory and over the
//! kernel, or skipped with its reason. `REPLAY_RUNS=20` walks it so often in a row.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::sync::LazyLock;

use close_notify_replay::{Outcome, Over, Path, Skip, generate, replay};

static SUITE: LazyLock<Vec<Path>> = LazyLock::new(generate);

fn runs() -> usize {
    env::var("REPLAY_RUNS").ok().map_or(1, |runs| runs.parse().expect("REPLAY_RUNS is a number"))
}

/// How many paths were taken, and how many skipped for each reason.
fn walk(over: Over) -> (usize, BTreeMap<Skip, usize>) {
    let (mut taken, mut skipped) = (0, BTreeMap::new());
    for path in SUITE.iter() {
        match replay(path, over).expect("the explorer generates paths") {
            Outcome::Taken => taken += 1,
            Outcome::Skipped(skip) => *skipped.entry(skip).or_default() += 1,
            Outcome::Diverged(divergence) => {
                panic!(
                    "{} over {over}: {divergence}\n{}",
                    path.note,
                    serde_json::to_string(path).expect("a path")
                )
            }
        }
    }
    (taken, skipped)
}

#[test]
fn every_path_is_taken_over_memory() {
    for _ in 0..runs() {
        let (taken, skipped) = walk(Over::Memory);
        assert!(taken >= 200, "{taken} paths");
        assert_eq!(skipped, BTreeMap::new());
    }
}

#[test]
fn every_path_that_linux_can_take_is_taken_over_the_kernel() {
    for _ in 0..runs() {
        let (taken, skipped) = walk(Over::Kernel);
        assert!(taken >= 200, "{taken} paths");
        assert!(
            skipped.keys().all(|skip| matches!(skip, Skip::RstDiscards | Skip::StickyErrno)),
            "{skipped:?}"
        );
    }
}

#[test]
fn the_suite_has_every_label_that_rustls_can_be_led_through() {
    let labels: BTreeSet<_> =
        SUITE.iter().flat_map(|path| &path.path).map(|step| step.action.to_string()).collect();
    let all = [
        "write",
        "close",
        "hasten",
        "step",
        "read",
        "write-plain",
        "read-plain",
        "leave",
        "arrive",
        "reset-arrives",
        "forge-fin",
        "forge-fin-inside",
        "forge-reset",
        "cut",
        "deadline",
        "ask-error",
    ];
    let missing: Vec<_> = all.into_iter().filter(|label| !labels.contains(*label)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn a_path_that_the_model_cannot_take_is_refused_with_what_is_possible() {
    let json = r#"{"schema": 1, "config": "upload/1.3/graceful/unread/overtaking", "path": [{"do": "read", "side": "client"}]}"#;
    let refused =
        replay(&Path::parse(json).expect("well-formed"), Over::Memory).expect_err("nothing to read yet");
    let text = refused.to_string();
    assert!(text.starts_with("step 1 (client read) is impossible there; possible: client write"), "{text}");
}

#[test]
fn a_path_of_no_configuration_is_refused_by_its_name() {
    let json = r#"{"schema": 1, "config": "upload/1.4", "path": []}"#;
    let refused = replay(&Path::parse(json).expect("well-formed"), Over::Memory).expect_err("no TLS 1.4");
    assert_eq!(
        refused.to_string(),
        "no configuration is named upload/1.4: `close-notify list` prints the names"
    );
}

#[test]
fn another_schema_is_refused() {
    let refused = Path::parse(r#"{"schema": 2, "config": "", "path": []}"#).expect_err("schema 2");
    assert_eq!(refused.to_string(), "schema 2 is unknown: this version reads schema 1");
}
