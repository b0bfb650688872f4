//! Exports a company that is to be removed: its records, messages not yet staged, profiles, links and runs as lines of
//! JSON, and a last line that says that the export is whole. They contain no secrets, because the views of the API have
//! none.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufRead, BufReader, BufWriter, ErrorKind, Write},
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    cli::{Result, context::Context, failure::Failure, output::Spinner, pages::all_into},
    domain::{
        access::{Attempt, action},
        words::{List, MessageState},
    },
    service::{
        self,
        apps::App,
        companies::CompanyRemoval,
        connections::{self, ConnectionsQuery},
        links::{self, LinksQuery},
        messages::{self, MessagesQuery},
        page::{PageBody, PageQuery},
        profiles::{self, ProfilesQuery},
        records::{self, RecordsQuery},
        runs::{self, RunsQuery},
    },
    store::{Db, Store},
};

/// A line: what it holds, and the object as the API shows it.
#[derive(Serialize, Deserialize)]
struct Line<K, T> {
    #[serde(rename = "type")]
    kind: K,
    data: T,
}

/// The last line of an export that is whole.
#[derive(Debug, Serialize, Deserialize)]
struct End {
    company_id: String,
    /// Since when nothing of the company is written any more.
    closing_at: DateTime<Utc>,
    /// How many lines come before this one.
    lines: u64,
}

/// Whether the export of this removal is there already, and whole.
///
/// # Errors
/// Another file of that name.
pub(super) fn is_there(path: &Path, company: &str, closing_at: Option<DateTime<Utc>>) -> Result<bool> {
    let file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(Failure::system("The file of the export could not be looked at", &error)),
        Ok(file) => file,
    };
    let (mut lines, mut last) = (0, String::new());
    // What cannot be read as text is no export.
    for line in BufReader::new(file).lines().map_while(io::Result::ok) {
        (lines, last) = (lines + 1, line);
    }
    let end = serde_json::from_str(&last).ok().filter(|line: &Line<String, End>| line.kind == "end");
    match end.map(|line| line.data) {
        Some(end)
            if end.company_id == company && Some(end.closing_at) == closing_at && end.lines + 1 == lines =>
        {
            Ok(true)
        }
        _ => Err(Failure::new(
            "export_exists",
            "The file of the export is there already, and is not written over.",
            "Name another one by --export, or move that one away. Nothing was changed.",
        )),
    }
}

/// The file that is written: only its owner may read it. It has its name when it is whole.
pub(super) struct Export {
    path: PathBuf,
    partial: PathBuf,
    file: BufWriter<File>,
    lines: u64,
}

impl Export {
    /// # Errors
    /// A file that cannot be made; another command that writes it.
    pub(super) fn create(path: &Path) -> Result<Self> {
        let mut partial = path.as_os_str().to_owned();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        let mut options = OpenOptions::new();
        // What a command has left that was stopped is written over, once nobody else writes it.
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let made = options.open(&partial).and_then(|file| {
            file.try_lock()?;
            file.set_len(0)?;
            Ok(file)
        });
        match made {
            Ok(file) => Ok(Self { path: path.to_owned(), partial, file: BufWriter::new(file), lines: 0 }),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Err(Failure::new(
                "export_in_progress",
                "Another command writes the same export.",
                "Wait for it; then run this again.",
            )),
            Err(error) => Err(Failure::system("The file of the export could not be made", &error)),
        }
    }

    /// Writes all of a company. A file that is not whole does not stay.
    pub(super) async fn write(
        mut self,
        context: &Context,
        store: &Store,
        removal: &CompanyRemoval,
        closing_at: DateTime<Utc>,
        apps: &[App],
        spinner: &Spinner,
    ) -> Result<u64> {
        let written = match self.all(context, store, removal, apps, spinner).await {
            Ok(()) => self.close(&removal.id, closing_at),
            Err(failure) => Err(failure),
        };
        if written.is_err() {
            // The first failure is the one to tell.
            let _ = std::fs::remove_file(&self.partial);
        }
        written
    }

