//! The control CLI.

fn main() -> std::process::ExitCode {
    octod::ctl::main()
}
