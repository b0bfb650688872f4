//! Exports a company that is to be removed: its records, profiles, links and runs as lines of JSON. They contain no
//! secrets, because the views of the API have none.

use std::{
    fs::{File, OpenOptions},
    io::{BufWriter, ErrorKind, Write},
    path::{Path, PathBuf},
};

use serde::Serialize;

use crate::{
    cli::{Result, context::Context, failure::Failure, output::Spinner, pages::all_into},
    domain::words::List,
    service::{
        apps::App,
        companies::CompanyRemoval,
        connections::{self, ConnectionsQuery},
        links::{self, LinksQuery},
        page::PageQuery,
        profiles::{self, ProfilesQuery},
        records::{self, RecordsQuery},
        runs::{self, RunsQuery},
    },
    store::Store,
};

/// A line: what it holds, and the object as the API shows it.
#[derive(Serialize)]
struct Line<'a, T> {
    #[serde(rename = "type")]
    kind: &'a str,
    data: &'a T,
}

/// The file that is written: only its owner may read it, and none is written over.
pub(super) struct Export {
    path: PathBuf,
    file: BufWriter<File>,
    lines: u64,
}

impl Export {
    /// # Errors
    /// A file that is there already; one that cannot be made.
    pub(super) fn create(path: &Path) -> Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(path) {
            Ok(file) => Ok(Self { path: path.to_owned(), file: BufWriter::new(file), lines: 0 }),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(Failure::new(
                "export_exists",
                "The file of the export is there already, and is not written over.",
                "Name another one by --export, or move that one away. Nothing was changed.",
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
        apps: &[App],
        spinner: &Spinner,
    ) -> Result<u64> {
        let path = self.path.clone();
        let written = self.all(context, store, removal, apps, spinner).await;
        if written.is_err() {
            // The first failure is the one to tell.
            let _ = std::fs::remove_file(path);
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
    ) -> Result<u64> {
        let company = Some(removal.id.clone());
        self.line("company", &serde_json::json!({ "id": removal.id, "name": removal.name }))?;
        let env = context.environment()?;
        let page = async |limit, cursor| {
            let (env, company) = (env.clone(), company.clone());
            let query = ConnectionsQuery { company, limit: Some(limit), cursor, ..Default::default() };
            context.read(store, None, move |db, attempt| connections::list(db, &env, attempt, &query)).await
        };
        all_into(page, |row| self.line("connection", row)).await?;
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
        self.close()
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

    /// Durable before anything is deleted; how many lines.
    fn close(&mut self) -> Result<u64> {
        let done = self.file.flush().and_then(|()| self.file.get_ref().sync_all());
        done.map(|()| self.lines).map_err(|error| not_written(&error))
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
