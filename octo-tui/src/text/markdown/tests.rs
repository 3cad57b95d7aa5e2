//! Markdown on the screen, and that a growing text ends as the whole one.

use proptest::prelude::*;

use super::*;
use crate::theme::ThemeName;

fn shown(text: &str, columns: usize) -> String {
    let theme = Theme::named(ThemeName::Mono);
    let lines = render(text, columns, &theme).lines;
    lines.iter().map(|line| line.to_string().trim_end().to_owned()).collect::<Vec<_>>().join("\n")
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
        let mut lines = growing.render(&text, columns, &theme);
        for piece in pieces {
            text.push_str(piece);
            lines = growing.render(&text, columns, &theme);
        }
        prop_assert_eq!(lines, render(&text, columns, &theme).lines, "{:?}", text);
    }
}
