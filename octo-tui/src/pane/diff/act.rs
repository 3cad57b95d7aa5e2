//! What is done with the hunks and lines that are chosen.

use bytes::Bytes;
use octo_proto::{
    Error,
    files::{FilesCommand, HunkAction},
};

use super::{
    DiffPane, From,
    file::{FileView, Side},
    parse::{Kind, Line},
    rows::Spot,
};
use crate::{
    pane::{Answer, Env, Place, Showing, Wish},
    text::{
        clean::{clean, clean_line},
        mention::written,
    },
};

/// Lines that a comment quotes at most.
const QUOTED: usize = 40;

/// Something that is done only if the person says so again.
#[derive(Debug)]
pub(super) struct Asking {
    /// What is asked.
    pub(super) question: String,
    command: FilesCommand,
    hunks: Bytes,
}

impl DiffPane {
    fn spot(&self) -> Option<Spot> {
        self.rows.get(self.cursor).map(|row| row.spot)
    }

    fn file_at_cursor(&self) -> Option<&FileView> {
        self.files.get(self.spot()?.file()?)
    }

    /// Stages, unstages or reverts what is chosen, or says why not.
    pub(super) fn apply(&mut self, action: HunkAction, env: &mut Env<'_>) {
        if self.is_applying {
            return;
        }
        let (file, hunks) = match self.meant(action) {
            Ok(meant) => meant,
            Err(why) => return env.say(why),
        };
        let command = FilesCommand::Apply { path: file.path.clone(), action };
        if action != HunkAction::Revert {
            self.is_applying = true;
            env.wishes.push(Wish::Files(command, hunks));
            return;
        }
        let name = clean_line(&file.path);
        let question = if file.notes.iter().any(|note| note == "untracked") {
            format!("Delete {name}?")
        } else if let Some(hunk) = self.spot().and_then(Spot::hunk) {
            let lines = file.hunks.get(hunk).map(|hunk| hunk.lines.iter().filter_map(|line| line.new));
            let (first, last) = lines.map(|mut lines| (lines.next(), lines.next_back())).unwrap_or_default();
            let lines = match (first, last) {
                (Some(first), Some(last)) => format!(" (lines {first}-{last})"),
                (Some(first), None) => format!(" (line {first})"),
                (None, _) => String::new(),
            };
            format!("Revert this hunk of {name}{lines}?")
        } else {
            format!("Revert all changes of {name}?")
        };
        self.asking = Some(Asking { question: format!("{question}  y: yes, any other key: no"), command, hunks });
    }

