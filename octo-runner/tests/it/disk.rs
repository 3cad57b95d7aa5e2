//! A disk that is full, and one that fails: nothing acknowledged is lost, an abort still works, and it mends by itself.

use std::{
    fs::File,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use octo_proto::{Code, Event, client::Client, session::Outcome};
use octo_runner::transcript::{Bound, Direction, Reader};
use serde_json::{Value, json};

use crate::household::{PATIENCE, Watcher, World, ends, folder, prompt};

/// A small file system of its own; it goes with the test.
pub(crate) struct Small(PathBuf);

impl Small {
    pub(crate) fn mount(at: &Path) -> Self {
        let status =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=16m,mode=700", "octo-test"]).arg(at).status();
        assert!(status.unwrap().success(), "cannot mount a tmpfs at {}", at.display());
        Self(at.to_owned())
    }

    /// Takes all room but `left` bytes.
    fn fill(&self, left: u64) {
        let mut filler = File::create(self.0.join("filler")).unwrap();
        let disk = rustix::fs::statvfs(&self.0).unwrap();
        let mut wanted = (disk.f_bavail * disk.f_frsize).saturating_sub(left);
        let block = vec![0; 4096];
        while wanted > 0 && filler.write_all(&block).is_ok() {
            wanted = wanted.saturating_sub(4096);
        }
    }

    fn free(&self) {
        std::fs::remove_file(self.0.join("filler")).unwrap();
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("--lazy").arg(&self.0).status());
        // It could not go with its world, being mounted on.
        drop(std::fs::remove_dir(&self.0));
    }
}

/// Who may not mount runs the test as root of a namespace of their own. True: that was done.
pub(crate) fn in_a_namespace(test: &str) -> bool {
    if rustix::process::geteuid().is_root() {
        return false;
    }
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount"]).arg(std::env::current_exe().unwrap());
    let status = command.args(["--exact", test, "--nocapture"]).status().unwrap();
    assert!(status.success(), "{test} failed in its namespace");
    true
}

