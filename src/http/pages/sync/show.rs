//! The page itself, the rows that follow those of a page, and the history.

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use chrono::TimeDelta;

use crate::{
    domain::{
        access::{Attempt, action},
        secret::Secret,
        words::List,
    },
    http::{
        Gateway,
        api::auth::Caller,
        cookies,
        pages::{answer, sign_in},
        problem::ApiError,
    },
    service::{
        self, Refusal,
        pairs::{self, Counts, PairsQuery},
        profiles::{self, ProfilesQuery},
        records::{self, RecordsQuery},
    },
    store::Db,
};

use super::{
    ListName,
    asked::{Asked, Show},
    news::{Done, SourceState},
    people,
    place::{Choice, Place, filled},
    view::{Card, Row, Rows, told},
};

/// The cookie with the company that was looked at last.
const COMPANY_COOKIE: &str = "rollcall-company";

/// The three lists.
struct Lists {
    profiles: Rows<Card>,
    records: Rows<Card>,
    linked: Rows<Row>,
    counts: Told,
    done: Option<Done>,
}

/// The numbers in words.
struct Told {
    profiles: String,
    records: String,
    linked: String,
    none_linked: bool,
}

impl From<Counts> for Told {
    fn from(counts: Counts) -> Self {
        Self {
            profiles: told(counts.profiles),
            records: told(counts.records),
            linked: told(counts.linked),
            none_linked: counts.linked == 0,
        }
    }
}

#[derive(Template)]
#[template(path = "sync/page.html")]
struct SyncPage {
    place: Place,
    lists: Option<Lists>,
    state: Option<SourceState>,
    shows: Vec<Choice>,
    show: Show,
}

impl SyncPage {
    fn users(&self) -> &'static str {
        people(self.place.list)
    }

    fn is_employees(&self) -> bool {
        self.place.list == List::Employee
    }

    fn tab(&self, list: List) -> String {
        self.place.other_list(list)
    }

    fn act(&self, what: &str) -> String {
        self.place.below(what).done()
    }
}

/// The rows of one list alone.
#[derive(Template)]
#[template(path = "sync/part.html")]
struct Part {
    profiles: Option<Rows<Card>>,
    records: Option<Rows<Card>>,
    linked: Option<Rows<Row>>,
    /// Where the green plus leads.
    make: String,
}

pub(super) async fn page(
    State(gateway): State<Gateway>,
    ListName(list): ListName,
    uri: Uri,
    headers: HeaderMap,
    caller: Result<Caller<action::Read>, ApiError>,
) -> Result<Response, ApiError> {
    let back = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let caller = match caller {
        Ok(caller) => caller,
        Err(error) => return sign_in::ask_at(error, &back),
    };
    let asked = Asked::of(&uri);
    let shown = read(&gateway, &caller, list, asked, &headers).await;
    let shown = match shown {
        Ok(shown) => shown,
        Err(error) => return sign_in::ask_at(error, &back),
    };
    let company = shown.place.company.as_ref().map(|company| Secret::new(company.id.clone()));
    let mut answer = answer::page(StatusCode::OK, &shown);
    if shown.place.quicklink {
        answer = answer::framed(answer, &gateway.pages.frame_ancestors);
    }
    let Some(company) = company else { return Ok(answer) };
    let cookie = cookies::of_name(COMPANY_COOKIE, &gateway.public_url, &company, TimeDelta::days(365));
    Ok(([(header::SET_COOKIE, cookie)], answer).into_response())
}

async fn read(
    gateway: &Gateway,
    caller: &Caller<action::Read>,
    list: List,
    asked: Asked,
    headers: &HeaderMap,
) -> Result<SyncPage, ApiError> {
    let last = cookies::read_name(COMPANY_COOKIE, headers, &gateway.public_url);
    let (known, wanted) = (gateway.clone(), asked.clone());
    let place = caller.clone().acting_for(None).read(move |db, attempt| {
        let last = last.as_ref().map(Secret::reveal);
        let place = Place::choose(db, &known, attempt, list, &wanted, last)?;
        let state = match &place.connection {
            Some(connection) => Some(SourceState::read(db, attempt, connection, list, place.quicklink)?),
            None => None,
        };
        Ok((place, state))
    });
    let (place, state) = place.await?;
    let show = Show::of(&asked.show);
    let shows = Show::ALL.map(|other| Choice {
        name: other.name().to_owned(),
        href: place.below("").with("show", other.word()).with("q_records", &asked.q_records).done(),
        current: other == show,
    });
    let mut page = SyncPage { place, lists: None, state, shows: shows.into(), show };
    if let (Some(app), Some(_)) = (page.place.app_id(), page.place.connection_id()) {
        let caller = caller.clone().acting_for(Some(app.to_owned()));
        let read = caller.read(move |db, attempt| {
            let lists = Lists::read(db, attempt, &page.place, &asked, show)?;
            Ok(SyncPage { lists: Some(lists), ..page })
        });
        page = read.await?;
    }
    Ok(page)
}

