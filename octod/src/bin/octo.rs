//! A person's front door.

fn main() -> std::process::ExitCode {
    octod::front::main()
}
