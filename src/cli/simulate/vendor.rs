//! The server that `simulate paycom` and `simulate connectwise` share.

use std::{collections::BTreeMap, io, net::SocketAddr, pin::pin, time::Duration};

use serde::Serialize;
use tokio::{
    net::TcpListener,
    sync::oneshot,
    time::{MissedTickBehavior, interval_at},
};

use crate::{
    cli::{Result, failure::Failure, listen::bind, output::Output, signals, text::plain},
    simulators::vendor::{Delivery, Fault, Faults, PlannedFault, ServerOptions, UnknownFault},
};

/// Flags of both.
#[derive(Debug, clap::Args)]
pub(super) struct ServerArgs {
    /// Where to listen; port 0 takes one that is free
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
    /// The same seed makes the same people, in all simulators
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    pub seed: u64,
    /// How many requests are allowed in any 60 seconds; 0 is without limit
    #[arg(long, default_value_t = 0, value_name = "NUMBER")]
    requests_per_minute: u32,
    /// What goes wrong: NAME, NAME:TIMES or NAME:TIMES@AFTER; may be given several times
    #[arg(long = "fault", value_name = "FAULT", value_parser = fault)]
    faults: Vec<PlannedFault>,
    /// How many records change at a time
    #[arg(long, default_value_t = 0, value_name = "NUMBER")]
    changes: u64,
    /// Pause between two times
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=86_400))]
    every: u64,
}

fn fault(text: &str) -> Result<PlannedFault, String> {
    text.parse().map_err(|error: UnknownFault| error.to_string())
}

impl ServerArgs {
    pub(super) fn options(&self) -> ServerOptions {
        ServerOptions {
            faults: Faults::new(self.faults.iter().cloned()),
            requests_per_minute: self.requests_per_minute,
            ..ServerOptions::default()
        }
    }

    pub(super) async fn listener(&self) -> Result<(TcpListener, String)> {
        let failed = |error: io::Error| Failure::system("The socket has no address", &error);
        let listener = bind(&self.listen.to_string(), "--listen").await?;
        let url = format!("http://{}", listener.local_addr().map_err(failed)?);
        Ok((listener, url))
    }

    /// A credential that is given by the seed: known to everybody, and good for nothing but a simulation.
    pub(super) fn made(&self, what: &str) -> String {
        let hash = blake3::hash(format!("simulated {what} {}", self.seed).as_bytes()).to_hex();
        hash.chars().take(32).collect()
    }
}

/// A simulated vendor.
pub(crate) trait Vendor: Clone + Send + Sync + 'static {
    fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> impl Future<Output = io::Result<()>> + Send;

    /// Change `number` of its world.
    fn change(&self, number: u64);

    /// Tells by webhook what has changed.
    fn deliver(&self) -> impl Future<Output = Vec<Delivery>> + Send;

    fn requests(&self) -> usize;
    fn violations(&self) -> Vec<String>;
    fn applied(&self) -> BTreeMap<Fault, u64>;
}

/// What is told at the end.
#[derive(Debug, Serialize)]
struct Report {
    ok: bool,
    requests: usize,
    /// How often each fault has struck.
    struck: BTreeMap<&'static str, u64>,
    /// What the vendor or a security reviewer would object to.
    violations: Vec<String>,
}

/// Serves, and lets the world change, until the process is asked to stop.
pub(super) async fn run<V: Vendor>(
    out: Output,
    args: &ServerArgs,
    vendor: V,
    listener: TcpListener,
) -> Result {
    let stop = signals::stop(out).map_err(|error| Failure::system("The signals cannot be heard", &error))?;
    let (end, ended) = oneshot::channel::<()>();
    let shutdown = async {
        // A sender that is gone says the same.
        let _ = ended.await;
    };
    let mut server = pin!(vendor.clone().serve(listener, shutdown));
    let mut stop = pin!(stop);
    let every = Duration::from_secs(args.every);
    let mut ticks = interval_at(tokio::time::Instant::now() + every, every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut number = 0u64;
    let served = loop {
        tokio::select! {
            () = &mut stop => break Ok(()),
            served = &mut server => break served,
            _ = ticks.tick(), if args.changes > 0 => {
                for _ in 0..args.changes {
                    vendor.change(number);
                    number += 1;
                }
                tell(out, vendor.clone(), args.changes);
            }
        }
    };
    drop(end);
    served.map_err(|error| Failure::system("The simulator cannot listen any more", &error))?;
    report(out, &vendor)
}

/// Sends the webhooks in the background: a gateway that does not answer holds nothing up.
fn tell<V: Vendor>(out: Output, vendor: V, changes: u64) {
    out.note(&format!("  {changes} changes"));
    tokio::spawn(async move {
        for delivery in vendor.deliver().await {
            let end = if delivery.taken { "taken" } else { "NOT TAKEN" };
            let tries = delivery.answers.len();
            out.note(&format!("  webhook to {}: {end}, tries: {tries}", plain(&delivery.url)));
        }
    });
}

fn report<V: Vendor>(out: Output, vendor: &V) -> Result {
    let violations = vendor.violations();
    let struck = vendor.applied().into_iter().map(|(fault, times)| (fault.name(), times)).collect();
    let report = Report { ok: violations.is_empty(), requests: vendor.requests(), struck, violations };
    out.answer(&report, text)?;
    if report.ok { Ok(()) } else { Err(Failure::Answered) }
}

fn text(report: &Report) -> String {
    let mut text = format!("{} requests\n", report.requests);
    for (fault, times) in &report.struck {
        text.push_str(&format!("struck {times} times: {fault}\n"));
    }
    for violation in &report.violations {
        text.push_str(&format!("VIOLATION: {}\n", plain(violation)));
    }
    text
}