impl Lists {
    fn read(
        db: &mut Db,
        attempt: &Attempt<action::Read>,
        place: &Place,
        asked: &Asked,
        show: Show,
    ) -> service::Result<Self> {
        let connection = place.connection_id().unwrap_or_default();
        let done = match asked.change.parse() {
            Ok(position) => pairs::change_at(db, attempt, connection, place.list, position)?,
            Err(_) => None,
        };
        Ok(Self {
            profiles: profile_rows(db, attempt, place, asked)?,
            records: record_rows(db, attempt, place, asked, show)?,
            linked: pair_rows(db, attempt, place, asked)?,
            counts: pairs::counts(db, attempt, connection, place.list)?.into(),
            done: done.as_ref().map(Done::of),
        })
    }
}

fn profile_rows(
    db: &mut Db,
    attempt: &Attempt<action::Read>,
    place: &Place,
    asked: &Asked,
) -> service::Result<Rows<Card>> {
    let query = ProfilesQuery {
        company: place.company.as_ref().map(|company| company.id.clone()),
        linked: Some(false),
        connection: place.connection_id().map(str::to_owned),
        q: filled(&asked.q_profiles).map(str::to_owned),
        cursor: filled(&asked.after_profiles).map(str::to_owned),
        ..ProfilesQuery::default()
    };
    let page = profiles::list(db, attempt, place.list, &query)?;
    let rows = page.data.into_iter().map(Card::of_profile).collect();
    let next = page.next_cursor.unwrap_or_default();
    let query = [("q_profiles", asked.q_profiles.as_str()), ("after_profiles", &next)];
    Ok(following(place, rows, "profiles", query, "", &next))
}

fn record_rows(
    db: &mut Db,
    attempt: &Attempt<action::Read>,
    place: &Place,
    asked: &Asked,
    show: Show,
) -> service::Result<Rows<Card>> {
    let query = show.filter(RecordsQuery {
        company: place.company.as_ref().map(|company| company.id.clone()),
        connection: place.connection_id().map(str::to_owned),
        linked: Some(false),
        q: filled(&asked.q_records).map(str::to_owned),
        cursor: filled(&asked.after_records).map(str::to_owned),
        ..RecordsQuery::default()
    });
    let page = records::list(db, attempt, place.list, &query)?;
    let rows = Card::of_records(page.data);
    let next = page.next_cursor.unwrap_or_default();
    let query = [("q_records", asked.q_records.as_str()), ("after_records", &next)];
    Ok(following(place, rows, "records", query, show.word(), &next))
}

fn pair_rows(
    db: &mut Db,
    attempt: &Attempt<action::Read>,
    place: &Place,
    asked: &Asked,
) -> service::Result<Rows<Row>> {
    let query = PairsQuery {
        list: place.list,
        q: filled(&asked.q_linked).map(str::to_owned),
        app: None,
        limit: None,
        cursor: filled(&asked.after_linked).map(str::to_owned),
    };
    let page = pairs::list(db, attempt, place.connection_id().unwrap_or_default(), &query)?;
    let rows = page.data.into_iter().map(Row::of).collect();
    let next = page.next_cursor.unwrap_or_default();
    let query = [("q_linked", asked.q_linked.as_str()), ("after_linked", &next)];
    Ok(following(place, rows, "linked", query, "", &next))
}

/// Rows, and the addresses of those that follow them.
fn following<T>(
    place: &Place,
    rows: Vec<T>,
    side: &str,
    query: [(&'static str, &str); 2],
    show: &str,
    next: &str,
) -> Rows<T> {
    let [(q, search), after] = query;
    let (mut more, mut part) = Default::default();
    if !next.is_empty() {
        let of = |path| place.below(path).with(q, search).with("show", show).with(after.0, after.1);
        more = of("").at(side);
        part = of("/part").with("side", side).done();
    }
    Rows { rows, more, part, search: search.trim().to_owned() }
}

/// The rows of one list alone: of a search, or those that follow.
pub(super) async fn part(
    State(gateway): State<Gateway>,
    ListName(list): ListName,
    uri: Uri,
    caller: Caller<action::Read>,
) -> Result<Response, ApiError> {
    let asked = Asked::of(&uri);
    let (known, wanted) = (gateway.clone(), asked.clone());
    let chosen = caller.clone().acting_for(None);
    let place = chosen.read(move |db, attempt| Place::choose(db, &known, attempt, list, &wanted, None));
    let place = place.await?;
    let Some(app) = place.app_id().map(str::to_owned) else {
        return Err(Refusal::not_there("app").into());
    };
    let read = caller.acting_for(Some(app)).read(move |db, attempt| {
        let show = Show::of(&asked.show);
        let make = place.below("/profile").done();
        let mut part = Part { profiles: None, records: None, linked: None, make };
        match asked.side.as_str() {
            "profiles" => part.profiles = Some(profile_rows(db, attempt, &place, &asked)?),
            "records" => part.records = Some(record_rows(db, attempt, &place, &asked, show)?),
            _ => part.linked = Some(pair_rows(db, attempt, &place, &asked)?),
        }
        Ok(part)
    });
    Ok(answer::page(StatusCode::OK, &read.await?))
}
