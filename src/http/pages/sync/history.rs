//! Who linked and unlinked whom within a connection, each with its undo.

use askama::Template;
use axum::{
    extract::State,
    http::{StatusCode, Uri},
    response::Response,
};

use crate::{
    domain::{access::action, words::ChangeKind},
    http::{
        Gateway,
        api::auth::Caller,
        pages::{answer, sign_in},
        problem::ApiError,
    },
    service::pairs::{self, LinkChangesQuery},
};

use super::{
    ListName,
    asked::Asked,
    news::{Time, name},
    place::{Place, filled},
};

/// A line of the history.
struct Line {
    at: Time,
    said: String,
    /// The place of the change, to undo it.
    change: String,
}

#[derive(Template)]
#[template(path = "sync/history.html")]
struct HistoryPage {
    place: Place,
    lines: Vec<Line>,
    more: String,
    undo: String,
    back: String,
}

pub(super) async fn page(
    State(gateway): State<Gateway>,
    ListName(list): ListName,
    uri: Uri,
    caller: Result<Caller<action::Read>, ApiError>,
) -> Result<Response, ApiError> {
    let back = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let caller = match caller {
        Ok(caller) => caller,
        Err(error) => return sign_in::ask_at(error, &back),
    };
    let asked = Asked::of(&uri);
    let wanted = asked.clone();
    let chosen = caller.clone().acting_for(None);
    let place = chosen.read(move |db, attempt| Place::choose(db, &gateway, attempt, list, &wanted, None));
    let place = place.await?;
    let app = place.app_id().map(str::to_owned);
    let read = caller.acting_for(app).read(move |db, attempt| {
        let query = LinkChangesQuery {
            list,
            app: None,
            limit: None,
            cursor: filled(&asked.after_linked).map(str::to_owned),
        };
        let page = pairs::changes(db, attempt, place.connection_id().unwrap_or_default(), &query)?;
        let lines = page.data.iter().map(|change| {
            let who = change.actor.as_deref().unwrap_or("Somebody");
            let (profile, record) =
                (name(change.profile_name.as_deref()), name(change.record_name.as_deref()));
            let said = match change.kind {
                ChangeKind::Unlinked => format!("{who} unlinked {profile} from {record}."),
                _ => format!("{who} linked {profile} with {record}."),
            };
            Line { at: Time::at(change.at), said, change: change.position.to_string() }
        });
        let more = page.next_cursor.as_deref();
        let more = more.map(|next| place.below("/history").with("after_linked", next).done());
        Ok(HistoryPage {
            lines: lines.collect(),
            more: more.unwrap_or_default(),
            undo: place.below("/undo").done(),
            back: place.below("").done(),
            place,
        })
    });
    Ok(answer::page(StatusCode::OK, &read.await?))
}
