//! What the page's forms do. A script asks for JSON and changes the page itself; without one, the browser is led back.

use askama::Template;
use axum::{
    Json,
    extract::{Request, State},
    http::Uri,
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::{
    domain::{
        access::action,
        problem::Problem,
        words::{List, Mode},
    },
    http::{
        Gateway,
        api::auth::Caller,
        pages::{answer::lead_to, form::Form, href::Href, problem::shows_pages},
        problem::ApiError,
    },
    service::{
        connections, links,
        pairs::{self, Counts},
        profiles, records,
    },
};

use super::{
    ListName,
    asked::Asked,
    news::Done,
    view::{Card, Row, told},
};

/// What a script needs to go on: the pieces of the page that are new.
#[derive(Default, Serialize)]
struct Changed {
    said: String,
    change: String,
    pair: String,
    profile: String,
    record: String,
    profiles: String,
    records: String,
    linked: String,
}

/// A piece of the page.
#[derive(Template)]
#[template(path = "sync/piece.html")]
struct Piece {
    pair: Option<Row>,
    profile: Option<Card>,
    record: Option<Card>,
    /// Where the green plus leads.
    make: String,
}

/// Links the profile and the record that were chosen.
pub(super) async fn link(
    State(gateway): State<Gateway>,
    ListName(list): ListName,
    caller: Caller<action::Link>,
    reading: Caller<action::Read>,
    request: Request,
) -> Result<Response, ApiError> {
    let (uri, scripted) = seen(&request);
    let form = Form::read(request).await?;
    let (profile, record) = (form.text("profile"), form.text("record"));
    if profile.is_empty() || record.is_empty() {
        return Err(choose_both());
    }
    let (id, ambient) = (record.clone(), gateway.ambient.clone());
    let done = caller.write(move |db, attempt| {
        links::add(db, &ambient, attempt, list, &id, &profile).map(|(link, _)| link.profile_id)
    });
    let profile = done.await?;
    told_of(reading, list, &uri, scripted, record, profile, "").await
}

/// Makes a profile from a record, and links it.
pub(super) async fn create_profile(
    State(gateway): State<Gateway>,
    ListName(list): ListName,
    caller: Caller<action::Link>,
    reading: Caller<action::Read>,
    request: Request,
) -> Result<Response, ApiError> {
    let (uri, scripted) = seen(&request);
    let record = Form::read(request).await?.text("one");
    let (id, ambient) = (record.clone(), gateway.ambient.clone());
    let done = caller.write(move |db, attempt| {
        let made = links::create_profile(db, &ambient, attempt, list, &id, None)?;
        Ok((made.profile.profile_id, made.profile.name))
    });
    let (profile, name) = done.await?;
    let said = format!("Made the profile {profile} for {name} and linked it.");
    told_of(reading, list, &uri, scripted, record, profile, &said).await
}

/// Takes a link apart.
pub(super) async fn unlink(
    State(gateway): State<Gateway>,
    ListName(list): ListName,
    caller: Caller<action::Link>,
    reading: Caller<action::Read>,
    request: Request,
) -> Result<Response, ApiError> {
    let (uri, scripted) = seen(&request);
    let record = Form::read(request).await?.text("one");
    let (id, ambient) = (record.clone(), gateway.ambient.clone());
    let done = caller.write(move |db, attempt| links::remove(db, &ambient, attempt, list, &id));
    let profile = done.await?.map(|link| link.profile_id).unwrap_or_default();
    told_of(reading, list, &uri, scripted, record, profile, "").await
}

/// Takes a change back.
pub(super) async fn undo(
    State(gateway): State<Gateway>,
    ListName(list): ListName,
    caller: Caller<action::Link>,
    reading: Caller<action::Read>,
    request: Request,
) -> Result<Response, ApiError> {
    let (uri, scripted) = seen(&request);
    let asked = Asked::of(&uri);
    let position: i64 = Form::read(request).await?.text("change").parse().map_err(|_| no_change())?;
    let (company, connection, ambient) = (asked.company, asked.connection, gateway.ambient.clone());
    let was = reading.clone();
    let was = was.read(move |db, attempt| pairs::change_at(db, attempt, &connection, list, position)).await?;
    let was = was.ok_or_else(no_change)?;
    let done = caller.write(move |db, attempt| links::undo(db, &ambient, attempt, Some(&company), position));
    let linked = done.await?.link.is_some();
    let (profile, record) = (was.profile_name.unwrap_or_default(), was.record_name.unwrap_or_default());
    let said = match linked {
        true => format!("Undone: {profile} and {record} are linked again."),
        false => format!("Undone: {profile} and {record} are not linked."),
    };
    let (profile, record) = (was.profile_id.unwrap_or_default(), was.record_id.unwrap_or_default());
    told_of(reading, list, &uri, scripted, record, profile, &said).await
}

/// Asks the source for its lists: «Get Users».
pub(super) async fn ask_source(
    State(gateway): State<Gateway>,
    ListName(list): ListName,
    caller: Caller<action::Poll>,
    request: Request,
) -> Result<Response, ApiError> {
    let (uri, scripted) = seen(&request);
    let asked = Asked::of(&uri);
    let form = Form::read(request).await?;
    let mode = if form.text("mode") == Mode::Full.as_str() { Mode::Full } else { Mode::Delta };
    let (ambient, connection) = (gateway.ambient.clone(), asked.connection.clone());
    caller.write(move |db, attempt| connections::poll(db, &ambient, attempt, &connection, mode)).await?;
    gateway.wake.notify_one();
    if scripted {
        let said = "Asked for the lists. This page updates by itself.".to_owned();
        return Ok(Json(Changed { said, ..Changed::default() }).into_response());
    }
    Ok(lead_to(&back(list, &asked).done()))
}

/// The address of a request, and whether a script sent it.
fn seen(request: &Request) -> (Uri, bool) {
    (request.uri().clone(), !shows_pages(request.headers()))
}

fn back(list: List, asked: &Asked) -> Href {
    under(list, "", asked)
}

/// Where the green plus leads.
fn plus(list: List, asked: &Asked) -> String {
    under(list, "/profile", asked).done()
}

fn under(list: List, path: &str, asked: &Asked) -> Href {
    Href::to(&format!("/sync/{}{path}", list.plural()))
        .with("company", &asked.company)
        .with("app", &asked.app)
        .with("connection", &asked.connection)
}

/// Tells what was done with a record's link: to a script as pieces of the page, else by the page itself.
async fn told_of(
    caller: Caller<action::Read>,
    list: List,
    uri: &Uri,
    scripted: bool,
    record: String,
    profile: String,
    said: &str,
) -> Result<Response, ApiError> {
    let asked = Asked::of(uri);
    if !scripted {
        let last = caller.read(move |db, attempt| pairs::last_change(db, attempt, list, &record)).await?;
        let change = last.map(|position| position.to_string()).unwrap_or_default();
        return Ok(lead_to(&back(list, &asked).with("change", &change).done()));
    }
    let said = said.to_owned();
    let changed = caller.read(move |db, attempt| {
        let last = pairs::last_change(db, attempt, list, &record)?;
        let change = match last {
            Some(at) => pairs::change_at(db, attempt, &asked.connection, list, at)?,
            None => None,
        };
        let done = change.as_ref().map(Done::of);
        let Counts { profiles: unlinked, records: of_source, linked } =
            pairs::counts(db, attempt, &asked.connection, list)?;
        let shown = records::show(db, attempt, list, &record)?;
        let make = plus(list, &asked);
        let mut piece = Piece { pair: None, profile: None, record: None, make };
        if shown.link.is_some() {
            piece.pair = pairs::of_record(db, attempt, list, &record)?.map(Row::of);
        } else {
            let own = profiles::show(db, attempt, list, &profile);
            piece.profile = own.ok().map(Card::of_profile);
            piece.record = Some(Card::of_record(shown));
        }
        let (change, words) = done.map(|done| (done.change, done.said)).unwrap_or_default();
        let mut changed = Changed {
            said: if said.is_empty() { words } else { said },
            change,
            profiles: told(unlinked),
            records: told(of_source),
            linked: told(linked),
            ..Changed::default()
        };
        changed.render(piece);
        Ok(changed)
    });
    Ok(Json(changed.await?).into_response())
}

impl Changed {
    /// Writes the pieces. One that cannot be written is left out: the page is loaded anew then.
    fn render(&mut self, piece: Piece) {
        let Piece { pair, profile, record, make } = piece;
        let html = |pair, profile, record| {
            Piece { pair, profile, record, make: make.clone() }.render().unwrap_or_default()
        };
        if pair.is_some() {
            self.pair = html(pair, None, None);
        }
        if profile.is_some() {
            self.profile = html(None, profile, None);
        }
        if record.is_some() {
            self.record = html(None, None, record);
        }
    }
}

fn choose_both() -> ApiError {
    let problem = Problem::new(
        "choose_both",
        "Nothing was linked.",
        "Go back, and choose one on each side before you press Link.",
    );
    ApiError::new(axum::http::StatusCode::UNPROCESSABLE_ENTITY, problem)
}

fn no_change() -> ApiError {
    let problem = Problem::new("change_not_found", "There is no such change.", "Look at the history.");
    ApiError::new(axum::http::StatusCode::NOT_FOUND, problem)
}
