//! Opening what the conversation names: places in files, changes, terminals; here or in the person's own editor.

use octo_proto::id::ToolCallId;

use super::{App, effect::Effect};
use crate::{
    editor::Way,
    pane::{Place, Showing, diff::DiffPane, terminal::TerminalPane},
    state::{
        hints::{Hints, Typed},
        layout::CHAT,
        overlay::Overlay,
    },
    text::{
        address::{Leads, leads},
        anchor::Target,
        clean::clean_line,
    },
    transcript::Content,
};

impl App {
    /// Puts letters beside what can be opened in the pane that has the keys; where that has nothing, in the conversation.
    pub(super) fn show_hints(&mut self) {
        let focus = self.workspace.layout.tab().focus;
        let links = self.workspace.focused().map(|pane| pane.links(&self.workspace.root)).unwrap_or_default();
        let own = Hints::of(focus, links.iter().map(|(row, anchor)| (usize::from(*row), anchor)));
        let chat = || {
            let rows = self.open.transcript.window().iter().enumerate().filter(|_| self.areas.has_chat());
            Hints::of(CHAT, rows.flat_map(|(row, it)| it.anchors.iter().map(move |anchor| (row, anchor))))
        };
        match own.or_else(chat) {
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
            Target::Address(address) => self.open_address(address, showing),
        }
    }

    /// A file of this machine is shown; what is for a browser goes to the clipboard, since that is where the person is.
    fn open_address(&mut self, address: String, showing: Showing) {
        match leads(&address, &self.options.host, &self.workspace.root) {
            Leads::Here(place) => self.open_target(Target::Place(place), showing),
            Leads::Away(host) => {
                let host = clean_line(&host);
                self.complain_of(format!("this file is on {host}; only those of this machine can be opened here"));
            }
            Leads::Nowhere => self.complain_of(format!("{} names no file", clean_line(&address))),
            Leads::Web => {
                self.say(format!("sent to the clipboard: {}", clean_line(&address)));
                self.effects.push(Effect::Copy(address));
            }
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
