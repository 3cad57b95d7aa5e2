//! Numbers for people.

use std::{fs::read_to_string, time::Duration};

use anyhow::Result;

/// Prints a line.
#[expect(clippy::print_stdout, reason = "the tables are what this program is for")]
pub(crate) fn say(line: &str) {
    println!("{line}");
}

/// Prints the head of a table in Markdown.
pub(crate) fn head(title: &str, columns: &[&str]) {
    say(&format!("\n### {title}\n\n| {} |\n|{}", columns.join(" | "), "---|".repeat(columns.len())));
}

/// Prints a row.
pub(crate) fn row(cells: &[String]) {
    say(&format!("| {} |", cells.join(" | ")));
}

/// Prints what machine this is and how busy.
pub(crate) fn machine() -> Result<()> {
    let info = read_to_string("/proc/cpuinfo")?;
    let model = info.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let cores = std::thread::available_parallelism()?;
    let kernel = read_to_string("/proc/sys/kernel/osrelease")?;
    let load = read_to_string("/proc/loadavg")?;
    let load = load.split(' ').take(3).collect::<Vec<_>>().join(" ");
    let model = model.trim_start_matches(['\t', ' ', ':']);
    say(&format!("{model}, {cores} cores, Linux {}, load {load}", kernel.trim()));
    Ok(())
}

/// The sample below which this share of all samples lies.
pub(crate) fn percentile(samples: &mut [u64], share: f64) -> u64 {
    samples.sort_unstable();
    let at = (samples.len() as f64 * share) as usize;
    samples.get(at.min(samples.len().saturating_sub(1))).copied().unwrap_or_default()
}

/// Microseconds as milliseconds.
pub(crate) fn ms(us: u64) -> String {
    format!("{:.2} ms", us as f64 / 1000.0)
}

/// The median of some durations, and the longest.
pub(crate) fn spread(samples: &[Duration]) -> String {
    let mut us: Vec<u64> = samples.iter().map(|sample| sample.as_micros() as u64).collect();
    format!("{} (longest {})", ms(percentile(&mut us, 0.5)), ms(percentile(&mut us, 1.0)))
}
