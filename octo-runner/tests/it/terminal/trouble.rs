//! What goes wrong in one terminal is told there, and disturbs no other.

use std::time::Duration;

use octo_proto::{Code, client::Client, terminal::TerminalScreen};
use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
use serde_json::json;

use super::{
    super::{
        disk::{Small, in_a_namespace},
        household::{World, folder},
    },
    close, open,
    pane::Pane,
    survival::{parent_of, pid_of},
};
use crate::world::{marked, until};

/// A terminal beside the one in trouble.
struct Beside(Pane);

impl Beside {
    async fn open(world: &World) -> Self {
        let (client, events) = world.connect().await;
        let id = open(&client, &["cat"]).await;
        Self(Pane::attach(client, events, &id, 80, true).await)
    }

    /// It answers as ever.
    async fn is_well(&mut self, said: &str) {
        self.0.types(&format!("{said}\r")).await;
        tokio::time::timeout(Duration::from_secs(10), self.0.until(said)).await.unwrap();
        assert_eq!((self.0.screens, &self.0.gaps), (1, &Vec::new()));
    }

    async fn close(self) {
        close(&self.0.client, &self.0.id).await;
    }
}

async fn screen(client: &Client, pane: &Pane) -> TerminalScreen {
    client.ask("terminal", None, &json!({ "cmd": "screen", "terminal_id": pane.id })).await.unwrap()
}

#[tokio::test]
async fn bytes_that_are_no_text_arrive_as_they_are_and_are_drawn_as_what_cannot_be_read() {
    let world = World::new();
    let (client, events) = world.connect().await;
    let script = r"stty -opost -echo; echo ready-$((6*7)); read go; i=128; \
                   while [ $i -lt 256 ]; do printf '\'$(printf %o $i); i=$((i+1)); done; \
                   printf '\377\376\303(\360\237\230'; printf 'then-%s' text; cat";
    let id = open(&client, &["sh", "-c", script]).await;
    let mut pane = Pane::attach(client.clone(), events, &id, 80, true).await;
    pane.until("ready-42").await;
    pane.types("\r").await;
    pane.until("then-text").await;
    let all: Vec<u8> = (128..=255).chain(*b"\xff\xfe\xc3(\xf0\x9f\x98then-text").collect();
    assert!(pane.bytes.ends_with(&all), "{:?}", pane.bytes);
    let shown = screen(&client, &pane).await;
    assert!(shown.text.contains('\u{fffd}') && shown.text.contains("then-text"), "{:?}", shown.text);
    close(&client, &id).await;
}

#[tokio::test]
async fn a_folder_that_disappears_is_the_shells_affair_and_the_terminal_goes_on() {
    let world = World::new();
    let mut beside = Beside::open(&world).await;
    let (client, events) = world.connect().await;
    let folder = world.dir.path().join("work/passing");
    std::fs::create_dir(&folder).unwrap();
    let body = json!({ "cmd": "open", "command": ["sh", "-i"], "cwd": folder, "cols": 80, "rows": 24 });
    let opened: octo_proto::terminal::TerminalReply = client.ask("terminal", None, &body).await.unwrap();
    let id = opened.terminal.terminal_id;
    let mut pane = Pane::attach(client.clone(), events, &id, 80, true).await;
    pane.types("echo in-$((1+1))\r").await;
    pane.until("in-2").await;
    std::fs::remove_dir(&folder).unwrap();
    pane.types("touch new; echo failed-$?; cd /; pwd; echo on-$((2+2))\r").await;
    pane.until("on-4").await;
    assert!(pane.text().contains("failed-1"), "{}", pane.text());
    assert!(screen(&client, &pane).await.text.contains("on-4"));
    let error = client.ask::<serde_json::Value>("terminal", None, &body).await.unwrap_err();
    assert_eq!(error.code, Code::NotFound);
    assert!(error.message.contains("passing"), "{error}");
    beside.is_well("undisturbed").await;
    close(&client, &id).await;
    beside.close().await;
}

/// Root has no limit of its own, so the bomb bounds itself: 64 shells, each of which starts one program after the other.
const BOMB: &str = "trap '' INT TERM HUP; ulimit -u 4000; \
                    burst() { if [ $1 -gt 0 ]; then burst $(($1-1)) & burst $(($1-1)) & fi; \
                    while :; do /bin/true; done; }; echo lit-$((3*3)); burst 5";

#[tokio::test]
async fn a_fork_bomb_in_one_terminal_leaves_the_others_alone_and_can_be_closed() {
    let world = World::new();
    let mut beside = Beside::open(&world).await;
    let (client, events) = world.connect().await;
    let id = open(&client, &["sh", "-c", BOMB]).await;
    let mut pane = Pane::attach(client.clone(), events, &id, 80, true).await;
    pane.until("lit-9").await;
    until("it has spread", || marked(id.as_str()).len() > 32).await;
    beside.is_well("meanwhile").await;
    close(&client, &id).await;
    assert_eq!(marked(id.as_str()), Vec::<i32>::new(), "all of it is dead");
    beside.is_well("afterwards").await;
    beside.close().await;
}

#[tokio::test]
async fn output_that_finds_no_room_is_a_gap_on_its_own_terminal_only() {
    let world = World::new();
    let mut beside = Beside::open(&world).await;
    let (client, events) = world.connect().await;
    let id = open(&client, &["sh", "-i"]).await;
    let mut pane = Pane::attach(client.clone(), events, &id, 80, true).await;
    let shim = Pid::from_raw(parent_of(pid_of(&mut pane).await).unwrap());
    let usual = getrlimit(Resource::Fsize);
    prlimit(shim, Resource::Fsize, Rlimit { current: Some(300_000), ..usual }).unwrap();
    let marker = world.dir.path().join("went-on");
    pane.types(&format!("seq 200000; touch {}\r", marker.display())).await;
    until("the program went on all the same", || marker.exists()).await;
    beside.is_well("meanwhile").await;
    prlimit(shim, Resource::Fsize, usual).unwrap();
    pane.types("echo room-$((4+4))\r").await;
    pane.until_so("the gap", |pane| pane.gaps.iter().sum::<u64>() > 500_000).await;
    pane.until("room-8").await;
    beside.is_well("afterwards").await;
    close(&client, &id).await;
    beside.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_terminal_that_filled_the_disk_with_what_it_showed_is_seen_on() {
    if in_a_namespace("terminal::trouble::a_terminal_that_filled_the_disk_with_what_it_showed_is_seen_on") {
        return;
    }
    let (dir, pis) = (folder(), folder());
    let _small = Small::mount(dir.path());
    std::os::unix::fs::symlink(pis.path(), dir.path().join("pi")).unwrap();
    std::os::unix::fs::symlink(pis.path().join("log"), dir.path().join("runner.log")).unwrap();
    let mut world = World::unstarted(dir);
    world.start();
    let (client, events) = world.connect().await;
    let id = open(&client, &["sh", "-i"]).await;
    let mut pane = Pane::attach(client.clone(), events, &id, 80, true).await;
    pane.types("head -c 30000000 /dev/zero | tr '\\0' x; echo; echo all-of-$((6*7))-printed\r").await;
    pane.until("all-of-42-printed").await;
    // Its oldest output made room, though what the runner was reading may have been missing for a moment.
    assert!(pane.gaps.iter().sum::<u64>() < 30_000_000, "{:?}", pane.gaps);
    pane.types("echo alive-$((2*21))\r").await;
    pane.until("alive-42").await;
    close(&client, &id).await;
}
