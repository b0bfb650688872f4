//! Credentials of sources by the API.

use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn a_connection_keeps_its_credentials_to_itself() {
    TestApp::each(async |app| {
        let body = json!({
            "kind": "paycom", "company": "Acme", "secrets": { "sid": "hunter-sid", "token": "hunter-token" },
        });
        let answer = app.admin("POST", "/v1/connections", body).await;
        let made = answer.is(201);
        assert!(!answer.text.contains("hunter"), "{}", answer.text);
        let (id, secret) = (made["id"].as_str().unwrap(), made["webhook_secret"].as_str().unwrap());
        assert!(secret.starts_with("rcw_"));
        assert!(made["webhook_url"].as_str().unwrap().ends_with(&format!("/webhooks/{id}")));
        let path = format!("/v1/connections/{id}");
        let patch = json!({ "secrets": { "sid": "hunter-other" } });
        app.admin("PATCH", &path, patch).await.is(200);
        for shown in [app.get(&path).await, app.get("/v1/connections").await] {
            assert!(!shown.text.contains("hunter") && !shown.text.contains(secret), "{}", shown.text);
        }
        let shown = app.get(&path).await;
        assert_eq!(shown.is(200)["secrets"], json!(["sid", "token", "webhook_secret"]));
        let renewed = app.admin("POST", &format!("{path}/webhook-secret"), None).await;
        assert_ne!(renewed.is(200)["webhook_secret"], secret);
        assert_eq!(renewed.is(200)["webhook_url"], made["webhook_url"]);
        let (vault, id) = (app.gateway.vault.clone(), id.to_owned());
        let kept = app.gateway.store.read(move |db| vault.secrets(db, &id.into())).await.unwrap();
        assert_eq!(kept["sid"].reveal(), "hunter-other");
        assert_eq!(kept["webhook_secret"].reveal(), renewed.is(200)["webhook_secret"]);
        assert!(!format!("{kept:?}").contains("hunter"));
    })
    .await;
}

#[tokio::test]
async fn what_is_no_secret_is_refused_without_being_repeated() {
    TestApp::each(async |app| {
        let add = async |secrets: serde_json::Value| {
            let body = json!({ "kind": "paycom", "company": "Acme", "secrets": secrets });
            app.admin("POST", "/v1/connections", body).await
        };
        for secrets in [
            json!({ "sid": "hunter" }),
            json!({ "sid": "hunter", "token": "hunter", "public_key": "hunter" }),
            json!({ "sid": "hunter", "token": "hun\nter" }),
        ] {
            let refused = add(secrets).await;
            refused.problem(422, "invalid_secrets");
            assert!(!refused.text.contains("hunter"), "{}", refused.text);
        }
        // A number might be most of a secret.
        let refused = add(json!({ "sid": 424_242, "token": ["hunter"] })).await;
        refused.problem(422, "invalid_body");
        assert!(!refused.text.contains("424242") && !refused.text.contains("hunter"), "{}", refused.text);
        let path = format!("/v1/connections/{}/webhook-secret", app.connection.id);
        app.admin("POST", &path, None).await.problem(422, "invalid_secrets");
        app.send("POST", &path, None).await.problem(403, "scope_missing");
    })
    .await;
}
