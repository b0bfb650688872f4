//! What QuickBooks' numbers mean, what Rollcall does about each, and what the person should do.
//!
//! Sources: Programmer's Guide p. 70 and Intuit's sample services for the HRESULTs, the On-Screen Reference's table of
//! status codes for the rest; entries marked † come from third parties only.

use crate::domain::problem::Problem;

/// What Rollcall does when QuickBooks could not be reached or did not take a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Response {
    /// Ends the session; the next call of the Web Connector starts anew.
    Stop,
    /// Asks once more with the full path of the company file.
    RetryWithPath,
    /// Never sends the same request again; goes on with the next list.
    SkipRequest,
}

/// One HRESULT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hresult {
    pub code: u32,
    pub meaning: &'static str,
    pub response: Response,
    pub remedy: &'static str,
}

const UNKNOWN_HRESULT: Hresult = Hresult {
    code: 0,
    meaning: "QuickBooks or its request processor failed.",
    response: Response::Stop,
    remedy: "Look at the message and at QWCLog.txt on the QuickBooks computer; run the update again.",
};

const fn stop(code: u32, meaning: &'static str, remedy: &'static str) -> Hresult {
    Hresult { code, meaning, response: Response::Stop, remedy }
}

/// The HRESULTs that are known.
pub const HRESULTS: &[Hresult] = &[
    Hresult {
        code: 0x8004_0400,
        meaning: "QuickBooks could not read the request that Rollcall sent.",
        response: Response::SkipRequest,
        remedy: "Nothing on your side: Rollcall will not send this request again until tomorrow or until you ask for \
                 it. Please report the request named in the run.",
    },
    stop(
        0x8004_0401,
        "QuickBooks could not be accessed.",
        "Open QuickBooks with the company file, sign in as its administrator and run the update again.",
    ),
    stop(
        0x8004_0402,
        "QuickBooks had an unexpected error.",
        "Look at qbsdklog.txt on the QuickBooks computer, restart QuickBooks and run the update again.",
    ),
    stop(
        0x8004_0408,
        "QuickBooks could not be started.",
        "Start QuickBooks as the same Windows user as the Web Connector, neither of them as administrator, and run \
         the update again.",
    ),
    stop(
        0x8004_040A, // †
        "Another company file is open on the QuickBooks computer.",
        "Close that company file, or open the one that belongs to this connection, and run the update again.",
    ),
    stop(
        0x8004_040D,
        "QuickBooks' session ended while the Web Connector used it.",
        "Nothing to do: the next update starts a new one.",
    ),
    stop(
        0x8004_0410, // †
        "The company file is open in another mode (single-user or multi-user).",
        "Switch QuickBooks to multi-user mode, or close it on the other computers, and run the update again.",
    ),
    stop(
        0x8004_0414, // †
        "QuickBooks has a dialog open that waits for an answer.",
        "Close the dialog in QuickBooks and run the update again.",
    ),
    Hresult {
        code: 0x8004_0416,
        meaning: "QuickBooks is not running, so it must be told which company file to open.",
        response: Response::RetryWithPath,
        remedy: "Leave QuickBooks open, or set `company_file` of this connection to the full path of the file.",
    },
    stop(
        0x8004_041A, // †
        "This application has no permission for the company file.",
        "In QuickBooks: Edit, Preferences, Integrated Applications, Company Preferences: allow this application, also \
         when QuickBooks is not running.",
    ),
    stop(
        0x8004_0420,
        "Access to the company file was refused in QuickBooks.",
        "Run the update again and choose «Yes, always» when QuickBooks asks, signed in as its administrator.",
    ),
    stop(0x8004_0421, "QuickBooks refused.", "Follow the message that QuickBooks gave."), // †
    stop(
        0x8004_0422, // †
        "QuickBooks must be in single-user mode for this.",
        "Switch QuickBooks to single-user mode and run the update again.",
    ),
    stop(
        0x8004_0154, // †
        "QuickBooks' request processor (QBXMLRP2) is not installed on this computer.",
        "Install the Web Connector again, from QuickBooks' own menu or from Intuit's page.",
    ),
];

/// What an HRESULT such as `0x80040408` means; `0x` and capitals do not matter.
pub fn hresult(text: &str) -> Hresult {
    let digits = text.trim();
    let digits = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")).unwrap_or(digits);
    let code = u32::from_str_radix(digits, 16).ok();
    HRESULTS.iter().find(|known| Some(known.code) == code).copied().unwrap_or(UNKNOWN_HRESULT)
}

/// An HRESULT with QuickBooks' own message, for people.
pub fn hresult_problem(text: &str, message: &str) -> Problem {
    let known = hresult(text);
    let digits = text.trim().trim_start_matches("0x").trim_start_matches("0X").to_ascii_lowercase();
    let said =
        if message.trim().is_empty() { String::new() } else { format!(" It said: «{}»", message.trim()) };
    Problem::new(
        format!("quickbooks_{digits}"),
        format!("{} ({}).{said}", known.meaning.trim_end_matches('.'), text.trim()),
        known.remedy,
    )
}

