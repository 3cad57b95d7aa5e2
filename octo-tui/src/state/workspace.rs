//! A folder with the panes that are open in it.

use std::collections::BTreeMap;

use octo_proto::id::TerminalId;
use serde::{Deserialize, Serialize};

use super::layout::{CHAT, Layout, PaneId, Places};
use crate::pane::{
    Kept, Pane, diff::DiffPane, file::FilePane, image::ImagePane, terminal::TerminalPane, tree::TreePane,
};

/// The form of what is kept.
const VERSION: u32 = 1;

/// The most panes that are brought back.
const MOST: usize = 64;

/// The highest number of a pane that is brought back: behind it there are more than will ever be drawn.
const HIGHEST: u32 = u32::MAX / 2;

/// A workspace.
#[derive(Debug)]
pub struct Workspace {
    /// Its folder, an absolute path; empty while it is not known.
    pub root: String,
    /// How the screen is divided.
    pub layout: Layout,
    /// The panes beside the conversation.
    pub panes: BTreeMap<PaneId, Box<dyn Pane>>,
    /// Where they are, as of the last drawing.
    pub places: Places,
    /// Whether what was kept of it is known.
    pub loaded: bool,
    /// What was kept of it last.
    saved: Option<String>,
    next: u32,
}

/// What is kept of a workspace.
#[derive(Serialize, Deserialize)]
struct File {
    version: u32,
    root: String,
    layout: Layout,
    panes: Vec<(PaneId, Kept)>,
}

impl Workspace {
    /// A workspace with nothing but the conversation.
    #[must_use]
    pub fn new(root: &str) -> Self {
        Self {
            root: root.to_owned(),
            layout: Layout::default(),
            panes: BTreeMap::new(),
            places: Places::default(),
            loaded: false,
            saved: None,
            next: CHAT.0 + 1,
        }
    }

    /// A number for a new pane.
    pub fn draw(&mut self) -> PaneId {
        self.next += 1;
        PaneId(self.next - 1)
    }

    /// The pane that has the keys; none where it is the conversation.
    #[must_use]
    pub fn focused(&self) -> Option<&dyn Pane> {
        self.panes.get(&self.layout.tab().focus).map(AsRef::as_ref)
    }

    /// Whether the conversation is the only pane.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.panes.is_empty()
    }

    /// What is to be kept, where it is not what was kept last.
    pub fn to_keep(&mut self) -> Option<String> {
        if !self.loaded || self.root.is_empty() {
            return None;
        }
        let panes: Vec<(PaneId, Kept)> =
            self.panes.iter().filter_map(|(id, pane)| Some((*id, pane.kept()?))).take(MOST).collect();
        let mut layout = self.layout.clone();
        layout.repair(|id| id == CHAT || panes.iter().any(|(kept, _)| *kept == id));
        let file = File { version: VERSION, root: self.root.clone(), layout, panes };
        let text = serde_json::to_string(&file).ok()?;
        if self.saved.as_ref() == Some(&text) || self.saved.is_none() && file.panes.is_empty() {
            return None;
        }
        self.saved = Some(text.clone());
        Some(text)
    }

    /// Takes back what was kept. What cannot be understood is left: the conversation is always there.
    pub fn restore(&mut self, text: &str) {
        let Ok(file) = serde_json::from_str::<File>(text) else { return };
        if file.version != VERSION || file.root != self.root || !self.is_plain() {
            return;
        }
        let panes = file.panes.into_iter().filter(|(id, _)| *id != CHAT && id.0 <= HIGHEST);
        for (id, kept) in panes.take(MOST) {
            if let Some(pane) = revive(kept) {
                self.panes.insert(id, pane);
            }
        }
        let panes = &self.panes;
        self.layout = file.layout;
        self.layout.repair(|id| id == CHAT || panes.contains_key(&id));
        let placed: Vec<PaneId> = self.layout.panes().collect();
        self.panes.retain(|id, _| placed.contains(id));
        self.next = self.panes.keys().map(|id| id.0).max().unwrap_or(CHAT.0).saturating_add(1);
        self.saved = Some(text.to_owned());
    }
}

/// A pane from what was kept of it.
fn revive(kept: Kept) -> Option<Box<dyn Pane>> {
    match kept {
        Kept::Terminal { terminal_id } => Some(Box::new(TerminalPane::attach(TerminalId(terminal_id)))),
        Kept::Tree { hidden, open, chosen } => Some(Box::new(TreePane::new(hidden, open, chosen))),
        Kept::File { place } => Some(Box::new(FilePane::new(place))),
        Kept::Image { path } => Some(Box::new(ImagePane::new(path))),
        Kept::Diff { path, split } => Some(Box::new(DiffPane::new(path, split))),
    }
}

#[cfg(test)]
mod tests;
