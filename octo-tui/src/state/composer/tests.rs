//! Editing, one row a case: the text before, the edits, the text after; `|` is the cursor.

use proptest::prelude::*;

use super::*;

fn composer(marked: &str) -> Composer {
    let cursor = marked.find('|').unwrap();
    Composer { text: marked.replacen('|', "", 1), cursor, ..Composer::default() }
}

fn marked(composer: &Composer) -> String {
    let mut text = composer.text.clone();
    text.insert(composer.cursor, '|');
    text
}

#[test]
fn edits() {
    use Edit::{
        Backspace, Delete, DeleteToEnd, DeleteToHome, DeleteWord, DeleteWordRight, Down, End, Home, Left, Newline,
        Right, Up, WordLeft, WordRight,
    };
    for (before, edits, after) in [
        ("ab|", &[Left][..], "a|b"),
        ("|ab", &[Left], "|ab"),
        ("ab|", &[Right], "ab|"),
        ("e\u{301}|x", &[Left], "|e\u{301}x"),
        ("👩\u{200d}👩\u{200d}👧|", &[Backspace], "|"),
        ("🇩🇪🇫🇷|", &[Backspace], "🇩🇪|"),
        ("日|本", &[Delete], "日|"),
        ("one two-three|", &[WordLeft], "one two-|three"),
        ("one two  |", &[WordLeft], "one |two  "),
        ("|one two", &[WordRight], "one| two"),
        ("one| two", &[WordRight], "one two|"),
        ("one two|", &[DeleteWord], "one |"),
        ("one |two x", &[DeleteWordRight], "one | x"),
        ("a\nbc|d", &[Home], "a\n|bcd"),
        ("a\nb|cd", &[End], "a\nbcd|"),
        ("a\nbc|d", &[DeleteToHome], "a\n|d"),
        ("a|b\nc", &[DeleteToEnd], "a|\nc"),
        ("a|\nc", &[DeleteToEnd], "a|c"),
        ("a|b", &[Newline], "a\n|b"),
        ("abc\nd\nefg|", &[Up], "abc\nd|\nefg"),
        ("ab|c\n日本", &[Down], "abc\n日|本"),
        ("a|bc", &[Up], "|abc"),
        ("a|bc", &[Down], "abc|"),
        ("|", &[Backspace, Delete, DeleteWord, WordLeft, WordRight, Up, Down], "|"),
    ] {
        let mut it = composer(before);
        edits.iter().for_each(|edit| it.edit(*edit));
        assert_eq!(marked(&it), after, "{before:?} {edits:?}");
    }
}

#[test]
fn the_history_is_walked_at_the_edges_and_the_draft_comes_back() {
    let mut it = Composer::default();
    for text in ["first", "second\nline", "second\nline", " "] {
        it.set(text);
        it.take();
    }
    it.set("draft");
    it.edit(Edit::Up);
    assert_eq!(marked(&it), "second\nline|");
    it.edit(Edit::Up);
    assert_eq!(marked(&it), "seco|nd\nline", "inside a text the cursor moves first");
    it.edit(Edit::Up);
    assert_eq!(marked(&it), "first|");
    it.edit(Edit::Up);
    assert_eq!(marked(&it), "|first", "there is none before the first");
    it.edit(Edit::Down);
    it.edit(Edit::Down);
    assert_eq!(marked(&it), "draft|");
}

#[test]
fn a_paste_keeps_its_lines() {
    let mut it = composer("a|b");
    it.insert("1\r\n2\r3\t4");
    assert_eq!(marked(&it), "a1\n2\n3\t4|b");
}

#[test]
fn what_comes_back_stands_before_what_is_written() {
    let mut it = composer("dr|aft");
    it.put_before("queued");
    assert_eq!(marked(&it), "queued\n\ndr|aft");
}

#[test]
fn what_other_panes_write_does_not_run_into_what_is_written() {
    for (before, text, after) in [
        ("|", "@a:1 ", "@a:1 |"),
        ("hello|", "@a:1 ", "hello @a:1 |"),
        ("hello |", "@a:1 ", "hello @a:1 |"),
        ("hel|lo", "@a:1 ", "hel @a:1 |lo"),
        ("hello|", "@a:1\n> b\n\n", "hello\n@a:1\n> b\n\n|"),
        ("hello |", "@a:1\n> b\n\n", "hello \n@a:1\n> b\n\n|"),
        ("hello\n|", "@a:1\n> b\n\n", "hello\n@a:1\n> b\n\n|"),
    ] {
        let mut it = composer(before);
        it.insert_apart(text);
        assert_eq!(marked(&it), after, "{before:?}");
    }
}

proptest! {
    #[test]
    fn the_cursor_is_always_between_graphemes(
        steps in prop::collection::vec((0_usize..17, prop::sample::select(vec!["a", " ", "\n", "e", "\u{301}", "👩", "\u{200d}", "🇩", "日"])), 0..60)
    ) {
        let edits = [
            Edit::Left, Edit::Right, Edit::WordLeft, Edit::WordRight, Edit::Home, Edit::End, Edit::Up, Edit::Down,
            Edit::Backspace, Edit::Delete, Edit::DeleteWord, Edit::DeleteWordRight, Edit::DeleteToHome,
            Edit::DeleteToEnd, Edit::Newline,
        ];
        let mut it = Composer::default();
        for (index, text) in steps {
            match edits.get(index) {
                Some(edit) => it.edit(*edit),
                None => it.insert(text),
            }
            let boundary = it.cursor == it.text.len() || it.text.grapheme_indices(true).any(|(at, _)| at == it.cursor);
            prop_assert!(boundary, "{:?} at {}", it.text, it.cursor);
        }
    }
}
