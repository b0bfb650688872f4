//! Promises 4, 5 and 6: what links and unlinks do.

use rollcall::domain::words::List;
use serde_json::json;

use super::{ids, link, put_profile};
use crate::support::{TestApp, people, person};

#[tokio::test]
async fn linking_is_idempotent_and_shows_on_both_sides() {
    TestApp::each(async |app| {
        app.stage(List::Employee, people(1)).await;
        let id = &ids(app, "/v1/employees").await[0];
        put_profile(app, "u-1", "Ana").await.is(201);
        let made = link(app, id, "u-1").await;
        assert_eq!(made.is(201)["record_id"], **id);
        assert_eq!(link(app, id, "u-1").await.is(200), made.is(201));

        let record = app.get(&format!("/v1/employees/{id}")).await;
        assert_eq!(record.is(200)["link"]["profile_id"], "u-1");
        assert_eq!(record.is(200)["link"]["linked_by"], "app Timesheets");
        assert_eq!(app.get("/v1/employees").await.is(200)["data"][0]["link"], record.is(200)["link"]);
        let profile = app.get("/v1/profiles/employee/u-1").await;
        assert_eq!(profile.is(200)["links"][0]["record_id"], **id);
        assert_eq!(app.get("/v1/links").await.is(200)["data"], json!([made.is(201)]));
    })
    .await;
}

#[tokio::test]
async fn a_link_ends_only_when_someone_unlinks_it() {
    TestApp::each(async |app| {
        app.stage(List::Employee, people(3)).await;
        let id = ids(app, "/v1/employees").await.remove(0);
        put_profile(app, "u-1", "Ana").await.is(201);
        link(app, &id, "u-1").await.is(201);

        let mut inactive = people(3);
        inactive[0].active = false;
        app.stage(List::Employee, inactive).await;
        let record = app.get(&format!("/v1/employees/{id}")).await;
        assert_eq!(
            (&record.is(200)["active"], &record.is(200)["link"]["profile_id"]),
            (&json!(false), &json!("u-1"))
        );

        app.stage(List::Employee, people(3).split_off(1)).await;
        let record = app.get(&format!("/v1/employees/{id}")).await;
        assert_eq!(
            (&record.is(200)["absent"], &record.is(200)["link"]["profile_id"]),
            (&json!(true), &json!("u-1"))
        );

        let refused = app.send("DELETE", "/v1/profiles/employee/u-1", None).await;
        let conflict = &refused.problem(409, "profile_linked")["conflict"];
        assert_eq!(conflict["records"], json!([{ "record_id": id, "list": "employee" }]));
        let refused = app.admin("DELETE", &format!("/v1/connections/{}", app.connection.id), None).await;
        refused.problem(409, "connection_in_use");
        assert_eq!(app.get("/v1/links").await.is(200)["data"].as_array().unwrap().len(), 1);

        app.send("DELETE", &format!("/v1/employees/{id}/link"), None).await.is(204);
        assert!(app.get(&format!("/v1/employees/{id}")).await.is(200)["link"].is_null());
    })
    .await;
}

#[tokio::test]
async fn a_conflict_names_the_other_party() {
    TestApp::each(async |app| {
        app.stage(List::Employee, people(2)).await;
        let [first, second] = <[String; 2]>::try_from(ids(app, "/v1/employees").await).unwrap();
        put_profile(app, "u-1", "Ana").await.is(201);
        put_profile(app, "u-2", "Bo").await.is(201);
        link(app, &first, "u-1").await.is(201);

        let taken = link(app, &first, "u-2").await;
        assert_eq!(taken.problem(409, "record_linked")["conflict"], json!({ "profile_id": "u-1" }));
        let taken = link(app, &second, "u-1").await;
        let other = json!({ "record_id": first, "list": "employee" });
        assert_eq!(taken.problem(409, "profile_linked")["conflict"], other);
        let unknown = link(app, &second, "u-3").await;
        let remedy = unknown.problem(404, "profile_not_found")["remedy"].as_str().unwrap();
        assert!(remedy.contains("`PUT /v1/profiles/employee/{profile_id}`"), "{remedy}");
        let taken = app.send("POST", &format!("/v1/employees/{first}/profile"), None).await;
        assert_eq!(taken.problem(409, "record_linked")["conflict"], json!({ "profile_id": "u-1" }));
        let wanted = json!({ "profile_id": "u-2" });
        let taken = app.send("POST", &format!("/v1/employees/{second}/profile"), wanted.clone()).await;
        assert_eq!(taken.problem(409, "profile_exists")["conflict"]["profile_id"], wanted["profile_id"]);
    })
    .await;
}

