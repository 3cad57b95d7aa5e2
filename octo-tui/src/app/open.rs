//! Opening what the conversation names: places in files, changes, terminals; here or in the person's own editor.

use octo_proto::id::ToolCallId;

use super::{App, effect::Effect};
use crate::{
    editor::Way,
    pane::{Place, Showing, diff::DiffPane, terminal::TerminalPane},
    state::{
        hints::{Hints, Typed},
        overlay::Overlay,
    },
    text::anchor::Target,
    transcript::Content,
};

impl App {
    /// Puts letters beside what can be opened in the conversation.
    pub(super) fn show_hints(&mut self) {
        match Hints::of(self.open.transcript.window()) {
            Some(hints) => self.overlay = Some(Overlay::Hints(hints)),
            None => self.say("nothing in sight can be opened"),
        }
    }

    /// A letter of a label was typed; a capital one asks for the person's own editor.
    pub(super) fn on_hint(&mut self, mut hints: Hints, c: char) {
        self.overlay = None;
        match hints.on_typed(c) {
            Typed::More => self.overlay = Some(Overlay::Hints(hints)),
            Typed::Nothing => {}
            Typed::Chosen(target) => {
                self.open_target(target, if c.is_uppercase() { Showing::Editor } else { Showing::File });
            }
        }
    }

    /// Opens what a part of the conversation names. What is not in the workspace is asked about first.
    pub(super) fn open_target(&mut self, target: Target, showing: Showing) {
        match target {
            Target::Place(place) if place.path.starts_with('/') => {
                self.overlay = Some(Overlay::Outside { place, showing });
            }
            Target::Place(place) => self.open_place(place, showing),
            Target::Diff(id, place) if showing == Showing::File => self.open_change(&id, place.path),
            Target::Diff(_, place) => self.open_place(place, showing),
            Target::Terminal(id) => self.show_terminal(id),
        }
    }

    /// Shows what a tool call changed; where that is not known, how its file differs now.
    fn open_change(&mut self, id: &ToolCallId, path: String) {
        let content = Content::of(&self.open, &self.gallery);
        let unified = content.outcome(id).and_then(|outcome| outcome.diff).map(str::to_owned);
        match unified {
            Some(unified) => self.put_where_room_is(Box::new(DiffPane::of_text(path, &unified))),
            None => self.open_changes(path),
        }
    }

    /// Opens a place in the person's own editor.
    pub(super) fn open_in_editor(&mut self, place: &Place) {
        let path = if place.path.starts_with('/') {
            place.path.clone()
        } else {
            format!("{}/{}", self.open.cwd().trim_end_matches('/'), place.path)
        };
        match self.options.editor.way(&path, place.line) {
            Ok(Way::Run(words)) => self.effects.push(Effect::Run(words)),
            Ok(Way::Pane(words)) => self.put_where_room_is(Box::new(TerminalPane::open(words))),
            Err(why) => self.complain_of(why),
        }
    }
}
