//! What to try in the demo: for people as commands to copy, for `--once` as calls of the API.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    cli::{
        Result,
        context::Context,
        failure::{Failure, chain},
        text::{fields, plain},
    },
    domain::words::List,
    store::{Db, records},
};

use super::{Args, Stage, stage::Known};

/// Tells where the demo is and what to try.
pub async fn tell(context: &Context, args: &Args, stage: &Stage, url: &str) -> Result {
    let (known, record_id) = somebody(stage).await?;
    let answer = json!({
        "url": url,
        "docs": format!("{url}/docs"),
        "company_id": stage.company_id,
        "connection_id": stage.connection_id,
        "app_token": stage.app_token,
        "admin_token": stage.admin_token,
        "employee_id": record_id,
        "profile_id": known.profile_id,
    });
    context.out.answer(&answer, |_| {
        let head = fields(&[
            ("address", url.to_owned()),
            ("API", format!("{url}/docs")),
            ("app token", format!("{} (reads, links and polls in its company)", stage.app_token)),
            ("admin token", format!("{} (manages everything)", stage.admin_token)),
        ]);
        let (name, profile_id, connection) = (plain(&known.name), &known.profile_id, &stage.connection_id);
        let (employees, customers, every) = (args.employees, args.customers, args.every);
        format!(
            "
{head}
QuickBooks has sent {employees} employees and {customers} customers, and changes something every {every} seconds.
The app \"Timesheets\" knows some of these people already, under its own IDs. Copy these lines:

  URL={url}
  AUTH='Authorization: Bearer {token}'

  # people of QuickBooks that the app has not linked yet
  curl -s -H \"$AUTH\" \"$URL/v1/employees?linked=false&limit=3\"

  # link {name} to the app's user {profile_id}, look at the history, and unlink again
  curl -s -H \"$AUTH\" -X PUT -H 'Content-Type: application/json' \\
       -d '{{\"profile_id\": \"{profile_id}\"}}' \"$URL/v1/employees/{record_id}/link\"
  curl -s -H \"$AUTH\" \"$URL/v1/employees/{record_id}/history\"
  curl -s -H \"$AUTH\" -X DELETE \"$URL/v1/employees/{record_id}/link\"

  # ask for the whole lists: the Web Connector's next call brings them
  curl -s -H \"$AUTH\" -X POST -H 'Content-Type: application/json' \\
       -d '{{\"mode\": \"full\"}}' \"$URL/v1/connections/{connection}/poll\"

Ctrl-C ends the demo and removes all of it.

",
            token = stage.app_token,
        )
    })
}

/// Lists, links and unlinks by the API, and tells the counts.
pub async fn once(context: &Context, stage: &Stage, url: &str) -> Result {
    let (known, record_id) = somebody(stage).await?;
    let api = Api::new(url, &stage.app_token)?;
    let employees = api.count("employees").await?;
    let customers = api.count("customers").await?;
    let path = format!("/v1/employees/{record_id}/link");
    let linked = api.call(Method::PUT, &path, Some(json!({ "profile_id": known.profile_id }))).await?;
    api.call(Method::DELETE, &path, None).await?;
    let record = api.call(Method::GET, &format!("/v1/employees/{record_id}"), None).await?;
    let history = api.call(Method::GET, &format!("/v1/employees/{record_id}/history"), None).await?;
    let changes: Vec<&Value> = history
        .get("changes")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|it| it.get("kind"))
        .collect();
    let answer = json!({
        "url": url,
        "company_id": stage.company_id,
        "connection_id": stage.connection_id,
        "employees": employees,
        "customers": customers,
        "linked": { "employee_id": record_id, "name": known.name, "profile_id": linked.get("profile_id") },
        "unlinked": record.get("link").is_some_and(Value::is_null),
        "history": changes,
    });
    context.out.answer(&answer, |_| {
        format!(
            "QuickBooks sent {employees} employees and {customers} customers.\n\
             Linked {} to the app's user {}, and unlinked again.\n",
            plain(&known.name),
            known.profile_id
        )
    })
}

/// Somebody whom both sides know, and the ID of the staged record.
async fn somebody(stage: &Stage) -> Result<(Known, String)> {
    let nobody =
        || Failure::new("usage", "The company file has nobody to link.", "Give it more --employees.");
    let known = stage.known.first().cloned().ok_or_else(nobody)?;
    let (connection, external_id) = (stage.connection_id.clone(), known.external_id.clone());
    let find = move |db: &mut Db| records::find(db, &connection, List::Employee, &external_id);
    let staged = stage.store.read(find).await?.ok_or_else(nobody)?;
    Ok((known, staged.id))
}

/// A client of the gateway's API.
struct Api<'a> {
    client: reqwest::Client,
    url: &'a str,
    token: &'a str,
}

impl<'a> Api<'a> {
    fn new(url: &'a str, token: &'a str) -> Result<Self> {
        // No proxy: the gateway is this process.
        let client =
            reqwest::Client::builder().no_proxy().build().map_err(|error| Failure::internal(&error))?;
        Ok(Self { client, url, token })
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value> {
        let told = format!("{method} {path}");
        let failed = |why: String| {
            Failure::new(
                "demo_failed",
                format!("{told}: {why}."),
                "This is a mistake in Rollcall: please report it.",
            )
        };
        let mut request = self.client.request(method, format!("{}{path}", self.url)).bearer_auth(self.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.map_err(|error| failed(chain(&error)))?;
        let status = answer.status();
        let text = answer.text().await.map_err(|error| failed(chain(&error)))?;
        if !status.is_success() {
            return Err(failed(format!("{status} {text}")));
        }
        if text.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&text).map_err(|error| failed(chain(&error)))
    }

    /// How many records a list has, page by page.
    async fn count(&self, list: &str) -> Result<usize> {
        let mut path = format!("/v1/{list}?limit=500");
        let mut count = 0;
        loop {
            let page = self.call(Method::GET, &path, None).await?;
            count += page.get("data").and_then(Value::as_array).map_or(0, Vec::len);
            match page.get("next_cursor").and_then(Value::as_str) {
                Some(cursor) => path = format!("/v1/{list}?limit=500&cursor={cursor}"),
                None => return Ok(count),
            }
        }
    }
}
