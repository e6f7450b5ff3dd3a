//! What a person sees of a run on a terminal (contract 3.10): bars while it runs, and at the end the
//! result, then words. Not what goes to a pipe (`result`), nor the lines of the bars, which are tested
//! beside their code.
#![cfg(unix)]

use std::process::Command;

use super::common::{Answer, Offline, Scripted, Terminal, database, program, signal};

/// A database with so many todos, and so many answers that are late.
async fn slow_upload(todos: u32, late: usize) -> (Offline, Scripted) {
    let (offline, server) = (database(), Scripted::start().await);
    offline.execute(&format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {todos})
         INSERT INTO todos (id, title) SELECT 't' || i, 'Call' FROM n"
    ));
    server.script("push", std::iter::repeat_n(Answer::late(150), late));
    (offline, server)
}

fn cloneup(offline: &Offline, server: &Scripted, arguments: &[&str]) -> Command {
    let mut command = program(offline.folder());
    command.args(["cloneup", "--db", "app.db", "--remote", server.base(), "--batch-size", "10"]);
    command.args(["--concurrency", "1", "--retry-delay", "1ms"]).args(arguments);
    command.env_remove("NO_COLOR");
    command
}

/// Whether a part of a bar is on the screen.
fn has_bar(screen: &str) -> bool {
    screen.contains("[=") || screen.contains("[ ") || screen.contains(" rows/s, ")
}

/// Runs what blocks while the server answers.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn bars_fit_the_terminal_and_the_last_screen_is_the_result_and_then_words() {
    for columns in [80, 40] {
        let (offline, server) = slow_upload(100, 10).await;
        let mut terminal = Terminal::start(&mut cloneup(&offline, &server, &[]), (columns, 24));
        let (screen, status, all) = aside(move || {
            let screen =
                terminal.wait_for(|screen| screen.contains("in flight") && screen.contains("rows/s"));
            let (status, all) = terminal.finish();
            (screen, status, all)
        })
        .await;
        assert!(status.success(), "{all}");
        for part in ["todos", "total", "of 102 rows", "%", "ETA ", "1 in flight"] {
            assert!(screen.contains(part), "{part}:\n{screen}");
        }
        // A line that is wider than the terminal would take two.
        assert!(screen.lines().count() <= 5, "{screen}");
        assert!(!has_bar(&all), "a bar is left behind:\n{all}");
        let (json, words) = all.split_at(all.find("\n}").unwrap() + 2);
        assert_eq!(serde_json::from_str::<serde_json::Value>(json).unwrap()["ok"], true, "{json}");
        assert!(words.trim_start().starts_with("uploaded 102 records, 0 join rows"), "{words}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_run_leaves_no_bar_behind() {
    for signals in [1, 2] {
        let (offline, server) = slow_upload(500, 60).await;
        let mut terminal = Terminal::start(&mut cloneup(&offline, &server, &[]), (80, 24));
        let (status, all) = aside(move || {
            terminal.wait_for(|screen| screen.contains("in flight"));
            for _ in 0..signals {
                signal("INT", terminal.id());
                terminal.wait_for(|screen| screen.contains("interrupted: waiting"));
            }
            terminal.finish()
        })
        .await;
        assert_eq!(status.code(), Some(130), "{all}");
        assert!(!has_bar(&all), "a bar is left behind:\n{all}");
        assert!(all.contains("CANCELLED"), "{all}");
        server.forget_script();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn diagnostics_have_one_line_a_request_and_do_not_tear_the_bars() {
    let (offline, server) = slow_upload(100, 10).await;
    let terminal = Terminal::start(&mut cloneup(&offline, &server, &["-v"]), (160, 24));
    let (status, all) = aside(move || terminal.finish()).await;
    assert!(status.success(), "{all}");
    let pushes = all.lines().filter(|line| line.contains("answered url=") && line.contains("/push\""));
    assert_eq!(pushes.count(), server.pushes().len(), "{all}");
    assert!(all.lines().filter(|line| line.contains("answered")).all(|line| line.contains("elapsed_ms=")));
    assert!(!has_bar(&all), "{all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn retries_are_one_live_line() {
    let (offline, server) = slow_upload(10, 0).await;
    let busy = || {
        Answer::After(
            std::time::Duration::from_millis(20),
            Box::new(Answer::Raw(503, Vec::new(), b"<title>too busy</title>".to_vec())),
        )
    };
    server.script("push", (0..50).map(|_| busy()));
    let mut command = cloneup(&offline, &server, &["--max-retries", "60", "--retry-max-delay", "30ms"]);
    let mut terminal = Terminal::start(&mut command, (80, 24));
    let (screen, status, all) = aside(move || {
        let screen = terminal.wait_for(|screen| screen.contains("too busy"));
        let (status, all) = terminal.finish();
        (screen, status, all)
    })
    .await;
    assert!(status.success(), "{all}");
    assert_eq!(screen.matches("HTTP 503: too busy").count(), 1, "{screen}");
    assert!(!all.contains("too busy"), "{all}");
    assert!(all.contains("50 of them retries") && all.contains("retries after: 503"), "{all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dumb_terminal_and_plain_progress_get_lines_and_none_gets_nothing() {
    for (mode, is_dumb, expected) in
        [("auto", true, "%, "), ("plain", false, "%, "), ("bar", true, "1 in flight"), ("none", false, "")]
    {
        let (offline, server) = slow_upload(100, 10).await;
        let arguments = ["--progress", mode, "--progress-interval", "300ms", "--output", "json"];
        let mut command = cloneup(&offline, &server, &arguments);
        let is_bar = mode == "bar";
        let (seen, status, all) = aside(move || {
            let mut terminal =
                Terminal::start_as(&mut command, (120, 24), if is_dumb { "dumb" } else { "xterm" });
            let seen = if is_bar {
                terminal.wait_for(|screen| screen.contains("1 in flight"))
            } else {
                String::new()
            };
            let (status, all) = terminal.finish();
            (seen, status, all)
        })
        .await;
        assert!(status.success(), "{all}");
        assert!((seen + &all).contains(expected), "{mode}: {all}");
        assert_eq!(all.contains("0 rejected"), expected == "%, ", "{mode}: {all}");
        assert!(!has_bar(&all.replace("rows/s, ", "")), "{mode}: {all}");
        assert!(all.lines().rev().take(3).any(|line| line.starts_with("uploaded ")), "{mode}: {all}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn colours_are_those_of_a_terminal_and_no_color_turns_them_off() {
    let offline = database();
    for (no_color, expected) in [(None, "\u{1b}[1m\u{1b}[31merror:\u{1b}[0m "), (Some("1"), "error: ")] {
        let mut command = program(offline.folder());
        command.args(["cloneup", "--db", "app.db", "--remote", "ftp://h"]);
        command.env_remove("NO_COLOR").envs(no_color.map(|value| ("NO_COLOR", value)));
        let text = aside(move || Terminal::start(&mut command, (80, 24)).raw()).await;
        assert!(text.contains(expected), "{text:?}");
        assert_eq!(text.contains('\u{1b}'), no_color.is_none(), "{text:?}");
    }
}
