//! What was acknowledged is there, whatever happens to the writer and to the disk.

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use octo_proto::id::SessionId;
use octo_runner::hstry::{Store, StoreError};
use rustix::process::{Resource, Rlimit, setrlimit};

use super::{said, session};

/// Names the database to the test that is started as a program of its own.
const DATABASE: &str = "OCTO_TEST_HSTRY_DATABASE";

/// The session of these tests.
const SESSION: &str = "ses_01ARZ3NDEKTSV4RRFFQ69G5FAV";

/// This test program, to run one of its tests alone.
fn own(test: &str, database: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "--nocapture", test]).env(DATABASE, database);
    command
}

#[expect(clippy::disallowed_methods, reason = "a test that is a program of its own is told by its environment")]
fn database() -> Option<PathBuf> {
    std::env::var_os(DATABASE).map(PathBuf::from)
}

/// Writes without end, when another test starts it to kill it.
#[tokio::test]
async fn writer() {
    let Some(database) = database() else { return };
    let store = Store::open(&database).unwrap();
    let id = SessionId::from(SESSION);
    let Some(stored) = store.session(&id).await.unwrap() else {
        panic!("the session is made by who starts this");
    };
    for first in (stored.messages..).step_by(3) {
        let text = "word ".repeat(usize::try_from(first % 400).unwrap());
        let jobs = (first..first + 3).map(|idx| store.commit(vec![said(&id, idx, &text)]));
        for result in futures_util::future::join_all(jobs).await {
            result.unwrap();
        }
        let mut stdout = std::io::stdout().lock();
        writeln!(stdout, "\nstored {}", first + 3).unwrap();
    }
}

#[tokio::test]
async fn what_was_acknowledged_outlives_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("hstry.db");
    let id = SessionId::from(SESSION);
    let store = Store::open(&path).unwrap();
    store.commit(vec![session(&id)]).await.unwrap();
    store.close().await;
    let mut acknowledged = 0;
    for round in 1..=5_u64 {
        let mut child = own("hstry::crash::writer", &path).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let counts = lines.filter_map(|line| line.strip_prefix("stored ")?.parse::<u64>().ok());
        let enough = acknowledged + round * 30;
        let mut killed = false;
        for count in counts {
            acknowledged = count;
            if count >= enough && !killed {
                child.kill().unwrap();
                killed = true;
            }
        }
        child.wait().unwrap();
        assert!(killed, "it wrote until it was killed");
        let store = Store::open(&path).unwrap();
        let facts = store.facts_after(&id, 0, 100_000).await.unwrap();
        let there = facts.len() as u64;
        assert!(there >= acknowledged, "{there} of {acknowledged}");
        assert!(facts.iter().zip(1..).all(|(fact, number)| fact.number == number), "no gap");
        assert_eq!(store.session(&id).await.unwrap().unwrap().messages, there, "each fact with its message");
        store.close().await;
    }
}

/// Fills its disk, when another test starts it: the limit is that of a process.
#[tokio::test]
async fn full() {
    let Some(database) = database() else { return };
    // As a full disk: a write past the limit fails. Without a handler its signal would end us.
    signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::new(AtomicBool::new(false))).unwrap();
    let limit = |bytes| setrlimit(Resource::Fsize, Rlimit { current: bytes, maximum: None }).unwrap();
    let store = Store::open(&database).unwrap();
    let id = SessionId::from(SESSION);
    store.commit(vec![session(&id)]).await.unwrap();
    let mut healthy = store.healthy();
    assert!(*healthy.borrow_and_update());
    let text = "word ".repeat(4000);
    limit(Some(512 * 1024));
    // The limit is each file's own, so opening the log anew may make a little room: full is what stays full.
    let (mut stored, mut failures) = (0, 0);
    while failures < 4 {
        match store.commit(vec![said(&id, stored, &text)]).await {
            Ok(()) => (stored, failures) = (stored + 1, 0),
            Err(error) => {
                assert!(matches!(error, StoreError::Disk { .. }), "{error:?}");
                failures += 1;
            }
        }
        assert!(stored < 1000, "nothing is full");
        // What was acknowledged is there, and nothing else.
        assert_eq!(store.facts_after(&id, 0, 1000).await.unwrap().len() as u64, stored);
    }
    assert!(stored > 5, "{stored} were stored");
    assert!(!*healthy.borrow_and_update());
    limit(None);
    // The same as was refused: it is stored now, once.
    store.commit(vec![said(&id, stored, &text), said(&id, stored + 1, &text)]).await.unwrap();
    healthy.changed().await.unwrap();
    assert!(*healthy.borrow_and_update());
    assert_eq!(store.facts_after(&id, 0, 1000).await.unwrap().len() as u64, stored + 2);
    store.close().await;
    println!("\nstored {}", stored + 2);
}

#[tokio::test]
async fn a_full_disk_acknowledges_nothing_and_is_written_again_when_there_is_room() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("hstry.db");
    let program = tokio::process::Command::from(own("hstry::crash::full", &path)).output();
    let output = tokio::time::timeout(Duration::from_secs(60), program).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let count: u64 = said.lines().find_map(|line| line.strip_prefix("stored ")?.parse().ok()).unwrap();
    let store = Store::open(&path).unwrap();
    let id = SessionId::from(SESSION);
    assert_eq!(store.facts_after(&id, 0, 1000).await.unwrap().len() as u64, count);
}
