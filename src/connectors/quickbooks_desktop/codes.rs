//! What QuickBooks' numbers mean, what Rollcall does about each, and what the person should do.
//!
//! Sources: Programmer's Guide p. 70 and Intuit's sample services for the HRESULTs, the On-Screen Reference's table of
//! status codes for the rest; entries marked † come from third parties only, who quote Intuit's words or tell what
//! helped; of those marked ‡ nobody has published more than that they are met.
//!
//! QuickBooks' own messages are not repeated: they may name anybody (promise 7). What they say without a name stands
//! here, by their number.

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
    remedy: "Look at QuickBooks' own message in QWCLog.txt on the QuickBooks computer; run the update again.",
};

const ALLOW: &str = "Open the company file in QuickBooks as its administrator, run the update, and choose «Yes, whenever \
                     this QuickBooks company file is open» or «Yes, always; allow access even if QuickBooks is not \
                     running» when QuickBooks asks.";

const fn stop(code: u32, meaning: &'static str, remedy: &'static str) -> Hresult {
    Hresult { code, meaning, response: Response::Stop, remedy }
}

const PATH: &str =
    "Leave QuickBooks open, or set `company_file` of this connection to the full path of the file.";

/// The HRESULTs that are known.
pub const HRESULTS: &[Hresult] = &[
    Hresult {
        code: 0x8004_0400,
        meaning: "QuickBooks could not read the request that Rollcall sent.",
        response: Response::SkipRequest,
        remedy: "Nothing on your side: Rollcall will not send this request again until tomorrow or until you ask for \
                 it. Please report it with the ID of this run and the version of QuickBooks.",
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
        0x8004_0403, // †
        "QuickBooks could not open the company file.",
        "Look whether the file is where `company_file` of this connection says, and opens in QuickBooks; then run the \
         update again.",
    ),
    stop(
        0x8004_0409, // †
        "This QuickBooks cannot work with the company file: it is of another version or edition.",
        "Open the company file with the QuickBooks that it belongs to (a newer one asks to update it first), and run \
         the update on the computer that has that QuickBooks.",
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
        remedy: PATH,
    },
    Hresult {
        code: 0x8004_0417, // †
        meaning: "QuickBooks has no company file open, so it must be told which one to open.",
        response: Response::RetryWithPath,
        remedy: PATH,
    },
    stop(
        0x8004_0418, // †
        "This application has never been allowed to read the company file, and only QuickBooks' administrator can allow \
         it.",
        ALLOW,
    ),
    stop(
        0x8004_041A, // †
        "This application has no permission for the company file.",
        "In QuickBooks: Edit, Preferences, Integrated Applications, Company Preferences: allow this application, also \
         when QuickBooks is not running.",
    ),
    stop(
        0x8004_041B, // †
        "QuickBooks could not lock what it needs to let this application in: somebody else is using it.",
        "Run the update again in a few minutes. If it stays, close QuickBooks on all computers, open the company file as \
         its administrator and run the update.",
    ),
    stop(
        0x8004_041C, // †
        "QuickBooks had an internal error when it opened the company file.",
        "Restart QuickBooks and run the update again. If it stays, run Verify Data in QuickBooks (File, Utilities).",
    ),
    stop(
        0x8004_041D, // †
        "This application may not sign in to the company file by itself, and QuickBooks is not open.",
        "Leave QuickBooks open with the company file; or, as its administrator, in Edit, Preferences, Integrated \
         Applications, Company Preferences, Properties of this application: tick «Allow this application to login \
         automatically», choose a user and press OK. Then run the update again.",
    ),
    stop(
        0x8004_041E, // †
        "The certificate with which this application was allowed in QuickBooks has expired.",
        ALLOW,
    ),
    stop(
        0x8004_0420,
        "Access to the company file was refused in QuickBooks.",
        "Run the update again and choose «Yes, always» when QuickBooks asks, signed in as its administrator.",
    ),
    stop(
        0x8004_0421, // †
        "QuickBooks refused, and gave its reason.",
        "Follow the message in QWCLog.txt on the QuickBooks computer, then run the update again.",
    ),
    stop(
        0x8004_0422, // †
        "QuickBooks must be in single-user mode for this.",
        "Switch QuickBooks to single-user mode and run the update again.",
    ),
    stop(
        0x8004_0424, // †
        "QuickBooks was still starting.",
        "Wait until QuickBooks shows the company file, then run the update again.",
    ),
    stop(
        0x8004_0427, // †
        "This QuickBooks is not registered.",
        "Register QuickBooks (Help, Register QuickBooks), then run the update again.",
    ),
    stop(
        0x8004_0430, // ‡
        "QuickBooks did not let this application open the company file.",
        "Close every dialog in QuickBooks, open the company file as its administrator and run the update while it is \
         open. If it only fails while QuickBooks is closed, let this application sign in as a QuickBooks user that \
         nobody else uses: Edit, Preferences, Integrated Applications, Company Preferences, Properties.",
    ),
    stop(
        0x8004_0438, // †
        "More than one QuickBooks runs on the computer, or one that did not end is left over.",
        "Close QuickBooks, end QBW.EXE in the Task Manager where it still runs, or restart the computer; then run the \
         update again with one QuickBooks, or none, open.",
    ),
    stop(
        0x8004_0154, // †
        "QuickBooks' request processor (QBXMLRP2) is not installed on this computer.",
        "Install the Web Connector again, from QuickBooks' own menu or from Intuit's page.",
    ),
];

