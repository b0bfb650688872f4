//! Finds what the command line names, and lists what there is.

use crate::{
    domain::{name, near::distance},
    store::{
        self, Db, Page, PageLimit,
        apps::{self, App},
        companies::{self, Company},
        connections::{self, Connection},
        runs::{self, Run},
    },
};

use super::{Result, failure::Failure};

/// By ID, its unique beginning, or name.
pub fn company(db: &mut Db, wanted: &str) -> Result<Company> {
    let all = companies(db)?.into_iter().map(|company| (company.id, company.name)).collect();
    Ok(companies::get(db, &Known::new("company", all).choose(wanted)?)?)
}

/// By ID, its unique beginning, or name.
pub fn app(db: &mut Db, wanted: &str) -> Result<App> {
    let apps = self::all(db, |app: &App| &app.id, apps::page)?;
    let all = apps.into_iter().map(|app| (app.id, app.name)).collect();
    Ok(apps::get(db, &Known::new("app", all).choose(wanted)?)?)
}

/// By ID, its unique beginning, name, or `Company/Name`.
pub fn connection(db: &mut Db, wanted: &str) -> Result<Connection> {
    let names = CompanyNames::read(db)?;
    let mut all = Vec::new();
    for connection in connections(db, None)? {
        all.push((
            connection.id.clone(),
            format!("{}/{}", names.of(&connection.company_id), connection.name),
        ));
        all.push((connection.id, connection.name));
    }
    Ok(connections::get(db, &Known::new("connection", all).choose(wanted)?)?)
}

