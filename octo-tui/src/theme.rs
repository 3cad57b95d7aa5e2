//! The roles that text can have on the screen, in the sixteen colours that every terminal has set to its owner's taste.

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;

use crate::syntax::Token;

/// Which colours are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThemeName {
    /// The terminal's own sixteen.
    #[default]
    Ansi,
    /// None: bold, dim and underlined only.
    Mono,
}

/// A style for each role.
#[derive(Clone, Copy, Debug)]
pub struct Theme {
    /// Plain text.
    pub text: Style,
    /// What matters less: hints, ages, folded things.
    pub dim: Style,
    /// What is looked for first: titles, headings.
    pub strong: Style,
    /// What belongs to the person: their messages, the focus.
    pub accent: Style,
    /// Code in a line of text.
    pub code: Style,
    /// Links.
    pub link: Style,
    /// What went well.
    pub good: Style,
    /// What waits for someone.
    pub warn: Style,
    /// What failed.
    pub bad: Style,
    /// The chosen line of a list.
    pub chosen: Style,
    /// The title of the pane that has the keys.
    pub title: Style,
    /// Borders without the focus.
    pub border: Style,
    /// Parts of source text.
    pub syntax: Syntax,
}

/// A style for each kind of part of a source text.
#[derive(Clone, Copy, Debug, Default)]
pub struct Syntax {
    comment: Style,
    string: Style,
    constant: Style,
    keyword: Style,
    function: Style,
    types: Style,
}

impl Syntax {
    /// How such a part looks.
    #[must_use]
    pub fn of(&self, token: Token) -> Style {
        match token {
            Token::Plain => Style::new(),
            Token::Comment => self.comment,
            Token::String => self.string,
            Token::Constant => self.constant,
            Token::Keyword => self.keyword,
            Token::Function => self.function,
            Token::Type => self.types,
        }
    }
}

impl Theme {
    /// The theme of this name.
    #[must_use]
    pub fn named(name: ThemeName) -> Self {
        let plain = Style::new();
        let dim = plain.add_modifier(Modifier::DIM);
        let bold = plain.add_modifier(Modifier::BOLD);
        // Where it is dim too, some terminals make it unreadable.
        let reversed = plain.add_modifier(Modifier::REVERSED).remove_modifier(Modifier::DIM);
        let mono = Self {
            text: plain,
            dim,
            strong: bold,
            accent: bold,
            code: plain.add_modifier(Modifier::BOLD),
            link: plain.add_modifier(Modifier::UNDERLINED),
            good: plain,
            warn: bold,
            bad: bold,
            chosen: reversed,
            title: bold.add_modifier(Modifier::REVERSED),
            border: dim,
            syntax: Syntax::default(),
        };
        match name {
            ThemeName::Mono => mono,
            ThemeName::Ansi => Self {
                accent: plain.fg(Color::Cyan),
                title: bold.fg(Color::Black).bg(Color::Cyan),
                code: plain.fg(Color::Yellow),
                link: plain.fg(Color::Blue).add_modifier(Modifier::UNDERLINED),
                good: plain.fg(Color::Green),
                warn: plain.fg(Color::Yellow),
                bad: plain.fg(Color::Red),
                syntax: Syntax {
                    comment: dim,
                    string: plain.fg(Color::Green),
                    constant: plain.fg(Color::Yellow),
                    keyword: plain.fg(Color::Magenta),
                    function: plain.fg(Color::Blue),
                    types: plain.fg(Color::Cyan),
                },
                ..mono
            },
        }
    }
}