/// The number in an HRESULT such as `0x80040408`; `0x` and capitals do not matter.
fn number(text: &str) -> Option<u32> {
    let digits = text.trim();
    let digits = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")).unwrap_or(digits);
    u32::from_str_radix(digits, 16).ok()
}

/// What an HRESULT means.
pub fn hresult(text: &str) -> Hresult {
    let code = number(text);
    HRESULTS.iter().find(|known| Some(known.code) == code).copied().unwrap_or(UNKNOWN_HRESULT)
}

/// An HRESULT for people.
pub fn hresult_problem(text: &str) -> Problem {
    let known = hresult(text);
    let meaning = known.meaning.trim_end_matches('.');
    let (code, detail) = match number(text) {
        Some(number) => (format!("quickbooks_{number:08x}"), format!("{meaning} (0x{number:08X}).")),
        None => ("quickbooks_unknown".to_owned(), format!("{meaning}, and gave no number.")),
    };
    Problem::new(code, detail, known.remedy)
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
        Verdict::Failed,
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

/// A status for people.
pub fn status_problem(code: u32) -> Problem {
    let known = status_code(code);
    Problem::new(
        format!("quickbooks_status_{code}"),
        format!("{} (status {code}).", known.meaning.trim_end_matches('.')),
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
    fn what_people_meet_has_a_meaning_and_a_remedy_of_its_own() {
        for text in
            ["0x80040409", "0x80040417", "0x80040418", "0x8004041B", "0x8004041D", "0x80040430", "0x80040438"]
        {
            let (known, problem) = (hresult(text), hresult_problem(text));
            assert_ne!(known, UNKNOWN_HRESULT, "{text}");
            assert_ne!(problem.remedy, UNKNOWN_HRESULT.remedy, "{text}");
            assert!(problem.detail.ends_with(&format!("({text}).")), "{}", problem.detail);
        }
        assert_eq!(hresult("0x80040417").response, Response::RetryWithPath);
        let mut codes: Vec<u32> = HRESULTS.iter().map(|known| known.code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), HRESULTS.len(), "a code stands there twice");
    }

    #[test]
    fn what_is_no_number_is_not_repeated() {
        let problem = hresult_problem("987-65-4320");
        assert_eq!(problem.code, "quickbooks_unknown");
        assert!(!problem.sentence().contains("987"), "{}", problem.sentence());
    }

    #[test]
    fn an_empty_list_is_a_success_and_a_lost_iterator_begins_anew() {
        assert_eq!(status_code(1).verdict, Verdict::Whole);
        assert_eq!(status_code(500).verdict, Verdict::Partial);
        assert_eq!(status_code(3391).verdict, Verdict::Restart);
        assert_eq!(status_code(3261).verdict, Verdict::Failed, "another list may be seen");
        assert_eq!(status_code(3120).verdict, Verdict::Failed);
    }
}
