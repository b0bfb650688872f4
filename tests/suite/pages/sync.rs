//! Sync Users and Sync Customers by forms alone.

use rollcall::domain::words::List;
use serde_json::json;

use super::{ANA, PASSWORD, account, visitor::Visitor};
use crate::support::{TestApp, person};

/// Three people staged, two profiles of the app; Ana is signed in.
async fn set(app: &TestApp) -> Visitor<'_> {
    account(app, ANA, "account-admin", &[]).await;
    app.stage(
        List::Employee,
        vec![person("1", "William", "Turner"), person("2", "Mei", "Nyström"), person("3", "Zoë", "Ng")],
    )
    .await;
    for (id, name) in [("u1", "Bill Turner"), ("u2", "Mei Nystrom")] {
        app.send("PUT", &format!("/v1/profiles/employee/{id}"), json!({ "name": name })).await;
    }
    let visitor = Visitor::of(app);
    visitor.post("/sign-in", &[("email", ANA), ("password", PASSWORD)]).await.leads_to();
    visitor
}

/// The address of an act of the page, as its form names it.
fn act(page: &str, what: &str) -> String {
    let end = page.find(&format!("/sync/employees/{what}?")).unwrap_or_else(|| panic!("{what} in {page}"));
    let rest = &page[end..];
    rest[..rest.find('"').unwrap()].replace("&#38;", "&").replace("&amp;", "&")
}

/// The ID of the card with this name.
fn card(page: &str, name: &str) -> String {
    let at = page.find(&format!("aria-label=\"{name}\"")).unwrap_or_else(|| panic!("{name} in {page}"));
    let before = &page[..at];
    let value = before.rfind("value=\"").unwrap() + 7;
    before[value..].split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_pair_is_linked_unlinked_and_undone_without_a_script() {
    TestApp::each(async |app| {
        let visitor = set(app).await;
        let page = visitor.get("/sync/employees").await.is(200).to_owned();
        for part in [
            "aria-label=\"Profiles\"",
            "aria-label=\"Employees\"",
            "aria-label=\"Linked\"",
            "Create profile for ",
            "role=\"status\"",
        ] {
            assert!(page.contains(part), "{part} in {page}");
        }
        let record = card(&page, "Nyström, Mei");
        let chosen = [("profile", "u2"), ("record", record.as_str())];
        let there = visitor.post(&act(&page, "link"), &chosen).await.leads_to().to_owned();
        let page = visitor.get(&there).await.is(200).to_owned();
        assert!(page.contains("Linked Mei Nystrom with Nyström, Mei."), "{page}");
        assert!(page.contains("aria-label=\"Unlink Nyström, Mei\""), "{page}");
        assert!(!page.contains("value=\"u2\""), "the profile has left its list: {page}");
        // Whoever else tries is told with whom it is linked.
        let again = visitor.post(&act(&page, "link"), &[("profile", "u1"), ("record", &record)]).await;
        assert!(again.is(409).contains("u2"), "{}", again.text);

        let there = visitor.post(&act(&page, "unlink"), &[("one", &record)]).await.leads_to().to_owned();
        let page = visitor.get(&there).await.is(200).to_owned();
        assert!(page.contains("Unlinked Mei Nystrom from Nyström, Mei."), "{page}");
        assert!(page.contains("value=\"u2\"") && !page.contains("aria-label=\"Unlink"), "{page}");
        let change = there.split("change=").nth(1).unwrap();
        let there = visitor.post(&act(&page, "undo"), &[("change", change)]).await.leads_to().to_owned();
        assert!(visitor.get(&there).await.is(200).contains("aria-label=\"Unlink Nyström, Mei\""));
        let history = visitor.get(&act(&page, "history")).await;
        assert_eq!(history.is(200).matches(">Undo</button>").count(), 3, "{}", history.text);
    })
    .await;
}

#[tokio::test]
async fn the_green_plus_makes_a_profile_and_a_search_finds_across_pages() {
    TestApp::each(async |app| {
        let visitor = set(app).await;
        let page = visitor.get("/sync/employees?q_records=NG").await.is(200).to_owned();
        assert!(page.contains("aria-label=\"Ng, Zoë\"") && !page.contains("Nyström, Mei"), "{page}");
        let record = card(&page, "Ng, Zoë");
        visitor.post(&act(&page, "profile"), &[("one", &record)]).await.leads_to();
        let page = visitor.get("/sync/employees").await.is(200).to_owned();
        assert!(page.contains("aria-label=\"Unlink Ng, Zoë\""), "{page}");
        let none = visitor.get("/sync/employees?q_profiles=zzz").await;
        assert!(none.is(200).contains("Nobody here matches “zzz”."), "{}", none.text);
        visitor.get("/sync/employees?company=com_ffff").await.is(404);
        visitor.get("/sync/elsewhere").await.is(404);
        assert!(visitor.get("/sync/customers").await.is(200).contains("aria-label=\"Customers\""));
    })
    .await;
}

#[tokio::test]
async fn strangers_are_led_to_the_sign_in_and_foreign_pages_link_nobody() {
    TestApp::each(async |app| {
        let visitor = set(app).await;
        let stranger = Visitor::of(app);
        let there = stranger.get("/sync/employees?q_records=x").await;
        assert_eq!(there.leads_to(), "/sign-in?next=%2Fsync%2Femployees%3Fq_records%3Dx");
        let page = visitor.get("/sync/employees").await.is(200).to_owned();
        let record = card(&page, "Ng, Zoë");
        let form = visitor.form(&act(&page, "link"), &[("profile", "u1"), ("record", &record)]);
        visitor.send(form.header("sec-fetch-site", "cross-site")).await.is(403);
        visitor.post(&act(&page, "link"), &[("profile", "u1")]).await.is(422);
        assert!(!visitor.get("/sync/employees").await.is(200).contains("aria-label=\"Unlink"));
    })
    .await;
}
