//! Answers that could not be taken in: people are told why, and where to look.

use std::time::Duration;

use rollcall::{
    domain::words::{ConnectionState, List, Mode, RunState},
    http::server::Limits,
    simulators::quickbooks_desktop::CompanyFile,
    store::runs::Run,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{
    Desk, on_each_engine,
    server::Server,
    wire::{Manual, Reply, envelope, raw},
};
use crate::support::TestDatabase;

/// A session at the point where QuickBooks answers.
async fn waiting<'a>(desk: &'a Desk, file: &mut CompanyFile) -> (Manual<'a>, String) {
    let at = desk.server.address;
    desk.poll(Mode::Full).await;
    let mut session = Manual::begin(at, &desk.options, file).await.unwrap();
    let request = session.send(at).await;
    let answer = session.answer(&request, file);
    (session, answer)
}

/// The first words of a call of `method` of which no more comes.
async fn cut(desk: &Desk, method: &str, start: &str) -> String {
    let mut socket = TcpStream::connect(desk.server.address).await.unwrap();
    let whole = envelope(method, start);
    let beginning = whole.split(&format!("</{method}>")).next().unwrap();
    let call = format!(
        "POST /qbwc HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\nConnection: close\r\n\
         Content-Length: 99999\r\n\r\n{beginning}"
    );
    socket.write_all(call.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.unwrap();
    Reply::parse(&answer).text()
}

#[tokio::test]
async fn of_a_call_that_is_cut_is_said_which_one_it_was() {
    let database = TestDatabase::sqlite();
    let mut desk = Desk::open(&database, &[]).await;
    let soon = |limits: &mut Limits| limits.body_timeout = Duration::from_millis(200);
    desk.server = Server::start_within(&desk.store, &desk.ambient, 1 << 32, soon).await.into();
    for method in [
        "serverVersion",
        "getServerVersion",
        "clientVersion",
        "authenticate",
        "sendRequestXML",
        "connectionError",
        "getLastError",
        "closeConnection",
        "getInteractiveURL",
        "interactiveDone",
        "isInteractiveDone",
        "interactiveRejected",
    ] {
        let words = cut(&desk, method, "<ticket>{1}</ticket>").await;
        assert!(words.starts_with(&format!("The call `{method}` stopped arriving")), "{words}");
    }
    // One that the service does not have is not repeated.
    let words = cut(&desk, "hunter2", "").await;
    assert!(!words.contains("hunter2") && !words.contains("QuickBooks' answer"), "{words}");
}

#[tokio::test]
async fn an_answer_that_comes_too_slowly_is_ended_in_words() {
    let database = TestDatabase::sqlite();
    let mut desk = Desk::open(&database, &[]).await;
    let soon = |limits: &mut Limits| {
        (limits.body_timeout, limits.min_body_rate) = (Duration::from_millis(500), 100_000);
    };
    desk.server = Server::start_within(&desk.store, &desk.ambient, 1 << 32, soon).await.into();
    let mut file = CompanyFile::new(155, 10, 0);
    let (session, answer) = waiting(&desk, &mut file).await;
    let mut socket = TcpStream::connect(desk.server.address).await.unwrap();
    let response = quick_xml::escape::partial_escape(&answer);
    let content = format!("<ticket>{}</ticket><response>{response}</response>", session.ticket);
    let body = envelope("receiveResponseXML", &content);
    let head = format!(
        "POST /qbwc HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let (mut read, mut write) = socket.split();
    let mut told = Vec::new();
    // Never silent, and never done.
    let dribble = async {
        let mut pace = tokio::time::interval(Duration::from_millis(20));
        for byte in body.as_bytes() {
            pace.tick().await;
            if write.write_all(&[*byte]).await.is_err() {
                break;
            }
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = dribble => {}
        read = read.read_to_end(&mut told) => drop(read.unwrap()),
    }
    let words = Reply::parse(&told).text();
    assert!(words.contains("came too slowly. Run the update again."), "{words}");
    // The next update goes through, and nobody was marked.
    desk.server = Server::start(&desk.store, &desk.ambient).await.into();
    assert_eq!(desk.absent().await, 0);
}

#[tokio::test]
async fn a_record_whose_id_is_too_long_is_left_out_and_the_others_are_kept() {
    on_each_engine(async |database| {
        let desk = Desk::open(database, &[]).await;
        let mut file = CompanyFile::new(156, 10, 0);
        let (session, answer) = waiting(&desk, &mut file).await;
        let (before, rest) = answer.split_once("<ListID>").unwrap();
        let (_, after) = rest.split_once("</ListID>").unwrap();
        let long = format!("{before}<ListID>{}</ListID>{after}", "8".repeat(256));
        assert!(session.receive(desk.server.address, &long).await >= 0);
        assert_eq!(desk.staged(List::Employee).await.len(), 9);
        let run = last_run(&desk).await;
        assert!(!run.reconciled, "{run:?}");
        let problem = run.problem.unwrap();
        assert_eq!(problem.code, "records_refused", "{problem:?}");
        assert!(!problem.detail.contains("888"), "{problem:?}");
        assert_eq!(desk.stands().await.state, ConnectionState::Incomplete);
    })
    .await;
}

async fn last_run(desk: &Desk) -> Run {
    desk.runs().await.into_iter().find(|run| run.list == List::Employee).unwrap()
}

#[tokio::test]
async fn an_answer_that_is_too_large_in_chunks_says_so() {
    on_each_engine(async |database| {
        let mut desk = Desk::open(database, &[]).await;
        desk.server = Server::start_with(&desk.store, &desk.ambient, 100_000).await.into();
        let mut file = CompanyFile::new(150, 300, 0);
        let (session, answer) = waiting(&desk, &mut file).await;
        let response = quick_xml::escape::partial_escape(&answer);
        let content = format!("<ticket>{}</ticket><response>{response}</response>", session.ticket);
        let body = envelope("receiveResponseXML", &content);
        assert!(body.len() > 120_000);
        let mut call =
            b"POST /qbwc HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\nConnection: close\r\n\
                         Transfer-Encoding: chunked\r\n\r\n"
                .to_vec();
        for chunk in body.as_bytes().chunks(10_000) {
            call.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            call.extend_from_slice(chunk);
            call.extend_from_slice(b"\r\n");
        }
        call.extend_from_slice(b"0\r\n\r\n");
        let reply = raw(desk.server.address, &call).await;
        assert!(
            reply.text().contains("larger than this gateway accepts (ROLLCALL_MAX_QBWC_BODY)"),
            "{reply:?}"
        );
        let words = session.last_error(desk.server.address).await;
        assert!(words.contains("larger than this gateway accepts") && words.contains("page_size"), "{words}");
        let run = last_run(&desk).await;
        assert_eq!((run.state, run.problem.unwrap().code.as_str()), (RunState::Failed, "answer_too_large"));
        assert_eq!(desk.problem().await.as_deref(), Some("answer_too_large"));
    })
    .await;
}

#[tokio::test]
async fn a_failure_of_our_own_database_is_not_put_down_to_the_source() {
    on_each_engine(async |database| {
        let desk = Desk::open(database, &[]).await;
        let mut file = CompanyFile::new(151, 10, 0);
        let (session, answer) = waiting(&desk, &mut file).await;
        refuse_records(database);
        let parameters = [("ticket", session.ticket.as_str()), ("response", answer.as_str())];
        let told = super::wire::call(desk.server.address, "receiveResponseXML", &parameters).await;
        assert!(told.contains("Rollcall's database failed"), "{told}");
        session.close(desk.server.address).await;
        let problem = last_run(&desk).await.problem.unwrap();
        assert_eq!(problem.code, "database_failed");
        assert!(problem.detail.contains("Rollcall's own database failed"), "{problem:?}");
        assert!(session.last_error(desk.server.address).await.contains("own database failed"));
    })
    .await;
}

/// From now on the database takes no record.
fn refuse_records(database: &TestDatabase) {
    use diesel::{Connection, RunQueryDsl};
    match database.url.strip_prefix("sqlite:") {
        Some(path) => {
            let sql = "CREATE TRIGGER full_up BEFORE INSERT ON records BEGIN SELECT RAISE(ABORT, 'no'); END";
            let mut connection = diesel::SqliteConnection::establish(path).unwrap();
            diesel::sql_query(sql).execute(&mut connection).unwrap();
        }
        None => {
            let sql = "ALTER TABLE records ADD CONSTRAINT full_up CHECK (false) NOT VALID";
            let mut connection = diesel::PgConnection::establish(&database.url).unwrap();
            diesel::sql_query(sql).execute(&mut connection).unwrap();
        }
    }
}

#[tokio::test]
async fn verify_data_is_no_remedy_for_a_page_of_a_proxy() {
    on_each_engine(async |database| {
        let desk = Desk::open(database, &[]).await;
        let mut file = CompanyFile::new(152, 10, 0);
        let pages = [
            "<html><body>Proxy error</body></html>",
            "<!DOCTYPE html><html><head><meta charset=utf-8></head></html>",
            "Not Found",
        ];
        for page in pages {
            let (session, _) = waiting(&desk, &mut file).await;
            assert_eq!(session.receive(desk.server.address, page).await, -101, "{page}");
            let words = session.last_error(desk.server.address).await;
            assert!(words.contains("proxy") && !words.contains("Verify Data"), "{page}: {words}");
        }
        // What began as QuickBooks' own answer may be its fault.
        let (session, answer) = waiting(&desk, &mut file).await;
        assert_eq!(session.receive(desk.server.address, &answer[..answer.len() / 2]).await, -101);
        assert!(session.last_error(desk.server.address).await.contains("Verify Data"));
    })
    .await;
}

#[tokio::test]
async fn a_list_that_may_not_be_seen_keeps_no_other_list_out() {
    on_each_engine(async |database| {
        let desk = Desk::open(database, &[]).await;
        let mut file = CompanyFile::new(153, 10, 10);
        let report = desk.trouble(&mut file, &["no-permission"]).await;
        assert_eq!(report.records.customers, 10, "{report:?}");
        assert!(report.last_error.unwrap().contains("3260"));
        let runs = desk.runs().await;
        let customers = runs.iter().find(|run| run.list == List::Customer).unwrap();
        assert!(customers.reconciled, "{customers:?}");
        assert_eq!(desk.problem().await.as_deref(), Some("quickbooks_status_3260"));
    })
    .await;
}
