//! Which company file it is, and which qbXML it speaks.

use crate::{
    connectors::calls_in::{Offer, SessionContext, SessionResult},
    connectors::quickbooks_desktop::{
        company_file::{Guids, Hcp, identify},
        plan::{Plan, Suspect},
    },
    domain::problem::Problem,
};

use super::problems::{People, doubted, not_read};

/// Reads what QuickBooks says of itself, and whether it has the right company file open.
pub(super) fn recognise(
    plan: &mut Plan,
    context: &mut dyn SessionContext,
    offer: &Offer,
) -> SessionResult<Result<(), Problem>> {
    let file = context.file()?;
    let document = offer.about.trim();
    let hcp = match document.is_empty() {
        true => Ok(Hcp::default()),
        false => Hcp::read(document.as_bytes()),
    };
    let hcp = match hcp {
        Ok(hcp) => hcp,
        Err(error) => return Ok(Err(not_read(&error))),
    };
    let guids = Guids { owner_id: &file.owner_id, file_id: &file.file_id };
    let before = &file.pin;
    let found = match identify(&hcp, &offer.company_file, guids, before) {
        Ok(found) => found,
        Err(problem) => return Ok(Err(problem)),
    };
    let version = match hcp.version(&offer.major, &offer.minor) {
        Ok(version) => version,
        Err(problem) => return Ok(Err(problem)),
    };
    if before.by_file_id && found.is_elsewhere(before) {
        let pin = found.pin;
        let suspect = Suspect { name: pin.name.unwrap_or_default(), path: pin.path.unwrap_or_default() };
        if file.doubted == Some((suspect.name.clone(), suspect.path.clone())) {
            return Ok(Err(doubted(context.connection_id(), &suspect, People::SeenBefore)));
        }
        plan.suspect(suspect);
    } else if found.pin != *before || file.doubted.is_some() {
        context.pin(&found.pin)?;
    }
    if let Some(file_id) = &found.file_id {
        context.take_file_id(file_id)?;
    }
    if file.version.as_ref() != Some(&version) {
        context.note_version(&version)?;
    }
    plan.version = Some(version);
    Ok(Ok(()))
}