/// What an answer's status makes of its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The rows are all there are.
    Whole,
    /// The rows count, but there may be more: nobody is absent by them.
    Partial,
    /// No list: it is left as it is.
    NoList,
    /// The iterator is gone: the list begins anew.
    Restart,
    /// The list failed; the next session tries again.
    Failed,
    /// The request itself is refused: it is not sent again.
    Refused,
    /// Nothing will work in this session.
    Stop,
}

/// One status code, or a range of them.
#[derive(Debug, Clone, Copy)]
pub struct StatusCode {
    pub from: u32,
    pub to: u32,
    pub verdict: Verdict,
    pub meaning: &'static str,
    pub remedy: &'static str,
}

const fn status(
    from: u32,
    to: u32,
    verdict: Verdict,
    meaning: &'static str,
    remedy: &'static str,
) -> StatusCode {
    StatusCode { from, to, verdict, meaning, remedy }
}

const AGAIN: &str = "Nothing to do: the next update tries again.";
const REPORT: &str = "Nothing on your side: Rollcall will not send this request again until tomorrow or until you ask \
                      for it. Please report it.";

/// The status codes that matter here; the first entry that holds a code counts.
pub const STATUS_CODES: &[StatusCode] = &[
    status(0, 0, Verdict::Whole, "All is well.", ""),
    status(1, 1, Verdict::Whole, "QuickBooks has no such record: the list is empty.", ""),
    status(2, 499, Verdict::Whole, "All is well, with a remark.", ""),
    status(
        500,
        999,
        Verdict::Partial,
        "QuickBooks warns that its answer may not be complete. What it sent is kept, and nobody was marked absent.",
        "Run Verify Data in QuickBooks (File, Utilities) if this repeats.",
    ),
    status(1000, 1029, Verdict::Failed, "QuickBooks had an internal error or was not available.", AGAIN),
    status(1030, 1030, Verdict::Refused, "This QuickBooks does not support the request.", REPORT),
    status(1031, 1999, Verdict::Failed, "QuickBooks had an error.", AGAIN),
    status(2000, 3099, Verdict::Refused, "QuickBooks does not accept the request.", REPORT),
    status(
        3170,
        3180,
        Verdict::Failed,
        "The list is being changed or is locked by another user of QuickBooks.",
        AGAIN,
    ),
    status(
        3250,
        3250,
        Verdict::NoList,
        "This feature is not switched on or not part of this QuickBooks. The list was left as it is.",
        "Switch the feature on in QuickBooks if you want this list.",
    ),
    status(
        3260,
        3261,
        Verdict::Stop,
        "The QuickBooks user or this application may not see the list.",
        "Sign in to QuickBooks as its administrator, or allow this application in Edit, Preferences, Integrated \
         Applications.",
    ),
    status(3391, 3391, Verdict::Restart, "QuickBooks lost its place in the list.", AGAIN),
    status(3100, 9999, Verdict::Failed, "QuickBooks refused.", AGAIN),
];

const UNKNOWN_STATUS: StatusCode =
    status(0, 0, Verdict::Failed, "QuickBooks gave a code that is not known.", AGAIN);

/// What a status code means.
pub fn status_code(code: u32) -> StatusCode {
    STATUS_CODES
        .iter()
        .find(|known| (known.from..=known.to).contains(&code))
        .copied()
        .unwrap_or(UNKNOWN_STATUS)
}

/// A status with QuickBooks' own message, for people.
pub fn status_problem(code: u32, message: &str) -> Problem {
    let known = status_code(code);
    let said =
        if message.trim().is_empty() { String::new() } else { format!(" It said: «{}»", message.trim()) };
    Problem::new(
        format!("quickbooks_status_{code}"),
        format!("{} (status {code}).{said}", known.meaning.trim_end_matches('.')),
        known.remedy,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_that_fails_says_what_to_do() {
        assert!(HRESULTS.iter().all(|known| !known.meaning.is_empty() && !known.remedy.is_empty()));
        for known in STATUS_CODES.iter().filter(|known| known.verdict != Verdict::Whole) {
            assert!(!known.remedy.is_empty(), "{}", known.from);
        }
    }

    #[test]
    fn an_hresult_is_found_however_it_is_written() {
        assert_eq!(hresult("0x80040408").code, 0x8004_0408);
        assert_eq!(hresult("8004040a").code, 0x8004_040A);
        assert_eq!(hresult("nonsense"), UNKNOWN_HRESULT);
    }

    #[test]
    fn an_empty_list_is_a_success_and_a_lost_iterator_begins_anew() {
        assert_eq!(status_code(1).verdict, Verdict::Whole);
        assert_eq!(status_code(500).verdict, Verdict::Partial);
        assert_eq!(status_code(3391).verdict, Verdict::Restart);
        assert_eq!(status_code(3261).verdict, Verdict::Stop);
        assert_eq!(status_code(3120).verdict, Verdict::Failed);
    }
}
