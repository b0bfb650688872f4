//! Where a Sync page is: which company, app and connection, and what else may be chosen.

use crate::{
    connectors::{self, connector::Connector},
    domain::{
        access::{Attempt, Principal, action},
        words::{Kind, List},
    },
    http::{Gateway, pages::href::Href},
    service::{
        self,
        accounts::own_name,
        connections::{self, Connection, ConnectionsQuery},
        find,
    },
    store::Db,
};

use super::asked::Asked;

/// One of several that may be chosen: a link.
pub(super) struct Choice {
    pub(super) name: String,
    pub(super) href: String,
    pub(super) current: bool,
}

/// Something with an ID and a name.
#[derive(Clone)]
pub(super) struct Named {
    pub(super) id: String,
    pub(super) name: String,
}

/// Where the page is, and what else there is to choose from.
pub(super) struct Place {
    pub(super) list: List,
    pub(super) company: Option<Named>,
    pub(super) app: Option<Named>,
    pub(super) connection: Option<Connection>,
    pub(super) companies: Vec<Choice>,
    pub(super) apps: Vec<Choice>,
    pub(super) connections: Vec<Choice>,
    /// Whether a Quicklink opened it: then there is nothing but Sync.
    pub(super) quicklink: bool,
    /// The person who is signed in.
    pub(super) person: Option<String>,
}

impl Place {
    /// # Errors
    /// The refusals of those who may not read; `company_not_found` and the like for what is named.
    pub(super) fn choose(
        db: &mut Db,
        gateway: &Gateway,
        attempt: &Attempt<action::Read>,
        list: List,
        asked: &Asked,
        last_company: Option<&str>,
    ) -> service::Result<Self> {
        attempt.throughout()?;
        let companies = find::all_companies(db, &attempt.principal().companies())?;
        let named: Vec<Named> = companies
            .into_iter()
            .map(|company| Named { id: company.id.into(), name: company.name })
            .collect();
        let company = match filled(&asked.company) {
            Some(wanted) => {
                let company = find::company(db, attempt, wanted)?;
                Some(Named { id: company.id.into(), name: company.name })
            }
            None => named
                .iter()
                .find(|company| Some(company.id.as_str()) == last_company)
                .or(named.first())
                .cloned(),
        };
        let mut place = Self {
            list,
            company,
            app: None,
            connection: None,
            companies: Vec::new(),
            apps: Vec::new(),
            connections: Vec::new(),
            quicklink: matches!(attempt.principal(), Principal::Quicklink { .. }),
            person: own_name(db, attempt.principal())?,
        };
        let Some(company) = place.company.clone() else { return Ok(place) };
        let apps = apps_of(db, attempt, &company.id)?;
        place.app = chosen(&apps, filled(&asked.app), |app| (&app.id, &app.name)).cloned();
        if place.app.is_none() && filled(&asked.app).is_some() {
            return Err(service::Refusal::not_there("app"));
        }
        let query = ConnectionsQuery {
            company: Some(company.id.clone()),
            limit: Some(500),
            ..ConnectionsQuery::default()
        };
        let mut connections = connections::list(db, &gateway.sources, attempt, &query)?.data;
        let at = match filled(&asked.connection) {
            Some(wanted) => {
                let found = find::connection(db, attempt, wanted)?;
                let at = connections.iter().position(|connection| connection.id == *found.id);
                Some(at.ok_or_else(|| service::Refusal::not_there("connection"))?)
            }
            None if connections.is_empty() => None,
            None => Some(0),
        };
        let names: Vec<Named> = connections
            .iter()
            .map(|connection| Named { id: connection.id.clone(), name: connection.name.clone() })
            .collect();
        place.connection = at.map(|at| connections.swap_remove(at));
        place.companies = named
            .iter()
            .map(|other| Choice {
                name: other.name.clone(),
                href: Href::to(&place.path()).with("company", &other.id).done(),
                current: other.id == company.id,
            })
            .collect();
        place.apps = apps
            .iter()
            .map(|other| Choice {
                name: other.name.clone(),
                href: place.address(Some(&other.id), place.connection_id()),
                current: Some(&other.id) == place.app.as_ref().map(|app| &app.id),
            })
            .collect();
        place.connections = names
            .iter()
            .map(|other| Choice {
                name: other.name.clone(),
                href: place.address(place.app_id(), Some(&other.id)),
                current: Some(other.id.as_str()) == place.connection_id(),
            })
            .collect();
        Ok(place)
    }

    pub(super) fn path(&self) -> String {
        format!("/sync/{}", self.list.plural())
    }

    pub(super) fn app_id(&self) -> Option<&str> {
        self.app.as_ref().map(|app| app.id.as_str())
    }

    pub(super) fn connection_id(&self) -> Option<&str> {
        self.connection.as_ref().map(|connection| connection.id.as_str())
    }

    /// The address of this page, of this app and connection.
    fn address(&self, app: Option<&str>, connection: Option<&str>) -> String {
        self.under("", app, connection).done()
    }

    /// An address below this page's, for the same place.
    pub(super) fn below(&self, path: &str) -> Href {
        self.under(path, self.app_id(), self.connection_id())
    }

    fn under(&self, path: &str, app: Option<&str>, connection: Option<&str>) -> Href {
        let company = self.company.as_ref().map(|company| company.id.as_str());
        Href::to(&format!("{}{path}", self.path()))
            .with("company", company.unwrap_or_default())
            .with("app", app.unwrap_or_default())
            .with("connection", connection.unwrap_or_default())
    }

    /// The same place in the other list.
    pub(super) fn other_list(&self, list: List) -> String {
        let company = self.company.as_ref().map(|company| company.id.as_str());
        Href::to(&format!("/sync/{}", list.plural()))
            .with("company", company.unwrap_or_default())
            .with("app", self.app_id().unwrap_or_default())
            .with("connection", self.connection_id().unwrap_or_default())
            .done()
    }

    /// Whether its source can be asked for its lists.
    pub(super) fn can_be_asked(&self) -> bool {
        self.connection
            .as_ref()
            .is_some_and(|connection| connectors::is_polled(connection.kind) || calls_in(connection.kind))
    }
}

/// The apps of a company that the caller may act for.
fn apps_of(db: &mut Db, attempt: &Attempt<action::Read>, company: &str) -> service::Result<Vec<Named>> {
    let bound = matches!(attempt.principal(), Principal::Quicklink { .. } | Principal::App { .. });
    if let (true, Some(own)) = (bound, attempt.app()) {
        return Ok(vec![Named { id: own.id.to_string(), name: own.name.clone() }]);
    }
    let mut apps = find::apps(db, attempt.principal())?;
    apps.retain(|app| !app.admin && app.companies.iter().any(|seen| *seen == *company));
    Ok(apps.into_iter().map(|app| Named { id: app.id.into(), name: app.name }).collect())
}

/// The one that is wanted, by ID or name; the first where none is.
fn chosen<'a, T>(
    all: &'a [T],
    wanted: Option<&str>,
    key: impl Fn(&T) -> (&String, &String),
) -> Option<&'a T> {
    match wanted {
        Some(wanted) => all.iter().find(|one| {
            let (id, name) = key(one);
            id == wanted || name.eq_ignore_ascii_case(wanted)
        }),
        None => all.first(),
    }
}

/// A text that is not empty.
pub(super) fn filled(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}

/// Whether the source calls the gateway for its lists, as a program on the business's own computer does.
pub(super) fn calls_in(kind: Kind) -> bool {
    connectors::of(kind).ok().and_then(Connector::calls_in).is_some()
}
