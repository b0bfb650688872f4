//! Paycom's endpoints, one function each. What is asked for is all that is: `/sensitive` and `/photo` never are.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, NaiveDate, Utc};
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{ACCEPT, AUTHORIZATION},
};

use crate::{
    connectors::{
        outbound::{
            OriginClient, Outbound, RequestLimiter, Timeouts, answers::date, basic, problems::failure,
        },
        source::Failure,
    },
    domain::{secret::Secret, words::Cause},
};

use super::{
    Settings,
    link::{self, Next},
    refusals,
    wire::{self, Answer, Envelope, Row},
};

/// The two endpoints that say who there is, and the one that says who changed.
pub(super) const DIRECTORY: &str = "employeedirectory";
pub(super) const IDS: &str = "employeeid";
pub(super) const CHANGES: &str = "employeeids/employeechanges";

/// One connection's way to Paycom.
pub(super) struct Client {
    origin: OriginClient,
    page_size: u32,
}

/// One page of a list.
pub(super) struct Page {
    pub rows: Vec<Row>,
    /// Where the next page is; `None` for the last.
    pub next: Option<String>,
    /// Paycom's count of the whole list (`X-Total-Count`).
    pub total: Option<u64>,
    /// What makes the page look as if it were not what was asked for.
    pub odd: Option<String>,
    /// Paycom's clock (`Date`).
    pub date: Option<DateTime<Utc>>,
}

/// Why there is no page: with the status, where that was it.
pub struct NoPage {
    pub status: Option<StatusCode>,
    pub failure: Failure,
}

impl From<Failure> for NoPage {
    fn from(failure: Failure) -> Self {
        Self { status: None, failure }
    }
}

impl From<NoPage> for Failure {
    fn from(none: NoPage) -> Self {
        none.failure
    }
}

