//! The panes that show files: the tree, and what is opened from it or from elsewhere.

use super::App;
use crate::{
    pane::{
        Kept, PaneInput, Place, Showing,
        file::FilePane,
        image::{ImagePane, is_picture},
        tree::TreePane,
    },
    state::layout::PaneId,
    syntax::Tokens,
};

/// Columns that a tree gets where there is room.
const TREE: u32 = 30;

impl App {
    /// Shows the tree of the workspace's files, or gives it the keys where it is shown.
    pub(super) fn open_tree(&mut self) {
        if self.workspace.root.is_empty() {
            self.say("no folder is open yet");
        } else if self.focus_where(|kept| matches!(kept, Kept::Tree { .. })).is_none() {
            let percent = TREE * 100 / u32::from(self.size.0.max(1));
            let pane = Box::new(TreePane::new(false, Vec::new(), String::new()));
            self.put_pane(pane, |workspace, id| workspace.layout.tab_mut().split_left(id, percent.clamp(15, 50)));
        }
    }

    /// Shows a place of the workspace.
    pub(super) fn open_place(&mut self, place: Place, showing: Showing) {
        match showing {
            Showing::File if is_picture(&place.path) => self.show_picture(place.path),
            Showing::File => self.show_file(place),
            Showing::Diff => self.open_changes(place.path),
            Showing::Editor => self.open_in_editor(&place),
        }
    }

    /// In the pane that shows the file, else in one of this tab that shows another, else in a new one.
    fn show_file(&mut self, place: Place) {
        let shows = |kept: &Kept| matches!(kept, Kept::File { place: other } if other.path == place.path);
        let found = self.focus_where(shows).or_else(|| self.file_pane());
        match found {
            Some(id) => {
                self.focus_pane(id);
                self.tell_pane(id, PaneInput::Place(&place));
            }
            None => self.put_where_room_is(Box::new(FilePane::new(place))),
        }
    }

    fn show_picture(&mut self, path: String) {
        let is_it = |kept: &Kept| matches!(kept, Kept::Image { path: other } if *other == path);
        if self.focus_where(is_it).is_none() {
            self.put_where_room_is(Box::new(ImagePane::new(path)));
        }
    }

    fn file_pane(&self) -> Option<PaneId> {
        let is_file = |id: &PaneId| matches!(self.workspace.panes.get(id)?.kept()?, Kept::File { .. }).then_some(*id);
        self.workspace.layout.tab().panes().iter().find_map(is_file)
    }

    /// It is known what the parts of a text are.
    pub(super) fn on_highlighted(&mut self, pane: PaneId, number: u64, tokens: &Tokens) {
        self.tell_pane(pane, PaneInput::Highlighted(number, tokens));
    }
}
