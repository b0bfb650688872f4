//! Errors as pages, for those who come with a browser.

use askama::Template;
use axum::{
    http::{HeaderMap, StatusCode, header},
    response::Response,
};

use super::answer::page;
use crate::http::problem::ApiError;

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage<'a> {
    title: &'a str,
    detail: &'a str,
    remedy: &'a str,
    request_id: &'a str,
}

/// Whether the sender of a request shows pages: browsers say so when they go to an address, programs do not.
pub(in crate::http) fn shows_pages(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).into_iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|range| {
        let media_type = range.split(';').next().unwrap_or_default().trim();
        media_type.eq_ignore_ascii_case("text/html")
    })
}

/// The page of an error, in words for people who do not know the API.
pub(in crate::http) fn of(error: &ApiError, request_id: &str) -> Response {
    let (title, detail, remedy) = match error.status {
        StatusCode::NOT_FOUND if error.problem.code == "no_such_route" => {
            ("Nothing here", "There is no page at this address.", "Check the address, or go to the start.")
        }
        status if status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE => (
            "Something went wrong",
            "Something went wrong inside Rollcall. Nothing was changed.",
            "Try again. If it happens again, give your administrator the number below.",
        ),
        _ => ("That did not work", error.problem.detail.as_str(), error.problem.remedy.as_str()),
    };
    page(error.status, &ProblemPage { title, detail, remedy, request_id })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_asks_for_pages_gets_them() {
        for (accept, shows) in [
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true),
            ("application/json, Text/HTML;q=0.5", true),
            ("*/*", false),
            ("application/json", false),
            ("text/html-ish", false),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT, accept.parse().unwrap())]);
            assert_eq!(shows_pages(&headers), shows, "{accept}");
        }
        assert!(!shows_pages(&HeaderMap::new()));
    }
}
