//! Markdown on the screen, and that a growing text ends as the whole one.

use proptest::prelude::*;

use super::*;
use crate::theme::ThemeName;

fn shown(text: &str, columns: usize) -> String {
    let theme = Theme::named(ThemeName::Mono);
    let lines = render(text, columns, (&theme, "/w")).lines;
    lines.iter().map(|laid| laid.line.to_string().trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

#[test]
fn blocks_are_set_apart() {
    insta::assert_snapshot!(shown(
        "# Title\nSome *text* with `code` and a [link](https://example.org/a).\n\n- one\n- two\n  - three\n\n1. first\n2. second\n\n> quoted\n> text\n\n---\nend",
        40,
    ));
}

#[test]
fn code_and_tables_are_kept_in_shape() {
    insta::assert_snapshot!(shown(
        "```rust\nfn main() {\n\tprintln!(\"hello\");\n}\n```\n\n| name | what it does |\n|---|---|\n| a | something that is too long for its column |\n| bb | x |\n",
        36,
    ));
}

#[test]
fn loose_lists_and_tasks() {
    insta::assert_snapshot!(shown(
        "- [x] done\n- [ ] open\n\npara\n\n1. a\n\n   more of a\n\n2. b\n   ```\n   code\n   ```\n-\n",
        40
    ));
}

#[test]
fn places_are_found_in_text_lists_code_and_tables() {
    let theme = Theme::named(ThemeName::Mono);
    let text =
        "In **src**/a.rs:1\n\n- `b.rs:2` breaks over\n\n```\nc.rs:3\n```\n\n| d |\n|---|\n| d.rs:4 |\n\n[e](e.rs:5)";
    let shown = |laid: Laid| {
        let line = laid.line.to_string();
        laid.anchors.into_iter().map(move |it| line.chars().skip(it.columns.start).take(it.columns.len()).collect())
    };
    let found: Vec<String> = render(text, 8, (&theme, "/w")).lines.into_iter().flat_map(shown).collect();
    assert_eq!(found, ["src/a.rs", ":1", "b.rs:2", "c.rs:3", "d.rs:4", "e.rs:5"]);
}

#[test]
fn entities_cannot_bring_controls_back() {
    assert_eq!(shown("a&#27;[31mb &#x202e;c `&#7;`", 40), "a[31mb \u{fffd}c &#7;");
}

proptest! {
    #[test]
    fn a_growing_text_ends_as_the_whole_one(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "word ", "# H\n", "\n", "\n\n", "- item\n", "  - sub\n", "1. one\n", "> q\n", "```\n", "code\n",
            "| a | b |\n|---|---|\n", "| c | d |\n", "**bold** ", "`c` ", "---\n", "    indented\n", "日本 ", "<b>",
        ]), 0..40),
        columns in 8_usize..40,
    ) {
        let theme = Theme::named(ThemeName::Mono);
        let mut growing = Growing::default();
        let mut text = String::new();
        let mut lines = growing.render(&text, columns, (&theme, "/w"));
        for piece in pieces {
            text.push_str(piece);
            lines = growing.render(&text, columns, (&theme, "/w"));
        }
        prop_assert_eq!(lines, render(&text, columns, (&theme, "/w")).lines, "{:?}", text);
    }
}
