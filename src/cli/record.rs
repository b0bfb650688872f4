//! `rollcall record`.

use chrono::{DateTime, Utc};

use crate::{
    domain::words::List,
    service::{
        find::Names,
        records::{self, Content, Record, RecordsQuery},
        schema::Address,
    },
};

use super::{
    Result,
    context::Context,
    failure::Failure,
    pages::all,
    text::{fields, table, time, yes},
    word_parser::word_parser,
};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// List employees, or customers
    #[command(after_help = "Example:\n  rollcall record list employee --company Acme --linked false --json")]
    List {
        /// employee or customer
        #[arg(value_parser = word_parser!(List))]
        list: List,
        #[command(flatten)]
        filter: Filter,
    },
    /// Show a record
    #[command(after_help = "Example:\n  rollcall record show emp_0199…")]
    Show {
        /// Its ID, emp_… or cus_…, or a unique beginning of it
        record: String,
        /// The app whose link is shown, by name or ID; need not be said where there is one
        #[arg(long)]
        app: Option<String>,
    },
}

/// The filters of the API.
#[derive(Debug, clap::Args)]
pub(super) struct Filter {
    /// Only this company's, by name or ID
    #[arg(long)]
    company: Option<String>,
    /// Only this connection's, by name or ID, or Company/Connection
    #[arg(long)]
    connection: Option<String>,
    /// The app whose links are shown, by name or ID; need not be said where there is one
    #[arg(long)]
    app: Option<String>,
    /// true: only those that the app has linked; false: only those that it has not
    #[arg(long)]
    linked: Option<bool>,
    /// Whether the source says that they are active
    #[arg(long)]
    active: Option<bool>,
    /// Whether they are gone from the source's list
    #[arg(long)]
    absent: Option<bool>,
    /// Anywhere in names, e-mail, number and the source's ID; case and accents do not matter
    #[arg(long, value_name = "TEXT")]
    q: Option<String>,
    /// Only those that have changed since, such as 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME")]
    changed_since: Option<DateTime<Utc>>,
    /// At most so many [default: all]
    #[arg(long, value_name = "NUMBER")]
    limit: Option<usize>,
}

impl Filter {
    fn query(&self, limit: i64, cursor: Option<String>) -> RecordsQuery {
        RecordsQuery {
            company: self.company.clone(),
            connection: self.connection.clone(),
            linked: self.linked,
            active: self.active,
            absent: self.absent,
            q: self.q.clone(),
            changed_since: self.changed_since,
            app: self.app.clone(),
            limit: Some(limit),
            cursor,
        }
    }
}

pub(super) async fn run(context: &Context, command: Command) -> Result {
    let store = context.store().await?;
    match command {
        Command::List { list, filter } => {
            let page = async |limit, cursor| {
                let query = filter.query(limit, cursor);
                let app = filter.app.clone();
                context.read(&store, app, move |db, attempt| records::list(db, attempt, list, &query)).await
            };
            let rows = all(filter.limit, page).await?;
            let names = context.names(&store).await?;
            context.out.answer(&rows, |rows| {
                let empty = format!("There are no such {}.", list.plural());
                let head = ["NAME", "ID", "COMPANY", "E-MAIL", "PARENT", "ACTIVE", "PROFILE"];
                table(head, rows.iter().map(|record| row(record, &names)).collect(), &empty)
            })
        }
        Command::Show { record, app } => {
            let list = list_of(&record)?;
            let read =
                context.read(&store, app, move |db, attempt| records::show(db, attempt, list, &record));
            let record = read.await?;
            let names = context.names(&store).await?;
            context.out.answer(&record, |record| text(record, &names))
        }
    }
}

/// The list of a record, by the beginning of its ID.
pub(super) fn list_of(record: &str) -> Result<List> {
    let id = record.trim().to_lowercase();
    let list = List::ALL.iter().find(|list| id.starts_with(&format!("{}_", list.prefix())));
    list.copied().ok_or_else(|| {
        Failure::new(
            "record_not_found",
            "That is no ID of a record: they begin with emp_ or cus_.",
            "`rollcall record list employee` and `rollcall record list customer` show those that there are.",
        )
    })
}

fn row(record: &Record, names: &Names) -> [String; 7] {
    let content = &record.content;
    let state = if record.absent { "absent".into() } else { yes(content.active) };
    let profile = record.link.as_ref().map(|link| link.profile_id.clone());
    [
        content.name.clone(),
        record.id.clone(),
        names.company(&record.company_id).to_owned(),
        content.email.clone().unwrap_or_default(),
        parent(content),
        state,
        profile.unwrap_or_default(),
    ]
}

/// Of a job, whose it is: the names above its own, or the source's ID of the customer where it sends no such names.
fn parent(content: &Content) -> String {
    let above = content.full_name.as_deref().and_then(|name| name.rsplit_once(':'));
    let id = content.parent_external_id.as_deref();
    id.map(|id| above.map_or(id, |(above, _)| above)).unwrap_or_default().to_owned()
}

fn text(record: &Record, names: &Names) -> String {
    let content = &record.content;
    let or_none = |text: &Option<String>| text.clone().unwrap_or_default();
    let mut all = vec![
        ("id", record.id.clone()),
        ("connection", names.connection(&record.connection_id).to_owned()),
        ("name", content.name.clone()),
        ("parent", parent(content)),
        ("e-mail", or_none(&content.email)),
        ("phone", or_none(&content.phone)),
        ("number", or_none(&content.number)),
        ("department", or_none(&content.department)),
        ("address", content.address.as_ref().map(Address::on_one_line).unwrap_or_default()),
        ("description", or_none(&content.description)),
        ("source's ID", content.external_id.clone()),
        ("active", yes(content.active)),
        ("absent since", time(record.absent_since)),
        ("updated", time(Some(record.updated_at))),
    ];
    if let Some(link) = &record.link {
        all.push(("profile", link.profile_id.clone()));
        all.push(("linked by", link.linked_by.clone()));
        all.push(("linked", time(Some(link.linked_at))));
    }
    fields(&all)
}
