//! The pages in a real browser: what scripts, policies and focus do there.

use std::{env, fs, path::PathBuf, sync::Arc};

use rollcall::config::PageSettings;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::{ANA, PASSWORD, account, chromium::Chromium, quicklink};
use crate::support::{TestApp, TestDatabase};

pub(super) async fn gateway() -> (TestDatabase, TestApp, String) {
    let database = TestDatabase::sqlite();
    let app = TestApp::start(&database).await;
    let origin = format!("http://localhost:{}", app.address.port());
    (database, app, origin)
}

pub(super) async fn sign_in(browser: &Chromium, password: &str) {
    for (label, text) in [("E-mail", ANA), ("Password", password)] {
        let field = browser.field(label).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }
    browser.press("Sign in").await;
}

/// Each page at three widths in both themes, into `ROLLCALL_TEST_SCREENSHOTS` if that names a folder; none is wider than
/// the window.
pub(super) async fn look(browser: &Chromium, name: &str) {
    for theme in ["light", "dark"] {
        for width in [320, 768, 1440] {
            browser.as_wide_as(width, theme).await;
            let wide = browser.run("return document.documentElement.scrollWidth").await;
            assert!(wide.as_u64().unwrap() <= u64::from(width), "{name} at {width} is {wide} wide");
            if let Some(folder) = env::var_os("ROLLCALL_TEST_SCREENSHOTS").map(PathBuf::from) {
                let picture = browser.client.screenshot().await.unwrap();
                fs::write(folder.join(format!("{name}-{width}-{theme}.png")), picture).unwrap();
            }
        }
    }
}

#[tokio::test]
async fn a_person_signs_in_is_told_what_is_wrong_where_it_is_and_signs_out() {
    let Some(browser) = Chromium::start().await else { return };
    let (_database, app, origin) = gateway().await;
    account(&app, ANA, "account-admin", &[]).await;
    browser.go(&format!("{origin}/")).await;
    browser.heading("Sign in").await;
    look(&browser, "sign-in").await;
    sign_in(&browser, "a wrong password, and a long one").await;
    browser.find("//h2[normalize-space()='There is a problem']").await;
    let focused = browser.run("return document.activeElement.className").await;
    assert_eq!(focused, "problem", "the focus is on what went wrong");
    let described = browser.field("Password").await.attr("aria-describedby").await.unwrap().unwrap();
    let said = browser.find(&format!("//*[@id='{described}']")).await.text().await.unwrap();
    assert_eq!(said, "Error: E-mail or password is not right.");
    assert_eq!(browser.field("E-mail").await.prop("value").await.unwrap().unwrap(), ANA);
    look(&browser, "sign-in-wrong").await;
    sign_in(&browser, PASSWORD).await;
    browser.heading("Sync Users").await;
    look(&browser, "home").await;
    browser.press("Sign out").await;
    browser.heading("Sign in").await;
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    browser.close().await;
}

#[tokio::test]
async fn a_password_can_be_shown_and_is_hidden_again_before_it_is_sent() {
    let Some(browser) = Chromium::start().await else { return };
    let (_database, app, origin) = gateway().await;
    account(&app, ANA, "account-admin", &[]).await;
    browser.go(&format!("{origin}/sign-in")).await;
    let field = browser.field("Password").await;
    field.send_keys("x").await.unwrap();
    browser.press("Show").await;
    assert_eq!(field.prop("type").await.unwrap().unwrap(), "text");
    browser.press("Hide").await;
    assert_eq!(field.prop("type").await.unwrap().unwrap(), "password");
    browser.close().await;
}

#[tokio::test]
async fn everything_works_without_a_script() {
    let Some(browser) = Chromium::start_without_script().await else { return };
    let (_database, app, origin) = gateway().await;
    account(&app, ANA, "account-admin", &[]).await;
    browser.go(&format!("{origin}/sign-in")).await;
    sign_in(&browser, PASSWORD).await;
    browser.heading("Sync Users").await;
    let made = quicklink(&app, ANA).await;
    browser.go(made["url"].as_str().unwrap()).await;
    browser.press("Open").await;
    browser.heading("Sync Users").await;
    browser.close().await;
}

#[tokio::test]
async fn a_script_presses_the_button_of_a_quicklink_once() {
    let Some(browser) = Chromium::start().await else { return };
    let (_database, app, _) = gateway().await;
    account(&app, ANA, "account-admin", &[]).await;
    let made = quicklink(&app, ANA).await;
    browser.go(made["url"].as_str().unwrap()).await;
    browser.heading("Sync Users").await;
    look(&browser, "quicklink").await;
    let shown = app.admin("GET", "/v1/quicklinks", None).await.is(200)["data"][0].clone();
    assert_eq!((&shown["id"], &shown["uses"]), (&made["id"], &json!(1)));
    // The page calls the API with the cookie that it was given.
    let status = "return fetch('/v1/employees').then(answer => answer.status)";
    assert_eq!(browser.run(status).await, 200);
    let foreign = "return fetch('/v1/accounts').then(answer => answer.status)";
    assert_eq!(browser.run(foreign).await, 403);
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    browser.close().await;
}

/// Serves a page with the address in a frame, at an origin of its own; its port.
async fn around(address: &str) -> u16 {
    let page =
        format!("<!doctype html><title>Around</title><h1>Around</h1><iframe src=\"{address}\"></iframe>");
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\ncontent-length:";
    let answer = format!("{head} {}\r\n\r\n{page}", page.len());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = socket.read(&mut request).await;
            let _ = socket.write_all(answer.as_bytes()).await;
        }
    });
    port
}

/// The text in the frame of a page around an address.
async fn framed(browser: &Chromium, address: &str, heading: Option<&str>) -> String {
    let port = around(address).await;
    browser.go(&format!("http://localhost:{port}/")).await;
    browser.heading("Around").await;
    browser.client.enter_frame(0).await.unwrap();
    if let Some(heading) = heading {
        browser.heading(heading).await;
    }
    let text = browser.run("return document.body.innerText").await;
    browser.client.enter_parent_frame().await.unwrap();
    text.as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_quicklink_is_shown_in_a_frame_of_the_origins_that_were_allowed_and_nothing_else_is() {
    let Some(browser) = Chromium::start().await else { return };
    for allowed in [true, false] {
        let database = TestDatabase::sqlite();
        // Any port: that of the page around it is known only when the address in it is.
        let origins = if allowed { vec!["http://localhost:*".to_owned()] } else { Vec::new() };
        let pages = Arc::new(PageSettings { frame_ancestors: origins });
        let app = TestApp::start_changed(&database, |_, gateway| gateway.pages = pages).await;
        account(&app, ANA, "account-admin", &[]).await;
        let made = quicklink(&app, ANA).await;
        let text = framed(&browser, made["url"].as_str().unwrap(), allowed.then_some("Sync Users")).await;
        assert_eq!(text.contains("Sync Users"), allowed, "{text}");
        let sign_in = format!("http://localhost:{}/sign-in", app.address.port());
        let text = framed(&browser, &sign_in, None).await;
        assert!(!text.contains("Password"), "{text}");
    }
    browser.close().await;
}
