//! Tests a connection with as few requests as tell its causes apart.

use futures_util::future::join_all;

use crate::{connectors::source::Failure, domain::words::Cause};

use super::{ConnectwiseSource, client::Call, list::Stage, wire::SystemInfo};

impl ConnectwiseSource {
    /// Looks the tenant up, asks who we are, and asks for one row of each list: a role may lack the right to any. Side by
    /// side, for a person waits.
    pub(super) async fn look(&self) -> Result<String, Failure> {
        let info = self.client.discover().await?;
        let mut stages = vec![Stage::Members, Stage::Companies];
        if self.settings.contacts {
            stages.push(Stage::Contacts);
        }
        let query = [("pageId", "0"), ("pageSize", "1"), ("fields", "id")];
        let rows = join_all(stages.into_iter().map(|stage| self.rows(stage, &query)));
        let (version, rows) = tokio::join!(self.version(), rows);
        rows.into_iter().try_for_each(|page| page.map(drop))?;
        let version = version?.or(info.version_code).unwrap_or_else(|| "of an unknown version".into());
        let codebase = info.codebase.unwrap_or_default();
        let place = if info.is_cloud { "in the vendor's cloud" } else { "on premises" };
        Ok(format!(
            "ConnectWise {version} answered, {place}, with codebase {}.",
            codebase.trim_end_matches('/')
        ))
    }

    /// The role of an API member may lack the right to `system/info` only: the lists tell whether it is good for them.
    async fn version(&self) -> Result<Option<String>, Failure> {
        let what = "the system's information";
        match self.client.get::<SystemInfo>(Call::new("system/info", &[], what)).await {
            Ok(info) => Ok(info.and_then(|(info, _)| info.version)),
            Err(Failure::Source {
                cause: Cause::Credentials | Cause::Permission | Cause::NotFound, ..
            }) => Ok(None),
            Err(other) => Err(other),
        }
    }
}
