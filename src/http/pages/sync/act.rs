//! What the page's forms do. A script asks for JSON and changes the page itself; without one, the browser is led back.

use askama::Template;
use axum::{
    Json,
    extract::{FromRequest, FromRequestParts, Request},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::{
    domain::{
        access::{Attempt, action},
        problem::Problem,
        words::{List, Mode},
    },
    http::{
        Gateway,
        api::auth::Caller,
        pages::{answer::lead_to, form::Form, href::Href, problem::shows_pages},
        problem::ApiError,
    },
    service::{self, connections, links, pairs, profiles, records},
    store::Db,
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

/// A piece of the page: one of a pair, a profile and a record.
#[derive(Template, Default)]
#[template(path = "sync/piece.html")]
struct Piece {
    pair: Option<Row>,
    profile: Option<Card>,
    record: Option<Card>,
    /// Where the green plus leads.
    make: String,
}

impl Piece {
    /// Nothing but writing into a text is done, which cannot fail.
    fn html(&self) -> String {
        self.render().unwrap_or_default()
    }
}

/// A button of the page that was pressed, and the place that the page is about.
pub(super) struct Press {
    gateway: Gateway,
    list: List,
    asked: Asked,
    form: Form,
    /// A script asked, which changes the page itself.
    scripted: bool,
    reading: Caller<action::Read>,
}

impl FromRequest<Gateway> for Press {
    type Rejection = ApiError;

    async fn from_request(request: Request, gateway: &Gateway) -> Result<Self, ApiError> {
        let (mut parts, body) = request.into_parts();
        let ListName(list) = ListName::from_request_parts(&mut parts, gateway).await?;
        let reading = Caller::from_request_parts(&mut parts, gateway).await?;
        let (asked, scripted) = (Asked::of(&parts.uri), !shows_pages(&parts.headers));
        let form = Form::read(Request::from_parts(parts, body)).await?;
        Ok(Self { gateway: gateway.clone(), list, asked, form, scripted, reading })
    }
}

/// Links the profile and the record that were chosen.
pub(super) async fn link(caller: Caller<action::Link>, press: Press) -> Result<Response, ApiError> {
    let (profile, record) = (press.form.text("profile"), press.form.text("record"));
    if profile.is_empty() || record.is_empty() {
        return Err(choose_both());
    }
    let (list, id, ambient) = (press.list, record.clone(), press.gateway.ambient.clone());
    let done = caller.write(move |db, attempt| {
        links::add(db, &ambient, attempt, list, &id, &profile).map(|(link, _)| link.profile_id)
    });
    let profile = done.await?;
    press.tell(record, profile, None).await
}

/// Makes a profile from a record, and links it.
pub(super) async fn create_profile(caller: Caller<action::Link>, press: Press) -> Result<Response, ApiError> {
    let record = press.form.text("one");
    let (list, id, ambient) = (press.list, record.clone(), press.gateway.ambient.clone());
    let done = caller.write(move |db, attempt| {
        let made = links::create_profile(db, &ambient, attempt, list, &id, None)?;
        Ok((made.profile.profile_id, made.profile.name))
    });
    let (profile, name) = done.await?;
    let said = format!("Made the profile {profile} for {name} and linked it.");
    press.tell(record, profile, Some(said)).await
}

/// Takes a link apart.
pub(super) async fn unlink(caller: Caller<action::Link>, press: Press) -> Result<Response, ApiError> {
    let record = press.form.text("one");
    let (list, id, ambient) = (press.list, record.clone(), press.gateway.ambient.clone());
    let done = caller.write(move |db, attempt| links::remove(db, &ambient, attempt, list, &id));
    let profile = done.await?.map(|link| link.profile_id).unwrap_or_default();
    press.tell(record, profile, None).await
}

/// Takes a change back.
pub(super) async fn undo(caller: Caller<action::Link>, press: Press) -> Result<Response, ApiError> {
    let position: i64 = press.form.text("change").parse().map_err(|_| no_change())?;
    let (list, connection) = (press.list, press.asked.connection.clone());
    let reading = press.reading.clone();
    let was =
        reading.read(move |db, attempt| pairs::change_at(db, attempt, &connection, list, position)).await?;
    let was = was.ok_or_else(no_change)?;
    let (company, ambient) = (press.asked.company.clone(), press.gateway.ambient.clone());
    let done = caller.write(move |db, attempt| links::undo(db, &ambient, attempt, Some(&company), position));
    let linked = done.await?.link.is_some();
    let (profile, record) = (was.profile_name.unwrap_or_default(), was.record_name.unwrap_or_default());
    let said = match linked {
        true => format!("Undone: {profile} and {record} are linked again."),
        false => format!("Undone: {profile} and {record} are not linked."),
    };
    press.tell(was.record_id.unwrap_or_default(), was.profile_id.unwrap_or_default(), Some(said)).await
}

/// Asks the source for its lists: «Get Users».
pub(super) async fn ask_source(caller: Caller<action::Poll>, press: Press) -> Result<Response, ApiError> {
    let mode = if press.form.text("mode") == Mode::Full.as_str() { Mode::Full } else { Mode::Delta };
    let (ambient, connection) = (press.gateway.ambient.clone(), press.asked.connection.clone());
    caller.write(move |db, attempt| connections::poll(db, &ambient, attempt, &connection, mode)).await?;
    press.gateway.wake.notify_one();
    if press.scripted {
        let said = "Asked for the lists. This page updates by itself.".to_owned();
        return Ok(Json(Changed { said, ..Changed::default() }).into_response());
    }
    Ok(lead_to(&under(press.list, "", &press.asked).done()))
}

/// An address below the page's.
fn under(list: List, path: &str, asked: &Asked) -> Href {
    Href::to(&format!("/sync/{}{path}", list.plural()))
        .with("company", &asked.company)
        .with("app", &asked.app)
        .with("connection", &asked.connection)
}

impl Press {
    /// Tells what was done with a record's link: to a script as pieces of the page, else by the page itself.
    async fn tell(self, record: String, profile: String, said: Option<String>) -> Result<Response, ApiError> {
        let Self { list, asked, scripted, reading, .. } = self;
        if !scripted {
            let last =
                reading.read(move |db, attempt| pairs::last_change(db, attempt, list, &record)).await?;
            let change = last.map(|position| position.to_string()).unwrap_or_default();
            return Ok(lead_to(&under(list, "", &asked).with("change", &change).done()));
        }
        let changed = reading.read(move |db, attempt| {
            let mut changed = Changed::read(db, attempt, list, &asked, &record, &profile)?;
            if let Some(said) = said {
                changed.said = said;
            }
            Ok(changed)
        });
        Ok(Json(changed.await?).into_response())
    }
}

impl Changed {
    /// How a record and a profile stand after an act.
    fn read(
        db: &mut Db,
        attempt: &Attempt<action::Read>,
        list: List,
        asked: &Asked,
        record: &str,
        profile: &str,
    ) -> service::Result<Self> {
        let change = match pairs::last_change(db, attempt, list, record)? {
            Some(at) => pairs::change_at(db, attempt, &asked.connection, list, at)?,
            None => None,
        };
        let (change, said) =
            change.as_ref().map(Done::of).map(|done| (done.change, done.said)).unwrap_or_default();
        let counts = pairs::counts(db, attempt, &asked.connection, list)?;
        let mut changed = Self {
            said,
            change,
            profiles: told(counts.profiles),
            records: told(counts.records),
            linked: told(counts.linked),
            ..Self::default()
        };
        let shown = records::show(db, attempt, list, record)?;
        if shown.link.is_some() {
            let pair = pairs::of_record(db, attempt, list, record)?.map(Row::of);
            changed.pair = Piece { pair, ..Piece::default() }.html();
        } else {
            let own = profiles::show(db, attempt, list, profile).ok().map(Card::of_profile);
            changed.profile = Piece { profile: own, ..Piece::default() }.html();
            let (card, make) = (Some(Card::of_record(shown)), under(list, "/profile", asked).done());
            changed.record = Piece { record: card, make, ..Piece::default() }.html();
        }
        Ok(changed)
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