/// By ID or its unique beginning.
pub fn run(db: &mut Db, wanted: &str) -> Result<Run> {
    let wanted = wanted.trim();
    let all = match runs::get(db, wanted) {
        Ok(run) => return Ok(run),
        Err(store::Error::NotFound(_)) if wanted.len() > "run_".len() => runs::beginning(db, wanted, 3)?,
        Err(store::Error::NotFound(_)) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let all = all.into_iter().map(|id| (id.clone(), id)).collect();
    Ok(runs::get(db, &Known::new("run", all).choose(wanted)?)?)
}

/// What there is to choose from, by ID and name.
struct Known {
    what: &'static str,
    all: Vec<(String, String)>,
}

impl Known {
    fn new(what: &'static str, all: Vec<(String, String)>) -> Self {
        Self { what, all }
    }

    /// The ID of the one that is wanted: as written first, then whatever its case, then by the beginning of its ID.
    ///
    /// # Errors
    /// None, with those whose names are near; several.
    fn choose(&self, wanted: &str) -> Result<String> {
        let wanted = wanted.trim();
        let key = name::key(wanted);
        let lower = wanted.to_lowercase();
        // A beginning tells more than the kind of the ID alone.
        let long = lower.split_once('_').is_some_and(|(_, rest)| !rest.is_empty());
        type Way<'a> = &'a dyn Fn(&str, &str) -> bool;
        let ways: [Way<'_>; 4] = [
            &|id, _| id == wanted,
            &|_, name| name == wanted,
            &|_, name| name::key(name) == key,
            &|id, _| long && id.starts_with(&lower),
        ];
        for way in ways {
            let mut ids: Vec<&String> =
                self.all.iter().filter(|(id, name)| way(id, name)).map(|(id, _)| id).collect();
            ids.sort_unstable();
            ids.dedup();
            match ids.as_slice() {
                [] => {}
                [only] => return Ok((*only).clone()),
                several => return Err(self.ambiguous(wanted, several)),
            }
        }
        Err(self.missing(wanted, &key))
    }

    fn ambiguous(&self, wanted: &str, ids: &[&String]) -> Failure {
        let ids: Vec<&str> = ids.iter().take(5).map(|id| id.as_str()).collect();
        Failure::new(
            "ambiguous",
            format!("`{wanted}` may be more than one {}: {}.", self.what, ids.join(", ")),
            "Name one by its ID.",
        )
    }

    fn missing(&self, wanted: &str, key: &str) -> Failure {
        let near = |name: &&str| {
            let name = name::key(name);
            let within = key.chars().count() >= 3 && (name.contains(key) || key.contains(&name));
            within || distance(&name, key) <= (key.chars().count() / 4).min(3)
        };
        let mut near: Vec<&str> = self
            .all
            .iter()
            .map(|(_, name)| name.as_str())
            .filter(|name| !name.is_empty())
            .filter(near)
            .collect();
        near.dedup();
        let near: Vec<String> = near.into_iter().take(3).map(|name| format!("`{name}`")).collect();
        let failure = Failure::not_found(self.what, wanted);
        if near.is_empty() {
            failure
        } else {
            failure.hinted(&format!("Did you mean {}?", near.join(" or ")))
        }
    }
}

/// All rows, page by page.
pub fn all<T>(
    db: &mut Db,
    id: impl Fn(&T) -> &str,
    page: impl Fn(&mut Db, Option<&str>, PageLimit) -> store::Result<Page<T>>,
) -> Result<Vec<T>> {
    let mut rows: Vec<T> = Vec::new();
    loop {
        let after = rows.last().map(|row| id(row).to_owned());
        let next = page(db, after.as_deref(), PageLimit::SCAN)?;
        rows.extend(next.rows);
        if !next.more {
            return Ok(rows);
        }
    }
}

pub fn companies(db: &mut Db) -> Result<Vec<Company>> {
    all(db, |company: &Company| &company.id, |db, after, limit| companies::page(db, None, after, limit))
}

/// The names of the companies, by their IDs: what people know them by.
#[derive(Debug)]
pub struct CompanyNames(Vec<Company>);

impl CompanyNames {
    pub fn read(db: &mut Db) -> Result<Self> {
        companies(db).map(Self)
    }

    /// The ID itself where the company has gone meanwhile.
    pub fn of<'a>(&'a self, id: &'a str) -> &'a str {
        self.0.iter().find(|company| company.id == id).map_or(id, |company| &company.name)
    }
}

/// All connections, or those of one company.
pub fn connections(db: &mut Db, company_id: Option<&str>) -> Result<Vec<Connection>> {
    let among: Option<Vec<String>> = company_id.map(|id| vec![id.to_owned()]);
    all(
        db,
        |connection: &Connection| &connection.id,
        |db, after, limit| connections::page(db, among.as_deref(), after, limit),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(wanted: &str) -> String {
        let all =
            [("com_01ab", "Acme"), ("com_01cd", "Birch & Sons"), ("com_02", "birch"), ("com_03", "Birch")];
        let all = all.map(|(id, name)| (id.to_owned(), name.to_owned())).to_vec();
        match Known::new("company", all).choose(wanted) {
            Ok(id) => id,
            Err(Failure::Problem { problem, .. }) => format!("{} {}", problem.detail, problem.remedy),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn one_is_named_by_its_id_its_beginning_or_its_name_whatever_the_case() {
        for (wanted, id) in [
            ("com_01ab", "com_01ab"),
            ("com_01A", "com_01ab"),
            (" ACME", "com_01ab"),
            ("Birch", "com_03"),
            ("BIRCH & sons", "com_01cd"),
        ] {
            assert_eq!(chosen(wanted), id, "{wanted}");
        }
        for (wanted, told) in [
            ("BIRCH", "com_02, com_03"),
            ("com_01", "com_01ab, com_01cd"),
            ("Acne", "Did you mean `Acme`?"),
            ("acm", "Did you mean `Acme`?"),
            ("com_", "There is no company"),
            ("Zenith", "There is no company"),
        ] {
            assert!(chosen(wanted).contains(told), "{wanted}: {}", chosen(wanted));
        }
        assert!(!chosen("Zenith").contains("Did you mean"));
    }
}
