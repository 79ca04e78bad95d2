//! `close-notify explore`: stateright's Explorer over one configuration, each state with our chart.

use std::net::{SocketAddr, TcpListener};

use close_notify_model::check::subject::Subject;
use stateright::Model;

use crate::args::ExploreArgs;
use crate::names;
use crate::out::{Exit, Stop};

pub(crate) fn run(args: &ExploreArgs) -> Result<Exit, Stop> {
    let subject = names::find_one(&args.config)?;
    is_free(args.address)?;
    anstream::eprintln!("{} on http://{} — Ctrl-C ends it", args.config, args.address);
    match subject {
        Subject::Pair(pair) => drop(pair.checker().serve(args.address)),
        Subject::Relay(relay) => drop(relay.checker().serve(args.address)),
    }
    Ok(Exit::Fine)
}

/// Fails with a message if the address cannot be bound; stateright would panic.
fn is_free(address: SocketAddr) -> Result<(), Stop> {
    TcpListener::bind(address)
        .map(drop)
        .map_err(|error| Stop::misuse(format!("--address {address}: {error}")))
}
