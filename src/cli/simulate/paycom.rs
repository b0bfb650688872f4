//! `rollcall simulate paycom`.

use std::{collections::BTreeMap, io};

use serde::Serialize;
use tokio::net::TcpListener;

use super::vendor::{self, ServerArgs, Vendor};
use crate::{
    cli::{Result, output::Output},
    domain::secret::Secret,
    simulators::{
        paycom::{NewHire, Paycom, PaycomOptions, PaycomWebhook},
        vendor::{Delivery, Fault},
    },
};

/// Play a Paycom that a gateway polls, with people made from a seed, until Ctrl-C
///
/// It prints its address and its credentials. At the end it names what a real Paycom would object to: exit code 1 if
/// there is such a thing. With --json the first line on standard output tells where it serves, the last how it went.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  rollcall simulate paycom --employees 200
  rollcall simulate paycom --changes 3 --every 20 \\
    --webhook-url http://127.0.0.1:8080/webhooks/CONNECTION --webhook-secret SECRET
  rollcall simulate paycom --fault rate-limited:2@5 --fault missing-page

Faults: unauthorized, forbidden, not-enabled, rate-limited, server-error, slow, cut-off, truncated-json,
  repeated-page, missing-page, shrinking-page, wrong-total, redirect, result-false.
  NAME:TIMES strikes several times, NAME:TIMES@AFTER lets some occasions pass first.")]
pub(crate) struct Args {
    #[command(flatten)]
    server: ServerArgs,
    /// How many employees there are
    #[arg(long, default_value_t = 40, value_name = "NUMBER")]
    employees: u64,
    /// The SID of the API user; made from the seed if left out
    #[arg(long)]
    sid: Option<String>,
    /// The token of the API user; made from the seed if left out
    #[arg(long)]
    token: Option<String>,
    /// Where changes are told
    #[arg(long, value_name = "URL", requires = "webhook_secret")]
    webhook_url: Option<String>,
    /// The secret that is sent with each webhook
    #[arg(long, value_name = "SECRET", requires = "webhook_url")]
    webhook_secret: Option<String>,
    /// The header that carries it
    #[arg(long, value_name = "NAME", default_value = "Secret-Key")]
    webhook_header: String,
}

/// Where it serves.
#[derive(Debug, Serialize)]
struct Started<'a> {
    url: &'a str,
    sid: &'a str,
    token: &'a str,
}

pub(super) async fn run(out: Output, args: Args) -> Result {
    let (listener, url) = args.server.listener().await?;
    let sid = args.sid.clone().unwrap_or_else(|| args.server.made("Paycom SID"));
    let token = args.token.clone().unwrap_or_else(|| args.server.made("Paycom token"));
    let webhook = args.webhook_url.clone().zip(args.webhook_secret.clone());
    let options = PaycomOptions {
        server: args.server.options(),
        webhook: webhook
            .map(|(url, secret)| PaycomWebhook::new(url, &args.webhook_header, Secret::new(secret))),
        ..PaycomOptions::new(&sid, Secret::new(&token))
    };
    if out.is_json() {
        out.json(&Started { url: &url, sid: &sid, token: &token })?;
    }
    out.note(&format!(
        "Paycom serves at {url}; Ctrl-C ends it. To connect it:
  rollcall connection add paycom --company Acme --set base_url={url} --set allow_private_address=true \\
    --secret sid={sid} --secret token={token}"
    ));
    let paycom = Paycom::new(args.server.seed, args.employees, options);
    vendor::run(out, &args.server, paycom, listener).await
}

impl Vendor for Paycom {
    fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> impl Future<Output = io::Result<()>> + Send {
        Self::serve(self, listener, shutdown)
    }

    fn change(&self, number: u64) {
        let everybody = self.truth();
        let place = number.wrapping_mul(7).checked_rem(everybody.len() as u64);
        let one = place.and_then(|place| everybody.get(usize::try_from(place).ok()?));
        let Some(one) = one.filter(|_| !number.is_multiple_of(5)) else {
            self.hire(NewHire {
                first_name: "Robin".to_owned(),
                last_name: format!("Newhire{number}"),
                work_email: Some(format!("robin.newhire{number}@example.com")),
                title: None,
            });
            return;
        };
        let code = &one.eecode;
        match number % 5 {
            1 => self.change_email(code, Some(&format!("changed.{number}@example.com"))),
            2 => self.rename(code, &one.first_name, &format!("{}-Reed", one.last_name)),
            _ if one.status == 'T' => self.rehire(code),
            _ => self.terminate(code),
        };
    }

    fn deliver(&self) -> impl Future<Output = Vec<Delivery>> + Send {
        Self::deliver(self)
    }

    fn requests(&self) -> usize {
        Self::requests(self).len()
    }

    fn violations(&self) -> Vec<String> {
        Self::violations(self)
    }

    fn applied(&self) -> BTreeMap<Fault, u64> {
        Self::applied(self)
    }
}
