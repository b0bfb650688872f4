//! `rollcall account reset-second-factor`.

use crate::{
    cli::{
        Result,
        confirm::Consent,
        context::Context,
        text::{fields, plain},
    },
    service::{
        accounts::{self, Account},
        sign_in::second_factor,
    },
    store::Store,
};

/// Takes a lost second factor from an account.
pub(super) async fn reset(context: &Context, store: &Store, wanted: String, consent: Consent) -> Result {
    let account = context.read(store, None, move |db, attempt| accounts::show(db, attempt, &wanted)).await?;
    if consent.is_dry_run() {
        let id = account.id.clone();
        let rehearsed =
            context.rehearse(store, None, move |db, attempt| second_factor::take_away(db, attempt, &id));
        rehearsed.await?;
    }
    let goes = |account: &Account| {
        fields(&[
            ("account", format!("{} ({})", account.email, account.id)),
            ("its second factor", "is taken away".into()),
            ("its sessions", "end".into()),
        ])
    };
    let question =
        format!("Take the second factor from the account {} ({})?", plain(&account.email), account.id);
    if !consent.given(context.out, &account, goes, &question)? {
        return Ok(());
    }
    let taken =
        context.write(store, None, move |db, attempt| second_factor::take_away(db, attempt, &account.id));
    context.out.answer(&taken.await?, |taken| {
        let password = if taken.needs_password {
            format!(
                "was too short alone: `rollcall account reset-link {}` lets its person choose another",
                taken.id
            )
        } else {
            "is enough again".into()
        };
        fields(&[
            ("account", taken.id.clone()),
            ("sessions that ended", taken.ended.to_string()),
            ("password", password),
        ])
    })
}