impl Client {
    /// # Errors
    /// Settings or secrets with which no request can be made.
    pub(super) fn new(
        settings: &Settings,
        secrets: &BTreeMap<String, Secret>,
        outbound: &Outbound,
        limiter: Arc<dyn RequestLimiter>,
    ) -> Result<Self, Failure> {
        let setting =
            |why| failure(Cause::Server, format!("{why}."), "Correct it in this connection's settings.");
        let root = settings.root().map_err(setting)?;
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, authorization(secrets)?);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let origin =
            OriginClient::new(outbound, root, settings.poll.allow_private_address, limiter, headers)?;
        Ok(Self { origin, page_size: settings.poll.page_size })
    }

    /// For tests of a connection: a person waits, so each request is sent once and has little time.
    pub(super) fn hurried(&self) -> Self {
        let origin = self.origin.clone().without_retries().with_timeouts(Timeouts::HASTY);
        Self { origin, page_size: 1 }
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.origin.limiter().now()
    }

    /// Paycom's day: it keeps the time of Oklahoma.
    pub(super) fn today(&self) -> NaiveDate {
        self.now().with_timezone(&chrono_tz::America::Chicago).date_naive()
    }

    /// The target of a list's first page.
    pub(super) fn first_page(&self, endpoint: &str, query: &str) -> String {
        format!("api/v1/{endpoint}?pagesize={}{query}", self.page_size)
    }

    /// A page of a list, `page` counted from 1. 206 says that there are more, 200 that it is the last.
    pub(super) async fn page(&self, endpoint: &str, target: &str, page: u32) -> Result<Page, NoPage> {
        let (status, headers, answer) = self.get(endpoint, target).await?;
        let path = format!("api/v1/{endpoint}");
        let more = status == StatusCode::PARTIAL_CONTENT;
        let asked = self.origin.base().join(target).unwrap_or_else(|_| self.origin.base().clone());
        let next = link::next(&asked, &path, &headers, page, self.page_size);
        let mut odd = answer.complained.then(|| "Paycom complained of it".to_owned());
        if !more && matches!(next, Next::Linked(_) | Next::Elsewhere(_)) {
            odd.get_or_insert_with(|| "the last page named another one".into());
        }
        let count = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse().ok();
        Ok(Page {
            rows: answer.rows,
            next: more.then(|| self.target(&path, next)),
            total: count("x-total-count"),
            odd,
            date: date(&headers),
        })
    }

    fn target(&self, path: &str, next: Next) -> String {
        match next {
            Next::Linked(target) | Next::Elsewhere(target) => target,
            Next::Counted { request, page, page_size } => {
                let mut query = url::form_urlencoded::Serializer::new(String::new());
                query.extend_pairs(request.iter().map(|request| ("requestid", request)));
                query.append_pair("pagesize", &page_size.to_string()).append_pair("page", &page.to_string());
                format!("{path}?{}", query.finish())
            }
        }
    }

    /// One employee; `None` where Paycom does not know the code. `code` must be one ([`wire::is_code`]). The row's own
    /// code may be spelled otherwise: in capitals, or without its zeros.
    ///
    /// # Errors
    /// Also an answer about somebody else: nobody is to be staged under another's code.
    pub(super) async fn detail(&self, code: &str) -> Result<Option<Row>, NoPage> {
        if !wire::is_code(code) {
            return Ok(None);
        }
        let answer = match self.get("employee", &format!("api/v1/employee/{code}")).await {
            Ok((_, _, answer)) => answer,
            Err(none) if none.status == Some(StatusCode::NOT_FOUND) => return Ok(None),
            Err(none) => return Err(none),
        };
        if answer.rows.is_empty() {
            return Ok(None);
        }
        let mut rows = answer.rows;
        rows.retain(|row| row.code().is_some_and(|own| wire::is_code(own) && unpadded(own, code)));
        // Somebody who came back may have a row for each time.
        let today = self.today();
        rows.sort_by_key(|row| (!row.is_of(code), row.has_ended(today)));
        rows.into_iter().next().map(Some).ok_or_else(|| {
            let why = format!("it was asked for employee {code} and told of another one");
            refusals::of_result("employee", &why).into()
        })
    }

    /// An answer with a good status and a good `result`.
    async fn get(
        &self,
        endpoint: &str,
        target: &str,
    ) -> Result<(StatusCode, HeaderMap, Answer<Row>), NoPage> {
        let answer = self.origin.get_json::<Envelope<Row>>(target, &[], HeaderMap::new()).await?;
        let failed = |failure| NoPage { status: Some(answer.status), failure };
        match answer.body {
            Ok(envelope) => match envelope.answer() {
                Ok(good) => Ok((answer.status, answer.headers, good)),
                Err(why) => Err(NoPage::from(refusals::of_result(endpoint, &why.to_string()))),
            },
            Err(_) if answer.status.is_success() => Err(refusals::of_result(endpoint, "it is empty").into()),
            Err(body) if answer.status == StatusCode::FORBIDDEN && wire::is_no_api(&body) => {
                Err(failed(refusals::not_paycom(endpoint)))
            }
            Err(body) => Err(failed(refusals::of_status(answer.status, endpoint, &wire::complaint(&body)))),
        }
    }
}

/// `Basic SID:token`.
fn authorization(secrets: &BTreeMap<String, Secret>) -> Result<HeaderValue, Failure> {
    let given = |name: &str| {
        let secret = secrets.get(name).map(|secret| secret.reveal().trim()).filter(|text| !text.is_empty());
        secret.ok_or_else(|| {
            failure(
                Cause::Credentials,
                format!("This connection has no `{name}`."),
                format!("Give `{name}` as Paycom's API Setup shows it."),
            )
        })
    };
    Ok(basic(given("sid")?, given("token")?))
}

/// Whether two codes are one but for the zeros before them, which a number loses, and for capitals.
fn unpadded(one: &str, other: &str) -> bool {
    one.trim_start_matches('0').eq_ignore_ascii_case(other.trim_start_matches('0'))
}
