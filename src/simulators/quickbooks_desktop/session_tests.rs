use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::super::company_file::CompanyFile;
use super::super::faults::{Fault, Faults, PlannedFault};
use super::super::options::{EnvelopeStyle, SessionOptions};
use super::super::report::{Event, Operation, Outcome, RecordsSent, SessionReport};
use super::super::test_service::{Script, TestService};
use super::super::web_connector::{WebConnector, run_session};
use crate::domain::secret::Secret;

const OWNER: &str = "{87EDAAF8-637E-4203-867F-4BA79C2F8998}";
const FILE: &str = "{CA1C3EB8-1B61-4747-A743-8D5B438B83AC}";
const EMPLOYEES: &str = "<EmployeeQueryRq requestID=\"1\"><ActiveStatus>All</ActiveStatus></EmployeeQueryRq>";

fn document(requests: &str) -> String {
    let text = format!(
        "<?xml version=\"1.0\"?><?qbxml version=\"13.0\"?><QBXML><QBXMLMsgsRq onError=\"stopOnError\">{requests}</QBXMLMsgsRq></QBXML>"
    );
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// A service with one request in it, which returns these percentages and answers getLastError with this text.
fn script(verdict: &'static str, request: &str, percent: i32, last_error: &'static str) -> Script {
    let mut request = document(request);
    Box::new(move |operation, _| match operation {
        "authenticate" => format!("<string>ticket-1</string><string>{verdict}</string>"),
        "sendRequestXML" => std::mem::take(&mut request),
        "receiveResponseXML" => percent.to_string(),
        "getLastError" => last_error.to_owned(),
        "connectionError" => "done".to_owned(),
        "closeConnection" => "OK".to_owned(),
        _ => String::new(),
    })
}

fn options(url: &str) -> SessionOptions {
    SessionOptions {
        owner_id: OWNER.to_owned(),
        file_id: FILE.to_owned(),
        noop_pause: Duration::ZERO,
        max_noops: 2,
        ..SessionOptions::new(url, "ana", Secret::new("p<w"))
    }
}

async fn run(service: &TestService, fault: Option<PlannedFault>) -> SessionReport {
    let mut connector = WebConnector::new(options(&service.url));
    connector.faults = Faults::new(fault);
    connector.run(&mut CompanyFile::new(1, 40, 0)).await.unwrap()
}

async fn with_fault(fault: &str) -> (SessionReport, String) {
    let service = TestService::start(script("", EMPLOYEES, 100, ""), false).await;
    let report = run(&service, Some(fault.parse().unwrap())).await;
    let received = service.received();
    (
        report,
        received
            .iter()
            .rev()
            .find(|one| one.body.contains("<response"))
            .map(|one| one.body.clone())
            .unwrap_or_default(),
    )
}

#[tokio::test]
async fn a_session_goes_as_captured() {
    use Operation::*;
    let service = TestService::start(script("", EMPLOYEES, 100, ""), false).await;
    let report = run(&service, None).await;
    assert_eq!(report.outcome, Outcome::Completed);
    assert_eq!(
        report.calls,
        [ServerVersion, ClientVersion, Authenticate, SendRequestXml, ReceiveResponseXml, CloseConnection]
    );
    assert_eq!(report.records, RecordsSent { employees: 40, ..RecordsSent::default() });
    assert_eq!((report.progress, report.violations), (vec![100], Vec::<String>::new()));
    assert_eq!(report.close_message.as_deref(), Some("OK"));
    let received = service.received();
    let body = |at: usize| received[at].body.split_once("<soap:Body>").unwrap().1;
    assert!(body(1).starts_with(
        "<clientVersion xmlns=\"http://developer.intuit.com/\"><strVersion>2.3.0.215</strVersion>"
    ));
    assert!(body(2).contains("<strUserName>ana</strUserName><strPassword>p&lt;w</strPassword>"));
    assert!(body(3).contains(
        "<ticket>ticket-1</ticket><strHCPResponse>&lt;?xml version=\"1.0\" ?&gt;\n&lt;QBXML&gt;\n&lt;QBXMLMsgsRs&gt;\n&lt;HostQueryRs requestID=\"0\" "
    ));
    assert!(body(3).contains(&format!("&lt;DataExtValue&gt;{FILE}&lt;/DataExtValue&gt;")));
    assert!(body(3).contains(
        "<qbXMLCountry>US</qbXMLCountry><qbXMLMajorVers>13</qbXMLMajorVers><qbXMLMinorVers>0</qbXMLMinorVers>"
    ));
    assert!(body(4).contains("<response>&lt;?xml version=\"1.0\" ?&gt;\n&lt;QBXML&gt;\n&lt;QBXMLMsgsRs&gt;\n&lt;EmployeeQueryRs requestID=\"1\" statusCode=\"0\" "));
    assert!(body(4).ends_with(
        "&lt;/QBXML&gt;\n</response><hresult /><message /></receiveResponseXML></soap:Body></soap:Envelope>"
    ));
}

#[tokio::test]
async fn the_verdicts_of_authenticate_end_the_session() {
    let verdicts =
        [("nvu", Outcome::InvalidPassword), ("NONE", Outcome::NothingToDo), ("busy", Outcome::Busy)];
    for (verdict, outcome) in verdicts {
        let service = TestService::start(script(verdict, "", 100, ""), false).await;
        let report = run(&service, None).await;
        assert_eq!(report.outcome, outcome);
        assert_eq!(report.calls.last(), Some(&Operation::CloseConnection));
    }
}

#[tokio::test]
async fn noop_asks_again_and_gives_up_in_the_end() {
    let mut asked = 0;
    let mut inner = script("", EMPLOYEES, 100, "NoOp");
    let script: Script = Box::new(move |operation, body| {
        asked += usize::from(operation == "sendRequestXML");
        if operation == "sendRequestXML" && asked < 3 { String::new() } else { inner(operation, body) }
    });
    let service = TestService::start(script, false).await;
    assert_eq!(run(&service, None).await.outcome, Outcome::Completed);
    let received = service.received();
    let sends: Vec<bool> = received
        .iter()
        .filter(|one| one.head.contains("sendRequestXML"))
        .map(|one| one.body.contains("<strHCPResponse />"))
        .collect();
    assert_eq!(sends, [false, true, true]);

    let idle: Script = Box::new(|operation, _| match operation {
        "authenticate" => "<string>t</string><string/>".to_owned(),
        "getLastError" => "NoOp".to_owned(),
        _ => String::new(),
    });
    let service = TestService::start(idle, false).await;
    assert_eq!(run(&service, None).await.outcome, Outcome::Vanished);
}

#[tokio::test]
async fn a_negative_percentage_ends_with_the_last_error() {
    let service = TestService::start(script("", EMPLOYEES, -101, "wrong file"), false).await;
    let report = run(&service, None).await;
    assert_eq!(report.outcome, Outcome::Refused { message: "wrong file".to_owned() });
    assert_eq!(report.last_error.as_deref(), Some("wrong file"));
    assert_eq!(report.calls.last(), Some(&Operation::CloseConnection));
}

#[tokio::test]
async fn what_the_service_does_wrong_is_told() {
    // Out of order; and 50 percent, though nothing is left.
    let wrong = "<EmployeeQueryRq><IncludeRetElement>Name</IncludeRetElement><ActiveStatus>All</ActiveStatus></EmployeeQueryRq>";
    let service = TestService::start(script("", wrong, 50, "none left"), false).await;
    let report = run(&service, None).await;
    assert_eq!(
        report.violations,
        [
            "QuickBooks refused a request: ActiveStatus is not allowed at this place in EmployeeQueryRq",
            "the service said less than 100 and had no request left",
        ]
    );
    let received = service.received();
    let answer = &received.iter().find(|one| one.head.contains("receiveResponseXML")).unwrap().body;
    assert!(answer.contains("<response /><hresult>0x80040400</hresult><message>QuickBooks found an error when parsing the provided XML text stream.</message>"));

    let pages = "<CustomerQueryRq iterator=\"Start\"><MaxReturned>5</MaxReturned></CustomerQueryRq>";
    let service = TestService::start(script("", pages, 100, ""), false).await;
    let mut file = CompanyFile::new(1, 0, 20);
    let report = WebConnector::new(options(&service.url)).run(&mut file).await.unwrap();
    assert_eq!(report.violations, ["receiveResponseXML said 100 while an iterator has rows left"]);
}

#[tokio::test]
async fn a_reply_that_is_not_as_it_should_be_fails_the_session() {
    let bad = "HTTP/1.1 500 Oops\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\noops";
    let mut inner = script("", EMPLOYEES, 100, "");
    let script: Script =
        Box::new(
            move |operation, body| {
                if operation == "receiveResponseXML" { bad.to_owned() } else { inner(operation, body) }
            },
        );
    let service = TestService::start(script, false).await;
    let report = run(&service, None).await;
    let reason = "The request failed with HTTP status 500.".to_owned();
    assert_eq!(report.outcome, Outcome::Failed { operation: Operation::ReceiveResponseXml, reason });
    assert_eq!(report.records, RecordsSent::default());

    let nobody = WebConnector::new(options("http://127.0.0.1:1/")).run(&mut CompanyFile::new(1, 1, 0)).await;
    assert!(nobody.is_err());
}

#[tokio::test]
async fn the_faults_spoil_what_they_should() {
    let (report, body) = with_fault("partial-list").await;
    assert_eq!((report.records.employees, report.struck.as_slice()), (20, &[Fault::PartialList][..]));
    assert_eq!((body.contains("retCount=\"20\""), body.matches("/EmployeeRet&gt;").count()), (true, 20));
    let (report, body) = with_fault("empty-list").await;
    assert_eq!((report.records.employees, body.contains("statusCode=\"1\"")), (0, true));
    let (report, body) = with_fault("warn-500").await;
    assert_eq!(
        (report.records.employees, body.contains("statusCode=\"500\" statusSeverity=\"Warn\"")),
        (40, true)
    );
    let (_, body) = with_fault("no-permission").await;
    assert!(body.contains("statusCode=\"3260\" statusSeverity=\"Error\"") && !body.contains("EmployeeRet"));
    let (_, body) = with_fault("truncated-answer").await;
    assert!(!body.contains("/QBXML&gt;") && body.contains("</response><hresult /><message />"));
    let (report, body) = with_fault("parse-error").await;
    assert!(body.contains("<hresult>0x80040400</hresult>") && report.violations.is_empty());
    let (report, body) = with_fault("cut-answer").await;
    assert!(matches!(report.outcome, Outcome::Failed { operation: Operation::ReceiveResponseXml, .. }));
    assert_eq!(body, "");
    let (report, _) = with_fault("vanish@4").await;
    assert_eq!((report.outcome, report.calls.len()), (Outcome::Vanished, 4));
}

#[tokio::test]
async fn the_faults_of_the_company_file_show_before_any_request() {
    for (fault, hresult) in [("busy-file", "0x8004040A"), ("quickbooks-closed", "0x80040408")] {
        let (report, _) = with_fault(fault).await;
        let Outcome::Failed { operation: Operation::ConnectionError, reason } = report.outcome else {
            panic!()
        };
        assert!(reason.starts_with(hresult));
        assert_eq!(report.calls.last(), Some(&Operation::ConnectionError));
    }
    for (fault, told) in [("other-company-file", false), ("no-file-id", false)] {
        let service = TestService::start(script("", EMPLOYEES, 100, ""), false).await;
        run(&service, Some(fault.parse().unwrap())).await;
        assert_eq!(service.received()[3].body.contains(FILE), told, "{fault}");
    }
}

#[tokio::test]
async fn an_observer_sees_it_all_and_rpc_style_works() {
    let service = TestService::start(script("", EMPLOYEES, 100, ""), false).await;
    let options = SessionOptions { style: EnvelopeStyle::Rpc, ..options(&service.url) };
    let seen = Arc::new(Mutex::new(Vec::new()));
    let observer = |event: &Event<'_>| {
        if let Event::Answered { records, bytes } = event {
            seen.lock().unwrap().push((records.employees, *bytes));
        }
    };
    let mut file = CompanyFile::new(1, 40, 0);
    let report = run_session(&options, &mut file, &mut Faults::none(), &observer).await.unwrap();
    assert_eq!(report.outcome, Outcome::Completed);
    let sent = service.received()[4].body.len() as u64;
    assert_eq!(*seen.lock().unwrap(), [(40, sent)]);
}

