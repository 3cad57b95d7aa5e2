//! `octo-tui`: a terminal for your agents.

fn main() -> std::process::ExitCode {
    octo_tui::cli::main()
}
