//! Terminals of Octo beside a bare PTY, tmux and ttyd, all in one run. Run by hand on a quiet machine:
//! `cargo build --release --workspace && cargo bench -p octod --bench terminals`, with the names of sections to run only
//! those: `flow`, `echo`, `memory`, `attach`, `rebuild`, `slow`, `crowd`. What is not installed is left out.

mod attach;
mod cpu;
mod crowd;
mod echo;
mod flow;
mod held;
mod line;
mod rebuild;
mod slow;
mod ways;

#[expect(dead_code, reason = "agents are for the others")]
#[path = "../house.rs"]
mod house;
#[path = "../figures/table.rs"]
mod table;

use std::process::ExitCode;

use anyhow::Result;

use house::agent;

fn main() -> ExitCode {
    if agent::is_asked_for() {
        return agent::main();
    }
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            table::say(&format!("{error:?}"));
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    // Cargo adds `--bench`.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let wants = |section: &str| wanted.is_empty() || wanted.iter().any(|word| word == section);
    table::machine()?;
    if wants("flow") {
        flow::measure()?;
    }
    if wants("echo") {
        echo::measure()?;
    }
    if wants("memory") {
        held::measure()?;
    }
    if wants("attach") {
        attach::measure()?;
    }
    if wants("rebuild") {
        rebuild::measure()?;
    }
    if wants("slow") {
        slow::measure()?;
    }
    if wants("crowd") {
        crowd::measure()?;
    }
    Ok(())
}
