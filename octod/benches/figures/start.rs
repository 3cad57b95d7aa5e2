//! From exec to ready, from exec to the first frame, and opening a long session.

use std::{
    fs::File,
    io::Read,
    os::fd::OwnedFd,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use octo_proto::{Event, View, client::Told, id::SessionId};
use rustix::{
    fs::{Mode, OFlags, open},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Winsize, tcsetwinsize},
};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{
    house::{Daemon, House, PATIENCE, agent::Script, prompt},
    memory::talk,
    table::{head, row, spread},
};

const STARTS: usize = 9;
const LIVE_SESSIONS: usize = 50;
const MESSAGES: u64 = 10_000;

/// Measures, and prints the table.
pub(crate) async fn measure() -> Result<()> {
    head("Starting and opening", &["what", "median"]);
    let mut house = House::with_both()?;
    for daemon in [Daemon::Octod, Daemon::Runner] {
        let mut took = Vec::new();
        for _ in 0..STARTS {
            // Each in a house of its own: empty means that nothing was ever there.
            let mut fresh = House::new()?;
            took.push(fresh.start(daemon)?);
        }
        row(&[format!("{daemon:?}: exec to ready, empty"), spread(&took)]);
    }
    let (client, _events) = house.connect().await?;
    for _ in 0..LIVE_SESSIONS {
        let session = house.session(&client).await?;
        talk(&house, &session).await?;
    }
    for daemon in [Daemon::Octod, Daemon::Runner] {
        let mut took = Vec::new();
        for _ in 0..STARTS {
            house.kill(daemon)?;
            took.push(house.start(daemon)?);
        }
        row(&[format!("{daemon:?}: exec to ready, {LIVE_SESSIONS} live sessions"), spread(&took)]);
    }
    drop(house);
    let house = House::with_both()?;
    let frames = (0..STARTS).map(|_| first_frame(&house)).collect::<Result<Vec<_>>>()?;
    row(&["octo-tui: exec to first frame".to_owned(), spread(&frames)]);
    long_session(house).await
}

async fn long_session(mut house: House) -> Result<()> {
    let (client, _events) = house.connect().await?;
    let session = house.session(&client).await?;
    for _ in 0..10 {
        let request = prompt(&session, &Script { messages: MESSAGES / 10, deltas: 1, ..Script::default() })?;
        let id = request.id.clone();
        client.request(request).await?;
        settled(&house, &session, &id).await?;
    }
    let mut took = Vec::new();
    for _ in 0..STARTS {
        took.push(open_session(&house, &session).await?);
    }
    row(&[format!("a session of {MESSAGES} messages: connect to view"), spread(&took)]);
    let mut cold = Vec::new();
    for _ in 0..STARTS {
        house.kill(Daemon::Runner)?;
        house.start(Daemon::Runner)?;
        house.kill(Daemon::Octod)?;
        house.start(Daemon::Octod)?;
        cold.push(open_session(&house, &session).await?);
    }
    row(&["the same, first after both were restarted".to_owned(), spread(&cold)]);
    Ok(())
}

/// Waits for the end of a prompt.
async fn settled(house: &House, session: &SessionId, id: &str) -> Result<()> {
    let (client, mut events) = house.connect().await?;
    client.ask::<Value>("agent", Some(session), &json!({ "cmd": "watch" })).await?;
    loop {
        let told = timeout(PATIENCE, events.recv()).await?.context("octod closed the connection")?;
        let Told::Event(frame) = told else { continue };
        match serde_json::from_str(frame.body.get())? {
            Event::SessionSnapshot { view } if view.live.prompts.is_empty() => return Ok(()),
            Event::PromptEnded { request_id, .. } if request_id.as_str() == id => return Ok(()),
            _ => {}
        }
    }
}

/// From the connect to the view that a client shows.
async fn open_session(house: &House, session: &SessionId) -> Result<Duration> {
    let begun = Instant::now();
    let (client, mut events) = house.connect().await?;
    client.ask::<Value>("agent", Some(session), &json!({ "cmd": "watch" })).await?;
    loop {
        let told = timeout(PATIENCE, events.recv()).await?.context("octod closed the connection")?;
        let Told::Event(frame) = told else { continue };
        if let Event::SessionSnapshot { view } = serde_json::from_str(frame.body.get())? {
            let view: View = *view;
            ensure!(view.has_more && !view.messages.is_empty(), "the snapshot shows the end of a long session");
            return Ok(begun.elapsed());
        }
    }
}

/// octo-tui in a terminal of 100 by 30, until it has drawn into the alternate screen.
fn first_frame(house: &House) -> Result<Duration> {
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    grantpt(&terminal)?;
    unlockpt(&terminal)?;
    tcsetwinsize(&terminal, Winsize { ws_row: 30, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 })?;
    let name = ptsname(&terminal, Vec::new())?;
    let side = || -> Result<Stdio> {
        let side: OwnedFd = open(name.as_c_str(), OFlags::RDWR | OFlags::NOCTTY, Mode::empty())?;
        Ok(Stdio::from(side))
    };
    let mut command = house.command("octo-tui")?;
    command.env("TERM", "xterm-256color").stdin(side()?).stdout(side()?).stderr(side()?);
    command.current_dir("/");
    let begun = Instant::now();
    let mut child = command.spawn()?;
    drop(command);
    let mut terminal = File::from(terminal);
    let (mut seen, mut buffer) = (Vec::new(), [0; 4096]);
    let drawn = |seen: &[u8]| {
        let text = String::from_utf8_lossy(seen);
        // A frame has words in it.
        text.split_once("\x1b[?1049h").is_some_and(|(_, frame)| frame.matches(char::is_alphabetic).count() > 40)
    };
    while !drawn(&seen) {
        let count = terminal.read(&mut buffer)?;
        seen.extend_from_slice(&buffer[..count]);
    }
    let took = begun.elapsed();
    child.kill()?;
    child.wait()?;
    Ok(took)
}
