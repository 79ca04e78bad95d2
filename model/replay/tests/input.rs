//! Every path of the model is an input, and every input is a path.

use close_notify_model::check::explore::Graph;
use close_notify_model::check::judge::unhindered;
use close_notify_model::check::subject::{Step, Subject};
use close_notify_replay::{Input, Path, PathError, input_of};
use stateright::Model;

/// About how many states are tried in a configuration, spread over all of them, each by one path.
const STATES: usize = 5;

/// Larger configurations are left out: they take too long here.
const LARGEST: usize = 3_000;

fn paths<M>(model: &M, named: impl Fn(M::Action) -> Step) -> Vec<Vec<Step>>
where
    M: Model<State: Copy + Eq + std::hash::Hash, Action: Copy>,
{
    let mut states = 0;
    let limits = close_notify_model::check::explore::Limits { states: LARGEST, ..unhindered() };
    let Ok(graph) = Graph::explore(model, limits, |at, _, _| states = at) else { return Vec::new() };
    let spread = (states as usize / STATES).max(1);
    let path = |at| graph.path_to(at).into_iter().map(&named).collect();
    (0..=states).step_by(spread).map(path).collect()
}

#[test]
fn every_path_becomes_an_input_and_the_input_that_path() {
    let mut tried = 0;
    for subject in Subject::all() {
        let paths = match &subject {
            Subject::Pair(pair) => paths(pair.as_ref(), Step::from),
            Subject::Relay(relay) => {
                paths(relay.as_ref(), |(link, action)| Step { link: Some(link), action })
            }
        };
        for steps in paths {
            let path = Path::new(subject.name(), String::new(), steps);
            let data = input_of(&path, 7).unwrap();
            let input = Input::read(&data).unwrap();
            assert_eq!((input.path(), input.chunk), (path, 7));
            tried += 1;
        }
    }
    assert!(tried > 1_000, "{tried} paths");
}

#[test]
fn every_configuration_has_a_hash_of_its_own() {
    for subject in Subject::all() {
        let data = input_of(&Path::new(subject.name(), String::new(), Vec::new()), 0).unwrap();
        assert_eq!(Input::read(&data).unwrap().subject.name(), subject.name());
    }
}

#[test]
fn a_hash_of_no_configuration_is_read_as_one_that_rustls_can_take_part_in() {
    for hash in [0, u32::MAX, 12_345] {
        let mut data = vec![close_notify_replay::FORMAT];
        data.extend(u32::to_le_bytes(hash));
        data.push(0);
        let name = Input::read(&data).unwrap().subject.name();
        assert!(name.contains("1.2") || name.contains("1.3"), "{name}");
    }
}

#[test]
fn a_step_that_the_model_cannot_take_is_no_input() {
    let steps = vec![Step::from(close_notify_model::world::action::Action::Cut)];
    let path = Path::new("upload/1.3/graceful/unread/overtaking", String::new(), steps);
    assert!(matches!(input_of(&path, 0), Err(PathError::Step { at: 0, .. })));
    assert!(matches!(
        input_of(&Path::new("no/such", String::new(), Vec::new()), 0),
        Err(PathError::Config(_))
    ));
}

#[test]
fn what_is_no_input_is_not_read() {
    for data in [&b""[..], b"\x02\x00\x00", b"\x01\x00\x00\x00\x00\x00"] {
        assert!(Input::read(data).is_none());
    }
}