    /// The file that is meant, and the hunks as the request carries them.
    fn meant(&self, action: HunkAction) -> Result<(&FileView, Bytes), &'static str> {
        if matches!(self.from, From::Text { .. }) {
            return Err(
                "This tells what was done once. The diff of the workspace has what can be staged and reverted.",
            );
        }
        let spot = self.spot().ok_or("There is nothing here.")?;
        let file = spot.file().and_then(|file| self.files.get(file)).ok_or("Choose a file or a hunk.")?;
        match (file.side, action) {
            (Side::Staged, HunkAction::Stage) => return Err("This is staged. u takes it back from there."),
            (Side::Staged, HunkAction::Revert) => {
                return Err("This is staged. u takes it back from there, then r reverts it.");
            }
            (Side::Unstaged, HunkAction::Unstage) => return Err("This is not staged. s stages it."),
            (Side::Made, HunkAction::Stage | HunkAction::Unstage) => {
                return Err("The folder is in no git work tree: nothing can be staged here.");
            }
            (Side::Staged, HunkAction::Unstage)
            | (Side::Unstaged, HunkAction::Stage | HunkAction::Revert)
            | (Side::Made, HunkAction::Revert) => {}
        }
        let hunks = match spot.hunk().and_then(|hunk| file.hunks.get(hunk)) {
            Some(hunk) if !hunk.whole => {
                return Err("This hunk is not whole. On the name of the file the key is for all of it.");
            }
            Some(hunk) => hunk.source.clone(),
            // Without hunks the runner takes all there is.
            None if file.cut || file.side != Side::Made && !file.hunks.iter().all(|hunk| hunk.whole) => String::new(),
            None => file.hunks.iter().map(|hunk| hunk.source.as_str()).collect(),
        };
        Ok((file, Bytes::from(hunks)))
    }

    /// The person says yes, or something else.
    pub(super) fn confirm(&mut self, yes: bool, env: &mut Env<'_>) {
        if let Some(asking) = self.asking.take().filter(|_| yes) {
            self.is_applying = true;
            env.wishes.push(Wish::Files(asking.command, asking.hunks));
        }
    }

    /// It was done, or not.
    pub(super) fn applied(&mut self, answer: &Result<Answer, Error>, env: &mut Env<'_>) {
        self.is_applying = false;
        if let Err(error) = answer {
            env.complain(error);
        }
        self.look(env);
    }

    /// Opens the file at the line.
    pub(super) fn show(&self, showing: Showing, env: &mut Env<'_>) {
        let Some(file) = self.file_at_cursor() else { return };
        let line = match self.spot() {
            Some(Spot::Hunk(_, hunk)) => file.first_change(hunk),
            Some(Spot::Line { hunk, old, new, .. }) => new.or(old).and_then(|line| file.number(hunk, line)),
            Some(Spot::Side(_) | Spot::File(_) | Spot::Cut(_)) | None => None,
        };
        env.wishes.push(Wish::Show(Place { path: self.path_of(file, env.root), line, to: None }, showing));
    }

    /// The path from the workspace: a diff that is only shown may have absolute ones.
    fn path_of(&self, file: &FileView, root: &str) -> String {
        let below = file.path.strip_prefix(root).and_then(|rest| rest.strip_prefix('/'));
        below.unwrap_or(&file.path).to_owned()
    }

    /// Begins a comment about the lines that are chosen.
    pub(super) fn comment(&mut self, env: &mut Env<'_>) {
        let Some(file) = self.file_at_cursor() else { return };
        let path = self.path_of(file, env.root);
        let places = self.chosen_lines();
        let lines: Vec<_> = places.iter().map(|(hunk, line)| &file.hunks[*hunk].lines[*line]).collect();
        let numbers: Vec<_> = lines.iter().filter_map(|line| line.new).collect();
        let range = match (numbers.iter().min(), numbers.iter().max()) {
            (Some(first), Some(last)) if first == last => format!(":{first}"),
            (Some(first), Some(last)) => format!(":{first}-{last}"),
            // Where all of them are gone: what stands in their place.
            _ => places
                .first()
                .and_then(|(hunk, line)| file.number(*hunk, *line).or_else(|| file.number_before(*hunk, *line)))
                .map(|line| format!(":{line}"))
                .unwrap_or_default(),
        };
        let has_gone = lines.iter().any(|line| line.kind == Kind::Removed);
        let quote = |line: &&Line| {
            let sign = match line.kind {
                _ if !has_gone => "",
                Kind::Context => " ",
                Kind::Added => "+",
                Kind::Removed => "-",
            };
            format!("> {sign}{}\n", quoted(&line.source))
        };
        let mut text = format!("{}{range}\n", written(&path));
        text.extend(lines.iter().take(QUOTED).map(quote));
        if lines.len() > QUOTED {
            text.push_str("> …\n");
        }
        if !lines.is_empty() {
            // What is written behind it is no part of the quote.
            text.push('\n');
        }
        self.mark = None;
        env.wishes.push(Wish::Compose(text));
    }

    /// The lines of the file at the cursor that are chosen, by hunk and place: those that are gone before those that are new.
    fn chosen_lines(&self) -> Vec<(usize, usize)> {
        let Some(file) = self.spot().and_then(Spot::file) else { return Vec::new() };
        let count =
            |hunk: usize| self.files.get(file).and_then(|file| file.hunks.get(hunk)).map_or(0, |it| it.lines.len());
        if let Some(Spot::Hunk(_, hunk)) = self.spot().filter(|_| self.mark.is_none()) {
            return (0..count(hunk)).map(|line| (hunk, line)).collect();
        }
        let mut places = Vec::new();
        for row in self.chosen().filter_map(|row| self.rows.get(row)) {
            if let Spot::Line { file: of, hunk, old, new } = row.spot
                && of == file
            {
                places.extend([old, new].into_iter().flatten().map(|line| (hunk, line)));
            }
        }
        // Beside each other, what is gone and what is new come by turns.
        places.sort_unstable();
        places.dedup();
        places.retain(|(hunk, line)| *line < count(*hunk));
        places
    }
}

/// A line as a comment quotes it: nothing in it but text and tabs.
fn quoted(source: &str) -> String {
    let source = source.trim_end_matches('\r');
    source.split('\t').map(|piece| clean(piece)).collect::<Vec<_>>().join("\t")
}
