//! Manual pages and completions, made from a command line. The tests of each crate that has one use it.

use std::{fs, path::Path};

use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;

/// Compares the manual pages of these programs in the repository with what they should be, or writes them. Each has these
/// sections of its own too, in roff.
pub(crate) fn check_pages(programs: impl IntoIterator<Item = Command>, sections: &str) {
    for program in programs {
        let name = format!("man/{}.1", program.get_name());
        check(&name, &page(program, sections));
    }
}

/// The same of their completions.
pub(crate) fn check_completions(programs: impl IntoIterator<Item = Command>) {
    for mut program in programs {
        let name = program.get_name().to_owned();
        for (shell, file) in [
            (Shell::Bash, format!("{name}.bash")),
            (Shell::Zsh, format!("_{name}")),
            (Shell::Fish, format!("{name}.fish")),
        ] {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut program, &name, &mut script);
            check(&format!("completions/{file}"), &script);
        }
    }
}

/// Compares a file of the repository with what it should be, or writes it.
#[expect(clippy::disallowed_methods, reason = "a test is told by its environment whether to write")]
fn check(name: &str, expected: &[u8]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, expected).unwrap();
    }
    let found = fs::read(&path).unwrap_or_default();
    assert!(found == expected, "{name} is stale: run `UPDATE=1 cargo test generated`");
}

/// One page for a program with all its commands.
fn page(program: Command, sections: &str) -> Vec<u8> {
    let mut program = program.disable_help_subcommand(true);
    // So that each command knows its whole name and the global options.
    program.build();
    let man = Man::new(program.clone());
    let mut page = Vec::new();
    man.render_title(&mut page).unwrap();
    man.render_name_section(&mut page).unwrap();
    man.render_synopsis_section(&mut page).unwrap();
    man.render_description_section(&mut page).unwrap();
    man.render_options_section(&mut page).unwrap();
    commands(&program, &mut page);
    page.extend(sections.bytes());
    man.render_extra_section(&mut page).unwrap();
    page
}

/// A section for each command, those of a group below it.
fn commands(above: &Command, page: &mut Vec<u8>) {
    for command in above.get_subcommands().filter(|command| !command.is_hide_set()) {
        let name = command.get_bin_name().unwrap_or(command.get_name()).to_owned();
        let own = command.clone().mut_args(|argument| {
            let above = argument.is_global_set() || argument.get_id() == "help";
            argument.hide(above)
        });
        let man = Man::new(own);
        if command.has_subcommands() {
            commands(command, page);
            continue;
        }
        page.extend(format!(".SH {}\n", name.to_uppercase().replace('-', "\\-")).bytes());
        let mut parts = Vec::new();
        man.render_description_section(&mut parts).unwrap();
        man.render_synopsis_section(&mut parts).unwrap();
        man.render_options_section(&mut parts).unwrap();
        let parts = String::from_utf8(parts).unwrap();
        // Of a part of a page: its headings are below the command's.
        let below =
            parts.lines().filter(|line| *line != ".SH DESCRIPTION").map(|line| match line.strip_prefix(".SH ") {
                Some(heading) => format!(".SS {heading}\n"),
                None => format!("{line}\n"),
            });
        page.extend(below.collect::<String>().bytes());
    }
}