#[tokio::test]
async fn a_dead_iterator_can_be_started_again() {
    let mut iterator = String::new();
    let script: Script = Box::new(move |operation, body| match operation {
        "authenticate" => "<string>t</string><string/>".to_owned(),
        "sendRequestXML" => {
            let step = if iterator.is_empty() {
                "Start".to_owned()
            } else {
                format!("Continue\" iteratorID=\"{iterator}")
            };
            document(&format!(
                "<CustomerQueryRq iterator=\"{step}\"><MaxReturned>10</MaxReturned><ActiveStatus>All</ActiveStatus></CustomerQueryRq>"
            ))
        }
        "receiveResponseXML" => {
            let dead = body.contains("statusCode=\"3391\"");
            iterator = body
                .split_once("iteratorID=\"")
                .map_or("", |(_, rest)| rest.split_once('"').unwrap().0)
                .to_owned();
            if dead {
                iterator.clear();
            }
            if body.contains("iteratorRemainingCount=\"0\"") { "100" } else { "50" }.to_owned()
        }
        _ => String::new(),
    });
    let service = TestService::start(script, false).await;
    let mut connector = WebConnector::new(options(&service.url));
    connector.faults.add("dead-iterator@1".parse::<PlannedFault>().unwrap());
    let report = connector.run(&mut CompanyFile::new(1, 0, 30)).await.unwrap();
    assert_eq!((report.outcome, report.violations), (Outcome::Completed, Vec::new()));
    // Two pages, the dead one, and three pages.
    assert_eq!((report.records.customers, report.progress.len()), (50, 6));
    assert_eq!(report.struck, [Fault::DeadIterator]);
}
