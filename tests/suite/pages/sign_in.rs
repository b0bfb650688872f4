//! People sign in and out by forms alone.

use super::{ANA, PASSWORD, account, visitor::Visitor};
use crate::support::TestApp;

#[tokio::test]
async fn a_person_signs_in_sees_who_that_is_and_signs_out() {
    TestApp::each(async |app| {
        account(app, ANA, "account-admin", &[]).await;
        let visitor = Visitor::of(app);
        assert_eq!(visitor.get("/").await.leads_to(), "/sign-in");
        let page = visitor.get("/sign-in").await;
        for part in [
            "<label for=\"email\">E-mail</label>",
            "<label for=\"password\">Password</label>",
            ">Sign in</button>",
        ] {
            assert!(page.is(200).contains(part), "{part} in {}", page.text);
        }
        let form = [("email", " Ana@Example.com "), ("password", PASSWORD), ("next", "")];
        assert_eq!(visitor.post("/sign-in", &form).await.leads_to(), "/");
        assert!(visitor.has("rollcall"));
        assert_eq!(visitor.get("/").await.leads_to(), "/sync/employees");
        let home = visitor.get("/me").await;
        assert!(home.is(200).contains(ANA) && home.text.contains("Sign out"));
        assert_eq!(visitor.post("/sign-out", &[]).await.leads_to(), "/sign-in?done=signed-out");
        assert!(!visitor.has("rollcall"));
        assert_eq!(visitor.get("/").await.leads_to(), "/sign-in");
    })
    .await;
}

#[tokio::test]
async fn what_is_wrong_is_said_beside_the_field_in_the_same_words_for_known_and_unknown() {
    TestApp::each(async |app| {
        account(app, ANA, "account-admin", &[]).await;
        let visitor = Visitor::of(app);
        let mut said = Vec::new();
        for email in [ANA, "nobody@example.com"] {
            let page =
                visitor.post("/sign-in", &[("email", email), ("password", "not the right one at all")]).await;
            assert!(page.is(422).contains("E-mail or password is not right."), "{}", page.text);
            assert!(page.text.contains("<title>Error: Sign in"), "{}", page.text);
            assert!(page.text.contains(&format!("value=\"{email}\"")), "what was typed stays");
            assert!(!page.text.contains("not the right one"), "the password does not");
            said.push(page.text.replace(email, ""));
        }
        assert_eq!(said[0], said[1]);
        let page = visitor.post("/sign-in", &[("email", "\"><script>"), ("password", "x")]).await;
        assert!(!page.is(422).contains("<script>"), "{}", page.text);
        assert!(!visitor.has("rollcall"));
    })
    .await;
}

#[tokio::test]
async fn after_the_sign_in_a_person_is_where_it_wanted_to_be_but_never_elsewhere() {
    TestApp::each(async |app| {
        account(app, ANA, "account-admin", &[]).await;
        let form = |next: &'static str| [("email", ANA), ("password", PASSWORD), ("next", next)];
        let visitor = Visitor::of(app);
        assert!(visitor.get("/sign-in?next=/docs").await.is(200).contains("value=\"/docs\""));
        assert_eq!(visitor.post("/sign-in", &form("/docs")).await.leads_to(), "/docs");
        assert_eq!(visitor.post("/sign-in", &form("//evil.example")).await.leads_to(), "/");
    })
    .await;
}

#[tokio::test]
async fn nothing_changes_by_looking_and_no_foreign_page_signs_anybody_in_or_out() {
    TestApp::each(async |app| {
        account(app, ANA, "account-admin", &[]).await;
        let visitor = Visitor::of(app);
        let form = [("email", ANA), ("password", PASSWORD)];
        let foreign = visitor.form("/sign-in", &form).header("sec-fetch-site", "cross-site");
        visitor.send(foreign).await.is(403);
        visitor.send(visitor.form("/sign-in", &form).header("origin", "https://evil.example")).await.is(403);
        assert!(!visitor.has("rollcall"));
        visitor.post("/sign-in", &form).await.leads_to();
        visitor.get("/sign-out").await.is(405);
        let foreign = visitor.form("/sign-out", &[]).header("sec-fetch-site", "cross-site");
        visitor.send(foreign).await.is(403);
        // A cookie without a word where it comes from.
        visitor.send(visitor.form("/sign-out", &[])).await.is(403);
        visitor.get("/me").await.is(200);
    })
    .await;
}
