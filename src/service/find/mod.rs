//! Finds objects by name, ID or the beginning of an ID, as the caller sees them: what it may not see does not exist for
//! it.

mod choose;
mod names;

pub use choose::{ChoiceError, choose};
pub use names::Names;

use crate::{
    domain::{
        access::{Acts, Attempt, Companies, Grant, Principal},
        ids::{AppId, CompanyId, ConnectionId, RecordId, TokenId},
        words::{List, Role},
    },
    store::{
        self, Db, Page, PageLimit,
        accounts::{self, Account},
        apps::{self, App, Token},
        companies::{self, Company},
        connections::{self, Connection},
        inbox::{self, Message},
        quicklinks,
        records::{self, Staged},
        runs::{self, Run},
    },
};

use super::{
    Class, Refusal, Result,
    interface::{Operation, Wording},
};

/// A company, by ID, its unique beginning, or name.
pub fn company<A>(db: &mut Db, attempt: &Attempt<A>, wanted: &str) -> Result<Company> {
    match companies::find(db, wanted) {
        Ok(company) if attempt.companies().has(&company.id) => return Ok(company),
        Ok(company) if attempt.principal().companies().has(&company.id) => {
            return Err(attempt.unseen(&company.id, "company").into());
        }
        Ok(_) | Err(store::Error::NotFound(_)) => {}
        Err(error) => return Err(error.into()),
    }
    let all = all_companies(db, attempt.companies())?;
    let all: Vec<(CompanyId, String)> = all.into_iter().map(|company| (company.id, company.name)).collect();
    let id = choose(&all, wanted).map_err(|not| refused("company", wanted, not))?;
    Ok(companies::get(db, &id)?)
}

/// The IDs of the companies whose lists are read: the one that is named, else all that the caller sees.
pub fn company_ids<A>(db: &mut Db, attempt: &Attempt<A>, wanted: Option<&str>) -> Result<Vec<CompanyId>> {
    match (wanted, attempt.companies().ids()) {
        (Some(name), _) => Ok(vec![company(db, attempt, name)?.id]),
        (None, Some(ids)) => Ok(ids.to_vec()),
        (None, None) => Ok(companies::ids(db)?),
    }
}

/// The ID of the company that is named, else of the only one that the caller sees.
///
/// # Errors
/// `company_needed` if the caller sees several.
pub fn one_company<A>(db: &mut Db, attempt: &Attempt<A>, wanted: Option<&str>) -> Result<CompanyId> {
    match company_ids(db, attempt, wanted)?.as_slice() {
        [only] => Ok(only.clone()),
        several => Err(Refusal::unacceptable(
            "company_needed",
            format!("{} companies could be meant, and none of them is named.", several.len()),
            Wording::by(|interface| {
                let (company, list) =
                    (interface.parameter("company"), interface.operation(Operation::ListCompanies));
                format!("Name one by {company}: its ID or its name; {list} lists them.")
            }),
        )),
    }
}

/// A connection, by ID, its unique beginning, name, or `Company/Name`.
pub fn connection<A>(db: &mut Db, attempt: &Attempt<A>, wanted: &str) -> Result<Connection> {
    match connections::get(db, &wanted.into()) {
        Ok(connection) if attempt.companies().has(&connection.company_id) => return Ok(connection),
        Ok(_) | Err(store::Error::NotFound(_)) => {}
        Err(error) => return Err(error.into()),
    }
    let names = Names::read(db, attempt.companies())?;
    let all: Vec<(ConnectionId, String)> = names
        .connections()
        .flat_map(|(id, name, full)| [(id.clone(), full.to_owned()), (id.clone(), name.to_owned())])
        .collect();
    let id = choose(&all, wanted).map_err(|not| match not {
        // People know connections by both names.
        ChoiceError::Ambiguous { ids } => {
            let ids = ids.iter().map(|id| format!("`{}` ({id})", names.connection(id))).collect();
            refused("connection", wanted, ChoiceError::Ambiguous { ids })
        }
        missing => refused("connection", wanted, missing),
    })?;
    Ok(connections::get(db, &id)?)
}

