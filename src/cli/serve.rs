//! `rollcall serve`.

use std::path::PathBuf;

use crate::{app, service::accounts::links};

use super::{
    Result,
    context::Context,
    failure::{Failure, chain},
    flags::ServeFlags,
    listen::{bind, local_url, refused},
    signals,
    text::time,
};

/// Run the gateway
///
/// Listens until SIGTERM or Ctrl-C, then finishes the requests in flight. The tables of the database are brought up to
/// date at the start. SIGHUP loads the certificate again.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  rollcall serve --listen 0.0.0.0:443 --public-url https://rollcall.example.com \\\n    --tls-cert fullchain.pem --tls-key privkey.pem"
)]
pub(super) struct Args {
    #[command(flatten)]
    pub http: ServeFlags,
    /// Write the address here once the gateway listens: for scripts that wait for it
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
}

pub(super) async fn run(context: &Context, args: &Args) -> Result {
    let settings = &context.settings;
    let stop =
        signals::stop(context.out).map_err(|error| Failure::system("The signals cannot be heard", &error))?;
    let store = app::open(&settings.database)?;
    let listener = bind(&settings.http.listen, "ROLLCALL_LISTEN").await?;
    let address =
        listener.local_addr().map_err(|error| Failure::system("The socket has no address", &error))?;
    // Before anybody is told that it listens: a gateway without its key or its certificate does not start.
    let accounts = store.clone();
    let prepared = app::prepare(store, settings, context.ambient.clone(), address).await?;
    let url = local_url(address, settings.http.tls.is_some());
    if let Some(path) = &args.ready_file {
        std::fs::write(path, format!("{url}\n"))
            .map_err(|error| Failure::system(&format!("{path:?} cannot be written"), &error))?;
    }
    if let Some(figures) = prepared.figures_address() {
        context.out.note(&format!("figures on {}/metrics", local_url(figures, false)));
    }
    let public_url = prepared.public_url().clone();
    let ambient = context.ambient.clone();
    let link = accounts.write(move |db| links::set_up_link(db, &ambient, &public_url)).await?;
    if let Some(link) = link {
        context.out.note(&format!(
            "there is no account yet: {} makes the first one, once, until {}",
            link.url,
            time(Some(link.expires_at)),
        ));
    }
    // Last: whoever waits for this line finds the others before it.
    context.out.note(&format!("listening on {url}"));
    prepared.serve(listener, stop).await;
    Ok(())
}

impl From<app::AppError> for Failure {
    fn from(error: app::AppError) -> Self {
        match error {
            app::AppError::Store(error) => error.into(),
            app::AppError::Vault(error) => error.into(),
            app::AppError::Tls(error) => Self::new(
                "bad_certificate",
                super::failure::sentence(&chain(&error)),
                format!("{} `rollcall doctor` checks the pair.", error.remedy()),
            ),
            app::AppError::PublicUrl { .. } => Self::new(
                "bad_public_url",
                super::failure::sentence(&error.to_string()),
                "Set ROLLCALL_PUBLIC_URL, such as https://rollcall.example.com.",
            ),
            app::AppError::MetricsListen { listen, source } => {
                refused(&listen, "ROLLCALL_METRICS_LISTEN", &source).into()
            }
            app::AppError::Outbound(error) => Self::new(
                "no_certificates",
                super::failure::sentence(&error.to_string()),
                "Install the certificates that this system trusts (the package ca-certificates).",
            ),
            app::AppError::Io(error) => Self::system("The gateway stopped", &error),
        }
    }
}
