//! Which company file it is, and the next request.

use crate::{
    clock::Ambient,
    connectors::quickbooks_desktop::{
        company_file::{Guids, Hcp, Pin, identify},
        plan::{Outcome, Suspect},
    },
    domain::problem::Problem,
    store::{self, Db, connections, desktop, runs},
    sync::run,
};

use super::{
    Open,
    company::{self, People},
    finish::stop,
};

/// What `sendRequestXML` is called with.
#[derive(Debug, Clone, Default)]
pub struct Offer {
    pub ticket: String,
    /// Filled in the first call of a session only.
    pub hcp_response: String,
    pub company_file: String,
    pub major: String,
    pub minor: String,
}

/// The next request; empty where there is none, and `getLastError` says why.
pub fn send(db: &mut Db, ambient: &Ambient, offer: &Offer) -> store::Result<String> {
    let now = ambient.now();
    let Ok(mut open) = Open::of(db, &offer.ticket, now)? else { return Ok(String::new()) };
    let connection_id = open.session.connection_id.clone();
    if open.plan.version.is_none()
        && let Err(problem) = recognise(db, &mut open, offer)?
    {
        stop(db, &mut open, &problem, now)?;
        open.save(db, now)?;
        return Ok(String::new());
    }
    let anew = open.plan.prepare();
    let Some(list) = open.plan.current().cloned() else {
        open.save(db, now)?;
        return Ok(String::new());
    };
    match &list.run_id {
        Some(run_id) if anew => runs::forget_seen(db, run_id)?,
        Some(_) => {}
        None => {
            let connection = connections::get(db, &connection_id)?;
            let run = run::start(db, ambient, &connection, list.list, list.mode)?;
            open.plan.started(run.id);
        }
    }
    let request = match open.plan.ask() {
        Ok(request) => request.unwrap_or_default(),
        Err(error) => {
            tracing::error!(error, "a request to QuickBooks could not be written");
            let problem = Problem::new(
                "request_not_written",
                "Rollcall could not write its request to QuickBooks.",
                "Please report this as a fault of Rollcall, with the lines of its log.",
            );
            stop(db, &mut open, &problem, now)?;
            open.plan.give_up(Outcome::Stop(problem));
            String::new()
        }
    };
    open.save(db, now)?;
    Ok(request)
}

/// Reads what QuickBooks says of itself, and whether it has the right company file open.
fn recognise(db: &mut Db, open: &mut Open, offer: &Offer) -> store::Result<Result<(), Problem>> {
    let file = desktop::get(db, &open.session.connection_id)?;
    let document = offer.hcp_response.trim();
    let hcp = match document.is_empty() {
        true => Ok(Hcp::default()),
        false => Hcp::read(document.as_bytes()),
    };
    let hcp = match hcp {
        Ok(hcp) => hcp,
        Err(error) => {
            return Ok(Err(Problem::new(
                "company_not_read",
                format!("What QuickBooks says of itself could not be read: {error}."),
                "Run the update again. If it repeats, restart QuickBooks and the Web Connector.",
            )));
        }
    };
    let guids = Guids { owner_id: &file.owner_id, file_id: &file.file_id };
    let before = Pin {
        by_file_id: file.pinned_by_file_id,
        any_file_id: file.any_file_id,
        name: file.pinned_name,
        path: file.pinned_path,
    };
    let found = match identify(&hcp, &offer.company_file, guids, &before) {
        Ok(found) => found,
        Err(problem) => return Ok(Err(problem)),
    };
    let version = match hcp.version(&offer.major, &offer.minor) {
        Ok(version) => version,
        Err(problem) => return Ok(Err(problem)),
    };
    if before.by_file_id && found.is_elsewhere(&before) {
        let pin = found.pin;
        let suspect = Suspect { name: pin.name.unwrap_or_default(), path: pin.path.unwrap_or_default() };
        let doubted = file.doubted_name.as_ref() == Some(&suspect.name)
            && file.doubted_path.as_ref() == Some(&suspect.path);
        if doubted {
            return Ok(Err(company::doubted(&file.connection_id, &suspect, People::SeenBefore)));
        }
        open.plan.suspect(suspect);
    } else if found.pin != before || file.doubted_name.is_some() {
        let (name, path) = (found.pin.name.as_deref(), found.pin.path.as_deref());
        desktop::set_pin(db, &file.connection_id, found.pin.by_file_id, name, path)?;
    }
    if let Some(file_id) = &found.file_id {
        desktop::take_file_id(db, &file.connection_id, file_id)?;
    }
    if file.qbxml_version.as_ref() != Some(&version) {
        desktop::set_qbxml_version(db, &file.connection_id, &version)?;
    }
    open.plan.version = Some(version);
    Ok(Ok(()))
}
