//! Names for actors: tables hold their kinds and IDs, people read names.

use std::collections::HashMap;

use crate::{
    domain::{access::Actor, words::ActorKind},
    store::{self, Db, accounts, apps},
};

/// The names of actors by their IDs.
#[derive(Debug, Default)]
pub(super) struct ActorNames(HashMap<String, String>);

impl ActorNames {
    /// Reads the names of these actors, and of the apps for which they acted: one query for apps, one for people.
    pub(super) fn read<'a>(
        db: &mut Db,
        acted: impl Iterator<Item = (&'a Actor, Option<&'a str>)>,
    ) -> store::Result<Self> {
        let (mut ids, mut people): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
        for (actor, app) in acted {
            match actor.kind {
                ActorKind::App => ids.extend(actor.id.as_deref().into_iter().chain(app)),
                ActorKind::Account => {
                    people.extend(actor.id.as_deref());
                    ids.extend(app);
                }
                _ => {}
            }
        }
        let mut names = HashMap::new();
        for list in [&mut ids, &mut people] {
            list.sort_unstable();
            list.dedup();
        }
        if !ids.is_empty() {
            names.extend(apps::names(db, &ids)?);
        }
        if !people.is_empty() {
            names.extend(accounts::names(db, &people)?);
        }
        Ok(Self(names))
    }

    /// The name of an actor, if it still has one.
    pub(super) fn name(&self, actor: &Actor) -> Option<&str> {
        actor.id.as_ref().and_then(|id| self.0.get(id)).map(String::as_str)
    }

    /// `app Ops`, `app Ops for Timesheets`, `Ana Ng for Timesheets`, `command line`. The ID if there is no name any more.
    pub(super) fn text(&self, actor: &Actor, for_app: Option<&str>) -> String {
        let Some((id, name)) = actor.id.as_ref().and_then(|id| Some((id, self.0.get(id)?))) else {
            return actor.to_string();
        };
        let who = if actor.kind == ActorKind::Account { name.clone() } else { format!("app {name}") };
        match for_app.filter(|app| app != id).and_then(|app| self.0.get(app)) {
            Some(other) => format!("{who} for {other}"),
            None => who,
        }
    }
}
