//! From key to screen, and what the terminal is like afterwards.

use rustix::process::Signal;

use crate::{
    octod::Octod,
    pty::{Program, without_terminal},
};

/// What takes the terminal, and what gives it back.
const TAKES: &str = "\x1b[?1049h";
const GIVES_BACK: &[&str] =
    &["\x1b[<1u", "\x1b[?1036;1039r", "\x1b[?1000l", "\x1b[?1004l", "\x1b[?2004l", "\x1b[?1049l", "\x1b[?25h"];

fn is_given_back(program: &Program) {
    for sequence in GIVES_BACK {
        program.sees(sequence);
    }
}

#[test]
fn a_prompt_typed_is_sent_and_its_answer_is_shown() {
    let octod = Octod::start("**Sure**, at once.", false);
    let mut program = Program::start(octod.home(), &[]);
    program.shows("A session");
    program.write("do it");
    program.shows("do it");
    program.write("\r");
    program.shows("Sure, at once.");
    assert_eq!(octod.prompts(), ["do it"]);
}

#[test]
fn an_unanswered_prompt_is_sent_again_with_its_id_and_has_one_effect() {
    let octod = Octod::start("Once.", true);
    let mut program = Program::start(octod.home(), &[]);
    program.shows("A session");
    program.write("only once\r");
    let came = octod.requests("prompt", 2);
    assert_eq!(came[0].0, came[1].0);
    program.shows("Once.");
    assert_eq!(octod.prompts(), ["only once"]);
}

#[test]
fn what_an_agent_writes_does_not_reach_the_terminal_as_a_command() {
    let octod = Octod::start("title \u{1b}]0;pwned\u{7} clear \u{1b}[2J c1 \u{9b}2J &#27;]52;c;AAAA&#7; end", false);
    let mut program = Program::start(octod.home(), &[]);
    program.shows("A session");
    program.write("x\r");
    program.shows("end");
    for command in ["\x1b]", "pwned", "\u{9b}", "\x1b[2J", "\x07"] {
        assert!(!program.has_seen(command), "{command:?}");
    }
}

#[test]
fn the_terminal_is_asked_for_pictures_as_they_will_be_sent() {
    let octod = Octod::start("", false);
    let program = Program::start(octod.home(), &[]);
    // Placeholders; an old kitty knows none, and answers nothing to this.
    program.sees("\x1b_Gi=31,U=1,");
    // How large sixels may be in a window of any size.
    program.sees("\x1b[?2;4;0S");
    let program = Program::start(octod.home(), &[("TMUX", "/tmp/tmux,1,0")]);
    program.shows("A session");
    assert!(!program.has_seen("\x1b_G"), "it would be a title there");
}

#[test]
fn every_signal_that_ends_it_gives_the_terminal_back() {
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        let octod = Octod::start("", false);
        let mut program = Program::start(octod.home(), &[]);
        program.sees(TAKES);
        program.shows("A session");
        assert!(!program.modes().local_modes.contains(rustix::termios::LocalModes::ECHO));
        program.signal(signal);
        assert!(program.ends().success(), "{signal:?}");
        is_given_back(&program);
        assert!(program.modes().local_modes.contains(rustix::termios::LocalModes::ECHO));
    }
}

#[test]
fn a_panic_gives_the_terminal_back_before_it_is_told() {
    let octod = Octod::start("", false);
    let mut program = Program::start(octod.home(), &[("OCTO_TUI_TEST_PANIC", "1")]);
    program.shows("A session");
    program.write("x");
    assert!(!program.ends().success());
    is_given_back(&program);
    program.sees("as the test asked");
    assert!(program.modes().local_modes.contains(rustix::termios::LocalModes::ECHO));
}

#[test]
fn a_panic_away_from_the_screen_is_not_seen_on_it_and_ends_nothing() {
    let octod = Octod::start("", false);
    let mut program = Program::start(octod.home(), &[("OCTO_TUI_TEST_PANIC", "elsewhere")]);
    program.shows("A session");
    program.write("kept");
    program.shows("kept");
    program.write("\x03");
    program.shows("cleared");
    program.write("\x04");
    assert!(program.ends().success());
    is_given_back(&program);
    assert!(!program.has_seen("as the test asked"));
}

#[test]
fn without_octod_it_says_so_and_keeps_what_is_typed() {
    let home = tempfile::tempdir().unwrap();
    let mut program = Program::start(home.path(), &[]);
    program.shows("no connection");
    program.write("kept");
    program.shows("kept");
    program.write("\x03");
    program.shows("cleared");
    program.write("\x04");
    assert!(program.ends().success());
    is_given_back(&program);
}

#[test]
fn without_a_terminal_it_refuses() {
    let home = tempfile::tempdir().unwrap();
    let output = without_terminal(home.path());
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    assert!(String::from_utf8_lossy(&output.stderr).contains("needs a terminal"));
}

#[test]
fn a_wrong_key_in_the_configuration_is_named() {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join("config")).unwrap();
    std::fs::write(home.path().join("config/tui.toml"), "colour = true\n").unwrap();
    let mut program = Program::start(home.path(), &[]);
    assert_eq!(program.ends().code(), Some(2));
    program.sees("unknown field `colour`");
    assert!(!program.has_seen(TAKES));
}
