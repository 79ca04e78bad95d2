//! The arguments of the command, and which of them make no sense.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use close_notify_model::check::report::Shard;
use close_notify_replay::Over;

/// How TLS connections end: what is proved of it, and what breaks where.
///
/// Exit status: 0 fine, 1 a finding, 2 misuse, 130 interrupted.
#[derive(Parser, Debug)]
#[command(name = "close-notify", version, max_term_width = 100)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Explore every configuration completely, and show what holds and what breaks, with the
    /// shortest attack.
    Check(CheckArgs),
    /// Walk through one configuration in the browser, step by step, each state with its chart.
    Explore(ExploreArgs),
    /// Name every configuration, with the verdict that is expected of it.
    List(ListArgs),
    /// Take paths of the model on real rustls, step by step, and compare what both ends know.
    Replay(ReplayArgs),
    /// Show where each duty is checked; fail if one is not.
    Requirements(RequirementsArgs),
}

#[derive(clap::Args, Debug)]
#[command(after_help = "What the words of the names mean: docs/configurations.md")]
pub(crate) struct CheckArgs {
    /// Only this configuration, or all under this prefix, as `abort` or `abort/1.3` (repeatable).
    #[arg(long, value_name = "NAME|PREFIX")]
    pub(crate) config: Vec<String>,
    /// A separate set in place of the default one: six families as `deep-…`, with one unit more in
    /// each direction and two attacks in place of one. No planted mistakes, no replays. Takes
    /// minutes.
    #[arg(long)]
    pub(crate) deep: bool,
    /// Only every N-th configuration, from the K-th on; `--merge` makes one report of all N.
    #[arg(long, value_name = "K/N", value_parser = shard)]
    pub(crate) shard: Option<Shard>,
    /// Show the JSON reports of all shards as one, in place of a run; the attacks are replayed
    /// again.
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["config", "deep", "shard", "list", "jobs"])]
    pub(crate) merge: Vec<PathBuf>,
    /// Print the report as JSON (docs/check-report.md).
    #[arg(long)]
    pub(crate) json: bool,
    /// Write the report as an HTML page, with the charts drawn.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Name the configurations that would be explored, and stop.
    #[arg(long)]
    pub(crate) list: bool,
    /// Do not take the attacks on real rustls over memory, smoltcp and loopback.
    #[arg(long)]
    pub(crate) no_replay: bool,
    /// Threads; by default as many as there are cores.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: Option<u16>,
}

#[derive(clap::Args, Debug)]
pub(crate) struct ExploreArgs {
    /// Which configuration; `close-notify list` names them.
    pub(crate) config: String,
    /// Where to serve.
    #[arg(long, default_value = "127.0.0.1:3000")]
    pub(crate) address: SocketAddr,
}

#[derive(clap::Args, Debug)]
#[command(after_help = "What the words of the names mean: docs/configurations.md")]
pub(crate) struct ListArgs {
    /// Only this configuration, or all under this prefix, as `abort` or `abort/1.3`.
    pub(crate) config: Vec<String>,
    /// Those of `check --deep`, in place of the default ones.
    #[arg(long)]
    pub(crate) deep: bool,
}

#[derive(clap::Args, Debug)]
pub(crate) struct ReplayArgs {
    /// JSON of a path, or of a list of paths; or an input of the fuzz target `lockstep`, which is a
    /// path too.
    #[arg(required = true)]
    pub(crate) file: Vec<PathBuf>,
    /// What carries the bytes.
    #[arg(
        long,
        value_name = "memory,smoltcp,kernel",
        value_delimiter = ',',
        default_value = "memory,smoltcp,kernel"
    )]
    pub(crate) over: Vec<Over>,
    /// Draw each path as a sequence chart; a fuzz input is drawn without this.
    #[arg(long, conflicts_with = "json")]
    pub(crate) chart: bool,
    /// Print the outcomes as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(clap::Args, Debug)]
pub(crate) struct RequirementsArgs {
    /// Print the map as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

fn shard(text: &str) -> Result<Shard, String> {
    let (number, of) = text.split_once('/').ok_or("a shard is written K/N, as in 1/4")?;
    let number: usize = number.parse().map_err(|_| format!("`{number}` is not a number"))?;
    let of: usize = of.parse().map_err(|_| format!("`{of}` is not a number"))?;
    if of == 0 {
        return Err("N must be at least 1: it is how many shards there are".to_owned());
    }
    if number == 0 || number > of {
        return Err(format!("K must be 1 to N; for N = {of} K may be 1 to {of}"));
    }
    Ok(Shard { number, of })
}
