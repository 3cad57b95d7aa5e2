//! Several clients of one terminal: one writes, the size is theirs, and the others see both.

use octo_proto::{Code, emulator::Emulator};
use serde_json::json;

use super::{
    super::household::World,
    close, open,
    pane::{Pane, type_at},
};

#[tokio::test]
async fn one_client_writes_and_another_can_take_over() {
    let world = World::new();
    let (client, events) = world.connect().await;
    let id = open(&client, &["sh", "-i"]).await;
    let mut first = Pane::attach(client, events, &id, 101, true).await;
    let (client, events) = world.connect().await;
    let mut second = Pane::attach(client, events, &id, 102, true).await;
    let named = |pane: &Pane, cols| Some((Some(pane.name.clone()), cols, 24));
    let expected = named(&first, 101);
    second.until_so("who writes", |pane| pane.owner == expected).await;
    let refused = second.tries_to_type("echo wrong\r").await.unwrap_err();
    assert_eq!((refused.code, refused.hint.is_some()), (Code::Conflict, true));
    first.types("stty size; echo size-$((1+0))\r").await;
    second.until("24 101").await;
    second.asks(json!({ "cmd": "take", "terminal_id": id })).await.unwrap();
    let expected = named(&second, 102);
    first.until_so("who writes now", |pane| pane.owner == expected).await;
    assert_eq!(first.tries_to_type("x").await.unwrap_err().code, Code::Conflict);
    second.types("stty size; echo size-$((1+1))\r").await;
    first.until("24 102").await;
    // Another size of one who only looks changes nothing, that of the writer does.
    first.asks(json!({ "cmd": "resize", "terminal_id": id, "cols": 60, "rows": 20 })).await.unwrap();
    second.asks(json!({ "cmd": "resize", "terminal_id": id, "cols": 110, "rows": 33 })).await.unwrap();
    let expected = Some((Some(second.name.clone()), 110, 33));
    first.until_so("the size", |pane| pane.owner == expected).await;
    second.types("stty size\r").await;
    first.until("33 110").await;
    // The writer leaves; who types next writes.
    drop(second);
    first.until_so("that nobody writes", |pane| matches!(&pane.owner, Some((None, ..)))).await;
    first.types("stty size\r").await;
    first.until("20 60").await;
    assert!(!first.text().contains("wrong"));
    close(&first.client, &id).await;
}

#[tokio::test]
async fn who_comes_in_the_middle_of_a_sequence_or_a_character_sees_it_whole() {
    let world = World::new();
    for (half, rest, shown) in [
        ("printf '\\033[3'", "printf '1mred-end'", "red-end"),
        ("printf '\\346\\227'", "printf '\\245-end'", "日-end"),
        ("printf '\\033]2;a title '; head -c 50000 /dev/zero | tr '\\0' x", "printf 'y\\007told-end'", "told-end"),
        ("printf '\\033]2;'; head -c 300000 /dev/zero | tr '\\0' x", "printf 'y\\007long-end'", "long-end"),
    ] {
        let (client, events) = world.connect().await;
        let script = format!("stty -echo; printf 'half-here-'; {half}; read go; {rest}; exec cat");
        let id = open(&client, &["sh", "-c", &script]).await;
        let mut first = Pane::attach(client, events, &id, 80, true).await;
        first.until("half-here-").await;
        // What is printed between is known by its end.
        first.until_so("the half", |pane| pane.begin + pane.bytes.len() as u64 >= printed(half)).await;
        let (client, events) = world.connect().await;
        let mut second = Pane::attach(client, events, &id, 80, false).await;
        second.until_so("its screen", |pane| pane.screens == 1 && pane.owner.is_some()).await;
        first.types("\r").await;
        second.until("-end").await;
        let mut emulator = Emulator::new(80, 24, 0);
        emulator.feed(&[second.drawn.as_slice(), &second.bytes].concat(), 0);
        assert_eq!(emulator.text().trim_end(), format!("half-here-{shown}"), "{half}");
        close(&first.client, &id).await;
    }
}

/// How much a terminal has printed once this has run.
fn printed(half: &str) -> u64 {
    let zeros = half.split_once("head -c ").and_then(|(_, rest)| rest.split(' ').next()?.parse::<u64>().ok());
    10 + zeros.map_or(2, |zeros| zeros + 4)
}

#[tokio::test]
async fn a_script_types_where_nobody_writes() {
    let world = World::new();
    let (client, events) = world.connect().await;
    let id = open(&client, &["sh", "-i"]).await;
    let mut looks = Pane::attach(client, events, &id, 80, false).await;
    let (script, _events) = world.connect().await;
    type_at(&script, &id, "echo typed-$((3*3))\r").await.unwrap();
    looks.until("typed-9").await;
    let (client, events) = world.connect().await;
    let writes = Pane::attach(client, events, &id, 80, true).await;
    assert_eq!(type_at(&script, &id, "x").await.unwrap_err().code, Code::Conflict);
    close(&writes.client, &id).await;
}
