//! Several Web Connectors for one connection at once: one of them wins, and none of them is told that the database
//! failed.

use rollcall::simulators::quickbooks_desktop::CompanyFile;

use super::{
    Desk, on_each_engine,
    wire::{Manual, call},
};

/// Sessions one after the other, each given up where another one replaced it.
async fn hurry(desk: &Desk, file: &CompanyFile, sessions: usize) -> Vec<String> {
    let (at, mut faults) = (desk.server.address, Vec::new());
    for _ in 0..sessions {
        let mut session = match Manual::begin(at, &desk.options, &mut file.clone()).await {
            Ok(session) => session,
            Err(fault) => {
                faults.push(fault);
                continue;
            }
        };
        loop {
            let request = session.send(at).await;
            if !request.starts_with("<?xml") {
                faults.extend(Some(request).filter(|text| !text.is_empty()));
                break;
            }
            let answer = session.answer(&request, file);
            let ticket = session.ticket.as_str();
            let answered = call(at, "receiveResponseXML", &[("ticket", ticket), ("response", &answer)]).await;
            match answered.parse::<i32>() {
                Ok(0..100) => {}
                Ok(_) => break,
                Err(_) => {
                    faults.push(answered);
                    break;
                }
            }
        }
        let closed = session.close(at).await;
        faults.extend(Some(closed).filter(|text| text.contains("database")));
    }
    faults
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn web_connectors_that_call_at_once_replace_each_other_and_break_nothing() {
    on_each_engine(async |database| {
        let desk = Desk::open(database, &[("page_size", "4"), ("min_interval_seconds", "0")]).await;
        let mut file = CompanyFile::new(95, 12, 12);
        desk.sync(&mut file).await;
        let racing = (0..6).map(|_| hurry(&desk, &file, 15));
        let faults: Vec<String> =
            futures_util::future::join_all(racing).await.into_iter().flatten().collect();
        assert_eq!(faults, Vec::<String>::new());
        desk.full_sync(&mut file).await;
        desk.assert_equals(&file).await;
        assert_eq!(desk.absent().await, 0);
    })
    .await;
}
