//! The keys of panes, and those after the prefix.

use crossterm::event::{KeyCode, KeyModifiers};

use super::{ALT, Action, Binding, CTRL, Context, LayoutAction, NONE, SHIFT, bind};
use crate::{
    pane::PaneAction,
    state::layout::{Axis, Direction},
};

/// The keys of panes; a terminal has none, since all are its program's.
pub const BINDINGS: &[Binding] = {
    use Action as A;
    use Context::{Diff, File, Picture, Tree};
    use KeyCode as K;
    use PaneAction as P;
    &[
        bind(Tree, &[(NONE, K::Up), (NONE, K::Char('k'))], "Up k", A::Pane(P::Step(-1)), "the line before"),
        bind(Tree, &[(NONE, K::Down), (NONE, K::Char('j'))], "Down j", A::Pane(P::Step(1)), "the next line"),
        bind(Tree, &[(NONE, K::PageUp), (CTRL, K::Char('u'))], "PageUp", A::Pane(P::Pages(-1)), "a page up"),
        bind(
            Tree,
            &[(NONE, K::PageDown), (CTRL, K::Char('d')), (NONE, K::Char(' '))],
            "PageDown",
            A::Pane(P::Pages(1)),
            "a page down",
        ),
        bind(Tree, &[(NONE, K::Home), (NONE, K::Char('g'))], "Home g", A::Pane(P::Top), "to the first line"),
        bind(Tree, &[(NONE, K::End), (NONE, K::Char('G'))], "End G", A::Pane(P::Bottom), "to the last line"),
        bind(
            Tree,
            &[(NONE, K::Left), (NONE, K::Char('h'))],
            "Left h",
            A::Pane(P::Left),
            "fold; to the directory above",
        ),
        bind(Tree, &[(NONE, K::Right), (NONE, K::Char('l'))], "Right l", A::Pane(P::Right), "unfold; open the file"),
        bind(Tree, &[(NONE, K::Enter)], "Enter", A::Pane(P::Open), "unfold or fold; open the file"),
        bind(Tree, &[(NONE, K::Char('d'))], "d", A::Pane(P::Diff), "what was changed in it"),
        bind(Tree, &[(NONE, K::Char('e'))], "e", A::Pane(P::Edit), "open in your editor"),
        bind(Tree, &[(NONE, K::Char('.'))], ".", A::Pane(P::Hidden), "show or hide hidden and ignored files"),
        bind(Tree, &[(NONE, K::Char('/'))], "/", A::Pane(P::Find), "find a file by parts of its name"),
        bind(Tree, &[(NONE, K::Esc)], "Esc", A::Pane(P::Back), "leave the search"),
        bind(Tree, &[(NONE, K::Char('R'))], "R", A::Pane(P::Refresh), "look again"),
        bind(File, &[(NONE, K::Up), (NONE, K::Char('k'))], "Up k", A::Pane(P::Step(-1)), "the line before"),
        bind(File, &[(NONE, K::Down), (NONE, K::Char('j'))], "Down j", A::Pane(P::Step(1)), "the next line"),
        bind(File, &[(NONE, K::PageUp), (CTRL, K::Char('u'))], "PageUp", A::Pane(P::Pages(-1)), "a page up"),
        bind(
            File,
            &[(NONE, K::PageDown), (CTRL, K::Char('d')), (NONE, K::Char(' '))],
            "PageDown",
            A::Pane(P::Pages(1)),
            "a page down",
        ),
        bind(File, &[(NONE, K::Home), (NONE, K::Char('g'))], "Home g", A::Pane(P::Top), "to the first line"),
        bind(File, &[(NONE, K::End), (NONE, K::Char('G'))], "End G", A::Pane(P::Bottom), "to the last line"),
        bind(File, &[(NONE, K::Left), (NONE, K::Char('h'))], "Left h", A::Pane(P::Left), "scroll to the left"),
        bind(File, &[(NONE, K::Right), (NONE, K::Char('l'))], "Right l", A::Pane(P::Right), "scroll to the right"),
        bind(File, &[(NONE, K::Char('w'))], "w", A::Pane(P::Switch), "break long lines, or do not"),
        bind(File, &[(NONE, K::Char('/'))], "/", A::Pane(P::Find), "search"),
        bind(File, &[(NONE, K::Char('n'))], "n", A::Pane(P::FindNext(1)), "the next match"),
        bind(File, &[(NONE, K::Char('N'))], "N", A::Pane(P::FindNext(-1)), "the match before"),
        bind(File, &[(NONE, K::Esc)], "Esc", A::Pane(P::Back), "leave the search"),
        bind(File, &[(NONE, K::Enter)], "Enter", A::Pane(P::Open), "write about the line"),
        bind(File, &[(NONE, K::Char('c'))], "c", A::Pane(P::Comment), "write about the line"),
        bind(File, &[(NONE, K::Char('d'))], "d", A::Pane(P::Diff), "what was changed in it"),
        bind(File, &[(NONE, K::Char('e'))], "e", A::Pane(P::Edit), "open in your editor at the line"),
        bind(File, &[(NONE, K::Char('R'))], "R", A::Pane(P::Refresh), "look again"),
        bind(Picture, &[(NONE, K::Char('e'))], "e", A::Pane(P::Edit), "open in your editor"),
        bind(Picture, &[(NONE, K::Char('R'))], "R", A::Pane(P::Refresh), "look again"),
        bind(Diff, &[(NONE, K::Up), (NONE, K::Char('k'))], "Up", A::Pane(P::Step(-1)), "a line up"),
        bind(Diff, &[(NONE, K::Down), (NONE, K::Char('j'))], "Down", A::Pane(P::Step(1)), "a line down"),
        bind(Diff, &[(SHIFT, K::Up), (NONE, K::Char('K'))], "Shift+Up", A::Pane(P::Extend(-1)), "choose lines upwards"),
        bind(
            Diff,
            &[(SHIFT, K::Down), (NONE, K::Char('J'))],
            "Shift+Down",
            A::Pane(P::Extend(1)),
            "choose lines downwards",
        ),
        bind(Diff, &[(NONE, K::Char('v'))], "v", A::Pane(P::Mark), "begin or end to choose several lines"),
        bind(Diff, &[(NONE, K::PageUp)], "PageUp", A::Pane(P::Pages(-1)), "a page up"),
        bind(Diff, &[(NONE, K::PageDown), (NONE, K::Char(' '))], "PageDown", A::Pane(P::Pages(1)), "a page down"),
        bind(Diff, &[(NONE, K::Home), (NONE, K::Char('g'))], "Home", A::Pane(P::Top), "to the beginning"),
        bind(Diff, &[(NONE, K::End), (NONE, K::Char('G'))], "End", A::Pane(P::Bottom), "to the end"),
        bind(Diff, &[(NONE, K::Char('n')), (NONE, K::Char(']'))], "n ]", A::Pane(P::Hunk(1)), "the next hunk"),
        bind(Diff, &[(NONE, K::Char('p')), (NONE, K::Char('['))], "p [", A::Pane(P::Hunk(-1)), "the hunk before"),
        bind(Diff, &[(NONE, K::Char('N')), (NONE, K::Char('}'))], "N }", A::Pane(P::File(1)), "the next file"),
        bind(Diff, &[(NONE, K::Char('P')), (NONE, K::Char('{'))], "P {", A::Pane(P::File(-1)), "the file before"),
        bind(Diff, &[(NONE, K::Left), (NONE, K::Char('h'))], "Left", A::Pane(P::Left), "fold the file"),
        bind(Diff, &[(NONE, K::Right), (NONE, K::Char('l'))], "Right", A::Pane(P::Right), "unfold it"),
        bind(Diff, &[(NONE, K::Char('t'))], "t", A::Pane(P::Switch), "both sides beside each other, or in one"),
        bind(Diff, &[(NONE, K::Enter), (NONE, K::Char('o'))], "Enter", A::Pane(P::Open), "open the file at this line"),
        bind(Diff, &[(NONE, K::Char('e'))], "e", A::Pane(P::Edit), "open it in your editor"),
        bind(Diff, &[(NONE, K::Char('s'))], "s", A::Pane(P::Stage), "stage the hunk, or on a name the file"),
        bind(Diff, &[(NONE, K::Char('u'))], "u", A::Pane(P::Unstage), "take it back from what is staged"),
        bind(Diff, &[(NONE, K::Char('r'))], "r", A::Pane(P::Revert), "revert it, asked once more"),
        bind(Diff, &[(NONE, K::Char('c'))], "c", A::Pane(P::Comment), "write about the chosen lines"),
        bind(Diff, &[(NONE, K::Char('R')), (NONE, K::F(5))], "R F5", A::Pane(P::Refresh), "look again"),
        bind(Diff, &[(NONE, K::Esc), (NONE, K::Char('q'))], "Esc", A::Pane(P::Back), "choose nothing; close"),
    ]
};

