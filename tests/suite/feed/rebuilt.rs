//! What a reader makes of the feed alone, and what the database holds.

use std::collections::{BTreeMap, BTreeSet};

use rollcall::{
    domain::{
        ids::{AppId, CompanyId, ConnectionId, RecordId},
        words::{ChangeKind, List},
    },
    store::{
        Db, PageLimit, Result, apps,
        changes::Change,
        links, profiles,
        records::{self, Filter, Order, Position},
    },
};

/// The state of a company.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rebuilt {
    /// By ID: the connection, the source's own ID, the version, whether it is absent.
    pub records: BTreeMap<RecordId, (ConnectionId, String, i32, bool)>,
    /// By app and record: the profile.
    pub links: BTreeMap<(AppId, RecordId), String>,
    /// App, list and ID.
    pub profiles: BTreeSet<(AppId, List, String)>,
    /// The last position.
    pub position: i64,
}

impl Rebuilt {
    /// Takes one change in. The feed of a company has no gap, and says nothing twice.
    pub fn apply(&mut self, change: Change) {
        assert_eq!(change.position, self.position + 1, "{change:?}");
        self.position = change.position;
        let (app, profile) =
            (change.app_id.unwrap_or_else(|| "".into()), change.profile_id.unwrap_or_default());
        let profile_key = (app.clone(), change.list, profile.clone());
        match change.kind {
            ChangeKind::ProfileCreated => assert!(self.profiles.insert(profile_key)),
            ChangeKind::ProfileUpdated => assert!(self.profiles.contains(&profile_key)),
            ChangeKind::ProfileRemoved => assert!(self.profiles.remove(&profile_key)),
            ChangeKind::Created
            | ChangeKind::Updated
            | ChangeKind::Absent
            | ChangeKind::Returned
            | ChangeKind::Linked
            | ChangeKind::Unlinked
            | ChangeKind::RecordRemoved => {
                let (id, version) = (change.record_id.unwrap(), change.version.unwrap());
                let known = self.records.get(&id).cloned();
                assert_eq!(known.is_none(), change.kind == ChangeKind::Created, "{id} {:?}", change.kind);
                let known = known.as_ref();
                let grows = known.is_none_or(|(.., before, _)| *before <= version);
                assert!(grows, "{id} grows older: {known:?} {:?} {version}", change.kind);
                let link = (app, id.clone());
                match change.kind {
                    ChangeKind::Linked => assert!(self.links.insert(link, profile).is_none()),
                    ChangeKind::Unlinked => assert_eq!(self.links.remove(&link), Some(profile)),
                    ChangeKind::RecordRemoved => {
                        self.records.remove(&id);
                        self.links.retain(|(_, record), _| *record != id);
                        return;
                    }
                    _ => {}
                }
                let absent = match change.kind {
                    ChangeKind::Absent => true,
                    ChangeKind::Linked | ChangeKind::Unlinked => known.is_some_and(|known| known.3),
                    _ => false,
                };
                let record = (change.connection_id.unwrap(), change.external_id.unwrap(), version, absent);
                self.records.insert(id, record);
            }
        }
    }

    /// What the database holds; of the position it says nothing.
    pub fn of_database(db: &mut Db, company: &CompanyId) -> Result<Self> {
        let mut state = Self::default();
        for list in List::ALL {
            let mut after: Option<Position> = None;
            loop {
                let (filter, order, limit) = (Filter::default(), Order::Name, PageLimit::SCAN);
                let page = records::page(db, company, *list, &filter, order, after.as_ref(), limit)?;
                after = page.rows.last().map(|last| Position::of(last, order));
                for row in page.rows {
                    let external_id = row.record.external_id;
                    let record = (row.connection_id, external_id, row.version, row.absent_at.is_some());
                    state.records.insert(row.id, record);
                }
                if !page.more {
                    break;
                }
            }
            for app in apps::page(db, None, PageLimit::SCAN)?.rows {
                let filter =
                    profiles::Filter { company_id: Some(company.to_owned()), ..profiles::Filter::default() };
                let page = profiles::page(db, &app.id, *list, &filter, None, PageLimit::SCAN)?;
                state
                    .profiles
                    .extend(page.rows.into_iter().map(|row| (row.app_id, row.list, row.profile_id)));
            }
        }
        for row in links::page(db, company, None, None, None, PageLimit::SCAN)?.rows {
            state.links.insert((row.app_id, row.record_id), row.profile_id);
        }
        Ok(state)
    }
}
