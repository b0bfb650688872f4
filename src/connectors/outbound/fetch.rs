//! Single requests to hosts that no connection is about, such as identity providers.

use std::time::Duration;

use tokio::time::timeout;
use url::Url;

use crate::domain::{problem::sentence, words::Cause};

use super::{
    Outbound,
    address_guard::{self, NotAllowed},
    classify::classify,
    problems::Phase,
};

/// How a request is bounded.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Whether private addresses may be reached, and without TLS.
    pub allow_private: bool,
    /// For all of it.
    pub time: Duration,
    /// Bytes of the answer's body.
    pub body: usize,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum NotFetched {
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    #[error("the address {0} is not https")]
    NotEncrypted(String),
    #[error("{0} did not answer within {1:?}")]
    Timeout(String, Duration),
    #[error("the answer of {0} has more than {1} bytes")]
    TooLarge(String, usize),
    #[error("{0} cannot be reached")]
    Failed(String, #[source] reqwest::Error),
    #[error("the request is not understood")]
    Malformed(#[source] reqwest::Error),
}

impl NotFetched {
    /// What was wrong, and the same in words for people.
    pub fn told(&self) -> (Cause, String) {
        let cause = match self {
            Self::NotAllowed(_) => Cause::AddressNotAllowed,
            Self::NotEncrypted(_) => Cause::Tls,
            Self::Timeout(..) => Cause::Timeout,
            Self::TooLarge(..) | Self::Malformed(_) => Cause::Server,
            Self::Failed(host, error) => {
                let fault = classify(host, error, Phase::Head);
                return (fault.cause, fault.problem.detail);
            }
        };
        (cause, sentence(&self.to_string()))
    }
}

impl Outbound {
    /// Sends a request. A redirect is an answer: none is followed.
    ///
    /// # Errors
    /// Everything but an answer, whatever its status.
    pub async fn fetch(
        &self,
        request: http::Request<Vec<u8>>,
        bounds: Bounds,
    ) -> Result<http::Response<Vec<u8>>, NotFetched> {
        let request = reqwest::Request::try_from(request).map_err(NotFetched::Malformed)?;
        let (url, Bounds { allow_private, time, .. }) = (request.url().clone(), bounds);
        if !allow_private {
            if url.scheme() != "https" {
                return Err(NotFetched::NotEncrypted(url.origin().ascii_serialization()));
            }
            address_guard::literal(&url)?;
        }
        let client = if allow_private { &self.any } else { &self.public };
        let answered = timeout(time, answer(client, request, &url, bounds.body)).await;
        answered.map_err(|_| NotFetched::Timeout(host(&url), time))?
    }
}

async fn answer(
    client: &reqwest::Client,
    request: reqwest::Request,
    url: &Url,
    most: usize,
) -> Result<http::Response<Vec<u8>>, NotFetched> {
    // Without the address, whose query may hold secrets.
    let failed = |error: reqwest::Error| NotFetched::Failed(host(url), error.without_url());
    let mut response = client.execute(request).await.map_err(failed)?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if body.len() + chunk.len() > most {
            return Err(NotFetched::TooLarge(host(url), most));
        }
        body.extend_from_slice(&chunk);
    }
    let mut whole = http::Response::new(body);
    *whole.status_mut() = response.status();
    *whole.headers_mut() = std::mem::take(response.headers_mut());
    Ok(whole)
}

fn host(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}
