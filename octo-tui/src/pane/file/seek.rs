//! Goes from match to match, and reads on where there is none yet.

use super::{
    FilePane,
    search::{Query, Search},
    source::MOST,
};
use crate::{
    pane::Env,
    text::{clean::clean_line, size::size},
};

impl FilePane {
    /// The text of the search was changed: what matches it first is shown.
    pub(super) fn narrowed(&mut self) {
        self.search.query = self.search.field.as_ref().and_then(|field| Query::new(field.text()));
        let (origin, text) = (self.search.origin.0, &self.source.text);
        match self.search.query.as_ref().and_then(|query| query.first_of(text, origin..text.lines())) {
            Some((line, part)) => self.view.bring(line, &part, text),
            None => self.go_back(),
        }
    }

    /// The text of the search is written: what was not read yet is searched too.
    pub(super) fn sought(&mut self, env: &mut Env<'_>) {
        self.search.field = None;
        if self.search.query.is_some() && !self.is_match(self.view.at) {
            self.seek(self.search.origin.0, env);
        }
    }

    pub(super) fn leave_search(&mut self) {
        if self.search.field.is_some() {
            self.go_back();
        }
        self.search = Search::default();
    }

    fn go_back(&mut self) {
        let (line, left) = self.search.origin;
        self.view.jump(line);
        self.view.left = left;
    }

    pub(super) fn is_match(&self, line: usize) -> bool {
        self.first_match(line).is_some()
    }

    fn first_match(&self, line: usize) -> Option<usize> {
        self.search.query.as_ref()?.first_in(&self.source.text.whole(line)).map(|part| part.start)
    }

    /// Where the line at the cursor matches first, if that is behind what is shown of it.
    pub(super) fn unseen_match(&self) -> Option<usize> {
        let text = &self.source.text;
        let is_cut = text.beyond(self.view.at) > 0;
        is_cut.then(|| self.first_match(self.view.at)).flatten().filter(|at| *at >= text.line(self.view.at).len())
    }

    pub(super) fn seek_next(&mut self, by: i8, env: &mut Env<'_>) {
        let Some(query) = &self.search.query else { return env.say("nothing is searched; / begins") };
        let (at, text) = (self.view.at, &self.source.text);
        if by > 0 {
            return self.seek(at + 1, env);
        }
        match query.first_of(text, (0..at).rev().chain((at..text.lines()).rev())) {
            Some((found, part)) => {
                if found >= at {
                    env.say("searched on from the end");
                }
                self.view.bring(found, &part, text);
            }
            None => self.miss(env),
        }
    }

    /// Goes to the first line from this one on that matches; where there is none, more is read, then it begins anew.
    pub(super) fn seek(&mut self, from: usize, env: &mut Env<'_>) {
        self.search.seeks = None;
        let (Some(query), text) = (&self.search.query, &self.source.text) else { return };
        if let Some((found, part)) = query.first_of(text, from..text.lines()) {
            return self.view.bring(found, &part, text);
        }
        if !text.is_ended() {
            self.search.seeks = Some(text.lines().max(from));
            return;
        }
        match query.first_of(text, 0..from.min(text.lines())) {
            Some((found, part)) => {
                self.view.bring(found, &part, text);
                env.say("searched on from the beginning");
            }
            None => self.miss(env),
        }
    }

    pub(super) fn miss(&self, env: &mut Env<'_>) {
        let Some(query) = &self.search.query else { return };
        let within = if self.source.is_cut() { format!(" in its first {}", size(MOST)) } else { String::new() };
        env.say(format!("nothing matches `{}`{within}", clean_line(query.text())));
    }
}
