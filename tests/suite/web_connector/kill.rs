//! Promise 9: a `kill -9` anywhere leaves a state from which the next start goes on by itself. The shipped binary, a
//! simulated QuickBooks, and a proxy between them that kills the gateway after so many bytes.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use rollcall::{
    domain::words::{List, RunState},
    simulators::quickbooks_desktop::{
        CompanyFile, Faults, Outcome, SessionReport, SimulationError, run_session,
    },
    sync::ingest,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::{Desk, on_each_engine};
use crate::support::Process;

/// Passes bytes on, counting down those of both directions; kills the gateway when none are left.
async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    gateway: Arc<Process>,
    left: Arc<AtomicI64>,
) {
    let mut buffer = vec![0; 4096];
    while let Ok(read) = from.read(&mut buffer).await {
        let before = left.fetch_sub(read as i64, Ordering::SeqCst);
        let some = usize::try_from(before).unwrap_or(0).min(read);
        if read == 0 || to.write_all(&buffer[..some]).await.is_err() {
            break;
        }
        if some < read {
            gateway.kill();
            break;
        }
    }
    let _ = to.shutdown().await;
}

/// A session through a proxy that kills the gateway after `bytes`. Returns how many bytes went through besides.
async fn session(
    desk: &Desk,
    file: &mut CompanyFile,
    gateway: &Arc<Process>,
    bytes: i64,
) -> (Result<SessionReport, SimulationError>, i64) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let left = Arc::new(AtomicI64::new(bytes));
    let mut options = desk.options.clone();
    options.url = format!("http://localhost:{}/qbwc", listener.local_addr().unwrap().port());
    let (through, count) = (gateway.clone(), left.clone());
    let proxy = tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let Ok(server) = TcpStream::connect(through.address).await else { continue };
            let ((from_client, to_client), (from_server, to_server)) =
                (client.into_split(), server.into_split());
            tokio::spawn(pass(from_client, to_server, through.clone(), count.clone()));
            tokio::spawn(pass(from_server, to_client, through.clone(), count.clone()));
        }
    });
    let report = run_session(&options, file, &mut Faults::none(), &|_| {}).await;
    proxy.abort();
    (report, bytes - left.load(Ordering::SeqCst))
}

/// Three changes in each list, one of them a deletion.
fn change(file: &mut CompanyFile, round: usize) {
    file.advance(TimeDelta::minutes(5));
    for list in [file.employees().collect::<Vec<_>>(), file.customers().collect()] {
        file.change_email(&list[round].list_id, Some(&format!("round{round}@example.com"))).unwrap();
        file.rename(&list[round + 1].list_id, &format!("Round {round}")).unwrap();
        assert!(list.iter().rev().any(|entry| file.delete(&entry.list_id).is_ok()));
    }
}

async fn assert_nothing_is_half_done(desk: &Desk, file: &CompanyFile) {
    let there: BTreeSet<String> =
        file.employees().chain(file.customers()).map(|entry| entry.list_id).collect();
    for list in [List::Employee, List::Customer] {
        for staged in desk.staged(list).await {
            let missed = staged.absent_at.is_some() && there.contains(&staged.record.external_id);
            assert!(!missed, "{} is absent and in the source", staged.record.external_id);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_is_killed_at_any_byte_goes_on_at_its_next_start() {
    on_each_engine(async |database| {
        let began = Instant::now();
        let mut rng = StdRng::seed_from_u64(9);
        let settings = [("page_size", "60"), ("min_interval_seconds", "0")];
        let desk = Desk::open(database, &settings).await;
        // More employees than one transaction takes, so that a kill may come between two of an answer.
        // So many customers that those deleted within the hour are not held.
        let mut file = CompanyFile::new(90, ingest::BATCH as u64 + 300, 300);
        // Killed in the first answer: when nothing is staged yet, and when its first transaction may be.
        for bytes in [400_000, ingest::BATCH as i64 * 590] {
            let gateway = Process::start(database).await;
            let (report, _) = session(&desk, &mut file, &gateway, bytes).await;
            assert_ne!(report.unwrap().outcome, Outcome::Completed);
            assert!(desk.runs().await.iter().all(|run| run.list == List::Employee && !run.reconciled));
        }
        let gateway = Process::start(database).await;
        let (report, _) = session(&desk, &mut file, &gateway, i64::MAX).await;
        assert_eq!(report.unwrap().outcome, Outcome::Completed);
        desk.assert_equals(&file).await;
        let scope = desk.app("Timesheets").await;
        let linked: Vec<String> = file.employees().take(3).map(|entry| entry.list_id).collect();
        for id in &linked {
            desk.link(&scope, List::Employee, id).await;
        }
        // How long a session is that brings changes, in bytes.
        change(&mut file, 0);
        let (report, length) = session(&desk, &mut file, &gateway, i64::MAX / 2).await;
        assert_eq!(report.unwrap().outcome, Outcome::Completed);
        let mut kills = 0;
        for round in 1..20 {
            if round > 4 && began.elapsed() > Duration::from_secs(20) {
                break;
            }
            change(&mut file, round);
            let gateway = Process::start(database).await;
            let (report, _) = session(&desk, &mut file, &gateway, rng.random_range(0..length)).await;
            kills += usize::from(!matches!(report, Ok(report) if report.outcome == Outcome::Completed));
            gateway.kill();
            assert_nothing_is_half_done(&desk, &file).await;
            let gateway = Process::start(database).await;
            let (report, _) = session(&desk, &mut file, &gateway, i64::MAX).await;
            assert_eq!(report.unwrap().outcome, Outcome::Completed, "round {round}");
            desk.assert_equals(&file).await;
        }
        assert!(kills > 2, "{kills}");
        for id in &linked {
            assert_eq!(desk.linked(&scope, List::Employee, id).await.as_ref(), Some(id));
        }
        assert!(
            desk.runs().await.iter().all(|run| !matches!(run.state, RunState::Running | RunState::Queued))
        );
    })
    .await;
}
