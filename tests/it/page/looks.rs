//! The page in a narrow window, in the dark, for the keyboard and for a screen reader. Not what it shows
//! (`shown`).

use serde_json::{Value, json};

use super::hostile::push_hostile;
use crate::common::browser::{Look, Tab};
use crate::common::{SCHEMA, TestServer};

/// The text in the page that has less contrast with its ground than WCAG 2.2 (1.4.3) asks for.
const FAINT: &str = "
(() => {
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const over = (colors) => {
    canvas.clearRect(0, 0, 1, 1);
    for (const color of colors) { canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1); }
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const luminance = (color) => color
    .map((value) => value / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    .reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0);
  const faint = [];
  let looked = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility() || element.closest('script, .unseen')) continue;
    const grounds = [];
    for (let at = element; at; at = at.parentElement) grounds.unshift(getComputedStyle(at).backgroundColor);
    const ground = over(grounds);
    const [a, b] = [luminance(ground), luminance(over([...grounds, getComputedStyle(element).color]))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    looked += 1;
    if (contrast < 4.5) faint.push([walker.currentNode.data, contrast]);
  }
  return { looked, faint, isDark: luminance(over([getComputedStyle(document.documentElement).backgroundColor])) < 0.2 };
})()";

/// What sticks out of the window on the right, but for the heads of tables that only a screen reader has.
const OUTSIDE: &str = "
Array.from(document.querySelectorAll('body *'))
  .filter((element) => getComputedStyle(element.closest('thead') ?? element).clipPath === 'none')
  .filter((element) => element.checkVisibility() && element.getBoundingClientRect().right > innerWidth + 0.5)
  .map((element) => element.outerHTML.slice(0, 200))";

async fn open(server: &TestServer, look: Look) -> Option<Tab> {
    push_hostile(server).await;
    let tab = Tab::open(&server.url("/"), look)?;
    tab.wait_for("document.getElementById('records').textContent === '10'").await;
    Some(tab)
}

#[tokio::test(flavor = "multi_thread")]
async fn text_is_readable_in_light_and_dark_and_fits_every_window() {
    let server = TestServer::start(SCHEMA).await;
    let Some(tab) = open(&server, Look::WIDE).await else { return };
    for (width, is_dark) in
        [(1280, false), (1280, true), (768, false), (360, false), (360, true), (320, false)]
    {
        let look = Look { width, is_dark };
        tab.set_look(look);
        let seen = tab.evaluate(FAINT);
        assert_eq!((&seen["faint"], &seen["isDark"]), (&json!([]), &json!(is_dark)), "{look:?}");
        assert!(seen["looked"].as_u64().unwrap() > 100, "{seen}");
        assert_eq!(tab.evaluate("document.documentElement.scrollWidth <= innerWidth"), true, "{look:?}");
        assert_eq!(tab.evaluate(OUTSIDE), json!([]), "{look:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_screen_reader_is_told_what_is_where_and_not_every_number() {
    let server = TestServer::start(SCHEMA).await;
    for width in [1280, 360] {
        let Some(tab) = open(&server, Look { width, is_dark: false }).await else { return };
        let accessible = tab.accessible();
        let has = |role: &str, name: &str| accessible.contains(&(role.to_owned(), name.to_owned()));
        for (role, name) in [
            ("heading", "synctool serve"),
            ("heading", "What has arrived"),
            ("table", "What has arrived"),
            ("table", "Uploads in progress"),
            ("table", "Last rejected mutations"),
            ("table", "Newest records"),
            ("region", "Newest records"),
            ("columnheader", "Code and path"),
            ("columnheader", "Since this page opened"),
            ("rowheader", "tags resource"),
            ("button", "Pause"),
        ] {
            assert!(has(role, name), "{width}: {role} {name}: {accessible:#?}");
        }
        let roles = |role: &str| accessible.iter().filter(|(found, _)| found == role).count();
        // Uploads, rejections and newest records are rows and cells in a narrow window too.
        assert!(roles("row") > 30 && roles("cell") > 100, "{width}: {} {}", roles("row"), roles("cell"));
        assert!(
            accessible.iter().any(|(role, name)| role == "image" && name.contains("changes")),
            "{accessible:#?}"
        );
        // What is read out as it changes: the connection and an error, and no number.
        let live =
            "Array.from(document.querySelectorAll('[aria-live], [role=status], [role=alert], [role=log]'),
            (element) => element.id)";
        assert_eq!(tab.evaluate(live), json!(["status", "token-error"]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_can_be_reached_and_used_with_the_keyboard() {
    let server = TestServer::start(SCHEMA).await;
    let Some(tab) = open(&server, Look::WIDE).await else { return };
    tab.press("Tab");
    assert_eq!(tab.evaluate("document.activeElement.id"), "pause");
    let outline = tab.evaluate("getComputedStyle(document.activeElement).outlineStyle");
    assert_eq!(outline, "solid");
    for (key, expected) in [(" ", "true"), ("Enter", "false")] {
        tab.press(key);
        tab.wait_for(&format!("document.activeElement.ariaPressed === '{expected}'")).await;
    }
    // Nothing else can be operated, so nothing else takes the focus.
    let operable = "Array.from(document.querySelectorAll('a, button, input, select, textarea, [tabindex]'))
        .filter((element) => element.checkVisibility()).map((element) => element.id)";
    assert_eq!(tab.evaluate(operable), json!(["pause"]));
    assert_eq!(tab.problems(), [] as [Value; 0]);
}
