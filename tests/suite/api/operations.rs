//! Probes, figures, and the page that works offline.

use reqwest::Method;
use rollcall::domain::words::List;

use crate::support::{TestApp, TestDatabase, people};

#[tokio::test]
async fn probes_tell_life_and_readiness() {
    TestApp::each(async |app| {
        for path in ["/healthz", "/readyz"] {
            assert_eq!(app.call(Method::GET, path, None, None).await.is(200)["status"], "ok");
        }
    })
    .await;
}

#[tokio::test]
async fn a_gateway_whose_worker_has_panicked_is_not_ready_and_counts_it() {
    let database = TestDatabase::sqlite();
    let app = TestApp::start(&database).await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let panics = || async { panic!("of its own accord") };
    let supervised = tokio::spawn(app.gateway.workers.clone().supervise("poll", panics, stopped));
    while app.gateway.workers.failing().is_empty() {
        tokio::task::yield_now().await;
    }
    let answer = app.call(Method::GET, "/readyz", None, None).await;
    let problem = answer.problem(503, "worker_failing");
    assert!(problem["detail"].as_str().unwrap().contains("`poll`"), "{problem}");
    let figures = app.call(Method::GET, "/metrics", None, None).await.text;
    for line in ["rollcall_worker_up{worker=\"poll\"} 0", "rollcall_worker_panics_total{worker=\"poll\"} 1"] {
        assert!(figures.lines().any(|it| it == line), "{line} is not in {figures}");
    }
    stop.send_replace(true);
    supervised.await.unwrap();
}

#[tokio::test]
async fn a_gateway_whose_tables_are_gone_is_not_ready() {
    let database = TestDatabase::sqlite();
    let app = TestApp::start(&database).await;
    let path = database.url.strip_prefix("sqlite:").unwrap();
    let mut other = <diesel::SqliteConnection as diesel::Connection>::establish(path).unwrap();
    diesel::connection::SimpleConnection::batch_execute(&mut other, "DROP TABLE __diesel_schema_migrations")
        .unwrap();
    app.call(Method::GET, "/readyz", None, None).await.is(503);
    app.call(Method::GET, "/healthz", None, None).await.is(200);
}

#[test]
fn a_database_that_does_not_answer_is_told_from_a_mistake() {
    use axum::response::IntoResponse;
    use rollcall::{http::problem::ApiError, store};
    let answer = |error: store::Error| ApiError::from(error).into_response();
    let busy = answer(store::Error::Busy);
    assert_eq!((busy.status().as_u16(), &busy.headers()["retry-after"]), (503, &"1".parse().unwrap()));
    for error in [
        store::Error::Open("refused".into()),
        store::Error::ReadOnly,
        store::Error::Full,
        store::Error::Locked,
        store::Error::Disk,
    ] {
        let unavailable = answer(error);
        assert_eq!(unavailable.status(), 503);
        assert!(unavailable.headers().contains_key("retry-after"));
    }
    assert_eq!(answer(store::Error::Panicked).status(), 500);
}

#[tokio::test]
async fn figures_count_holds_and_answers() {
    TestApp::each(async |app| {
        app.stage(List::Employee, people(30)).await;
        app.stage(List::Employee, people(5)).await;
        app.get("/v1/nothing").await.is(404);
        let answer = app.call(Method::GET, "/metrics", None, None).await;
        answer.is(200);
        assert!(answer.headers["content-type"].to_str().unwrap().starts_with("text/plain; version=0.0.4"));
        for line in [
            "rollcall_runs_held 1",
            "rollcall_http_responses_total{status=\"4xx\"} 1",
            "# TYPE rollcall_http_responses_total counter",
            concat!("rollcall_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1"),
        ] {
            assert!(answer.text.lines().any(|each| each == line), "{line} in {}", answer.text);
        }
    })
    .await;
}

#[tokio::test]
async fn figures_tell_how_each_connection_its_runs_and_its_inbox_stand() {
    TestApp::each(async |app| {
        app.stage(List::Employee, people(30)).await;
        app.stage(List::Employee, people(5)).await;
        let dead = rollcall::domain::event::Message {
            message_id: "m1".into(),
            name: "nonsense".into(),
            told_at: None,
            event: Ok(rollcall::domain::event::Event::Nothing),
        };
        app.gateway.inbox.accept(&app.connection.id, dead).await.unwrap();
        let figures = app.call(Method::GET, "/metrics", None, None).await.text;
        let id = &app.connection.id;
        for line in [
            "rollcall_runs_total{state=\"complete\"} 1".to_owned(),
            "rollcall_runs_total{state=\"held\"} 1".to_owned(),
            "rollcall_runs_total{state=\"failed\"} 0".to_owned(),
            "rollcall_connections{state=\"held\"} 1".to_owned(),
            "rollcall_connections{state=\"ok\"} 0".to_owned(),
            format!("rollcall_connection_state{{connection=\"{id}\",kind=\"quickbooks_desktop\",state=\"held\"}} 1"),
            "rollcall_inbox_messages{state=\"pending\"} 1".to_owned(),
            "# TYPE rollcall_http_response_seconds histogram".to_owned(),
        ] {
            assert!(figures.lines().any(|it| it == line), "{line} is not in {figures}");
        }
        let age = format!("rollcall_connection_whole_read_age_seconds{{connection=\"{id}\",list=\"employee\"}} ");
        assert!(figures.lines().any(|it| it.starts_with(&age)), "{figures}");
        let all = "rollcall_http_response_seconds_bucket{le=\"+Inf\",part=\"other\"} ";
        assert!(figures.contains(all) && figures.contains("rollcall_inbox_oldest_age_seconds "), "{figures}");
    })
    .await;
}

#[tokio::test]
async fn the_documentation_needs_nothing_from_elsewhere() {
    let database = TestDatabase::sqlite();
    let app = TestApp::start(&database).await;
    let get = async |path: &str| app.call(Method::GET, path, None, None).await;
    let page = get("/docs").await;
    page.is(200);
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'self';"), "{policy}");
    assert!(!page.text.contains("<script") && !page.text.contains(" style="), "{}", page.text);
    get("/docs/").await.is(200);
    get("/docs/style.css").await.is(200);
    assert!(!page.text.contains(" src="), "{}", page.text);
    let links = page.text.split(" href=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    for link in links.filter(|link| *link != "/docs/style.css") {
        let id = link.strip_prefix('#').unwrap_or_else(|| panic!("{link} is elsewhere"));
        assert!(page.text.contains(&format!(" id=\"{id}\"")), "{link} leads nowhere");
    }
    let document = get("/openapi.json").await;
    assert!(document.is(200)["openapi"].as_str().unwrap().starts_with("3."));
    assert_eq!(*document.is(200), serde_json::to_value(rollcall::http::router::openapi()).unwrap());
    for (path, item) in document.is(200)["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            let shown =
                format!("<details id=\"{id}\"><summary><b>{}</b> <code>{path}</code>", method.to_uppercase());
            assert_eq!(page.text.matches(&shown).count(), 1, "{method} {path}");
        }
    }
    for name in document.is(200)["components"]["schemas"].as_object().unwrap().keys() {
        assert!(page.text.contains(&format!("<article id=\"type-{name}\">")), "{name}");
    }
}
