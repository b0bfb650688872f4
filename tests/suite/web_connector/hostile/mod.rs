//! Hostile and broken XML: a well-formed answer in plain words, a list left as it is, a gateway that goes on.

mod answers;
mod envelopes;

use crate::support::TestDatabase;

use super::{
    Desk,
    wire::{Manual, Reply, envelope},
};
use quick_xml::{Reader, events::Event};
use rollcall::{domain::words::Mode, simulators::quickbooks_desktop::CompanyFile};

/// A session whose first list has lost three people since it was staged, at the point where QuickBooks answers.
async fn waiting<'a>(desk: &'a Desk, file: &mut CompanyFile) -> (Manual<'a>, String) {
    desk.poll(Mode::Full).await;
    let mut session = Manual::begin(desk.server.address, &desk.options, file).await.unwrap();
    let request = session.send(desk.server.address).await;
    let answer = session.answer(&request, file);
    (session, answer)
}

fn escaped(text: &str) -> String {
    quick_xml::escape::partial_escape(text).into_owned()
}

/// The envelope of an answer; `response` is put in as it is.
fn answering(session: &Manual<'_>, response: &str) -> String {
    let ticket = &session.ticket;
    let content = format!("<ticket>{ticket}</ticket><response>{response}</response><hresult /><message />");
    envelope("receiveResponseXML", &content)
}

fn assert_well_formed(reply: &Reply) {
    let mut reader = Reader::from_str(&reply.body);
    let mut depth = 0;
    loop {
        match reader.read_event().unwrap() {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth -= 1,
            Event::Eof => break,
            _ => {}
        }
    }
    assert!(depth == 0 && reply.body.contains("Envelope"), "{reply:?}");
}

/// The reply must be a fault, or a negative number that `getLastError` explains; the list must be left as it is.
async fn assert_refused(name: &str, desk: &Desk, session: &Manual<'_>, reply: &Reply) {
    assert_well_formed(reply);
    let words = match reply.status {
        500 => reply.text(),
        200 => {
            let percent: i32 = reply.text().parse().unwrap();
            assert!(percent < 0, "{name}: {percent}");
            session.last_error(desk.server.address).await
        }
        other => panic!("{name}: status {other}"),
    };
    assert!(words.contains("Nobody was marked absent"), "{name}: {words}");
    assert!(words.len() < 2000, "{name}: {} bytes of words", words.len());
    assert_eq!(desk.absent().await, 0, "{name}");
}

async fn staged_with_three_gone(database: &TestDatabase) -> (Desk, CompanyFile) {
    let desk = Desk::open(database, &[]).await;
    let mut file = CompanyFile::new(60, 8, 0);
    desk.sync(&mut file).await;
    for person in file.employees().take(3).collect::<Vec<_>>() {
        file.delete(&person.list_id).unwrap();
    }
    (desk, file)
}
