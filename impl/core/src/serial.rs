//! Serialization of alerts: by name, in every format.
//!
//! All other types derive it: enums by their names in snake_case, structs by their fields.

use core::fmt;

use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::alert::AlertDescription;

/// The registered name, or `alert N`.
impl Serialize for AlertDescription {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Fails on an unknown name, and lists all that are known.
impl<'de> Deserialize<'de> for AlertDescription {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(ByName)
    }
}

struct ByName;

impl Visitor<'_> for ByName {
    type Value = AlertDescription;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of an alert")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<AlertDescription, E> {
        match text.parse() {
            Ok(alert) => Ok(alert),
            Err(_) if text.starts_with("alert ") => {
                Err(E::invalid_value(Unexpected::Str(text), &"`alert N`, N from 0 to 255"))
            }
            Err(_) => Err(E::unknown_variant(text, AlertDescription::NAMES)),
        }
    }
}
