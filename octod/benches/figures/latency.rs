//! From a line on the agent's stdout to the parsed event in a client of octod's local socket, beside the same lines
//! through a bare pair of Unix sockets.

use std::{
    io::{BufRead, BufReader, Write},
    os::{fd::OwnedFd, unix::net::UnixStream},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};
use octo_proto::{Event, Role, client::Told};
use serde_json::{Value, json};
use tokio::{runtime::Runtime, time::timeout};

use super::{
    house::{House, PATIENCE, agent, agent::Script, prompt},
    table::{head, ms, percentile, row},
};

const SCRIPT: Script = Script { messages: 200, deltas: 10, pause_us: 5_000, flood: 0 };

/// Times in microseconds.
#[derive(Default)]
struct Samples {
    deltas: Vec<u64>,
    first: Vec<u64>,
    facts: Vec<u64>,
}

/// Measures both, and prints the table.
pub(crate) fn measure(runtime: &Runtime) -> Result<()> {
    let mut bare = bare()?;
    let mut octo = runtime.block_on(octo())?;
    head(
        "From the agent's line to the client's event",
        &["what", "n", "p50", "p99", "bare p50", "bare p99", "p50 ratio"],
    );
    let rows = [
        ("deltas within a message", &mut octo.deltas, &mut bare.deltas),
        ("first delta after a fact", &mut octo.first, &mut bare.first),
        ("facts", &mut octo.facts, &mut bare.facts),
    ];
    for (name, octo, bare) in rows {
        let (half, bare_half) = (percentile(octo, 0.5), percentile(bare, 0.5));
        let ratio = format!("{:.1}", half as f64 / bare_half.max(1) as f64);
        let late = [half, percentile(octo, 0.99), bare_half, percentile(bare, 0.99)].map(ms);
        row(&[vec![name.to_owned(), octo.len().to_string()], late.to_vec(), vec![ratio]].concat());
    }
    Ok(())
}

fn since(at: u64) -> u64 {
    agent::now_us().saturating_sub(at)
}

impl Samples {
    /// A delta, of which the first one counts where several came as one.
    fn delta(&mut self, text: &str, is_first: bool) {
        if let Some((_, at)) = agent::stamps(text).next() {
            if is_first { &mut self.first } else { &mut self.deltas }.push(since(at));
        }
    }

    fn fact(&mut self, model: Option<&str>) {
        self.facts.extend(model.and_then(|at| at.parse().ok()).map(since));
    }
}

async fn octo() -> Result<Samples> {
    let house = House::with_both()?;
    let (client, mut events) = house.connect().await?;
    let session = house.session(&client).await?;
    client.ask::<Value>("agent", Some(&session), &json!({ "cmd": "watch" })).await?;
    client.request(prompt(&session, &SCRIPT)?).await?;
    let mut samples = Samples::default();
    let mut is_first = false;
    loop {
        let told = timeout(PATIENCE, events.recv()).await?.context("octod closed the connection")?;
        let Told::Event(frame) = told else { continue };
        match serde_json::from_str(frame.body.get())? {
            Event::MessageStart { .. } => is_first = true,
            Event::TextDelta { delta, .. } => samples.delta(&delta, std::mem::take(&mut is_first)),
            Event::MessageEnd { message } if message.role == Role::Assistant => samples.fact(message.model.as_deref()),
            Event::PromptEnded { .. } => return Ok(samples),
            Event::AgentError { message, .. } => bail!("the agent failed: {message}"),
            _ => {}
        }
    }
}

/// The same agent with one end of a pair of sockets as its stdout.
fn bare() -> Result<Samples> {
    let (ours, theirs) = UnixStream::pair()?;
    let mut command = Command::new("/proc/self/exe");
    std::os::unix::process::CommandExt::arg0(&mut command, "node");
    command.stdin(Stdio::piped()).stdout(OwnedFd::from(theirs));
    let mut child = command.spawn()?;
    drop(command);
    let mut stdin = child.stdin.take().context("a pipe was asked for")?;
    let body = json!({ "id": "1", "type": "prompt", "message": serde_json::to_string(&SCRIPT)? });
    writeln!(stdin, "{body}")?;
    let mut samples = Samples::default();
    let mut is_first = false;
    for line in BufReader::new(ours).lines() {
        let line: Value = serde_json::from_str(&line?)?;
        match line["type"].as_str().unwrap_or_default() {
            "message_start" => is_first = true,
            "message_update" => {
                let delta = line["assistantMessageEvent"]["delta"].as_str().unwrap_or_default();
                samples.delta(delta, std::mem::take(&mut is_first));
            }
            "message_end" => samples.fact(line["message"]["model"].as_str()),
            "agent_settled" => break,
            _ => {}
        }
    }
    drop(stdin);
    child.wait()?;
    Ok(samples)
}
