//! `rollcall openapi`.

use crate::app::openapi;

use super::{Result, failure::Failure, output::Output};

/// Print the API's description (OpenAPI, JSON): what a gateway serves at /openapi.json and shows at /docs
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  rollcall openapi > rollcall-api.json")]
pub(super) struct Args {}

pub(super) fn run(out: Output) -> Result {
    let document = openapi().to_pretty_json().map_err(|error| Failure::internal(&error))?;
    out.text(&format!("{document}\n"))
}
