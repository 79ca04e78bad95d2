//! The generated suite, walked on real rustls: every path is taken as the model says, over memory,
//! over smoltcp and over the kernel, or skipped for a reason. `REPLAY_RUNS=20` walks it 20 times in
//! a row.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::sync::LazyLock;

use close_notify_core::Output;
use close_notify_model::check::subject::Subject;
use close_notify_model::pair::Pair;
use close_notify_model::world::World;
use close_notify_model::world::action::Action;
use close_notify_model::world::wire::Fin;
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
            skipped.keys().all(|skip| matches!(skip, Skip::RstDiscards | Skip::StickyErrno | Skip::GivesUp)),
            "{skipped:?}"
        );
    }
}

#[test]
fn every_path_is_taken_over_smoltcp_but_those_whose_stack_forgets_what_came() {
    for _ in 0..runs() {
        let (taken, skipped) = walk(Over::Smoltcp);
        assert!(taken >= 200, "{taken} paths");
        assert!(skipped.keys().all(|skip| matches!(skip, Skip::RstDiscards | Skip::GivesUp)), "{skipped:?}");
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
        "give-up",
        "ask-error",
    ];
    let missing: Vec<_> = all.into_iter().filter(|label| !labels.contains(*label)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// How often the suite meets what only the kernel can confirm. A model that loses it loses these
/// paths first.
#[derive(Default, Debug)]
struct Situations {
    closes_with_unread: usize,
    unit_at_closed_socket: usize,
    write_consumes_errno: usize,
    reset_after_fin: usize,
}

impl Situations {
    fn see(&mut self, world: &World, pair: &Pair, action: Action) {
        let Some(side) = action.side() else { return };
        let (net, end) = (&world.net, world.end(side));
        let (near, far) = (&net.sockets[side.index()], &net.sockets[side.other().index()]);
        let pipe = &net.pipes[side.index()];
        let closes = action == Action::Step(side) && end.machine.output() == Output::CloseTransport;
        self.closes_with_unread += usize::from(closes && net.inward(side.index()).has_unread() && !near.dead);
        let unit_arrives = action == Action::Arrive(side) && pipe.arrived < pipe.left;
        self.unit_at_closed_socket += usize::from(unit_arrives && far.closed && !far.dead);
        self.write_consumes_errno += usize::from(action == Action::Write(side) && near.errno.is_some());
        let after_fin = action == Action::ResetArrives(side) && pipe.fin == Fin::Arrived;
        self.reset_after_fin += usize::from(after_fin && !far.dead && pair.config.tcp.one_shot_errno);
    }
}

#[test]
fn the_suite_meets_what_the_kernel_alone_can_confirm() {
    let mut seen = Situations::default();
    for path in SUITE.iter() {
        let Subject::Pair(pair) = path.subject().expect("a configuration") else { continue };
        let mut world = pair.start();
        for step in &path.path {
            seen.see(&world, &pair, step.action);
            world = pair.after(&world, step.action);
        }
    }
    assert!(seen.closes_with_unread >= 50, "{seen:?}");
    assert!(seen.unit_at_closed_socket >= 20, "{seen:?}");
    assert!(seen.write_consumes_errno >= 10, "{seen:?}");
    assert!(seen.reset_after_fin >= 5, "{seen:?}");
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

// shutdown(2), ENOTCONN: it says that the connection is over, not why
#[test]
fn a_reset_that_came_before_the_write_side_is_shut_keeps_its_own_number() {
    let path: Vec<_> = ["write", "write", "write", "close", "step", "forge-reset", "step", "read"]
        .map(|step| format!(r#"{{"do": "{step}", "side": "server"}}"#))
        .into();
    let config = "download/1.3/linger/close-delimited/strict";
    let json = format!(r#"{{"schema": 1, "config": "{config}", "path": [{}]}}"#, path.join(", "));
    let path = Path::parse(&json).expect("well-formed");
    for over in Over::ALL {
        assert_eq!(replay(&path, over).expect("a path"), Outcome::Taken, "over {over}");
    }
}