    async fn all(
        &mut self,
        context: &Context,
        store: &Store,
        removal: &CompanyRemoval,
        apps: &[App],
        spinner: &Spinner,
    ) -> Result {
        let company = Some(removal.id.to_string());
        self.line("company", &serde_json::json!({ "id": removal.id, "name": removal.name }))?;
        let env = context.environment()?;
        let page = async |limit, cursor| {
            let (env, company) = (env.clone(), company.clone());
            let query = ConnectionsQuery { company, limit: Some(limit), cursor, ..Default::default() };
            context.read(store, None, move |db, attempt| connections::list(db, &env, attempt, &query)).await
        };
        all_into(page, |row| self.line("connection", row)).await?;
        for connection in &removal.connections {
            for state in [MessageState::Pending, MessageState::Dead] {
                self.messages(context, store, connection, state).await?;
            }
        }
        for list in List::ALL.iter().copied() {
            spinner.at(&format!("exporting {}", list.plural()));
            let page = async |limit, cursor| {
                let query = RecordsQuery {
                    company: company.clone(),
                    limit: Some(limit),
                    cursor,
                    ..Default::default()
                };
                context.read(store, None, move |db, attempt| records::list(db, attempt, list, &query)).await
            };
            all_into(page, |row| self.line(list.as_str(), row)).await?;
        }
        spinner.at("exporting runs, profiles and links");
        let page = async |limit, cursor| {
            let query =
                RunsQuery { company: company.clone(), limit: Some(limit), cursor, ..Default::default() };
            context.read(store, None, move |db, attempt| runs::list(db, attempt, &query)).await
        };
        all_into(page, |row| self.line("run", row)).await?;
        for app in apps {
            self.of_app(context, store, &removal.id, app).await?;
        }
        Ok(())
    }

    /// What webhooks told and what was not staged, with what is kept of it.
    async fn messages(
        &mut self,
        context: &Context,
        store: &Store,
        connection: &str,
        state: MessageState,
    ) -> Result {
        let page = async |limit, cursor| {
            let (connection, state) = (connection.to_owned(), Some(state));
            let query = MessagesQuery { state, limit: Some(limit), cursor };
            let whole = move |db: &mut Db, attempt: &Attempt<action::ManageConnections>| {
                let PageBody { data, next_cursor } = messages::list(db, attempt, &connection, &query)?;
                let data: service::Result<Vec<_>> =
                    data.iter().map(|message| messages::show(db, attempt, &message.id)).collect();
                Ok(PageBody { data: data?, next_cursor })
            };
            context.read(store, None, whole).await
        };
        all_into(page, |row| self.line("message", row)).await
    }

    /// The profiles and links of an app in the company.
    async fn of_app(&mut self, context: &Context, store: &Store, company: &str, app: &App) -> Result {
        self.line("app", &serde_json::json!({ "id": app.id, "name": app.name }))?;
        let named = || (Some(app.id.clone()), Some(company.to_owned()));
        for list in List::ALL.iter().copied() {
            let page = async |limit, cursor| {
                let ((app, company), limit) = (named(), Some(limit));
                let query = ProfilesQuery { company, app: app.clone(), limit, cursor, ..Default::default() };
                context.read(store, app, move |db, attempt| profiles::list(db, attempt, list, &query)).await
            };
            all_into(page, |row| self.line("profile", row)).await?;
        }
        let page = async |limit, cursor| {
            let ((app, company), limit) = (named(), Some(limit));
            let query = LinksQuery { company, app: app.clone(), limit, cursor, list: None };
            context.read(store, app, move |db, attempt| links::list(db, attempt, &query)).await
        };
        all_into(page, |row| self.line("link", row)).await
    }

    fn line<T: Serialize>(&mut self, kind: &str, data: &T) -> Result {
        let line = serde_json::to_vec(&Line { kind, data }).map_err(|error| Failure::internal(&error))?;
        let written = self.file.write_all(&line).and_then(|()| self.file.write_all(b"\n"));
        self.lines += 1;
        written.map_err(|error| not_written(&error))
    }

    /// Durable, and under its name, before anything is deleted; how many lines.
    fn close(&mut self, company: &str, closing_at: DateTime<Utc>) -> Result<u64> {
        let lines = self.lines;
        self.line("end", &End { company_id: company.to_owned(), closing_at, lines })?;
        let done = self.file.flush().and_then(|()| self.file.get_ref().sync_all());
        let done =
            done.and_then(|()| std::fs::rename(&self.partial, &self.path)).and_then(|()| self.sync_folder());
        done.map(|()| lines).map_err(|error| not_written(&error))
    }

    /// A name is durable when its folder is.
    fn sync_folder(&self) -> io::Result<()> {
        #[cfg(unix)]
        {
            let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
            File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
        }
        Ok(())
    }
}

fn not_written(error: &std::io::Error) -> Failure {
    Failure::system("The export could not be written, and nothing was deleted", error)
}

/// The apps that may have something in a company.
pub(super) async fn apps_of(context: &Context, store: &Store, company: &str) -> Result<Vec<App>> {
    let page = async |limit, cursor| {
        let query = PageQuery { limit: Some(limit), cursor };
        context.read(store, None, move |db, attempt| crate::service::apps::list(db, attempt, &query)).await
    };
    let mut apps = crate::cli::pages::all(None, page).await?;
    apps.retain(|app| app.admin || app.companies.iter().any(|it| it == company));
    Ok(apps)
}
