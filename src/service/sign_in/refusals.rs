//! Why nobody is signed in. Who guesses learns as little as possible of it.

use chrono::TimeDelta;

use crate::service::{Class, Refusal};

/// The one refusal of all that is wrong.
pub(super) fn invalid() -> Refusal {
    Refusal::new(
        Class::Unauthorized,
        "invalid_credentials",
        "The e-mail or the password is not right.",
        "Correct them. After very many wrong tries by anybody, a password counts only in a browser that has signed in before, or with a code of the second factor. An administrator can make a link to choose another password: `rollcall account reset-link EMAIL`.",
    )
}

pub(super) fn code_required() -> Refusal {
    Refusal::new(
        Class::Unauthorized,
        "code_required",
        "A code of the second factor is needed as well.",
        "Send `code` too: the six figures that the authenticator app shows, or one of the recovery codes. Without a second factor, sign in from a browser that has signed in before, or have a link made: `rollcall account reset-link EMAIL`.",
    )
}

pub(super) fn invalid_code() -> Refusal {
    Refusal::new(
        Class::Unauthorized,
        "invalid_code",
        "The code is not right, or was used already.",
        "Wait for the next one of the authenticator app, or use a recovery code. The clocks of the app and of the gateway must agree.",
    )
}

pub(super) fn too_many(wait: TimeDelta) -> Refusal {
    // Rounded up: a try before then would be in vain.
    let seconds = u16::try_from((wait.num_milliseconds() + 999) / 1000).unwrap_or(u16::MAX).max(1);
    Refusal {
        retry_after: Some(seconds),
        ..Refusal::new(
            Class::TooMany,
            "too_many_tries",
            "Too many tries failed.",
            format!("Wait {seconds} s. A browser that has signed in before does not wait."),
        )
    }
}
