//! What is on a terminal is known to the runner, whatever ran, whoever looks, and after it was killed.

use std::time::{Duration, Instant};

use octo_proto::{client::Client, id::TerminalId, terminal::TerminalScreen};
use serde_json::{Value, json};

use super::{super::household::World, close, open, pane::Pane};

async fn screen(client: &Client, id: &TerminalId) -> TerminalScreen {
    let body = json!({ "cmd": "screen", "terminal_id": id, "attributes": true });
    client.ask("terminal", None, &body).await.unwrap()
}

/// The screen, once it has this.
async fn screen_with(client: &Client, id: &TerminalId, text: &str) -> TerminalScreen {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let screen = screen(client, id).await;
        if screen.text.contains(text) {
            return screen;
        }
        assert!(Instant::now() < deadline, "no {text:?} on {}", screen.text);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn vim_over_a_shell_is_the_same_screen_after_the_runner_was_killed() {
    let mut world = World::new();
    let (client, events) = world.connect().await;
    let id = open(&client, &["sh", "-i"]).await;
    let mut pane = Pane::attach(client.clone(), events, &id, 80, true).await;
    pane.types("PS1='<''ok> '; printf '\\033[1;32mgreen\\033[m 東京\\n'\r").await;
    pane.until("東京").await;
    pane.types("vim -u NONE -N -i NONE -n --cmd 'syntax on' +'set nu title titlestring=in-vim'\r").await;
    pane.types("ifirst line\rsecond line\x1b:1\r").await;
    let before = screen_with(&client, &id, "second line").await;
    let settled = Instant::now() + Duration::from_millis(300);
    let before = loop {
        let next = screen(&client, &id).await;
        if Instant::now() > settled && next.row == 0 {
            break next;
        }
        assert!(settled.elapsed() < Duration::from_secs(20), "{before:?}");
    };
    assert_eq!(before.title, "in-vim");
    assert!(before.screen.as_ref().unwrap()["alternate"] == json!(true), "{before:?}");
    world.kill();
    world.start();
    let (client, events) = world.connect().await;
    let after = screen(&client, &id).await;
    assert_eq!(
        (&after.text, &after.title, after.row, after.col),
        (&before.text, &before.title, before.row, before.col)
    );
    assert_eq!(after.screen, before.screen, "colours, modes and what lies beneath too");
    let pane = Pane::attach(client.clone(), events, &id, 80, true).await;
    pane.types(":q!\r").await;
    let left = screen_with(&client, &id, "<ok>").await;
    assert!(left.text.contains("green 東京"), "the shell is as it was: {}", left.text);
    assert_eq!(left.screen.unwrap()["alternate"], json!(false));
    close(&client, &id).await;
}

#[tokio::test]
async fn a_question_of_a_program_is_answered_once() {
    let mut world = World::new();
    let (client, events) = world.connect().await;
    let script = "stty raw -echo; printf 'ab\\033[6n'; head -c 6 | od -An -c; echo first-done; head -c 1 >/dev/null; \
                  printf '\\033[5n'; head -c 4 | od -An -c; echo second-done; timeout 1 head -c 1 | od -An -c; echo over; cat";
    let id = open(&client, &["sh", "-c", script]).await;
    let mut pane = Pane::attach(client, events, &id, 80, true).await;
    let (other, other_events) = world.connect().await;
    let _other = Pane::attach(other, other_events, &id, 80, false).await;
    pane.until("first-done").await;
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words(&pane.text()).contains("033 [ 1 ; 3 R"), "{}", pane.text());
    world.kill();
    world.start();
    let (client, events) = world.connect().await;
    let mut pane = Pane::attach(client.clone(), events, &id, 80, true).await;
    pane.types("x").await;
    pane.until("over").await;
    let told = words(&pane.text());
    let rest = told.split_once("second-done").unwrap().1;
    assert!(told.contains("033 [ 0 n") && rest.trim() == "over", "an answer came twice: {told}");
    close(&client, &id).await;
}

#[tokio::test]
async fn a_restarted_runner_goes_on_from_a_key_of_the_screen() {
    let mut world = World::new();
    let (client, events) = world.connect().await;
    let id = open(&client, &["sh", "-i"]).await;
    let mut pane = Pane::attach(client.clone(), events, &id, 80, true).await;
    pane.types("PS1=; printf '\\033]2;kept\\007'; seq 3000000; echo all-$((1+1))\r").await;
    pane.until("all-2").await;
    let dir = world.dir.path().join("state/processes").join(id.as_str());
    assert!(std::fs::metadata(dir.join("screen")).unwrap().len() < 130 * 1024);
    let before = screen(&client, &id).await;
    world.kill();
    world.start();
    let (client, _events) = world.connect().await;
    let begun = Instant::now();
    let after = screen(&client, &id).await;
    assert_eq!((after.text, after.title.as_str(), after.screen), (before.text, "kept", before.screen));
    // The bound is 0.1 s for a build for use; this one is slower.
    assert!(begun.elapsed() < Duration::from_secs(3), "rebuilding took {:?}", begun.elapsed());
    close(&client, &id).await;
}

#[tokio::test]
async fn what_an_ended_program_showed_is_still_known() {
    let world = World::new();
    let (client, _events) = world.connect().await;
    let id = open(&client, &["sh", "-c", "printf 'last \\033[7mwords'"]).await;
    client.ask::<Value>("terminal", None, &json!({ "cmd": "wait", "terminal_id": id })).await.unwrap();
    for _ in 0..2 {
        let screen = screen(&client, &id).await;
        assert_eq!((screen.text.trim_end(), screen.row, screen.col), ("last words", 0, 10));
    }
    close(&client, &id).await;
}
