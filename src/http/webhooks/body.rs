//! A webhook's body: bounded for itself, and together with all others. Nobody has been verified before it is read.

use axum::{
    body::Body,
    http::{HeaderMap, header},
};
use http_body_util::BodyExt;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::answer::Refusal;
use crate::http::limits::BodyFailure;

/// Reads a body. What it takes of the room is given back when the permit is dropped.
pub(super) async fn receive<'a>(
    mut body: Body,
    headers: &HeaderMap,
    most: u64,
    room: &'a Semaphore,
) -> Result<(Vec<u8>, Option<SemaphorePermit<'a>>), Refusal> {
    let declared =
        headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > most) {
        return Err(Refusal::Body(BodyFailure::TooLarge));
    }
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let mut bytes = Vec::new();
    let mut held: Option<SemaphorePermit<'a>> = None;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Refusal::Body(BodyFailure::of(&error)))?;
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len().saturating_add(data.len()) > most {
            return Err(Refusal::Body(BodyFailure::TooLarge));
        }
        let size = u32::try_from(data.len()).unwrap_or(u32::MAX);
        let permit = room.try_acquire_many(size).map_err(|_| Refusal::Full)?;
        match &mut held {
            Some(held) => held.merge(permit),
            None => held = Some(permit),
        }
        bytes.extend_from_slice(&data);
    }
    Ok((bytes, held))
}
