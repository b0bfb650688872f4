//! `rollcall simulate connectwise`.

use std::{collections::BTreeMap, io};

use serde::Serialize;
use tokio::net::TcpListener;

use super::vendor::{self, ServerArgs, Vendor};
use crate::{
    cli::{Result, output::Output},
    domain::secret::Secret,
    simulators::{
        connectwise::{ConnectWise, ConnectWiseOptions},
        vendor::{Delivery, Fault},
    },
};

/// Play a ConnectWise PSA that a gateway polls, with people and companies made from a seed, until Ctrl-C
///
/// It prints its address and its credentials, and sends callbacks to who registers for them. At the end it names what
/// a real ConnectWise would object to: exit code 1 if there is such a thing. With --json the first line on standard
/// output tells where it serves, the last how it went.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  rollcall simulate connectwise --members 200 --companies 500
  rollcall simulate connectwise --changes 3 --every 20 --requests-per-minute 60
  rollcall simulate connectwise --fault moved-codebase@3 --fault rate-limited:2

Faults: unauthorized, forbidden, not-enabled, rate-limited, server-error, slow, cut-off, truncated-json,
  repeated-page, missing-page, shrinking-page, wrong-total, redirect, moved-codebase.
  NAME:TIMES strikes several times, NAME:TIMES@AFTER lets some occasions pass first.")]
pub(crate) struct Args {
    #[command(flatten)]
    server: ServerArgs,
    /// How many members there are
    #[arg(long, default_value_t = 40, value_name = "NUMBER")]
    members: u64,
    /// How many companies there are
    #[arg(long, default_value_t = 60, value_name = "NUMBER")]
    companies: u64,
    /// The login company
    #[arg(long, default_value = "simulation", value_name = "ID")]
    company_id: String,
    /// The clientId; made from the seed if left out
    #[arg(long, value_name = "GUID")]
    client_id: Option<String>,
    /// The public key of the API member; made from the seed if left out
    #[arg(long, value_name = "KEY")]
    public_key: Option<String>,
    /// The private key of the API member; made from the seed if left out
    #[arg(long, value_name = "KEY")]
    private_key: Option<String>,
}

/// Where it serves.
#[derive(Debug, Serialize)]
struct Started<'a> {
    url: &'a str,
    company_id: &'a str,
    client_id: &'a str,
    public_key: &'a str,
    private_key: &'a str,
}

pub(super) async fn run(out: Output, args: Args) -> Result {
    let (listener, url) = args.server.listener().await?;
    let Args { company_id, .. } = &args;
    let short = |what: &str| args.server.made(what).chars().take(16).collect::<String>();
    let client_id = args.client_id.clone().unwrap_or_else(|| guid(&args.server.made("clientId")));
    let public_key = args.public_key.clone().unwrap_or_else(|| short("public key"));
    let private_key = args.private_key.clone().unwrap_or_else(|| short("private key"));
    if out.is_json() {
        out.json(&Started {
            url: &url,
            company_id,
            client_id: &client_id,
            public_key: &public_key,
            private_key: &private_key,
        })?;
    }
    out.note(&format!(
        "ConnectWise serves at {url}; Ctrl-C ends it. To connect it:
  rollcall connection add connectwise --company Acme --set base_url={url} --set allow_private_address=true \\
    --set company_id={company_id} --set client_id={client_id} \\
    --secret public_key={public_key} --secret private_key={private_key}"
    ));
    let options = ConnectWiseOptions {
        server: args.server.options(),
        ..ConnectWiseOptions::new(company_id, client_id, public_key, Secret::new(private_key))
    };
    let connectwise = ConnectWise::new(args.server.seed, args.members, args.companies, options);
    vendor::run(out, &args.server, connectwise, listener).await
}

/// 32 digits in the shape of a GUID.
fn guid(digits: &str) -> String {
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if [8, 12, 16, 20].contains(&at) {
            text.push('-');
        }
        text.push(digit);
    }
    text
}

impl Vendor for ConnectWise {
    fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> impl Future<Output = io::Result<()>> + Send {
        Self::serve(self, listener, shutdown)
    }

    fn change(&self, number: u64) {
        let truth = self.truth();
        let place = |length: usize| {
            number.wrapping_mul(7).checked_rem(length as u64).and_then(|place| usize::try_from(place).ok())
        };
        let member = place(truth.members.len()).and_then(|place| truth.members.get(place));
        let company = place(truth.companies.len()).and_then(|place| truth.companies.get(place));
        match (number % 6, member, company) {
            (0, ..) => {
                let email = format!("robin.newhire{number}@example.com");
                self.add_member("Robin", &format!("Newhire {number}"), Some(&email));
            }
            (1, ..) => {
                self.add_company(&format!("New customer {number}"));
            }
            (2, Some(member), _) => {
                self.change_member_email(member.id, Some(&format!("changed.{number}@example.com")));
            }
            (3, Some(member), _) if member.inactive => {
                self.reactivate_member(member.id);
            }
            (3, Some(member), _) => {
                self.deactivate_member(member.id);
            }
            (4, _, Some(company)) => {
                self.rename_company(company.id, &format!("{} (renamed)", company.name));
            }
            (_, _, Some(company)) => {
                self.soft_delete_company(company.id);
            }
            _ => {}
        }
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
