//! Any other payroll system: it pushes signed messages, in our own words.

use serde::{Deserialize, Serialize};

use crate::connectors::Check;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {}

impl Check for Settings {
    fn check(&self) -> Result<(), String> {
        Ok(())
    }
}
