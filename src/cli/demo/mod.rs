//! `rollcall demo`: the gateway and simulated sources in one process, which leaves nothing behind.

mod api;
mod data;
mod tour;
mod vendors;

use std::{pin::pin, time::Duration};

use tokio::sync::oneshot;

use crate::{
    app,
    config::{MapSource, Settings},
    simulators::quickbooks_desktop::{Faults, Outcome, SessionReport, run_session},
    store::PageLimit,
};

use super::{
    Result,
    context::Context,
    failure::{Failure, chain, sentence},
    listen::{bind, local_url},
    signals,
    simulate::{SessionView, change, keep_time},
    text::plain,
};
use api::Api;
use data::DemoData;

/// Try Rollcall: a gateway with a company, an app, and simulated sources that really talk to it
///
/// A simulated QuickBooks Desktop calls the gateway; a simulated Paycom and a simulated ConnectWise are polled by it.
/// They know some of the same people. All lists are read at the start; then something changes in each of them, every
/// 15 seconds: QuickBooks sends it, Paycom tells it by webhook, ConnectWise is asked for it. Prints the address, tokens,
/// and commands to copy. The database is temporary, and removed at the end. Runs until Ctrl-C.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  rollcall demo --listen 127.0.0.1:8080")]
pub(super) struct Args {
    /// The address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:0")]
    listen: String,
    /// How many employees the company file has; Paycom and ConnectWise as many, but at most 200
    #[arg(long, value_name = "NUMBER", default_value_t = 40)]
    employees: u64,
    /// How many customers and jobs it has; ConnectWise as many companies, but at most 200
    #[arg(long, value_name = "NUMBER", default_value_t = 60)]
    customers: u64,
    /// The same seed makes the same people
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// Pause between two rounds of changes
    #[arg(long, value_name = "SECONDS", default_value_t = 15)]
    every: u64,
    /// Read all lists once, link and unlink one person by the API, tell what happened, and end
    #[arg(long)]
    once: bool,
}

pub(super) async fn run(context: &Context, args: Args) -> Result {
    let out = context.out;
    let stop = signals::stop(out).map_err(|error| Failure::system("The signals cannot be heard", &error))?;
    let folder = tempfile::Builder::new()
        .prefix("rollcall-demo-")
        .tempdir()
        .map_err(|error| Failure::system("No temporary folder can be made", &error))?;
    let database = format!("sqlite:{}", folder.path().join("demo.db").display());
    // What the environment sets is for a real gateway.
    let settings: MapSource =
        [("ROLLCALL_DATABASE_URL", database.clone()), ("ROLLCALL_LISTEN", args.listen.clone())]
            .into_iter()
            .collect();
    let settings = Settings::read(&settings)?;
    let store = app::open(&settings.database)?;
    let listener = bind(&settings.http.listen, "--listen").await?;
    let address =
        listener.local_addr().map_err(|error| Failure::system("The socket has no address", &error))?;
    let url = local_url(address, false);
    // Over the key file beside the temporary database, not that of the settings outside.
    let vault = app::vault(&settings.secrets, &context.ambient);
    store.set_audit_keys(vault.for_audit());
    let mut data = DemoData::set(&store, &context.ambient, &vault, &args, address.port(), database).await?;

    let (halt, halted) = oneshot::channel::<()>();
    let gateway = tokio::spawn({
        let ambient = context.ambient.clone();
        async move {
            // A sender that is gone asks to stop as well.
            let stopped = async { drop(halted.await) };
            app::serve(store, &settings, ambient, listener, stopped).await
        }
    });
    let mut stop = pin!(stop);
    let played = tokio::select! {
        played = play(context, &args, &mut data, &url) => played,
        () = &mut stop => Ok(()),
    };
    drop(halt);
    let served = gateway.await;
    drop(data);
    folder.close().map_err(|error| Failure::system("The temporary folder cannot be removed", &error))?;
    played?;
    served.map_err(|error| Failure::internal(&error))??;
    Ok(())
}

/// Never ends, but for `--once`.
async fn play(context: &Context, args: &Args, data: &mut DemoData, url: &str) -> Result {
    let out = context.out;
    out.note(&format!("listening on {url}"));
    let api = Api::new(url, &data.app_token)?;
    let webhook = format!("{url}/webhooks/{}", data.paycom_id);
    data.vendors.tell(webhook, data.webhook_secret.clone());
    out.note("a simulated QuickBooks Desktop sends its lists …");
    let report = session(data).await?;
    if report.outcome != Outcome::Completed || !report.violations.is_empty() {
        let view = SessionView::new(&report);
        return Err(Failure::new(
            "demo_failed",
            sentence(&view.text()),
            "This is a mistake in Rollcall: please report it.",
        ));
    }
    out.note("a simulated Paycom and a simulated ConnectWise are polled …");
    api.until_read(&data.paycom_id).await?;
    api.until_read(&data.connectwise_id).await?;
    if args.once {
        return tour::once(context, data, &api, url).await;
    }
    tour::link_some(data, &api).await?;
    tour::tell(context, args, data, &api, url).await?;
    for number in 1u64.. {
        tokio::time::sleep(Duration::from_secs(args.every)).await;
        round(context, data, &api, number).await?;
    }
    Ok(())
}

/// Something changes in each source, and reaches the gateway in the way of that source.
async fn round(context: &Context, data: &mut DemoData, api: &Api, number: u64) -> Result {
    let note = |source: &str, what: String| {
        let now = context.ambient.now().format("%H:%M:%S");
        context.out.note(&format!("{now} UTC  {source}: {what}"));
    };
    let counted =
        |[created, updated, absent]: [u64; 3]| format!("{created} new, {updated} changed, {absent} absent");
    change(&mut data.file, number, 2);
    data.vendors.change(number);
    let view = SessionView::new(&session(data).await?);
    let outcome = plain(&view.outcome.replace('_', " "));
    note("QuickBooks", format!("{outcome}: {}", counted(counts(data).await?)));
    let told = data.vendors.paycom.deliver().await;
    let taken = told.iter().filter(|delivery| delivery.taken).count();
    note("Paycom", format!("{taken} of {} webhooks taken", told.len()));
    let polled = api.poll(&data.connectwise_id).await?;
    note("ConnectWise", format!("polled: {}", counted(polled)));
    Ok(())
}

async fn session(data: &mut DemoData) -> Result<SessionReport> {
    keep_time(&mut data.file);
    run_session(&data.options, &mut data.file, &mut Faults::none(), &|_| {}).await.map_err(|error| {
        Failure::new(
            "demo_failed",
            sentence(&chain(&error)),
            "Look whether something keeps this computer from calling itself, such as a firewall.",
        )
    })
}

/// What the last run of each list did: created, updated, absent.
async fn counts(data: &DemoData) -> Result<[u64; 3]> {
    let connection = data.connection_id.clone();
    let two = PageLimit::new(2).unwrap_or(PageLimit::DEFAULT);
    let page = data.store.read(move |db| crate::store::runs::page(db, &connection, None, two)).await?;
    Ok(page.rows.iter().fold([0; 3], |[created, updated, absent], run| {
        [created + run.counts.created, updated + run.counts.updated, absent + run.absent]
    }))
}
