//! The settings of a connection that is pushed to.

use serde::{Deserialize, Serialize};

use crate::connectors::Check;

/// None: the sender decides what it sends and when.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {}

impl Check for Settings {
    fn check(&self) -> Result<(), String> {
        Ok(())
    }
}
