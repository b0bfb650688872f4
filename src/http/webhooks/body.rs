//! Reads a webhook's body, within its own limit and the memory budget of all unverified bodies: the sender is verified
//! only when the body is there.

use axum::{
    body::Body,
    http::{HeaderMap, header},
};
use http_body_util::BodyExt;

use super::response::Refusal;
use crate::http::{limits::BodyFailure, memory_budget::Reservation};

/// By how many bytes the buffer of a body grows.
const STEP: usize = 256 << 10;

/// Reads a body; `reservation` counts its memory.
pub(super) async fn receive(
    mut body: Body,
    headers: &HeaderMap,
    most: u64,
    reservation: &mut Reservation,
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
        reservation.grow(data.len()).map_err(|_| Refusal::Full)?;
        // The buffer would double by itself, and take more than is reserved.
        if bytes.capacity() - bytes.len() < data.len() {
            bytes.reserve_exact(if bytes.is_empty() { data.len() } else { data.len().max(STEP) });
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}
