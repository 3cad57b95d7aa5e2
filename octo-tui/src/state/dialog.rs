//! The answer to a question while it is being made.

use octo_proto::{
    id::RequestId,
    session::{Answer, InputKind, InputRequest},
};

use super::composer::Composer;

/// A question that appears within this time of a key takes no focus: the key was meant for something else.
pub const QUIET_MS: i64 = 700;

/// One question, and how far its answer is.
#[derive(Clone, Debug)]
pub struct Dialog {
    /// The question.
    pub request: InputRequest,
    /// Whether keys go to it.
    pub focused: bool,
    /// The option that the cursor is on. None until a person moved it, where Enter alone must not agree.
    pub chosen: Option<usize>,
    /// The text, where one is asked for.
    pub editor: Composer,
    /// Whether an answer is on its way.
    pub answered: bool,
}

impl Dialog {
    /// The dialog of a question. `calm`: the composer is empty and no key was pressed of late.
    #[must_use]
    pub fn new(request: InputRequest, calm: bool) -> Self {
        let editor = match request.kind {
            InputKind::Editor => Composer::with_text(request.prefill.as_deref().unwrap_or_default()),
            _ => Composer::default(),
        };
        let chosen = match request.kind {
            InputKind::Select => Some(0),
            InputKind::Permission | InputKind::Confirm | InputKind::Input | InputKind::Editor => None,
        };
        Self { request, focused: calm, chosen, editor, answered: false }
    }

    /// Whether the answer is text.
    #[must_use]
    pub fn is_text(&self) -> bool {
        matches!(self.request.kind, InputKind::Input | InputKind::Editor)
    }

    /// What can be chosen.
    #[must_use]
    pub fn labels(&self) -> Vec<&str> {
        match self.request.kind {
            InputKind::Confirm => vec!["Yes", "No"],
            _ => self.request.options.iter().map(|option| option.label.as_str()).collect(),
        }
    }

    /// Moves the choice.
    pub fn step(&mut self, by: i32) {
        let count = self.labels().len();
        if count == 0 {
            return;
        }
        self.chosen = Some(match self.chosen {
            None => 0,
            Some(at) if by < 0 => (at + count - 1) % count,
            Some(at) => (at + 1) % count,
        });
    }

    /// Chooses by the key of an option: its number, or `y` and `n`.
    pub fn choose(&mut self, key: char) -> Option<Answer> {
        let at = match (self.request.kind, key) {
            (InputKind::Confirm, 'y' | 'Y') => 0,
            (InputKind::Confirm, 'n' | 'N') => 1,
            _ => (key.to_digit(10)? as usize).checked_sub(1)?,
        };
        (at < self.labels().len()).then(|| self.chosen = Some(at))?;
        self.answer()
    }

    /// The answer as it stands; none where nothing is chosen yet.
    #[must_use]
    pub fn answer(&self) -> Option<Answer> {
        match self.request.kind {
            InputKind::Input | InputKind::Editor => Some(Answer::Value(self.editor.text().to_owned())),
            InputKind::Confirm => Some(Answer::Confirmed(self.chosen? == 0)),
            InputKind::Permission | InputKind::Select => {
                Some(Answer::Value(self.request.options.get(self.chosen?)?.value.clone()))
            }
        }
    }

    /// Whether this is the dialog of that question.
    #[must_use]
    pub fn is_of(&self, id: &RequestId) -> bool {
        self.request.request_id == *id
    }
}