/// An app that the caller may act for, by ID, its unique beginning, or name.
pub fn app(db: &mut Db, principal: &Principal, wanted: &str) -> Result<App> {
    match apps::get(db, &wanted.into()) {
        Ok(app) if sees(principal, &app) => return Ok(app),
        Ok(_) | Err(store::Error::NotFound(_)) => {}
        Err(error) => return Err(error.into()),
    }
    let seen = apps(db, principal)?;
    let all: Vec<(AppId, String)> = seen.iter().map(|app| (app.id.clone(), app.name.clone())).collect();
    let id = choose(&all, wanted).map_err(|not| refused("app", wanted, not))?;
    seen.into_iter().find(|app| app.id == id).ok_or_else(|| Refusal::not_there("app"))
}

/// The apps that see a company which the caller sees as well; and the admins' apps, if the caller sees all companies.
pub fn apps(db: &mut Db, principal: &Principal) -> Result<Vec<App>> {
    let mut all = pages(db, |app: &App| &app.id, apps::page)?;
    all.retain(|app| sees(principal, app));
    Ok(all)
}

fn sees(principal: &Principal, app: &App) -> bool {
    match principal.companies() {
        Companies::All => true,
        Companies::Only(companies) => app.companies.iter().any(|company| companies.contains(company)),
    }
}

/// An account, by ID, its unique beginning, or e-mail: the caller's own, or any for whoever sees all of them.
///
/// # Errors
/// The policy's, before anything is said about the account; `account_not_found`, `ambiguous`.
pub fn account<A: Acts>(db: &mut Db, attempt: &Attempt<A>, wanted: &str) -> Result<Account> {
    attempt.throughout()?;
    if let Principal::Account { id, role: Role::User, .. } = attempt.principal() {
        let own = accounts::get(db, id)?;
        let all = [(own.id.clone(), own.email.clone())];
        choose(&all, wanted).map_err(|_| Refusal::not_there_as("account", wanted))?;
        return Ok(own);
    }
    match accounts::find(db, wanted.trim()) {
        Err(store::Error::NotFound(_)) => {
            let all = accounts::all_emails(db)?;
            let id = choose(&all, wanted).map_err(|not| refused("account", wanted, not))?;
            Ok(accounts::get(db, &id)?)
        }
        found => Ok(found?),
    }
}

/// The company of a Quicklink. Those of other accounts do not exist for a user.
///
/// # Errors
/// `quicklink_not_found`.
pub fn quicklink_company<A: Acts>(db: &mut Db, attempt: &Attempt<A>, id: &str) -> Result<CompanyId> {
    let missing = || Refusal::not_there_as("Quicklink", id);
    let quicklink = match quicklinks::get(db, id) {
        Err(store::Error::NotFound(_)) => return Err(missing()),
        found => found?,
    };
    match attempt.principal() {
        Principal::Account { id: own, role: Role::User, .. } if *own != quicklink.account_id => {
            Err(missing())
        }
        _ => Ok(quicklink.company_id),
    }
}

/// A token of an app, by its ID or the unique beginning of it.
///
/// # Errors
/// `token_not_found`, `ambiguous`.
pub fn token(db: &mut Db, app: &App, wanted: &str) -> Result<Token> {
    let all = apps::tokens(db, &app.id)?;
    let ids: Vec<(TokenId, String)> = all.iter().map(|token| (token.id.clone(), String::new())).collect();
    let id = choose(&ids, wanted).map_err(|not| refused("token", wanted, not))?;
    all.into_iter().find(|token| token.id == id).ok_or_else(|| Refusal::not_there("token"))
}

/// A record, by its ID or the unique beginning of it, and the grant to do the action on it.
///
/// # Errors
/// `{list}_not_found`; the policy's where it is there and the caller may not.
pub fn record<A: Acts>(
    db: &mut Db,
    attempt: &Attempt<A>,
    list: List,
    id: &str,
) -> Result<(Grant<A>, Staged)> {
    let staged = match records::get(db, list, &id.into()) {
        Err(store::Error::NotFound(_)) => {
            let id = record_id(db, attempt, list, id)?;
            records::get(db, list, &id)?
        }
        other => other?,
    };
    Ok((attempt.at(&staged.company_id, list.as_str())?, staged))
}

/// A run, by its ID or the unique beginning of it, and the grant to do the action on it.
///
/// # Errors
/// `run_not_found`; the policy's where it is there and the caller may not.
pub fn run<A: Acts>(db: &mut Db, attempt: &Attempt<A>, id: &str) -> Result<(Grant<A>, Run)> {
    let run = match runs::get(db, &id.into()) {
        Err(store::Error::NotFound(_)) => {
            let among = attempt.companies().ids();
            let id = begun("run", "run", id, |id| runs::beginning(db, among, id, 3))?;
            runs::get(db, &id)?
        }
        other => other?,
    };
    Ok((attempt.at(&run.company_id, "run")?, run))
}