async fn eventually(what: &str, mut is: impl FnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !is() {
        assert!(tokio::time::Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// All that the one process's transcript has in this direction.
fn transcript(world: &World, direction: Direction) -> String {
    let dirs = std::fs::read_dir(world.dir.path().join("state/processes")).unwrap();
    let [dir] = dirs.map(|entry| entry.unwrap().path()).collect::<Vec<_>>().try_into().unwrap();
    let mut reader = Reader::open(&dir, 0, Bound::LastWhole).unwrap();
    let mut bytes = Vec::new();
    while let Some(record) = reader.next().unwrap() {
        if record.direction == direction {
            bytes.extend_from_slice(record.bytes);
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn noise_in(world: &World) -> usize {
    transcript(world, Direction::Err).bytes().filter(|byte| *byte == b'x').count()
}

async fn stored_is_what_was_seen(client: &Client, watcher: &Watcher) {
    let page: Value = client.ask("agent", Some(&watcher.session), &json!({ "cmd": "history.page" })).await.unwrap();
    let stored: Vec<_> = page["messages"].as_array().unwrap().iter().map(|message| message["id"].clone()).collect();
    let view = watcher.view.as_ref().unwrap();
    let seen: Vec<_> = view.messages.iter().map(|message| json!(message.id)).collect();
    assert_eq!(stored, seen);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_loses_nothing_and_an_abort_still_works() {
    if in_a_namespace("disk::a_full_disk_loses_nothing_and_an_abort_still_works") {
        return;
    }
    let (dir, pis) = (folder(), folder());
    let small = Small::mount(dir.path());
    // Pi's own files lie elsewhere: what it does on a full disk is its own affair.
    std::os::unix::fs::symlink(pis.path(), dir.path().join("pi")).unwrap();
    std::os::unix::fs::symlink(pis.path().join("log"), dir.path().join("runner.log")).unwrap();
    let mut world = World::unstarted(dir);
    world.start();
    let (client, mut events) = world.connect().await;
    let session = world.session(&client).await;
    let mut watcher = Watcher::new(session.clone());
    watcher.watch(&client).await;
    let request = prompt(&session, "stream 3000 every 10");
    let id = request.id.clone();
    client.request(request).await.unwrap();
    assert!(watcher.until(&mut events, |_, event| matches!(event, Event::TextDelta { .. })).await);
    // Nearly full: no new work, and it says so; looking is still possible.
    small.fill(512 * 1024);
    let error = client.request(prompt(&session, "hello")).await.unwrap_err();
    assert_eq!(error.code, Code::Unavailable);
    assert!(error.message.contains("% of the disk") && error.hint.unwrap().contains("octoctl du"));
    let body = json!({ "cmd": "session.create", "harness": "pi", "cwd": world.work() });
    assert_eq!(client.ask::<Value>("agent", None, &body).await.unwrap_err().code, Code::Unavailable);
    let usage: Value = client.ask("agent", None, &json!({ "cmd": "du" })).await.unwrap();
    assert!(usage["entries"][0]["bytes"].as_u64().unwrap() > 0 && usage["free_bytes"].as_u64().unwrap() < 800 * 1024);
    // Full.
    small.fill(0);
    let abort = client.ask::<Value>("agent", Some(&session), &json!({ "cmd": "abort" })).await;
    if let Err(error) = abort {
        assert_eq!(error.code, Code::Unavailable, "{error}");
        assert!(error.hint.is_some());
    }
    eventually("the agent was not told to stop", || transcript(&world, Direction::In).contains("abort")).await;
    eventually("the agent did not stop", || transcript(&world, Direction::Out).contains("\"agent_end\"")).await;
    assert!(world.log().contains("history cannot be written"), "the disk was not full");
    // It goes on by itself.
    small.free();
    assert!(watcher.until(&mut events, |_, event| ends(event, &id)).await);
    let ended: Vec<_> = watcher.events.iter().filter(|(_, event)| ends(event, &id)).collect();
    assert!(matches!(&ended[..], [(_, Event::PromptEnded { outcome: Outcome::Aborted, .. })]), "{ended:?}");
    // A runner that cannot write its history does not start, and says why.
    drop((client, events));
    world.kill();
    small.fill(0);
    let said = world.refused();
    assert!(said.contains("history") && said.contains("is the disk full?"), "{said}");
    small.free();
    world.start();
    let (client, mut events) = world.connect().await;
    watcher.watch(&client).await;
    let request = prompt(&session, "hello");
    let id = request.id.clone();
    client.request(request).await.unwrap();
    assert!(watcher.until(&mut events, |_, event| ends(event, &id)).await);
    stored_is_what_was_seen(&client, &watcher).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_that_says_much_on_a_full_disk_waits_and_loses_nothing() {
    if in_a_namespace("disk::an_agent_that_says_much_on_a_full_disk_waits_and_loses_nothing") {
        return;
    }
    let (dir, pis) = (folder(), folder());
    let small = Small::mount(dir.path());
    std::os::unix::fs::symlink(pis.path(), dir.path().join("pi")).unwrap();
    std::os::unix::fs::symlink(pis.path().join("log"), dir.path().join("runner.log")).unwrap();
    let mut world = World::unstarted(dir);
    world.start();
    let (client, mut events) = world.connect().await;
    let session = world.session(&client).await;
    let mut watcher = Watcher::new(session.clone());
    watcher.watch(&client).await;
    let noise = "head -c 3000000 /dev/zero | tr '\\0' x | fold -w 1000 > /proc/$PPID/fd/2";
    let request = prompt(&session, &format!("run: until [ -e go ]; do sleep 0.05; done; {noise}"));
    let id = request.id.clone();
    client.request(request).await.unwrap();
    assert!(watcher.until(&mut events, |_, event| matches!(event, Event::ToolStart { .. })).await);
    small.fill(0);
    File::create(world.work().join("go")).unwrap();
    // The shim writes what it has room for, and then reads no more.
    let (mut before, mut same) = (0, 0);
    let stands = || {
        let now = noise_in(&world);
        (before, same) = (now, if now == before { same + 1 } else { 0 });
        same > 20
    };
    eventually("the shim goes on", stands).await;
    assert!(noise_in(&world) < 3_000_000);
    small.free();
    assert!(watcher.until(&mut events, |_, event| ends(event, &id)).await);
    assert_eq!(noise_in(&world), 3_000_000);
    stored_is_what_was_seen(&client, &watcher).await;
}

/// The system's calls that sync fail for the runner's thread that writes the history, as long as this lives.
struct Failing(Child);

impl Failing {
    fn new(world: &World, when: &str) -> Self {
        let tasks = format!("/proc/{}/task", world.pid());
        let is_writer = |path: &Path| std::fs::read_to_string(path.join("comm")).unwrap_or_default() == "history\n";
        let writer = std::fs::read_dir(tasks).unwrap().map(|entry| entry.unwrap().path()).find(|path| is_writer(path));
        let writer = writer.expect("the thread that writes the history");
        let mut command = Command::new("strace");
        command.arg("-p").arg(writer.file_name().unwrap()).args(["-e", "trace=fsync,fdatasync"]);
        command.args(["-e", &format!("inject=fsync,fdatasync:error=EIO{when}")]);
        let mut strace = command.stderr(Stdio::piped()).spawn().expect("strace: `./setup.sh test` installs it");
        let mut said = BufReader::new(strace.stderr.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        assert!(line.contains("attached"), "{line}");
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        Self(strace)
    }
}

impl Drop for Failing {
    fn drop(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.0.wait().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fails_to_sync_acknowledges_nothing_and_loses_nothing() {
    let mut world = World::new();
    let (client, mut events) = world.connect().await;
    let session = world.session(&client).await;
    let mut watcher = Watcher::new(session.clone());
    watcher.watch(&client).await;
    let failing = Failing::new(&world, "");
    let request = prompt(&session, "run: echo once >> count.txt; cat count.txt");
    let id = request.id.clone();
    let error = client.request(request.clone()).await.unwrap_err();
    assert_eq!(error.code, Code::Unavailable, "{error}");
    assert!(error.hint.is_some() && !world.work().join("count.txt").exists());
    let error = client.request(prompt(&session, "another")).await.unwrap_err();
    assert_eq!(error.code, Code::Unavailable, "{error}");
    drop(failing);
    assert!(watcher.until(&mut events, |_, event| ends(event, &id)).await);
    client.request(request).await.unwrap();
    // A sync fails now and then, while an answer comes.
    let failures = || world.log().matches("a commit failed").count();
    let before = failures();
    let failing = Failing::new(&world, ":when=2+3");
    let request = prompt(&session, "loop 4: echo again >> count.txt; cat count.txt");
    let id = request.id.clone();
    drop(client.request(request.clone()).await);
    assert!(watcher.until(&mut events, |_, event| ends(event, &id)).await);
    drop(failing);
    assert!(failures() > before, "nothing failed");
    client.request(request).await.unwrap();
    let count = std::fs::read_to_string(world.work().join("count.txt")).unwrap();
    assert_eq!(count, "once\nagain\nagain\nagain\nagain\n");
    stored_is_what_was_seen(&client, &watcher).await;
    // And all of it is there for the next runner.
    let seen = watcher.view.clone().unwrap().messages;
    drop((client, events));
    world.kill();
    world.start();
    let (client, mut events) = world.connect().await;
    let mut fresh = Watcher::new(session);
    fresh.watch(&client).await;
    assert!(fresh.until(&mut events, |_, event| matches!(event, Event::SessionSnapshot { .. })).await);
    assert_eq!(fresh.view.unwrap().messages, seen);
}
