//! The sources that the gateway polls in the demo: a simulated Paycom and a simulated ConnectWise.

use std::{collections::BTreeMap, io, time::Duration};

use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    cli::{Result, failure::Failure, simulate::Vendor},
    clock::Ambient,
    domain::{secret::Secret, words::Kind},
    simulators::{
        connectwise::{ConnectWise, ConnectWiseOptions},
        paycom::{Paycom, PaycomOptions, PaycomWebhook},
    },
    sync::register::ConnectionDraft,
};

use super::Args;

/// Paycom is asked for each person by itself: more would keep whoever tries the demo waiting.
const MOST: u64 = 200;

/// Both, serving until this is dropped.
pub(super) struct Vendors {
    pub paycom: Paycom,
    connectwise: ConnectWise,
    _servers: JoinSet<io::Result<()>>,
}

impl Vendors {
    /// Starts them with the people of the same seed, and gives what connects a company to each.
    pub(super) async fn start(ambient: &Ambient, args: &Args) -> Result<(Self, [ConnectionDraft; 2])> {
        let made = || Secret::generate("", ambient.entropy.bytes());
        let (sid, token, public_key, private_key) = (made(), made(), made(), made());
        let (people, customers) = (args.employees.min(MOST), args.customers.min(MOST));
        let paycom = Paycom::new(args.seed, people, PaycomOptions::new(sid.reveal(), token.clone()));
        let options = ConnectWiseOptions::new("harbor", "demo", public_key.reveal(), private_key.clone());
        let connectwise = ConnectWise::new(args.seed, people, customers, options);

        let mut servers = JoinSet::new();
        let (listener, url) = listen().await?;
        servers.spawn(paycom.clone().serve(listener, std::future::pending()));
        let settings = [("requests_per_minute", "1000")];
        let pay = draft(Kind::Paycom, url, &settings, [("sid", sid), ("token", token)]);
        let (listener, url) = listen().await?;
        servers.spawn(connectwise.clone().serve(listener, std::future::pending()));
        let settings = [("company_id", "harbor"), ("client_id", "demo")];
        let secrets = [("public_key", public_key), ("private_key", private_key)];
        let psa = draft(Kind::Connectwise, url, &settings, secrets);
        Ok((Self { paycom, connectwise, _servers: servers }, [pay, psa]))
    }

    /// Has Paycom tell the gateway of its changes.
    pub(super) fn tell(&self, url: String, secret: Secret) {
        let webhook = PaycomWebhook {
            // The gateway is this process: it answers, or never will.
            tries: 3,
            retry_after: Duration::from_secs(1),
            ..PaycomWebhook::new(url, "Secret-Key", secret)
        };
        self.paycom.set_webhook(Some(webhook));
    }

    /// Changes something in each.
    pub(super) fn change(&self, round: u64) {
        Vendor::change(&self.paycom, round);
        Vendor::change(&self.connectwise, round);
    }
}

async fn listen() -> Result<(TcpListener, String)> {
    let failed = |error: io::Error| Failure::system("A simulated source cannot listen", &error);
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(failed)?;
    let url = format!("http://{}", listener.local_addr().map_err(failed)?);
    Ok((listener, url))
}

/// Whose company is not known yet.
fn draft(
    kind: Kind,
    base_url: String,
    settings: &[(&str, &str)],
    secrets: [(&str, Secret); 2],
) -> ConnectionDraft {
    let mut draft = ConnectionDraft::new(kind, "");
    let given = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    draft.settings = given.collect::<BTreeMap<String, String>>();
    draft.settings.insert("base_url".to_owned(), base_url);
    draft.settings.insert("allow_private_address".to_owned(), "true".to_owned());
    draft.secrets = secrets.map(|(name, secret)| (name.to_owned(), secret)).into();
    draft
}
