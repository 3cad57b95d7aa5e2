//! What lies over the conversation and takes the keys: at most one at a time.

use octo_proto::id::SessionId;

use super::{composer::Composer, hints::Hints, layout::PaneId, picker::Picker};
use crate::pane::{Place, Showing};

/// One overlay.
#[derive(Clone, Debug)]
pub enum Overlay {
    /// The keys.
    Help {
        /// Lines scrolled.
        scroll: u16,
    },
    /// The session list, with the focus.
    Sessions {
        /// The session that the cursor is on.
        at: Option<SessionId>,
    },
    /// A list to choose from.
    Picker(Picker),
    /// Where a new session is to work, and which kind of agent.
    New {
        /// The directory.
        directory: Composer,
        /// Which of the harnesses.
        harness: usize,
    },
    /// Another title.
    Rename {
        /// Of which session.
        session: SessionId,
        /// The title.
        title: Composer,
    },
    /// Letters beside what can be opened.
    Hints(Hints),
    /// May a place outside of the workspace be opened?
    Outside {
        /// The place.
        place: Place,
        /// How it is to be shown.
        showing: Showing,
    },
    /// Is a terminal really to be ended?
    End {
        /// The pane that shows it.
        pane: PaneId,
    },
    /// Is it really meant?
    Confirm {
        /// The session it is about.
        session: SessionId,
        /// What is to be done.
        deed: Deed,
    },
}

/// What is asked about before it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// End its process.
    Stop,
    /// Forget it for ever.
    Delete,
}
