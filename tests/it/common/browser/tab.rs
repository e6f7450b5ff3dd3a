//! A page that is open in a window of its own, without cookies or a cache of others.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::chromium::Chromium;

/// How long a page may take to show something, on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// What a person has set.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Of the window, in CSS pixels.
    pub width: u32,
    pub is_dark: bool,
}

impl Look {
    pub const WIDE: Self = Self { width: 1280, is_dark: false };
}

/// A page in the browser; it is closed on drop.
pub struct Tab {
    browser: &'static Chromium,
    context: Value,
    session: String,
    events: Arc<Mutex<Vec<Value>>>,
}

impl Tab {
    /// Opens a URL; None where there is no browser.
    pub fn open(url: &str, look: Look) -> Option<Self> {
        let browser = Chromium::shared()?;
        let context =
            browser.call(None, "Target.createBrowserContext", &json!({}))["browserContextId"].take();
        let target = json!({"url": "about:blank", "browserContextId": context});
        let target = browser.call(None, "Target.createTarget", &target)["targetId"].take();
        let session = json!({"targetId": target, "flatten": true});
        let session = browser.call(None, "Target.attachToTarget", &session)["sessionId"].take();
        let session = session.as_str().unwrap().to_owned();
        let events = browser.events(&session);
        let tab = Self { browser, context, session, events };
        for domain in ["Page", "Runtime", "Network", "Log"] {
            tab.call(&format!("{domain}.enable"), &json!({}));
        }
        tab.set_look(look);
        tab.call("Page.navigate", &json!({"url": url}));
        Some(tab)
    }

    pub fn set_look(&self, look: Look) {
        let size = json!({"width": look.width, "height": 900, "deviceScaleFactor": 1, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", &size);
        let scheme = if look.is_dark { "dark" } else { "light" };
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.call("Emulation.setEmulatedMedia", &features);
    }

    fn call(&self, method: &str, parameters: &Value) -> Value {
        self.browser.call(Some(&self.session), method, parameters)
    }

    /// The value of an expression in the page.
    pub fn evaluate(&self, expression: &str) -> Value {
        self.try_evaluate(expression).unwrap_or_else(|error| panic!("{expression}: {error}"))
    }

    /// As [`Self::evaluate`], with the error that the browser answers while one page replaces another.
    fn try_evaluate(&self, expression: &str) -> Result<Value, Value> {
        let parameters = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let mut result = self.browser.try_call(Some(&self.session), "Runtime.evaluate", &parameters)?;
        assert!(result["exceptionDetails"].is_null(), "{expression}: {}", result["exceptionDetails"]);
        Ok(result["result"]["value"].take())
    }

    /// Waits until an expression is true in the page.
    pub async fn wait_for(&self, expression: &str) {
        let start = Instant::now();
        // What it names may not be there yet.
        let expression =
            format!("(() => {{ try {{ return Boolean({expression}) }} catch {{ return false }} }})()");
        while self.try_evaluate(&expression) != Ok(json!(true)) {
            let text = || self.evaluate("document.body?.innerText");
            assert!(start.elapsed() < PATIENCE, "never: {expression}\n{}\n{:#?}", text(), self.problems());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The text of an element as a person sees it.
    pub fn text(&self, selector: &str) -> String {
        let text = self.evaluate(&format!("document.querySelector({}).innerText", json!(selector)));
        text.as_str().unwrap_or_else(|| panic!("no {selector}")).to_owned()
    }

    /// Presses a key that has no character, such as `Tab` and `Enter`.
    pub fn press(&self, key: &str) {
        let (code, text) = match key {
            "Enter" => (13, "\r"),
            "Tab" => (9, ""),
            " " => (32, " "),
            _ => panic!("{key}"),
        };
        let event = |kind: &str| {
            let text = if kind == "keyDown" { text } else { "" };
            json!({"type": kind, "key": key, "windowsVirtualKeyCode": code, "text": text})
        };
        for kind in ["keyDown", "keyUp"] {
            self.call("Input.dispatchKeyEvent", &event(kind));
        }
    }

    /// Types text where the focus is.
    pub fn type_text(&self, text: &str) {
        self.call("Input.insertText", &json!({"text": text}));
    }

    /// The accessibility tree, as a screen reader has it: role and name of each node.
    pub fn accessible(&self) -> Vec<(String, String)> {
        let tree = self.call("Accessibility.getFullAXTree", &json!({}));
        let nodes = tree["nodes"].as_array().unwrap().iter().filter(|node| node["ignored"] != true);
        let text = |value: &Value| value["value"].as_str().unwrap_or_default().to_owned();
        nodes.map(|node| (text(&node["role"]), text(&node["name"]))).collect()
    }

    /// The URLs of all requests so far.
    pub fn requests(&self) -> Vec<String> {
        let of = |event: &Value| Some(event["params"]["request"]["url"].as_str()?.to_owned());
        let events = self.events.lock().unwrap();
        events.iter().filter(|event| event["method"] == "Network.requestWillBeSent").filter_map(of).collect()
    }

    /// What the console shows of errors and exceptions, such as violations of a policy. Not answers of the
    /// server that are errors.
    pub fn problems(&self) -> Vec<Value> {
        let events = self.events.lock().unwrap();
        let is_problem = |event: &&Value| match event["method"].as_str() {
            Some("Runtime.exceptionThrown" | "Runtime.consoleAPICalled") => true,
            Some("Log.entryAdded") => event["params"]["entry"]["source"] != "network",
            _ => false,
        };
        events.iter().filter(is_problem).map(|event| event["params"].clone()).collect()
    }
}

impl Drop for Tab {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let context = json!({"browserContextId": self.context});
            self.browser.call(None, "Target.disposeBrowserContext", &context);
        }
    }
}
