//! Files that are offered while a person writes `@…`.

use octo_proto::{
    Error,
    files::{FilesCommand, FilesRequest, Found, Shown},
    id::{RequestId, SessionId},
};

use super::App;
use crate::{
    keymap::{Action, Context},
    pane::Answer,
    state::{
        offers::{MOST, Offers},
        session::Target,
    },
    text::mention::{begun, written},
};

impl App {
    /// The files that are offered now.
    #[must_use]
    pub fn offers(&self) -> Option<&Offers> {
        self.offers.as_ref().filter(|offers| offers.is_shown() && self.context() == Context::Chat)
    }

    /// The offers follow the word under the cursor. Only what is typed makes new ones: walking through what was written does
    /// not.
    pub(super) fn follow_offers(&mut self, typed: bool) {
        let composer = &self.open.composer;
        let Some(begun) = begun(composer.text(), composer.cursor()) else { return self.end_offers() };
        let search = match &mut self.offers {
            Some(offers) => offers.follow(begun),
            None if typed => {
                self.offers = Some(Offers::new(begun));
                true
            }
            None => false,
        };
        if search {
            self.search_offers();
        }
    }

    fn search_offers(&mut self) {
        self.cancel_search();
        let Some(offers) = self.offers.as_ref().filter(|offers| !offers.dismissed) else { return };
        let query = offers.query.clone();
        let hidden = query.starts_with('.') || query.contains("/.");
        let command = FilesCommand::Search {
            query,
            path: String::new(),
            limit: Some(MOST as u64),
            shown: Shown { hidden, ignored: false },
        };
        if self.is_connected() {
            let (session, request) = self.about_files(command);
            let id = self.ask(session.as_ref(), request);
            if let Some(offers) = &mut self.offers {
                offers.search = Some(id);
            }
        }
    }

    /// A command about the workspace of the session on the screen.
    fn about_files(&self, command: FilesCommand) -> (Option<SessionId>, FilesRequest) {
        let root = match &self.open.target {
            Target::Known(_) => None,
            Target::Fresh(fresh) => Some(fresh.cwd.clone()),
        };
        (self.open.id().cloned(), FilesRequest { root, command })
    }

    fn cancel_search(&mut self) {
        let search = self.offers.as_mut().and_then(|offers| offers.search.take());
        if let Some(request_id) = search.filter(|_| self.is_connected()) {
            let (session, request) = self.about_files(FilesCommand::Cancel { request_id });
            self.ask(session.as_ref(), request);
        }
    }

    /// Takes the offers away.
    pub(super) fn end_offers(&mut self) {
        self.cancel_search();
        self.offers = None;
    }

    /// More was found.
    pub(super) fn on_found(&mut self, id: &RequestId, found: &Found) {
        if let Some(offers) = &mut self.offers {
            offers.found(id, &found.files);
        }
    }

    /// A search is over; whether it was that of the offers. Where it failed there are none: a person who writes need not know.
    pub(super) fn on_search_answer(&mut self, id: &RequestId, result: &Result<Answer, Error>) -> bool {
        if self.offers.as_ref().is_none_or(|offers| offers.search.as_ref() != Some(id)) {
            return false;
        }
        if let Some(Ok(found)) = result.as_ref().ok().map(Answer::read::<Found>) {
            self.on_found(id, &found);
        }
        if let Some(offers) = &mut self.offers {
            offers.search = None;
        }
        true
    }

    /// A key that has a meaning for the offers; false where it has another.
    pub(super) fn act_on_offers(&mut self, action: Action) -> bool {
        if self.offers().is_none() {
            return false;
        }
        let Some(offers) = &mut self.offers else { return false };
        match action {
            Action::Step(by) => offers.step(isize::from(by)),
            Action::Back => {
                offers.dismissed = true;
                self.cancel_search();
            }
            // Whoever wrote it whole wants to send it.
            Action::Submit if offers.chosen().is_some_and(|file| file.path == offers.query) => {
                self.end_offers();
                return false;
            }
            Action::Submit | Action::Switch => self.take_offer(),
            _ => return false,
        }
        true
    }

    fn take_offer(&mut self) {
        let Some(offers) = &self.offers else { return };
        let Some(file) = offers.chosen() else { return };
        let word = format!("{} ", written(&file.path));
        let at = offers.at.clone();
        self.open.composer.replace(at, &word);
        self.end_offers();
    }
}
