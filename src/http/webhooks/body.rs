//! A webhook's body: bounded for itself, and together with those of all who are not known. Nobody has been verified
//! before it is read.

use axum::{
    body::Body,
    http::{HeaderMap, header},
};
use http_body_util::BodyExt;

use super::answer::Refusal;
use crate::http::{limits::BodyFailure, room::Held};

/// By how much the room for a body grows, in bytes.
const STEP: usize = 256 << 10;

/// Reads a body, for which `held` takes the room.
pub(super) async fn receive(
    mut body: Body,
    headers: &HeaderMap,
    most: u64,
    held: &mut Held,
) -> Result<Vec<u8>, Refusal> {
    let declared =
        headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > most) {
        return Err(Refusal::Body(BodyFailure::TooLarge));
    }
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Refusal::Body(BodyFailure::of(&error)))?;
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len().saturating_add(data.len()) > most {
            return Err(Refusal::Body(BodyFailure::TooLarge));
        }
        held.grow(data.len()).map_err(|_| Refusal::Full)?;
        // Not twice what is needed, as it would grow by itself.
        if bytes.capacity() - bytes.len() < data.len() {
            bytes.reserve_exact(if bytes.is_empty() { data.len() } else { data.len().max(STEP) });
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}
