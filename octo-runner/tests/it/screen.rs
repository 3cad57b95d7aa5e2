//! `octo-runner screen`: what a recording of output leaves on a screen.

use std::{
    io::Write,
    process::{Command, Output, Stdio},
};

/// Runs it with a recording on its stdin.
fn screen(arguments: &[&str], recording: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_octo-runner"))
        .arg("screen")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    // It may refuse its arguments before it reads.
    let _refused = input.write_all(recording);
    drop(input);
    child.wait_with_output().unwrap()
}

fn text(arguments: &[&str], recording: &[u8]) -> String {
    let output = screen(arguments, recording);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

const RECORDING: &[u8] =
    b"one\r\n\x1b[1;31mtwo\x1b[0m \x1b[4;3Hfour\x1b]2;title\x07\x1b[c\x1b[?1049h\x1b[Hin an editor";

#[test]
fn the_text_is_printed() {
    assert_eq!(text(&["--cols", "20", "--rows", "3"], RECORDING), "in an editor\n\n\n");
    let left = [RECORDING, b"\x1b[?1049l"].concat();
    assert_eq!(text(&["--cols", "20", "--rows", "5"], &left), "one\ntwo\n\n  four\n\n");
}

#[test]
fn another_size_makes_lines_flow() {
    let arguments = ["--cols", "10", "--rows", "3", "--resize", "5x3", "--resize", "20x3"];
    assert_eq!(text(&arguments[..6], b"0123456789"), "01234\n56789\n\n");
    assert_eq!(text(&arguments, b"0123456789"), "0123456789\n\n\n");
}

#[test]
fn json_tells_everything() {
    let json: serde_json::Value = serde_json::from_str(&text(&["--json"], RECORDING)).unwrap();
    assert_eq!(json["screen"]["alternate"], true);
    assert_eq!(json["screen"]["title"], "title");
    assert_eq!(json["screen"]["lines"][0]["runs"][0]["text"], "in an editor");
    let below = &json["screen"]["beneath"]["lines"];
    assert_eq!(below[1]["runs"][0]["text"], "two");
    assert_eq!(below[1]["runs"][0]["attributes"], serde_json::json!(["bold"]));
    assert_eq!(below[1]["runs"][0]["foreground"], "1");
    assert_eq!(json["replies"], "\u{1b}[?62;22;52c");
    assert_eq!(json["notices"][0], serde_json::json!({"type": "title", "title": "title"}));
}

#[test]
fn a_redraw_leaves_the_same_screen() {
    let screen = |recording: &[u8]| {
        let json: serde_json::Value = serde_json::from_str(&text(&["--json"], recording)).unwrap();
        json["screen"].clone()
    };
    let redraw = text(&["--redraw"], RECORDING);
    assert_eq!(screen(redraw.as_bytes()), screen(RECORDING));
}

#[test]
fn history_is_drawn_above() {
    let lines: String = (0..100).map(|line| format!("line {line}\r\n")).collect();
    let redraw = text(&["--redraw", "--scrollback", "10"], lines.as_bytes());
    assert!(redraw.contains("line 67") && redraw.contains("line 99"), "{redraw}");
    assert!(!redraw.contains("line 66"), "{redraw}");
    let taller = text(&["--resize", "80x34"], redraw.as_bytes());
    assert!(taller.starts_with("line 67\n"), "{taller}");
}

#[test]
fn a_size_that_cannot_be_is_refused() {
    for arguments in
        [&["--cols", "0"][..], &["--rows", "0"], &["--cols", "10000"], &["--resize", "80"], &["--resize", "0x5"]]
    {
        let output = screen(arguments, b"");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty());
    }
}

/// Bytes of memory of its own that it has after a recording.
fn memory(cols: &str, rows: &str, recording: &[u8]) -> u64 {
    let mut child = Command::new(env!("CARGO_BIN_EXE_octo-runner"))
        .args(["screen", "--cols", cols, "--rows", rows])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(recording).unwrap();
    // More than the pipe and the buffer hold, so that what is before it was read.
    input.write_all(&[0; 256 << 10]).unwrap();
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    drop(input);
    assert!(child.wait().unwrap().success());
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim_end_matches("kB").trim().parse::<u64>().unwrap() << 10
}

#[test]
fn a_terminal_takes_twelve_megabytes_at_most() {
    let line = |at: u32| format!("\x1b[38;2;{};{};{}m{at:0200}\r\n", at % 256, at % 199, at % 97);
    let recording: String = (0..10_000).map(line).collect();
    let taken = memory("200", "50", recording.as_bytes()) - memory("2", "1", b"");
    assert!((8 << 20..=12 << 20).contains(&taken), "{taken} bytes for 10,000 lines");
}
