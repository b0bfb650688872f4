//! A session with the Web Connector: what is asked and what is made of it, call by call, over a [`SessionContext`].
//!
//! | file | what happens there |
//! | --- | --- |
//! | `due` | the lists that are due |
//! | `recognise` | which company file it is |
//! | `answer` | the answer: read as it streams past, judged at its end |
//! | `problems` | what people are told |

mod answer;
mod due;
mod problems;
mod recognise;

use chrono::{DateTime, TimeDelta, Utc};
use url::Url;

use crate::{
    connectors::calls_in::{
        Answer, Begun, CallsIn, Offer, Queued, SessionContext, SessionError, SessionResult, Setup,
        SetupError, Standing, Trouble,
    },
    domain::problem::Problem,
};

use super::{
    Application, QuickbooksDesktop, Settings,
    codes::{Response, hresult, hresult_problem},
    plan::{Outcome, Plan},
    qwc::{QwcError, check_address, qwc},
};

fn read(state: &str) -> SessionResult<Plan> {
    serde_json::from_str(state)
        .map_err(|error| SessionError::Corrupt { what: "session", why: error.to_string() })
}

fn write(plan: &Plan) -> SessionResult<String> {
    serde_json::to_string(plan)
        .map_err(|error| SessionError::Corrupt { what: "session", why: error.to_string() })
}

fn settings(context: &mut dyn SessionContext) -> SessionResult<Settings> {
    Settings::read(&context.settings()?)
        .map_err(|error| SessionError::Corrupt { what: "connection's settings", why: error.to_string() })
}

/// Ends what a session was doing.
fn stop(plan: &mut Plan, context: &mut dyn SessionContext, problem: &Problem) -> SessionResult<()> {
    if let Some(run_id) = plan.current().and_then(|list| list.run_id.clone()) {
        context.fail_run(&run_id, problem)?;
    }
    plan.stopped = true;
    plan.problem = Some(problem.clone());
    context.set_problem(Some(problem))
}

impl CallsIn for QuickbooksDesktop {
    fn every(&self, settings: &str) -> Option<TimeDelta> {
        TimeDelta::try_minutes(i64::from(Settings::read(settings).ok()?.run_every_minutes))
    }

    fn window(&self, settings: &str) -> String {
        Settings::read(settings).map(|settings| settings.window).unwrap_or_default()
    }

    fn problem(&self, trouble: Trouble, connection_id: &str) -> Problem {
        problems::of(trouble, connection_id)
    }

    fn queued(&self) -> &'static Queued {
        &problems::QUEUED
    }

    fn check_address(&self, public_url: &Url) -> Result<(), SetupError> {
        check_address(public_url).map_err(|error| SetupError::Address(error.to_string()))
    }

    fn setup_file(&self, setup: &Setup<'_>, public_url: &Url) -> Result<String, SetupError> {
        let settings = Settings::read(setup.settings).map_err(|_| SetupError::Settings)?;
        let application = Application {
            company_name: setup.company_name,
            username: setup.username,
            owner_id: &setup.file.owner_id,
            file_id: &setup.file.file_id,
            settings: &settings,
        };
        qwc(&application, public_url).map_err(|error| match error {
            QwcError::Write(why) => SetupError::Write(why),
            address => SetupError::Address(address.to_string()),
        })
    }

    fn begin(&self, context: &mut dyn SessionContext) -> SessionResult<Option<Begun>> {
        let settings = settings(context)?;
        let version = context.file()?.version.unwrap_or_default();
        let lists = due::due(context, &version, &settings)?;
        if lists.is_empty() {
            return Ok(None);
        }
        let state = write(&Plan::new(lists))?;
        Ok(Some(Begun { state, company_file: settings.path().to_owned() }))
    }

    fn request(
        &self,
        state: &mut String,
        context: &mut dyn SessionContext,
        offer: &Offer,
    ) -> SessionResult<String> {
        let mut plan = read(state)?;
        let request = request(&mut plan, context, offer)?;
        *state = write(&plan)?;
        Ok(request)
    }

    fn not_opened(
        &self,
        state: &mut String,
        context: &mut dyn SessionContext,
        code: &str,
    ) -> SessionResult<Option<String>> {
        let mut plan = read(state)?;
        let path = match hresult(code).response {
            Response::RetryWithPath if !plan.path_was_told => path_to_try(context)?,
            _ => None,
        };
        match path {
            Some(_) => plan.path_was_told = true,
            None => stop(&mut plan, context, &hresult_problem(code))?,
        }
        *state = write(&plan)?;
        Ok(path)
    }

    fn stop(
        &self,
        state: &mut String,
        context: &mut dyn SessionContext,
        problem: &Problem,
    ) -> SessionResult<()> {
        let mut plan = read(state)?;
        stop(&mut plan, context, problem)?;
        *state = write(&plan)?;
        Ok(())
    }

    fn standing(&self, state: &str) -> SessionResult<Standing> {
        let mut plan = read(state)?;
        let current = plan.current();
        Ok(Standing {
            asked: plan.is_asked(),
            run_id: current.and_then(|list| list.run_id.clone()),
            done: current.is_none(),
            progress: plan.progress(),
            runs: plan.lists.iter().filter_map(|list| Some((list.list, list.run_id.clone()?))).collect(),
            problem: plan.problem,
        })
    }

    fn note_rival(&self, state: &mut String) -> SessionResult<bool> {
        let mut plan = read(state)?;
        let first = !std::mem::replace(&mut plan.rival, true);
        *state = write(&plan)?;
        Ok(first)
    }

    fn answer(
        &self,
        state: &str,
        high_water: Option<&str>,
        now: DateTime<Utc>,
    ) -> SessionResult<Box<dyn Answer>> {
        Ok(Box::new(answer::Received::new(read(state)?, high_water, now)))
    }
}

/// The next request; empty where there is none.
fn request(plan: &mut Plan, context: &mut dyn SessionContext, offer: &Offer) -> SessionResult<String> {
    if plan.version.is_none()
        && let Err(problem) = recognise::recognise(plan, context, offer)?
    {
        stop(plan, context, &problem)?;
        return Ok(String::new());
    }
    let anew = plan.prepare();
    let Some(list) = plan.current().cloned() else { return Ok(String::new()) };
    match &list.run_id {
        Some(run_id) if anew => context.forget_seen(run_id)?,
        Some(_) => {}
        None => {
            let run_id = context.start_run(list.list, list.mode)?;
            plan.started(run_id);
        }
    }
    match plan.ask() {
        Ok(request) => Ok(request.unwrap_or_default()),
        Err(error) => {
            tracing::error!(error, "a request to QuickBooks could not be written");
            let problem = problems::not_written();
            stop(plan, context, &problem)?;
            plan.give_up(Outcome::Stop(problem));
            Ok(String::new())
        }
    }
}

/// The company file that the Web Connector may open where it could not find it: the one that is set, else the one that
/// answered first.
fn path_to_try(context: &mut dyn SessionContext) -> SessionResult<Option<String>> {
    let set = Some(settings(context)?.path().to_owned()).filter(|path| !path.is_empty());
    let path = match set {
        Some(path) => Some(path),
        None => context.file()?.pin.path,
    };
    Ok(path.filter(|path| !path.is_empty()))
}
