//! Sends webhooks, as a vendor's own client would.

use std::time::Duration;

use super::Delivery;

/// One webhook that is ready to go.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// How long an answer may take.
    pub patience: Duration,
}

/// Sends until it is taken or `next_try` gives up: that is told how many tries there were and what the last was
/// answered, and tells the pause before the next.
pub(crate) async fn send(
    letter: Letter,
    next_try: impl Fn(usize, Option<u16>) -> Option<Duration>,
) -> Delivery {
    // Named once for the process; it may be named already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client =
        reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().ok();
    let mut answers = Vec::new();
    loop {
        let answer = match &client {
            Some(client) => once(client, &letter).await,
            None => None,
        };
        answers.push(answer);
        let taken = answer.is_some_and(|status| (200..300).contains(&status));
        let pause = if taken { None } else { next_try(answers.len(), answer) };
        let Some(pause) = pause else {
            return Delivery { url: letter.url, body: letter.body, answers, taken };
        };
        tokio::time::sleep(pause).await;
    }
}

async fn once(client: &reqwest::Client, letter: &Letter) -> Option<u16> {
    let mut request = client
        .post(&letter.url)
        .timeout(letter.patience)
        .header("content-type", "application/json")
        .body(letter.body.clone());
    for (name, value) in &letter.headers {
        request = request.header(name, value);
    }
    request.send().await.ok().map(|answer| answer.status().as_u16())
}

/// Leaves some out of order and sends some twice: both vendors do.
pub(crate) fn shuffle<T: Clone>(mut letters: Vec<T>, duplicate: bool, reorder: bool) -> Vec<T> {
    if reorder {
        letters.reverse();
    }
    if duplicate {
        letters.iter().flat_map(|letter| [letter.clone(), letter.clone()]).collect()
    } else {
        letters
    }
}
