//! Operating system commands, and what they tell.

use super::{Case, case};
use crate::emulator::{Notice, notice::MarkKind};

fn told(name: &'static str, input: &str, notices: Vec<Notice>) -> Case {
    case(name, input, "", (1, 1)).notices(notices)
}

pub(super) fn cases() -> Vec<Case> {
    let mark = |kind, exit| vec![Notice::Mark { kind, exit }];
    let title = |title: &str| Notice::Title { title: title.to_owned() };
    let notification =
        |title: &str, body: &str| vec![Notice::Notification { title: title.to_owned(), body: body.to_owned() }];
    vec![
        told("a title", "^]2;hello^\\", vec![title("hello")]).has("hello".to_owned(), |picture| picture.title.clone()),
        told("a title ended by BEL", "^]0;hello\x07", vec![title("hello")]),
        told("a title with what separates parameters", "^]2;a;b^\\", vec![title("a;b")]),
        told("only the last title is told", "^]2;a^\\^]2;b^\\", vec![title("b")]),
        told("no control characters in a title", "^]2;a\u{85}b^\\", vec![title("ab")]),
        told("the name of the icon is nothing", "^]1;a^\\", vec![]),
        told("a title that is kept and comes back", "^]2;a^\\^[22;2t^]2;b^\\^[23;2t", vec![title("a")]),
        told("a title from no stack", "^]2;a^\\^[23;2t", vec![title("a")]),
        told("titles wait their turn", "^]2;a^\\^[22t^]2;b^\\", vec![title("b")])
            .has(vec!["a".to_owned()], |picture| picture.titles.clone()),
        told("the directory", "^]7;file://h/tmp^\\", vec![Notice::Directory { uri: "file://h/tmp".to_owned() }]),
        told("the bell", "\x07\x07", vec![Notice::Bell]),
        told("text for the clipboard", "^]52;c;aGVsbG8=^\\", vec![Notice::Copy { text: "hello".to_owned() }]),
        told("text for the selection", "^]52;p;aGVsbG8=\x07", vec![Notice::Copy { text: "hello".to_owned() }]),
        told("no base64 is not copied", "^]52;c;a^\\", vec![]),
        told("no text is not copied", "^]52;c;/w==^\\", vec![]),
        told("a notification by 9", "^]9;done^\\", notification("", "done")),
        told("progress is no notification", "^]9;4;1;50^\\", vec![]),
        told("a notification by 99", "^]99;i=1;done^\\", notification("", "done")),
        told("a notification by 777", "^]777;notify;build;done^\\", notification("build", "done")),
        told("something else by 777", "^]777;else;build;done^\\", vec![]),
        told("a prompt", "^]133;A^\\", mark(MarkKind::Prompt, None)),
        told("a command", "^]133;B^\\", mark(MarkKind::Command, None)),
        told("its output", "^]133;C^\\", mark(MarkKind::Output, None)),
        told("its end", "^]133;D;1^\\", mark(MarkKind::End, Some(1))),
        told("its end without a status", "^]133;D^\\", mark(MarkKind::End, None)),
        told("the mouse is wanted", "^[?1002h", vec![Notice::Input]),
        told("how things are drawn is not told", "^[?25l^[?7l", vec![]),
        told("a command that nobody knows", "^]4242;x^\\^]x^\\^]^\\", vec![]),
        case("a command cut off by CAN", "^]2;a\x18b", "b", (1, 2))
            .has("a".to_owned(), |picture| picture.title.clone()),
        case("a command cut off by a sequence", "^]2;a^[1;3Hb", "  b", (1, 4)),
    ]
}
