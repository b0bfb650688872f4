//! Checks the identity providers: whether they say what they offer, and whether their clock agrees.

use std::time::Duration;

use chrono::Utc;
use url::Url;

use crate::{
    config::Settings,
    connectors::{
        identity::Providers,
        outbound::{Outbound, Timeouts},
    },
};

use super::{Findings, Status, clock};

/// For each request to a provider.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn check(findings: &mut Findings, settings: &Settings) {
    if settings.oidc.is_empty() {
        return;
    }
    let callback = format!("{}/oidc/callback", settings.http.public_url());
    let (Ok(outbound), Ok(address)) = (Outbound::new(Timeouts::HASTY), Url::parse(&callback)) else { return };
    let providers = Providers::new(&outbound, settings.oidc.clone(), &address).within(PATIENCE);
    for provider in providers.iter() {
        let check = format!("sign-in with {}", provider.settings().name);
        match provider.look().await {
            Ok(time) => {
                findings
                    .ok(&check, format!("It says what it offers. It must know this callback: {callback}"));
                if let Some(time) = time {
                    clock::against(findings, &provider.settings().name, time, Utc::now());
                }
            }
            Err(problem) => findings.wrong(Status::Fail, &check, problem.detail, problem.remedy),
        }
    }
}
