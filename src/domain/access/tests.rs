//! The whole policy: each kind of caller × each action × own, foreign and no company.

use super::{Action, Attempt, Companies, Decision, Denied, Principal, Role, Scope, Scopes, action, decide};

const OWN: &str = "com_own";

fn app(scopes: &[Scope]) -> Principal {
    let companies = Companies::Only(vec![OWN.into()]);
    Principal::App { id: "app_1".into(), name: "Timesheets".into(), scopes: Scopes::new(scopes), companies }
}

fn account(role: Role) -> Principal {
    personal(role, None)
}

/// A person, or its token with these scopes.
fn personal(role: Role, scopes: Option<&[Scope]>) -> Principal {
    let companies = Companies::Only(vec![OWN.into()]);
    Principal::Account { id: "acc_1".into(), role, companies, scopes: scopes.map(Scopes::new) }
}

fn origin() -> super::Origin {
    super::Origin { request_id: Some("r-1".into()), ..super::Origin::at(chrono::DateTime::UNIX_EPOCH) }
}

/// The callers, each with the actions that it may do.
fn callers() -> Vec<(Principal, Vec<Action>)> {
    use Action as A;
    let all = || A::ALL.to_vec();
    let quicklink = Principal::Quicklink { id: "qul_1".into(), company: OWN.into() };
    vec![
        (app(&[]), vec![]),
        (app(&[Scope::Read]), vec![A::Read, A::ReadCompanies]),
        (app(&[Scope::Link]), vec![A::Link]),
        (app(&[Scope::Poll]), vec![A::Poll, A::Test]),
        (app(&[Scope::Manage]), vec![A::DecideHolds, A::ManageConnections]),
        (
            app(Scope::ALL),
            vec![A::Read, A::ReadCompanies, A::Link, A::Poll, A::Test, A::DecideHolds, A::ManageConnections],
        ),
        (
            account(Role::User),
            vec![A::Read, A::ReadCompanies, A::Link, A::Poll, A::Test, A::ManageQuicklinks, A::OwnAccount],
        ),
        (quicklink, vec![A::Read, A::ReadCompanies, A::Link, A::Poll]),
        (Principal::Worker { name: "match" }, vec![A::Read, A::Link, A::Poll]),
        (account(Role::AccountAdmin), all()),
        // A token of a person may do what its scopes and the person's role allow.
        (personal(Role::User, Some(&[Scope::Read])), vec![A::Read, A::ReadCompanies]),
        (personal(Role::User, Some(Scope::ALL)), vec![A::Read, A::ReadCompanies, A::Link, A::Poll, A::Test]),
        (
            personal(Role::AccountAdmin, Some(Scope::ALL)),
            vec![A::Read, A::ReadCompanies, A::Link, A::Poll, A::Test, A::DecideHolds, A::ManageConnections],
        ),
        (personal(Role::AccountAdmin, Some(&[Scope::Manage])), vec![A::DecideHolds, A::ManageConnections]),
        (Principal::Admin { id: "app_2".into(), name: "Ops".into() }, all()),
        (Principal::CommandLine, all()),
    ]
}

#[test]
fn each_caller_may_do_what_the_table_says_and_nothing_else() {
    for (caller, allowed) in callers() {
        let everywhere = caller.companies() == Companies::All;
        for action in Action::ALL {
            let expected = match allowed.contains(action) {
                true => Decision::Allowed,
                false => Decision::Forbidden,
            };
            assert_eq!(decide(&caller, *action, Some(&OWN.into())), expected, "{caller:?} {action}");
            assert_eq!(decide(&caller, *action, None), expected, "{caller:?} {action}");
            // Whatever the action, another company's object does not exist.
            let foreign = if everywhere { expected } else { Decision::NotThere };
            assert_eq!(decide(&caller, *action, Some(&"com_other".into())), foreign, "{caller:?} {action}");
        }
    }
}

#[test]
fn a_grant_is_for_the_company_of_the_object_alone() {
    let attempt = Attempt::<action::Link>::new(Principal::CommandLine, None, origin());
    let grant = attempt.at(&"com_a".into(), "employee").unwrap();
    grant.covers(&"com_a".into(), "employee").unwrap();
    assert_eq!(grant.covers(&"com_b".into(), "employee").unwrap_err(), Denied::NotThere("employee"));
    assert_eq!(grant.app().unwrap_err(), Denied::AppNeeded);
}

#[test]
fn whoever_acts_for_an_app_acts_where_the_app_may() {
    let acting = super::ActingApp {
        id: "app_1".into(),
        name: "Timesheets".into(),
        companies: Companies::Only(vec![OWN.into()]),
    };
    // A caller who sees more than the app is told that the app stands in the way; others are told nothing.
    let own = Attempt::<action::Link>::new(app(&[Scope::Link]), Some(acting.clone()), origin());
    assert_eq!(own.at(&"com_b".into(), "employee").unwrap_err(), Denied::NotThere("employee"));
    let attempt = Attempt::<action::Link>::new(Principal::CommandLine, Some(acting), origin());
    let lacks = Denied::NotForApp { app: "Timesheets".into(), what: "employee" };
    assert_eq!(attempt.at(&"com_b".into(), "employee").unwrap_err(), lacks);
    let grant = attempt.at(&OWN.into(), "employee").unwrap();
    assert_eq!(
        (grant.app().unwrap().id.as_str(), grant.origin().request_id.as_deref()),
        ("app_1", Some("r-1"))
    );
}

#[test]
fn a_token_that_lacks_a_scope_is_told_which() {
    let attempt = Attempt::<action::ManageConnections>::new(app(&[Scope::Read]), None, origin());
    let denied = attempt.at(&OWN.into(), "connection").unwrap_err();
    let expected = Denied::Forbidden { action: Action::ManageConnections, scope: Some(Scope::Manage) };
    assert_eq!(denied, expected);
    assert_eq!(attempt.at(&"com_b".into(), "connection").unwrap_err(), Denied::NotThere("connection"));
}

#[test]
fn a_person_in_a_session_must_have_signed_in_a_short_while_ago() {
    let attempt =
        |session| Attempt::<action::OwnAccount>::new(account(Role::User), None, origin()).in_session(session);
    let session = |fresh| Some(super::InSession { id: "ses_1".into(), fresh });
    assert_eq!(attempt(session(true)).fresh(), Ok(()));
    assert_eq!(attempt(session(false)).fresh(), Err(Denied::NotFresh));
    assert_eq!(attempt(session(false)).own_account(), Ok("acc_1"));
    let command_line = Attempt::<action::OwnAccount>::new(Principal::CommandLine, None, origin());
    assert_eq!((command_line.fresh(), command_line.own_account()), (Ok(()), Err(Denied::NoAccount)));
}

#[test]
fn scopes_are_a_set_with_one_text() {
    let scopes: Scopes = "poll  read poll".parse().unwrap();
    assert_eq!(scopes.to_string(), "read poll");
    assert_eq!(scopes.beyond(&Scopes::new(&[Scope::Read])), Some(Scope::Poll));
    assert_eq!(Scopes::default().to_string(), "read link poll");
    assert!("read write".parse::<Scopes>().is_err());
}
