//! Sync Users in a real browser: by choosing, by keyboard, by drag, with the plus, the X, undo and the search.

use std::time::Duration;

use fantoccini::{
    actions::{InputSource, MOUSE_BUTTON_LEFT, MouseActions, PointerAction},
    elements::Element,
    key::Key,
};
use rollcall::domain::words::List;
use serde_json::json;

use super::{
    ANA, account,
    browser::{gateway, look, sign_in},
    chromium::Chromium,
};
use crate::support::{TestApp, person};

async fn set(app: &TestApp) {
    account(app, ANA, "account-admin", &[]).await;
    let names =
        [("William", "Turner"), ("Mei", "Nyström"), ("Zoë", "Ng"), ("Omar", "Haddad"), ("Ines", "Silva")];
    let people =
        names.iter().zip(1..).map(|((first, last), id)| person(&id.to_string(), first, last)).collect();
    app.stage(List::Employee, people).await;
    let own = [("u1", "Bill Turner"), ("u2", "Mei Nystrom"), ("u3", "Omar H."), ("u4", "Ines Silva")];
    for (id, name) in own {
        app.send("PUT", &format!("/v1/profiles/employee/{id}"), json!({ "name": name })).await;
    }
}

/// The card of somebody who is not linked.
async fn card(browser: &Chromium, name: &str) -> Element {
    browser.find(&format!("//li[contains(@class,'card')][.//b='{name}']//label")).await
}

async fn linked(browser: &Chromium, name: &str) -> Element {
    browser.find(&format!("//section[@aria-label='Linked']//button[@aria-label='Unlink {name}']")).await
}

/// What is announced, once it is.
async fn announced(browser: &Chromium, beginning: &str) {
    browser.find(&format!("//*[@role='status'][starts-with(normalize-space(),'{beginning}')]")).await;
    let focused = browser.run("return document.activeElement.tagName").await;
    assert_ne!(focused, "BODY", "after {beginning}");
}

async fn focused(browser: &Chromium) -> String {
    let script = "const e = document.activeElement; return e.getAttribute('aria-label') ?? e.id";
    browser.run(script).await.as_str().unwrap_or_default().to_owned()
}

/// Waits until a search has left one person in a list.
async fn alone(browser: &Chromium, side: &str, name: &str) {
    let rows = format!("//ul[@data-side='{side}']");
    browser.find(&format!("{rows}[count(li[@data-id])=1]/li[.//b='{name}']")).await;
}

async fn keys(browser: &Chromium, keys: &str) {
    browser.client.active_element().await.unwrap().send_keys(keys).await.unwrap();
}

#[tokio::test]
async fn people_are_linked_by_choosing_by_keyboard_by_drag_and_by_the_plus() {
    let Some(browser) = Chromium::start().await else { return };
    let (_database, app, origin) = gateway().await;
    set(&app).await;
    browser.go(&format!("{origin}/")).await;
    sign_in(&browser, super::PASSWORD).await;
    browser.heading("Sync Users").await;
    look(&browser, "sync").await;
    browser.as_wide_as(1440, "light").await;

    // By choosing.
    browser.press("Link").await;
    announced(&browser, "Choose one on each side first.").await;
    card(&browser, "Bill Turner").await.click().await.unwrap();
    card(&browser, "Turner, William").await.click().await.unwrap();
    browser.find("//*[@id='pick'][.='Bill Turner with Turner, William']").await;
    look(&browser, "sync-chosen").await;
    browser.as_wide_as(1440, "light").await;
    browser.press("Link").await;
    announced(&browser, "Linked Bill Turner with Turner, William.").await;
    linked(&browser, "Turner, William").await;

    // By keyboard: arrows and Space choose, Enter links, Ctrl+Z takes it back, Delete unlinks.
    let search = browser.find("//input[@id='q-profiles']").await;
    search.send_keys("mei").await.unwrap();
    alone(&browser, "profiles", "Mei Nystrom").await;
    announced(&browser, "1 found.").await;
    keys(&browser, &Key::Down.to_string()).await;
    keys(&browser, " ").await;
    assert_eq!(focused(&browser).await, "Mei Nystrom");
    let search = browser.find("//input[@id='q-records']").await;
    search.send_keys("nystrom").await.unwrap();
    alone(&browser, "records", "Nyström, Mei").await;
    keys(&browser, &Key::Down.to_string()).await;
    keys(&browser, " ").await;
    keys(&browser, &Key::Enter.to_string()).await;
    announced(&browser, "Linked Mei Nystrom with Nyström, Mei.").await;
    linked(&browser, "Nyström, Mei").await.send_keys(&Key::Delete.to_string()).await.unwrap();
    announced(&browser, "Unlinked Mei Nystrom from Nyström, Mei.").await;
    browser.run("document.activeElement.blur(); document.querySelector('.join').focus()").await;
    keys(&browser, &format!("{}z", char::from(Key::Control))).await;
    announced(&browser, "Undone: Mei Nystrom and Nyström, Mei are linked again.").await;
    linked(&browser, "Nyström, Mei").await;

    // By drag, from right to left.
    browser.go(&format!("{origin}/sync/employees")).await;
    let (from, to) = (card(&browser, "Haddad, Omar").await, card(&browser, "Omar H.").await);
    let drag = MouseActions::new("mouse".to_owned())
        .then(PointerAction::MoveToElement { element: from, duration: None, x: 0., y: 0. })
        .then(PointerAction::Down { button: MOUSE_BUTTON_LEFT })
        .then(PointerAction::MoveBy { duration: Some(Duration::from_millis(50)), x: -40., y: 0. })
        .then(PointerAction::MoveToElement {
            element: to,
            duration: Some(Duration::from_millis(150)),
            x: 0.,
            y: 0.,
        })
        .then(PointerAction::Up { button: MOUSE_BUTTON_LEFT });
    browser.client.perform_actions(drag).await.unwrap();
    announced(&browser, "Linked Omar H. with Haddad, Omar.").await;

    // The plus, and the X.
    browser.find("//button[@aria-label='Create profile for Ng, Zoë']").await.click().await.unwrap();
    announced(&browser, "Made the profile").await;
    linked(&browser, "Ng, Zoë").await.click().await.unwrap();
    announced(&browser, "Unlinked ").await;
    card(&browser, "Ng, Zoë").await;
    browser.press("Undo").await;
    announced(&browser, "Undone:").await;
    linked(&browser, "Ng, Zoë").await;
    look(&browser, "sync-linked").await;
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    browser.close().await;
}

#[tokio::test]
async fn without_a_script_the_same_page_links_by_its_forms() {
    let Some(browser) = Chromium::start_without_script().await else { return };
    let (_database, app, origin) = gateway().await;
    set(&app).await;
    browser.go(&format!("{origin}/")).await;
    sign_in(&browser, super::PASSWORD).await;
    browser.heading("Sync Users").await;
    card(&browser, "Ines Silva").await.click().await.unwrap();
    let right = "//section[@aria-label='Employees']//li[.//b='Silva, Ines']//label";
    browser.find(right).await.click().await.unwrap();
    browser.find("//button[@id='do-link']").await.click().await.unwrap();
    linked(&browser, "Silva, Ines").await.click().await.unwrap();
    browser.find("//aside/p[.='Unlinked Ines Silva from Silva, Ines. Both are back in their lists.']").await;
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    browser.close().await;
}
