//! Names of configurations that a user wrote: found, or answered with the nearest that exist.

use close_notify_model::check::report::Scope;
use close_notify_model::check::subject::Subject;
use close_notify_model::check::{is_selected, subjects};

use crate::out::Stop;

const SUGGESTIONS: usize = 5;

/// A scope in which every prefix ends in `/`, whether or not the user wrote it so.
pub(crate) fn scope(deep: bool, only: &[String]) -> Scope {
    let all = subjects(&Scope { deep, only: Vec::new() });
    let whole = |wanted: &String| {
        let under = format!("{wanted}/");
        let is_name = all.iter().any(|subject| subject.name() == wanted);
        let is_prefix = !is_name && all.iter().any(|subject| subject.name().starts_with(&under));
        if is_prefix { under } else { wanted.clone() }
    };
    Scope { deep, only: only.iter().map(whole).collect() }
}

/// The configurations of a scope, in order. Fails if a name or prefix matches none; the error names
/// the nearest.
pub(crate) fn find(scope: &Scope) -> Result<Vec<Subject>, Stop> {
    let all = subjects(&Scope { only: Vec::new(), ..scope.clone() });
    for wanted in &scope.only {
        let only = std::slice::from_ref(wanted);
        if !all.iter().any(|subject| is_selected(only, subject.name())) {
            return Err(Stop::misuse(unknown(wanted, &all, scope.deep)));
        }
    }
    Ok(all.into_iter().filter(|subject| is_selected(&scope.only, subject.name())).collect())
}

/// The configuration with this name. Fails if there is none; the error names the nearest.
pub(crate) fn find_one(name: &str) -> Result<Subject, Stop> {
    let mut all = subjects(&Scope::default());
    match all.iter().position(|subject| subject.name() == name) {
        Some(at) => Ok(all.swap_remove(at)),
        None => Err(Stop::misuse(unknown(name, &all, false))),
    }
}

/// The message for a name that the default run does not have.
pub(crate) fn no_such(name: &str) -> String {
    unknown(name, &subjects(&Scope::default()), false)
}

fn unknown(wanted: &str, all: &[Subject], deep: bool) -> String {
    let under = format!("{}/", wanted.trim_end_matches('/'));
    let known = all.iter().any(|subject| subject.name().starts_with(&under));
    let prefixes = if known { vec![under] } else { vec![] };
    let mut choices = families(all);
    if !wanted.ends_with('/') {
        choices.extend(names(all));
    }
    choices.retain(|choice| !prefixes.contains(choice));
    let nearest = prefixes.into_iter().chain(nearest(wanted, choices)).take(SUGGESTIONS);
    let list: String = nearest.map(|name| format!("\n  {name}")).collect();
    let command = if deep { "close-notify list --deep" } else { "close-notify list" };
    format!("there is no configuration `{wanted}`. Nearest:{list}\n`{command}` names all {}.", all.len())
}

fn names(all: &[Subject]) -> Vec<String> {
    all.iter().map(|subject| subject.name().to_owned()).collect()
}

/// Every prefix: those of one family, and those of one version of a family.
fn families(all: &[Subject]) -> Vec<String> {
    let mut prefixes: Vec<String> = all
        .iter()
        .flat_map(|subject| {
            let slashes = subject.name().match_indices('/').map(|(at, _)| subject.name()[..=at].to_owned());
            slashes.take(2)
        })
        .collect();
    prefixes.sort_unstable();
    prefixes.dedup();
    prefixes
}

fn nearest(wanted: &str, choices: Vec<String>) -> impl Iterator<Item = String> {
    let mut ranked: Vec<(f64, String)> =
        choices.into_iter().map(|name| (strsim::jaro_winkler(wanted, &name), name)).collect();
    ranked.sort_by(|one, other| other.0.total_cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
    ranked.into_iter().map(|(_, name)| name)
}
