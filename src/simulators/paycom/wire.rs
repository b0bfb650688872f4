//! The envelope, and the forms that dates and numbers come in.

use chrono::{NaiveDate, TimeZone};
use serde_json::{Value, json};

use crate::simulators::vendor::reply::Reply;

/// `result`, `data`, `errors`, `errorCount`, `records` (Guide). Numbers are sometimes strings.
pub(super) fn envelope(data: Vec<Value>, records: usize, odd: bool) -> Value {
    let records = if odd { json!(records.to_string()) } else { json!(records) };
    json!({ "result": true, "data": data, "errors": [], "errorCount": 0, "records": records })
}

/// A failure. Whether an error is a text or an object is not known: it is the one or the other.
pub(super) fn failure(status: u16, message: &str) -> Reply {
    let error = if message.len().is_multiple_of(2) {
        json!(message)
    } else {
        json!({ "code": status, "message": message })
    };
    let body = json!({ "result": false, "data": [], "errors": [error], "errorCount": 1, "records": 0 });
    Reply::json(status, &body)
}

/// A date in one of the forms that were seen; `form` chooses.
pub(super) fn date(date: Option<NaiveDate>, form: u64) -> Value {
    let Some(date) = date else {
        return match form % 3 {
            0 => json!("0000-00-00"),
            1 => json!(""),
            _ => Value::Null,
        };
    };
    json!(match form % 3 {
        0 => date.format("%Y-%m-%d").to_string(),
        1 => date.format("%m/%d/%Y").to_string(),
        _ => midnight(date),
    })
}

/// Midnight in Oklahoma, with its offset on that day: `2019-05-04T00:00:00-05:00`.
fn midnight(date: NaiveDate) -> String {
    let local = date.and_time(chrono::NaiveTime::MIN);
    chrono_tz::America::Chicago
        .from_local_datetime(&local)
        .earliest()
        .map_or_else(|| date.to_string(), |time| time.format("%Y-%m-%dT%H:%M:%S%:z").to_string())
}

/// A number, or the same as a text.
pub(super) fn number(number: u64, as_text: bool) -> Value {
    if as_text { json!(number.to_string()) } else { json!(number) }
}

pub(super) fn text(text: Option<&str>) -> Value {
    json!(text.unwrap_or_default())
}
