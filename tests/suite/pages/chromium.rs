//! A real browser, driven over WebDriver; skipped in words where there is none.

use std::{
    env,
    io::{BufRead, BufReader, Write as _},
    process::{Child, Command, Stdio},
};

use fantoccini::{Client, ClientBuilder, Locator, elements::Element, wd::WebDriverCompatibleCommand};
use http::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use url::Url;

/// A browser with a fresh profile. It ends with this value.
pub(super) struct Chromium {
    pub(super) client: Client,
    driver: Driver,
}

/// The driver, which ends its browsers when it ends.
struct Driver(Child);

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// One of the browser's own commands.
#[derive(Debug)]
struct Own {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Own {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}

impl Chromium {
    /// `None`, and a word why, where no browser is there.
    pub(super) async fn start() -> Option<Self> {
        Self::start_with(json!({})).await
    }

    /// One that runs no scripts.
    pub(super) async fn start_without_script() -> Option<Self> {
        Self::start_with(json!({ "profile.managed_default_content_settings.javascript": 2 })).await
    }

    async fn start_with(preferences: Value) -> Option<Self> {
        let Some(program) = env::var_os("ROLLCALL_TEST_BROWSER") else {
            let _ =
                writeln!(std::io::stderr(), "skipped: a browser; ROLLCALL_TEST_BROWSER names a chromedriver");
            return None;
        };
        let mut driver = Command::new(&program)
            .arg("--port=0")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{program:?}: {error}"));
        let out = BufReader::new(driver.stdout.take().unwrap());
        let driver = Driver(driver);
        let mut lines = out.lines().map(Result::unwrap);
        let port = lines.find_map(|line| {
            let (_, rest) = line.split_once("started successfully on port ")?;
            Some(rest.trim_end_matches('.').to_owned())
        });
        let port = port.expect("the driver told no port");
        let options = json!({
            "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"],
            "prefs": preferences,
        });
        let wanted = json!({ "goog:chromeOptions": options, "goog:loggingPrefs": { "browser": "ALL" } });
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(wanted.as_object().unwrap().clone())
            .connect(&format!("http://localhost:{port}"))
            .await
            .unwrap();
        Some(Self { client, driver })
    }

    pub(super) async fn go(&self, address: &str) {
        self.client.goto(address).await.unwrap();
    }

    /// The field with this label, as people find it.
    pub(super) async fn field(&self, label: &str) -> Element {
        let path = format!("//input[@id=//label[normalize-space()='{label}']/@for]");
        self.find(&path).await
    }

    pub(super) async fn find(&self, path: &str) -> Element {
        self.client.wait().for_element(Locator::XPath(path)).await.unwrap()
    }

    pub(super) async fn press(&self, button: &str) {
        self.find(&format!("//button[normalize-space()='{button}']")).await.click().await.unwrap();
    }

    /// Waits for a heading of the page.
    pub(super) async fn heading(&self, text: &str) {
        self.find(&format!("//h1[normalize-space()='{text}']")).await;
    }

    pub(super) async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap()
    }

    /// What the browser's console holds: breaches of the content security policy, and errors.
    pub(super) async fn complaints(&self) -> Vec<String> {
        let log = Own { path: "se/log", body: json!({ "type": "browser" }) };
        let lines = self.client.issue_cmd(log).await.unwrap();
        let lines = lines.as_array().unwrap().iter().map(|line| line["message"].as_str().unwrap().to_owned());
        // An answer that is an error is told of as well, and is none of the page's.
        lines.filter(|line| !line.contains("Failed to load resource")).collect()
    }

    async fn tell(&self, command: &str, parameters: Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        self.client.issue_cmd(Own { path: "goog/cdp/execute", body }).await.unwrap()
    }

    /// As wide as that, in one of the two themes.
    pub(super) async fn as_wide_as(&self, width: u32, theme: &str) {
        let size = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        self.tell("Emulation.setDeviceMetricsOverride", size).await;
        let features = json!([{ "name": "prefers-color-scheme", "value": theme }]);
        self.tell("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    pub(super) async fn close(self) {
        self.client.close().await.unwrap();
        drop(self.driver);
    }
}
