//! An answer that is sent twice: it is taken in once, and both calls get its percent.

use rollcall::{domain::words::List, simulators::quickbooks_desktop::CompanyFile};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{
    Desk, on_each_engine,
    wire::{Manual, Reply, envelope},
};

fn call(session: &Manual<'_>, answer: &str) -> Vec<u8> {
    let response = quick_xml::escape::partial_escape(answer);
    let content =
        format!("<ticket>{}</ticket><response>{response}</response><hresult /><message />", session.ticket);
    let body = envelope("receiveResponseXML", &content);
    let head = format!(
        "POST /qbwc HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml; charset=utf-8\r\n\
         Connection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.into_bytes(), body.into_bytes()].concat()
}

async fn percent(mut socket: TcpStream, rest: &[u8]) -> i32 {
    socket.write_all(rest).await.unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.unwrap();
    Reply::parse(&answer).text().parse().unwrap()
}

/// Each answer of a session is sent twice: the second time while the first is still on its way.
#[tokio::test]
async fn an_answer_that_is_sent_again_meanwhile_gets_the_percent_of_the_one_that_was_taken_in() {
    on_each_engine(async |database| {
        let desk = Desk::open(database, &[("page_size", "7")]).await;
        let at = desk.server.address;
        let mut file = CompanyFile::new(120, 40, 20);
        let mut session = Manual::begin(at, &desk.options, &mut file).await.unwrap();
        let mut before = 0;
        loop {
            let request = session.send(at).await;
            let answer = session.answer(&request, &file);
            let call = call(&session, &answer);
            let (start, rest) = call.split_at(call.len() / 2);
            let mut first = TcpStream::connect(at).await.unwrap();
            first.write_all(start).await.unwrap();
            let second = TcpStream::connect(at).await.unwrap();
            let third = TcpStream::connect(at).await.unwrap();
            let (second, third) = tokio::join!(percent(second, &call), percent(third, &call));
            let first = percent(first, rest).await;
            assert_eq!((first, third), (second, second));
            assert!(second >= before, "{second} after {before}");
            before = second;
            if second == 100 {
                break;
            }
        }
        assert!(session.close(at).await.starts_with("OK"));
        desk.assert_equals(&file).await;
        for run in desk.runs().await {
            let whole = if run.list == List::Employee { 40 } else { 20 };
            let counts = run.counts;
            assert_eq!((counts.received, counts.created + counts.updated + counts.unchanged), (whole, whole));
            assert!(run.reconciled && run.problem.is_none(), "{run:?}");
        }
    })
    .await;
}
