//! The soak of Octo: it kills what can be killed, thousands of times, and counts what was lost, doubled or out of order.
//! Run by hand: `cargo build --release --workspace && cargo bench -p octod --bench soak -- --kills 1000 --seed 7`.
//! It ends with 1 where anything was.

mod flood;
mod kills;
mod visits;
mod witness;
mod wounds;

#[expect(dead_code, reason = "the WebSocket is for the terminals")]
#[path = "../house.rs"]
mod house;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use house::agent;

/// Kills, and counts what is lost.
#[derive(Debug, Parser)]
#[command(name = "soak")]
struct Arguments {
    /// How often each of octod and the runner is killed
    #[arg(long, default_value_t = 1000)]
    kills: u64,
    /// How often a shim is killed
    #[arg(long, default_value_t = 100)]
    shims: u64,
    /// How often a client comes and goes
    #[arg(long, default_value_t = 10_000)]
    visits: u64,
    /// How many MB an agent prints
    #[arg(long, default_value_t = 1000)]
    flood: u64,
    /// What the random moments follow from
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Cargo says it to every bench
    #[arg(long, hide = true)]
    bench: bool,
}

/// Random moments, the same for the same seed.
struct Moments(u64);

impl Moments {
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

/// Prints a row of the table.
#[expect(clippy::print_stdout, reason = "the table is what this program is for")]
fn row(what: &str, outcome: &str) {
    println!("| {what} | {outcome} |");
}

fn main() -> ExitCode {
    if agent::is_asked_for() {
        return agent::main();
    }
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            row("it could not go on", &format!("{error:?}"));
            ExitCode::FAILURE
        }
    }
}

/// All parts; whether all was well.
fn run(arguments: &Arguments) -> Result<bool> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    row("what", "outcome");
    row("---", "---");
    let mut moments = Moments(arguments.seed);
    let mut well = true;
    if arguments.kills > 0 {
        well &= runtime.block_on(kills::survive(arguments.kills, &mut moments))?;
    }
    if arguments.shims > 0 {
        well &= runtime.block_on(wounds::survive(arguments.shims, &mut moments))?;
    }
    if arguments.visits > 0 {
        well &= runtime.block_on(visits::survive(arguments.visits))?;
    }
    if arguments.flood > 0 {
        well &= runtime.block_on(flood::survive(arguments.flood * 1_000_000))?;
    }
    Ok(well)
}
