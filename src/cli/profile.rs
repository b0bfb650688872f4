//! `rollcall profile`.

use crate::{
    domain::{details, words::List},
    service::{
        profiles::{self, Input, Profile, ProfilesQuery},
        schema::Address,
    },
};

use super::{
    Result,
    confirm::Consent,
    context::Context,
    pages::all,
    text::{fields, plain, table},
    word_parser::word_parser,
};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// List an app's profiles
    #[command(after_help = "Example:\n  rollcall profile list --app Timesheets --json")]
    List {
        #[command(flatten)]
        of: Of,
        /// Only this company's, by name or ID
        #[arg(long)]
        company: Option<String>,
        /// true: only those with a link; false: only those without
        #[arg(long)]
        linked: Option<bool>,
        /// Anywhere in the name, e-mail and ID; case and accents do not matter
        #[arg(long, value_name = "TEXT")]
        q: Option<String>,
        /// At most so many [default: all]
        #[arg(long, value_name = "NUMBER")]
        limit: Option<usize>,
    },
    /// Add a profile
    #[command(
        after_help = "Example:\n  rollcall profile add u-101 \"Ana Ng\" --email ana@example.com --app Timesheets"
    )]
    Add {
        /// The app's own ID of it
        profile_id: String,
        name: String,
        #[arg(long)]
        email: Option<String>,
        #[command(flatten)]
        customer: Customer,
        /// Its company, by name or ID; need not be said where the app sees one
        #[arg(long)]
        company: Option<String>,
        #[command(flatten)]
        of: Of,
    },
    /// Change the name, the e-mail, the address or the description of a profile
    #[command(
        after_help = "Example:\n  rollcall profile set u-101 --email ana.ng@example.com --app Timesheets"
    )]
    #[command(group = clap::ArgGroup::new("what").required(true).multiple(true).args([
        "name", "email", "description", "address_line", "city", "region", "postal_code", "country",
    ]))]
    Set {
        /// The app's own ID of it
        profile_id: String,
        #[arg(long)]
        name: Option<String>,
        /// The new e-mail; an empty one takes it away
        #[arg(long)]
        email: Option<String>,
        #[command(flatten)]
        customer: Customer,
        #[command(flatten)]
        of: Of,
    },
    /// Remove a profile that is not linked
    #[command(after_help = "Example:\n  rollcall profile remove u-101 --app Timesheets --yes")]
    Remove {
        /// The app's own ID of it
        profile_id: String,
        #[command(flatten)]
        of: Of,
        #[command(flatten)]
        consent: Consent,
    },
}

/// Whose profiles, and which.
#[derive(Debug, clap::Args)]
pub(super) struct Of {
    /// The app, by name or ID; need not be said where there is one
    #[arg(long)]
    app: Option<String>,
    /// employee or customer
    #[arg(long, default_value = "employee", value_parser = word_parser!(List))]
    list: List,
}

/// What only the profile of a customer has.
#[derive(Debug, clap::Args)]
pub(super) struct Customer {
    /// What the customer is about; an empty one takes it away
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// A line of the customer's address; once for each line. What is said of an address takes the place of all of it, an
    /// empty line alone takes it away
    #[arg(long, value_name = "LINE")]
    address_line: Vec<String>,
    #[arg(long)]
    city: Option<String>,
    /// A state, province or county
    #[arg(long)]
    region: Option<String>,
    #[arg(long)]
    postal_code: Option<String>,
    #[arg(long)]
    country: Option<String>,
}

impl Customer {
    /// The address that was said; none where nothing was.
    fn address(&self) -> Option<details::Address> {
        let address = details::Address {
            lines: self.address_line.clone(),
            city: self.city.clone(),
            region: self.region.clone(),
            postal_code: self.postal_code.clone(),
            country: self.country.clone(),
        };
        address.unless_empty()
    }
}

pub(super) async fn run(context: &Context, command: Command) -> Result {
    let store = context.store().await?;
    let ambient = context.ambient.clone();
    match command {
        Command::List { of: Of { app, list }, company, linked, q, limit } => {
            let page = async |limit, cursor| {
                let (company, q, limit) = (company.clone(), q.clone(), Some(limit));
                let query =
                    ProfilesQuery { company, linked, connection: None, q, app: app.clone(), limit, cursor };
                let app = app.clone();
                context.read(&store, app, move |db, attempt| profiles::list(db, attempt, list, &query)).await
            };
            let rows = all(limit, page).await?;
            context.out.answer(&rows, |rows| {
                let rows = rows.iter().map(row).collect();
                table(["PROFILE", "NAME", "E-MAIL", "RECORDS"], rows, "The app has no such profiles.")
            })
        }
        Command::Add { profile_id, name, email, customer, company, of: Of { app, list } } => {
            let (address, description) = (customer.address(), customer.description);
            let input = Input { list, profile_id, name, email, address, description, company };
            let added = context.write(&store, app, move |db, attempt| {
                match profiles::put(db, &ambient, attempt, &input)? {
                    (profile, true) => Ok(profile),
                    (_, false) => Err(profiles::exists(list)),
                }
            });
            context.out.answer(&added.await?, text)
        }
        Command::Set { profile_id, name, email, customer, of: Of { app, list } } => {
            let (address, description) = (customer.address(), customer.description);
            let change = profiles::Change { name, email, address, description };
            let set = context.write(&store, app, move |db, attempt| {
                profiles::change(db, &ambient, attempt, list, &profile_id, &change)
            });
            context.out.answer(&set.await?, text)
        }
        Command::Remove { profile_id, of: Of { app, list }, consent } => {
            let wanted = profile_id.clone();
            let shown = context
                .read(&store, app.clone(), move |db, attempt| profiles::show(db, attempt, list, &wanted));
            let shown = shown.await?;
            if consent.is_dry_run() {
                let (ambient, id) = (ambient.clone(), profile_id.clone());
                let remove = context.rehearse(&store, app.clone(), move |db, attempt| {
                    profiles::remove(db, &ambient, attempt, list, &id)
                });
                remove.await?;
            }
            if !consent.given(context.out, &shown, text, "Remove this profile?")? {
                return Ok(());
            }
            let removed = context.write(&store, app, move |db, attempt| {
                profiles::remove(db, &ambient, attempt, list, &profile_id)
            });
            context.out.answer(&removed.await?, |profile: &Profile| {
                format!("Removed {} ({}).\n", plain(&profile.name), plain(&profile.profile_id))
            })
        }
    }
}

fn row(profile: &Profile) -> [String; 4] {
    let records: Vec<&str> = profile.links.iter().map(|link| link.record_id.as_str()).collect();
    let email = profile.email.clone().unwrap_or_default();
    [profile.profile_id.clone(), profile.name.clone(), email, records.join(", ")]
}

fn text(profile: &Profile) -> String {
    let [id, name, email, records] = row(profile);
    let mut all = vec![("profile", id), ("name", name), ("e-mail", email)];
    if profile.list == List::Customer {
        all.push(("address", profile.address.as_ref().map(Address::on_one_line).unwrap_or_default()));
        all.push(("description", profile.description.clone().unwrap_or_default()));
    }
    all.push(("records", records));
    fields(&all)
}
