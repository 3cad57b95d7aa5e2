//! The figures of Octo, as tables, each ratio within one run. Run by hand on a quiet machine:
//! `cargo build --release --workspace && cargo bench -p octod --bench figures`, with the names of sections to run only
//! those: `latency`, `watchers`, `memory`, `start`.

mod latency;
mod memory;
mod start;
mod table;
mod watchers;

#[expect(dead_code, reason = "the WebSocket is for the terminals")]
#[path = "../house.rs"]
mod house;

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
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    table::machine()?;
    if wants("latency") {
        latency::measure(&runtime)?;
    }
    if wants("watchers") {
        runtime.block_on(watchers::measure())?;
    }
    if wants("memory") {
        runtime.block_on(memory::measure())?;
    }
    if wants("start") {
        runtime.block_on(start::measure())?;
    }
    Ok(())
}
