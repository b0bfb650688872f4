//! Who waits keeps nobody else from being polled.

use std::sync::Arc;
use std::time::Duration;

use rollcall::{
    clock::Ambient,
    connectors::outbound::Timeouts,
    domain::words::{Kind, List},
    sync::source_access::SourceAccess,
    workers::{board::Workers, frame, poll::Polling},
};
use tokio::{net::TcpListener, sync::watch};

use super::vendor::Vendor;
use crate::support::{TestDatabase, sources, staged};

fn polling(sources: &SourceAccess) -> Polling {
    Polling { sources: sources.clone(), wake: Arc::default(), gateway: "gw_test".into(), at_once: 8 }
}

/// A server that takes every connection and never says a word.
async fn hangs() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            held.push(stream);
        }
    });
    url
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_hangs_and_a_slow_pace_starve_no_other_connection() {
    TestDatabase::each(async |database| {
        let store = database.open();
        let ambient = Ambient::system();
        let sources = sources(&store, &ambient, Timeouts::default());
        let (slow, good) = (
            Vendor::start(Kind::Paycom, 1, ambient.clock.clone()).await,
            Vendor::start(Kind::Connectwise, 2, ambient.clock.clone()).await,
        );
        let hanging = hangs().await;
        for number in 0..10 {
            // These are due first.
            slow.connect(&sources, &format!("Hanging {number}"), &[("base_url", &hanging)]).await;
            slow.connect(&sources, &format!("Slow {number}"), &[("requests_per_minute", "1")]).await;
        }
        let connection = good.connect(&sources, "Good", &[]).await;
        let (stop, stopped) = watch::channel(false);
        let worker = tokio::spawn(frame::run(polling(&sources).into(), Workers::default(), stopped));
        let read = async {
            while staged(&store, &connection, List::Customer).await.len() < good.truth(List::Customer).len() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), read).await.expect("the others starve it");
        stop.send(true).unwrap();
        worker.await.unwrap();
    })
    .await;
}