#[tokio::test]
async fn unlinking_gives_both_sides_back() {
    TestApp::each(async |app| {
        app.stage(List::Employee, people(2)).await;
        let all = ids(app, "/v1/employees").await;
        for (profile, id) in ["u-1", "u-2"].into_iter().zip(&all) {
            put_profile(app, profile, profile).await.is(201);
            link(app, id, profile).await.is(201);
        }
        assert!(ids(app, "/v1/employees?linked=false").await.is_empty());
        assert_eq!(app.get("/v1/profiles/employee?linked=false").await.is(200)["data"], json!([]));

        let path = format!("/v1/employees/{}/link", all[0]);
        app.send("DELETE", &path, None).await.is(204);
        app.send("DELETE", &path, None).await.is(204);
        assert_eq!(ids(app, "/v1/employees?linked=false").await, all[..1]);
        assert_eq!(ids(app, "/v1/employees?linked=true").await, all[1..]);
        let free = app.get("/v1/profiles/employee?linked=false").await;
        assert_eq!(free.is(200)["data"][0]["profile_id"], "u-1");
        // Each may take another side now.
        put_profile(app, "u-3", "Cy").await.is(201);
        link(app, &all[0], "u-3").await.is(201);
    })
    .await;
}

#[tokio::test]
async fn every_link_and_unlink_can_be_undone() {
    TestApp::each(async |app| {
        app.stage(List::Employee, people(1)).await;
        let id = &ids(app, "/v1/employees").await[0];
        put_profile(app, "u-1", "Ana").await.is(201);
        link(app, id, "u-1").await.is(201);
        let last = async || {
            app.get(&format!("/v1/employees/{id}/history")).await.is(200)["changes"][0]["position"].clone()
        };

        let linked = last().await;
        let undone = app.send("POST", &format!("/v1/changes/{linked}/undo"), None).await;
        assert!(undone.is(200)["link"].is_null());
        let again = app.send("POST", &format!("/v1/changes/{linked}/undo"), None).await;
        again.problem(409, "cannot_be_undone");
        let unlinked = last().await;
        let undone = app.send("POST", &format!("/v1/changes/{unlinked}/undo"), None).await;
        assert_eq!(undone.is(200)["link"]["profile_id"], "u-1");
        let again = app.send("POST", &format!("/v1/changes/{unlinked}/undo"), None).await;
        assert_eq!(again.is(200)["link"]["profile_id"], "u-1", "the answer may have been lost");

        // A later link of the same two is not the one that the old change made, and a later unlink is not undone by it.
        app.send("POST", &format!("/v1/changes/{linked}/undo"), None).await.problem(409, "cannot_be_undone");
        app.send("DELETE", &format!("/v1/employees/{id}/link"), None).await.is(204);
        app.send("POST", &format!("/v1/changes/{unlinked}/undo"), None)
            .await
            .problem(409, "cannot_be_undone");

        let first = app.get(&format!("/v1/employees/{id}/history")).await;
        let created = first.is(200)["changes"].as_array().unwrap().last().unwrap()["position"].clone();
        app.send("POST", &format!("/v1/changes/{created}/undo"), None).await.problem(409, "not_undoable");
        app.send("POST", "/v1/changes/999999/undo", None).await.problem(404, "change_not_found");
    })
    .await;
}

#[tokio::test]
async fn the_green_plus_makes_and_links_a_profile() {
    TestApp::each(async |app| {
        app.stage(List::Customer, vec![person("C-1", "Zoë", "O’Brien")]).await;
        let id = &ids(app, "/v1/customers").await[0];
        let made = app.send("POST", &format!("/v1/customers/{id}/profile"), None).await;
        let profile = &made.is(201)["profile"];
        assert_eq!((&profile["name"], &profile["list"]), (&json!("Zoë O’Brien"), &json!("customer")));
        assert_eq!(profile["email"], "C-1@example.com");
        assert_eq!(made.is(201)["link"]["record_id"], **id);
        assert_eq!(made.is(201)["link"]["profile_id"], profile["profile_id"]);
        assert_eq!(profile["links"][0]["record_id"], **id);
    })
    .await;
}
