//! The tour of the demo: for people commands to copy, for `--once` calls of the API.

use reqwest::Method;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    cli::{
        Result,
        context::Context,
        failure::Failure,
        text::{fields, plain},
    },
    domain::{
        ids::{ConnectionId, RecordId},
        words::{Kind, List},
    },
    store::{Db, records},
};

use super::{
    Args, DemoData,
    api::Api,
    data::{EMAIL, SharedPerson},
};

/// A connection, and how much of it is staged.
#[derive(Debug, Serialize)]
struct Source {
    connection_id: ConnectionId,
    kind: Kind,
    employees: usize,
    customers: usize,
    /// How its changes arrive.
    #[serde(skip)]
    how: &'static str,
}

/// All three, QuickBooks first.
async fn sources(data: &DemoData, api: &Api) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    for (id, kind, how) in [
        (&data.connection_id, Kind::QuickbooksDesktop, "the Web Connector calls"),
        (&data.paycom_id, Kind::Paycom, "polled, and tells changes by webhook"),
        (&data.connectwise_id, Kind::Connectwise, "polled"),
    ] {
        sources.push(Source {
            connection_id: id.clone(),
            kind,
            employees: api.count("employees", id).await?,
            customers: api.count("customers", id).await?,
            how,
        });
    }
    Ok(sources)
}

/// One line a source.
fn listed(sources: &[Source]) -> String {
    let line = |it: &Source| {
        let Source { connection_id, kind, employees, customers, how } = it;
        format!("  {kind:<18}  {connection_id}  {employees} employees, {customers} customers; {how}\n")
    };
    sources.iter().map(line).collect()
}

/// Links some of the people whom both know, as an app would; others are left to whoever looks at the pages.
pub(super) async fn link_some(data: &DemoData, api: &Api) -> Result {
    for person in data.known.iter().skip(1).step_by(2) {
        let (connection, external_id) = (data.connection_id.clone(), person.external_id.clone());
        let find = move |db: &mut Db| records::find(db, &connection, List::Employee, &external_id);
        let Some(staged) = data.store.read(find).await? else { continue };
        let path = format!("/v1/employees/{}/link", staged.id);
        api.call(Method::PUT, &path, Some(json!({ "profile_id": person.profile_id }))).await?;
    }
    Ok(())
}

