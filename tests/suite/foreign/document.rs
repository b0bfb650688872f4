//! The document is one that tools accept, and the gateway keeps it.

use super::{done, file, gateway, tools};
use crate::support::{TestApp, granted};

#[tokio::test(flavor = "multi_thread")]
async fn a_linter_finds_no_error_in_the_document() {
    let Some(tools) = tools() else { return };
    let (_database, _app, folder, _) = gateway().await;
    let printed = done(tools.node("redocly").args(["lint", "openapi.json"]), &folder);
    assert!(printed.contains("Your API description is valid"), "{printed}");
}

/// Property tests made from the document: whatever fits it is taken, whatever does not is refused, every answer is one
/// that it names, and no route lets in who has no token.
#[tokio::test(flavor = "multi_thread")]
async fn requests_made_from_the_document_are_answered_as_it_says() {
    let Some(tools) = tools() else { return };
    let (_database, app, folder, url) = gateway().await;
    // The run would revoke its own token, and see nothing but 401 from then on: alone, and last.
    let revoke = "revoke_token";
    for (which, examples) in [("--exclude-operation-id", "30"), ("--include-operation-id", "10")] {
        let token = admin_token(&app, which).await;
        let mut run = tools.python("schemathesis");
        run.arg("--config-file").arg(file("schemathesis.toml"));
        run.args(["run", "openapi.json", "--url", &url, "--checks", "all", "--seed", "1", "--no-color"]);
        run.args(["--max-examples", examples, which, revoke, "--warnings", "off"]);
        run.args(["-H", &format!("Authorization: Bearer {token}")]);
        let printed = done(&mut run, &folder);
        assert!(printed.contains("No issues found"), "{printed}");
    }
}

/// A token of an admin's app of its own.
async fn admin_token(app: &TestApp, name: &'static str) -> String {
    use rollcall::sync::register;
    let ambient = app.gateway.ambient.clone();
    let made = app.gateway.store.write(move |db| register::app(db, &ambient, &granted(), name, &[], true));
    made.await.unwrap().1.reveal().to_owned()
}
