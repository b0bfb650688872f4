//! Names for actors: tables hold their kinds and IDs, people read names.

use std::collections::HashMap;

use crate::{
    domain::{access::Actor, words::ActorKind},
    store::{self, Db, apps},
};

/// The names of actors by their IDs.
#[derive(Debug, Default)]
pub(super) struct ActorNames(HashMap<String, String>);

impl ActorNames {
    /// Reads the names of these actors, and of the apps for which they acted, in one query.
    pub(super) fn read<'a>(
        db: &mut Db,
        acted: impl Iterator<Item = (&'a Actor, Option<&'a str>)>,
    ) -> store::Result<Self> {
        let mut ids: Vec<&str> = acted
            .filter(|(actor, _)| actor.kind == ActorKind::App)
            .flat_map(|(actor, app)| [actor.id.as_deref(), app])
            .flatten()
            .collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            return Ok(Self::default());
        }
        Ok(Self(apps::names(db, &ids)?.into_iter().collect()))
    }

    /// The name of an actor, if it still has one.
    pub(super) fn name(&self, actor: &Actor) -> Option<&str> {
        actor.id.as_ref().and_then(|id| self.0.get(id)).map(String::as_str)
    }

    /// `app Ops`, `app Ops for Timesheets`, `command line`. The ID if there is no name any more.
    pub(super) fn text(&self, actor: &Actor, for_app: Option<&str>) -> String {
        let Some((id, name)) = actor.id.as_ref().and_then(|id| Some((id, self.0.get(id)?))) else {
            return actor.to_string();
        };
        match for_app.filter(|app| app != id).and_then(|app| self.0.get(app)) {
            Some(other) => format!("app {name} for {other}"),
            None => format!("app {name}"),
        }
    }
}
