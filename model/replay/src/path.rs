//! A path as a file: the name of a configuration and the steps that were taken in it.
//!
//! Decides what a well-formed path is. Its JSON is `{"schema": 1, "config": NAME, "path": [{"do":
//! …, "side": …}, …]}`.

use std::fmt;

use close_notify_model::check::subject::{Step, Subject};
use close_notify_model::world::action::{Action, Side};
use serde::{Deserialize, Serialize};

/// A path through one configuration.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Path {
    /// The version of this format.
    pub schema: u32,
    /// The name of the configuration.
    pub config: String,
    /// Why it is in the suite, or what it breaks.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// The steps.
    pub path: Vec<Step>,
}

/// Why a text is not a path.
#[derive(Debug)]
pub enum PathError {
    /// It is not the JSON of a path.
    Json(serde_json::Error),
    /// It is of another version of the format.
    Schema(u32),
    /// There is no such configuration.
    Config(String),
    /// The model cannot take this step there.
    Step {
        /// Which step, from zero.
        at: usize,
        /// The step.
        step: Action,
        /// What it could do instead.
        instead: Vec<Action>,
    },
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(error) => write!(f, "not a path: {error}"),
            Self::Schema(schema) => {
                write!(f, "schema {schema} is unknown: this version reads schema {}", Path::SCHEMA)
            }
            Self::Config(name) => {
                write!(f, "no configuration is named {name}: `close-notify list` prints the names")
            }
            Self::Step { at, step, instead } => {
                let named = |action: &Action| {
                    action.side().map_or("the path", Side::name).to_string() + " " + &action.to_string()
                };
                let instead: Vec<_> = instead.iter().map(named).collect();
                let (nth, instead) = (at + 1, instead.join(", "));
                write!(f, "step {nth} ({}) is impossible there; possible: {instead}", named(step))
            }
        }
    }
}

impl std::error::Error for PathError {}

impl Path {
    /// The version of the format that this crate writes and reads.
    pub const SCHEMA: u32 = 1;

    /// A path of a configuration.
    #[must_use]
    pub fn new(config: &str, note: String, path: Vec<Step>) -> Self {
        Self { schema: Self::SCHEMA, config: config.to_string(), note, path }
    }

    /// Reads the JSON of a path.
    ///
    /// # Errors
    ///
    /// [`PathError`] says what is wrong and where.
    pub fn parse(json: &str) -> Result<Self, PathError> {
        let path: Self = serde_json::from_str(json).map_err(PathError::Json)?;
        if path.schema == Self::SCHEMA { Ok(path) } else { Err(PathError::Schema(path.schema)) }
    }

    /// The configuration that it is a path of.
    ///
    /// # Errors
    ///
    /// [`PathError::Config`] if there is none with that name.
    pub fn subject(&self) -> Result<Subject, PathError> {
        let named = |subject: &Subject| subject.name() == self.config;
        Subject::all().into_iter().find(named).ok_or_else(|| PathError::Config(self.config.clone()))
    }
}