/// The keys after the prefix.
pub const PREFIXED: &[Binding] = {
    use Context::Prefix;
    use Direction::{Down, Left, Right, Up};
    use KeyCode as K;
    use LayoutAction as L;
    const fn key(
        keys: &'static [(KeyModifiers, KeyCode)],
        label: &'static str,
        action: LayoutAction,
        about: &'static str,
    ) -> Binding {
        bind(Prefix, keys, label, Action::Layout(action), about)
    }
    &[
        key(&[(NONE, K::Char('t'))], "t", L::Terminal(None), "a terminal, beside this pane"),
        key(
            &[(NONE, K::Char('|')), (NONE, K::Char('v')), (NONE, K::Char('%'))],
            "| v",
            L::Terminal(Some(Axis::Columns)),
            "a terminal to the right",
        ),
        key(
            &[(NONE, K::Char('-')), (NONE, K::Char('s')), (NONE, K::Char('"'))],
            "- s",
            L::Terminal(Some(Axis::Rows)),
            "a terminal below",
        ),
        key(&[(NONE, K::Char('c'))], "c", L::Tab, "a terminal in a new tab"),
        key(&[(NONE, K::Char('f'))], "f", L::Tree, "the files"),
        key(&[(NONE, K::Char('a'))], "a", L::Attach, "show a terminal that runs"),
        key(&[(NONE, K::Char('g'))], "g", L::Changes, "what was changed"),
        key(&[(NONE, K::Char('i')), (NONE, K::Esc)], "i Esc", L::Chat, "to the conversation"),
        key(&[(NONE, K::Left), (NONE, K::Char('h'))], "Left h", L::Focus(Left), "to the pane on the left"),
        key(&[(NONE, K::Down), (NONE, K::Char('j'))], "Down j", L::Focus(Down), "to the pane below"),
        key(&[(NONE, K::Up), (NONE, K::Char('k'))], "Up k", L::Focus(Up), "to the pane above"),
        key(&[(NONE, K::Right), (NONE, K::Char('l'))], "Right l", L::Focus(Right), "to the pane on the right"),
        key(&[(NONE, K::Char('o')), (NONE, K::Tab)], "o Tab", L::Cycle(1), "to the next pane"),
        key(&[(SHIFT, K::BackTab), (NONE, K::BackTab)], "Shift+Tab", L::Cycle(-1), "to the pane before"),
        key(&[(CTRL, K::Left), (NONE, K::Char('H'))], "Ctrl+Left H", L::Resize(Left), "move the border to the left"),
        key(&[(CTRL, K::Down), (NONE, K::Char('J'))], "Ctrl+Down J", L::Resize(Down), "move it down"),
        key(&[(CTRL, K::Up), (NONE, K::Char('K'))], "Ctrl+Up K", L::Resize(Up), "move it up"),
        key(&[(CTRL, K::Right), (NONE, K::Char('L'))], "Ctrl+Right L", L::Resize(Right), "move it to the right"),
        key(&[(SHIFT, K::Left)], "Shift+Left", L::Move(Left), "move the pane to the left"),
        key(&[(SHIFT, K::Down)], "Shift+Down", L::Move(Down), "move it down"),
        key(&[(SHIFT, K::Up)], "Shift+Up", L::Move(Up), "move it up"),
        key(&[(SHIFT, K::Right)], "Shift+Right", L::Move(Right), "move it to the right"),
        key(&[(NONE, K::Char('z'))], "z", L::Zoom, "this pane alone, or all again"),
        key(&[(NONE, K::Char('x'))], "x", L::Close, "close the pane; its terminal goes on"),
        key(&[(NONE, K::Char('X'))], "X", L::End, "end the terminal with all that runs in it"),
        key(&[(NONE, K::Char('n'))], "n", L::Step(1), "the next tab"),
        key(&[(NONE, K::Char('p'))], "p", L::Step(-1), "the tab before"),
        key(&[(NONE, K::Char('1'))], "1 to 9", L::Show(1), "the tab at this place"),
        key(&[(NONE, K::Char('w'))], "w", L::Pane(PaneAction::Take), "write in this terminal"),
        key(&[(NONE, K::PageUp)], "PageUp", L::Pane(PaneAction::Pages(-1)), "scroll a terminal up"),
        key(&[(NONE, K::PageDown)], "PageDown", L::Pane(PaneAction::Pages(1)), "scroll it down"),
        key(
            &[(NONE, K::Char('u')), (ALT, K::Char('l'))],
            "u Alt+L",
            L::Hints,
            "open what a terminal names, by letters",
        ),
        key(&[(NONE, K::Char(' ')), (NONE, K::Char(':'))], "Space :", L::Palette, "everything that can be done"),
        key(&[(NONE, K::Char('d')), (NONE, K::Char('q'))], "d q", L::Quit, "leave; everything goes on"),
    ]
};
