//! The Web Connector: one update session from serverVersion to closeConnection.

use thiserror::Error;

use super::company_file::CompanyFile;
use super::faults::Faults;
use super::options::SessionOptions;
use super::report::{Event, SessionReport};
use super::session::Session;
pub use super::wire::WireError;

/// Why there was no session at all. What goes wrong later is told by the report's outcome.
#[derive(Debug, Error)]
pub enum SimulationError {
    #[error("no session with {url}: {source}")]
    Unreachable { url: String, source: WireError },
}

/// Who is told what happens.
pub type Observer<'a> = &'a (dyn Fn(&Event<'_>) + Send + Sync);

/// A Web Connector with one application in it.
#[derive(Debug, Clone)]
pub struct WebConnector {
    /// How its sessions are run.
    pub options: SessionOptions,
    /// They last from session to session.
    pub faults: Faults,
}

impl WebConnector {
    /// Without faults.
    pub fn new(options: SessionOptions) -> Self {
        Self { options, faults: Faults::none() }
    }

    /// Runs one session without an observer.
    ///
    /// # Errors
    /// Those of [`run_session`].
    pub async fn run(&mut self, file: &mut CompanyFile) -> Result<SessionReport, SimulationError> {
        run_session(&self.options, file, &mut self.faults, &|_| {}).await
    }
}

/// Runs one session of the application that the options tell. The company file gets the FileID under the OwnerID if
/// it has none, and is not changed otherwise.
///
/// # Errors
/// The address is none, or nobody answers there.
pub async fn run_session(
    options: &SessionOptions,
    file: &mut CompanyFile,
    faults: &mut Faults,
    observer: Observer<'_>,
) -> Result<SessionReport, SimulationError> {
    let unreachable = |source| SimulationError::Unreachable { url: options.url.clone(), source };
    if !options.file_id.is_empty() && file.file_id(&options.owner_id).is_none() {
        file.set_file_id(&options.owner_id, &options.file_id);
    }
    let number = file.next_session();
    let mut session = Session::new(options, file, faults, observer, number).map_err(unreachable)?;
    let outcome = session.run().await.map_err(unreachable)?;
    let report = session.finish(outcome);
    observer(&Event::Finished { outcome: &report.outcome });
    Ok(report)
}