/// A message of a webhook, by its ID, the unique beginning of it, or the sender's own ID; with its connection, and the grant
/// to do the action.
///
/// # Errors
/// `message_not_found`, `ambiguous`.
pub fn message<A: Acts>(
    db: &mut Db,
    attempt: &Attempt<A>,
    wanted: &str,
) -> Result<(Grant<A>, Connection, Message)> {
    let message = match inbox::get(db, &wanted.into()) {
        Err(store::Error::NotFound(_)) => {
            let ids = inbox::meant(db, attempt.companies().ids(), wanted.trim(), 3)?;
            inbox::get(db, &only("message", wanted, ids)?)?
        }
        other => other?,
    };
    let connection = connections::get(db, &message.connection_id)?;
    Ok((attempt.at(&connection.company_id, "message")?, connection, message))
}

/// The ID with this beginning, among the companies in which the caller may act, else among those that it sees.
fn record_id<A>(db: &mut Db, attempt: &Attempt<A>, list: List, beginning: &str) -> Result<RecordId> {
    let seen = attempt.principal().companies();
    begun(list.as_str(), list.prefix(), beginning, |id| {
        let ids = records::beginning(db, list, attempt.companies().ids(), id, 3)?;
        if ids.is_empty() { records::beginning(db, list, seen.ids(), id, 3) } else { Ok(ids) }
    })
}

/// The only ID of a `what` with this beginning; `ids` finds up to three.
fn begun<I: Clone + Into<String>>(
    what: &str,
    prefix: &str,
    beginning: &str,
    ids: impl FnOnce(&str) -> store::Result<Vec<I>>,
) -> Result<I> {
    let beginning = beginning.trim().to_lowercase();
    let digits = beginning.split_once('_').filter(|(begins, _)| *begins == prefix);
    let digits = digits.map_or("", |(_, digits)| digits);
    // A complete ID has 32 hex digits.
    if !(1..32).contains(&digits.len()) || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(Refusal::not_there_as(what, &beginning));
    }
    only(what, &beginning, ids(&beginning)?)
}

/// The chosen object, or the refusal.
fn only<I: Clone + Into<String>>(what: &str, wanted: &str, ids: Vec<I>) -> Result<I> {
    match ids.as_slice() {
        [only] => Ok(only.clone()),
        [] => Err(Refusal::not_there_as(what, wanted)),
        _ => {
            let ids = ids.into_iter().map(Into::into).collect();
            Err(refused(what, wanted, ChoiceError::Ambiguous { ids }))
        }
    }
}

/// `wanted` is not repeated: it may be a secret that was pasted into the wrong place.
fn refused(what: &str, wanted: &str, not: ChoiceError) -> Refusal {
    match not {
        ChoiceError::Ambiguous { ids } => Refusal::new(
            Class::Conflict,
            "ambiguous",
            format!("That may be more than one {what}: {}.", ids.join(", ")),
            match what {
                "connection" => "Name one so, or by its ID.",
                _ => "Name one by its ID.",
            },
        ),
        ChoiceError::Missing { near } if near.is_empty() => Refusal::not_there_as(what, wanted),
        ChoiceError::Missing { near } => {
            let near: Vec<String> = near.iter().map(|name| format!("`{name}`")).collect();
            let refused = Refusal::not_there_as(what, wanted);
            let hint = format!("Did you mean {}?", near.join(" or "));
            Refusal { remedy: refused.remedy.after(&hint), ..refused }
        }
    }
}

/// The companies that the caller sees.
pub fn all_companies(db: &mut Db, seen: &Companies) -> store::Result<Vec<Company>> {
    pages(
        db,
        |company: &Company| &company.id,
        |db, after, limit| companies::page(db, seen.ids(), after, limit),
    )
}

/// All rows, read page by page.
pub fn pages<T>(
    db: &mut Db,
    id: impl Fn(&T) -> &str,
    page: impl Fn(&mut Db, Option<&str>, PageLimit) -> store::Result<Page<T>>,
) -> store::Result<Vec<T>> {
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
