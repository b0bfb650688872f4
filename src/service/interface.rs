//! The API and the command line as two interfaces to the same use cases, and the wording of refusals in each: the API
//! has a parameter `company` and an operation `GET /v1/companies`, the command line has `--company` and `rollcall
//! company list`.

use crate::domain::words::List;

/// What commands begin with.
const PROGRAM: &str = "rollcall";

/// The interface by which a refusal is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interface {
    Api,
    CommandLine,
}

impl Interface {
    /// Chooses between two values.
    pub fn choose<T>(self, api: T, command_line: T) -> T {
        match self {
            Self::Api => api,
            Self::CommandLine => command_line,
        }
    }

    /// The name, here, of the parameter or member `name` of the API.
    pub fn parameter(self, name: &str) -> String {
        let flag = match name {
            // The flag takes one value, and may be given several times.
            "companies" => "company".to_owned(),
            "scopes" => "scope".to_owned(),
            "secrets" => "secret".to_owned(),
            "settings" => "set".to_owned(),
            name => name.replace('_', "-"),
        };
        self.choose(format!("`{name}`"), format!("`--{flag}`"))
    }

    /// How an operation on a record or profile of a list is called here.
    pub fn operation_on(self, list: List, operation: Operation) -> String {
        let (api, command_line) = operation.names();
        let api = api.replace("/employees", &format!("/{list}s")).replace("{list}", list.as_str());
        // A profile is an employee's where no list is named; a record's ID names its list.
        let profiles = command_line.starts_with("profile ") && list == List::Customer;
        let option = if profiles { " --list customer" } else { "" };
        self.choose(format!("`{api}`"), format!("`{PROGRAM} {command_line}{option}`"))
    }

    /// How an operation is called here.
    pub fn operation(self, operation: Operation) -> String {
        let (api, command_line) = operation.names();
        self.choose(format!("`{api}`"), format!("`{PROGRAM} {command_line}`"))
    }
}

macro_rules! operations {
    ($($name:ident = $api:literal, $command_line:literal;)+) => {
        /// An operation that both interfaces have, for texts that tell people to use it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Operation { $($name),+ }

        impl Operation {
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Method and path of the API; the command after `rollcall`.
            pub fn names(self) -> (&'static str, &'static str) {
                match self { $(Self::$name => ($api, $command_line)),+ }
            }
        }
    };
}

operations! {
    ListCompanies = "GET /v1/companies", "company list";
    ListConnections = "GET /v1/connections", "connection list";
    ShowConnection = "GET /v1/connections/{id}", "connection show CONNECTION";
    ChangeConnection = "PATCH /v1/connections/{id}", "connection set CONNECTION";
    RemoveConnection = "DELETE /v1/connections/{id}", "connection remove CONNECTION";
    ListApps = "GET /v1/apps", "app list";
    ChangeApp = "PATCH /v1/apps/{id}", "app set APP";
    ListAccounts = "GET /v1/accounts", "account list";
    AddAccount = "POST /v1/accounts", "account add EMAIL";
    DisableAccount = "POST /v1/accounts/{id}/disable", "account disable ACCOUNT";
    EnableAccount = "POST /v1/accounts/{id}/enable", "account enable ACCOUNT";
    ResetLink = "POST /v1/accounts/{id}/reset-link", "account reset-link ACCOUNT";
    ListTokens = "GET /v1/apps/{id}/tokens", "app token list APP";
    AddToken = "POST /v1/apps/{id}/tokens", "app token add APP";
    ListRuns = "GET /v1/runs", "run list";
    ShowRun = "GET /v1/runs/{id}", "run show RUN";
    ListMessages = "GET /v1/connections/{id}/messages", "webhook list CONNECTION";
    ListEmployees = "GET /v1/employees", "record list employee";
    ListCustomers = "GET /v1/customers", "record list customer";
    History = "GET /v1/employees/{id}/history", "link history RECORD";
    Unlink = "DELETE /v1/employees/{id}/link", "link remove RECORD";
    ListProfiles = "GET /v1/profiles/{list}", "profile list";
    PutProfile = "PUT /v1/profiles/{list}/{profile_id}", "profile add ID NAME";
    RemoveProfile = "DELETE /v1/profiles/{list}/{profile_id}", "profile remove ID";
}

/// A text with a wording for each interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wording(Box<Texts>);

/// Boxed: results carry refusals, and should stay small.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Texts {
    api: String,
    /// The wording for the command line, if it differs.
    command_line: Option<String>,
}

impl Wording {
    /// The text that `say` makes for an interface.
    pub fn by(say: impl Fn(Interface) -> String) -> Self {
        Self::each(say(Interface::Api), say(Interface::CommandLine))
    }

    /// A text for the API, and one for the command line.
    pub fn each(api: impl Into<String>, command_line: impl Into<String>) -> Self {
        Self(Box::new(Texts { api: api.into(), command_line: Some(command_line.into()) }))
    }

    pub fn at(&self, interface: Interface) -> &str {
        match (interface, &self.0.command_line) {
            (Interface::CommandLine, Some(text)) => text,
            _ => &self.0.api,
        }
    }

    /// The same text after another one.
    #[must_use]
    pub fn after(self, before: &str) -> Self {
        let put = |text: String| format!("{before} {text}");
        let Texts { api, command_line } = *self.0;
        Self(Box::new(Texts { api: put(api), command_line: command_line.map(put) }))
    }
}

impl From<String> for Wording {
    fn from(api: String) -> Self {
        Self(Box::new(Texts { api, command_line: None }))
    }
}

impl From<&str> for Wording {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_edge_says_it_in_its_own_words() {
        let wording = Wording::by(|interface| {
            let (company, list) =
                (interface.parameter("company"), interface.operation(Operation::ListCompanies));
            format!("Name one by {company}; {list} lists them.")
        });
        assert_eq!(wording.at(Interface::Api), "Name one by `company`; `GET /v1/companies` lists them.");
        let there = "Name one by `--company`; `rollcall company list` lists them.";
        assert_eq!(wording.at(Interface::CommandLine), there);
        assert_eq!(Wording::from("x").after("y").at(Interface::CommandLine), "y x");
        assert_eq!(Interface::CommandLine.parameter("expires_in_days"), "`--expires-in-days`");
    }
}