/// Tells where the demo is and what to try.
pub(super) async fn tell(context: &Context, args: &Args, data: &DemoData, api: &Api, url: &str) -> Result {
    let (known, record_id) = somebody(data).await?;
    let sources = sources(data, api).await?;
    let answer = json!({
        "url": url,
        "docs": format!("{url}/docs"),
        "company_id": data.company_id,
        "connection_id": data.connection_id,
        "sources": sources,
        "database_url": data.database_url,
        "email": EMAIL,
        "password": data.password.reveal(),
        "app_token": data.app_token,
        "admin_token": data.admin_token,
        "employee_id": record_id,
        "profile_id": known.profile_id,
    });
    context.out.answer(&answer, |_| {
        let head = fields(&[
            ("address", url.to_owned()),
            ("sign in as", format!("{EMAIL}, password {}", data.password.reveal())),
            ("API", format!("{url}/docs")),
            ("app token", format!("{} (reads, links and polls in its company)", data.app_token)),
            ("admin token", format!("{} (manages everything)", data.admin_token)),
        ]);
        let (name, profile_id, connection) = (plain(&known.name), &known.profile_id, &data.connection_id);
        let (pay, psa, database) = (&data.paycom_id, &data.connectwise_id, &data.database_url);
        let (listed, every) = (listed(&sources), args.every);
        format!(
            "
{head}
Connected, read, and all of it simulated; something changes in each every {every} seconds:

{listed}
The app \"Timesheets\" knows some of these people already, under its own IDs. Copy these lines:

  URL={url}
  AUTH='Authorization: Bearer {token}'

  # people whom the app has not linked yet
  curl -s -H \"$AUTH\" \"$URL/v1/employees?linked=false&limit=3\"

  # link {name} to the app's user {profile_id}, look at the history, and unlink again
  curl -s -H \"$AUTH\" -X PUT -H 'Content-Type: application/json' \\
       -d '{{\"profile_id\": \"{profile_id}\"}}' \"$URL/v1/employees/{record_id}/link\"
  curl -s -H \"$AUTH\" \"$URL/v1/employees/{record_id}/history\"
  curl -s -H \"$AUTH\" -X DELETE \"$URL/v1/employees/{record_id}/link\"

  # ask for the whole lists: the Web Connector's next call brings them
  curl -s -H \"$AUTH\" -X POST -H 'Content-Type: application/json' \\
       -d '{{\"mode\": \"full\"}}' \"$URL/v1/connections/{connection}/poll\"

  # where the connections stand, whether ConnectWise can be reached, and Paycom's whole list now
  curl -s -H \"$AUTH\" \"$URL/v1/connections\"
  curl -s -H \"$AUTH\" -X POST \"$URL/v1/connections/{psa}/test\"
  curl -s -H \"$AUTH\" -X POST -H 'Content-Type: application/json' \\
       -d '{{\"mode\": \"full\"}}' \"$URL/v1/connections/{pay}/poll\"

  # people of Paycom only; some of them are in QuickBooks and ConnectWise as well
  curl -s -H \"$AUTH\" \"$URL/v1/employees?connection={pay}&limit=3\"

  # the same on the command line, in another terminal
  export ROLLCALL_DATABASE_URL={database}
  rollcall connection list
  rollcall connection poll {psa}
  rollcall connection runs {psa}

Ctrl-C ends the demo and removes all of it.

",
            token = data.app_token,
        )
    })
}

/// Lists, links and unlinks by the API, and tells the counts.
pub(super) async fn once(context: &Context, data: &DemoData, api: &Api, url: &str) -> Result {
    let (known, record_id) = somebody(data).await?;
    let sources = sources(data, api).await?;
    // Those of `connection_id`, as ever; `sources` tells of all.
    let (employees, customers) = sources.first().map_or((0, 0), |it| (it.employees, it.customers));
    let path = format!("/v1/employees/{record_id}/link");
    let linked = api.call(Method::PUT, &path, Some(json!({ "profile_id": known.profile_id }))).await?;
    api.call(Method::DELETE, &path, None).await?;
    let record = api.get(&format!("/v1/employees/{record_id}")).await?;
    let history = api.get(&format!("/v1/employees/{record_id}/history")).await?;
    let changes: Vec<&Value> = history
        .get("changes")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|it| it.get("kind"))
        .collect();
    let answer = json!({
        "url": url,
        "company_id": data.company_id,
        "connection_id": data.connection_id,
        "employees": employees,
        "customers": customers,
        "sources": sources,
        "linked": { "employee_id": record_id, "name": known.name, "profile_id": linked.get("profile_id") },
        "unlinked": record.get("link").is_some_and(Value::is_null),
        "history": changes,
    });
    context.out.answer(&answer, |_| {
        format!(
            "Read from all three:\n{}\
             Linked {} to the app's user {}, and unlinked again.\n",
            listed(&sources),
            plain(&known.name),
            known.profile_id
        )
    })
}

/// Somebody whom both sides know, and the ID of the staged record.
async fn somebody(data: &DemoData) -> Result<(SharedPerson, RecordId)> {
    let nobody =
        || Failure::new("usage", "The company file has nobody to link.", "Give it more --employees.");
    let known = data.known.first().cloned().ok_or_else(nobody)?;
    let (connection, external_id) = (data.connection_id.clone(), known.external_id.clone());
    let find = move |db: &mut Db| records::find(db, &connection, List::Employee, &external_id);
    let staged = data.store.read(find).await?.ok_or_else(nobody)?;
    Ok((known, staged.id))
}
