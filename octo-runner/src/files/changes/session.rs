//! The changes that a session's own tool calls made, from the `diff` parts of its messages.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use octo_proto::{
    Message, PartKind,
    files::{ChangeKind, Changes, ChangesSource, FileChange, name},
};

use super::{Asked, LONGEST, Page};

/// Edits, by file.
#[derive(Debug)]
pub struct Edits {
    root: PathBuf,
    by_path: BTreeMap<String, Edited>,
}

#[derive(Debug, Default)]
struct Edited {
    diff: String,
    cut: bool,
    new: bool,
}

impl Edits {
    /// None yet, of the session that works here.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), by_path: BTreeMap::new() }
    }

    /// Takes in a message, in order.
    pub fn take(&mut self, message: &Message) {
        for part in &message.parts {
            let PartKind::Diff { path, unified, .. } = &part.kind else { continue };
            let Some(path) = self.within(path) else { continue };
            let edited = self.by_path.entry(path).or_default();
            edited.new |= edited.diff.is_empty() && unified.lines().any(|line| line.starts_with("--- /dev/null"));
            edited.cut |= part.elided_bytes.is_some();
            if edited.diff.len() + unified.len() > LONGEST && !edited.diff.is_empty() {
                edited.cut = true;
                continue;
            }
            edited.diff.push_str(unified);
            if !unified.ends_with('\n') {
                edited.diff.push('\n');
            }
        }
    }

    /// A path of a tool call, from the workspace; none where it is elsewhere.
    fn within(&self, path: &str) -> Option<String> {
        let path = path.split('\t').next().unwrap_or(path);
        let below = match path.strip_prefix('/') {
            Some(_) => Path::new(path).strip_prefix(&self.root).ok()?.to_str()?,
            None => path.trim_start_matches("./"),
        };
        (!below.is_empty()).then(|| name::escape(below.as_bytes()))
    }

    /// A page of them.
    #[must_use]
    pub fn page(self, asked: &Asked) -> Changes {
        let mut page = Page::new(ChangesSource::Session, asked);
        let below = name::escape(&asked.path);
        let wanted = |path: &str| {
            below.is_empty() || path.strip_prefix(&below).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        for (path, edited) in self.by_path.into_iter().filter(|(path, _)| wanted(path)) {
            if !page.wants() {
                continue;
            }
            page.add(FileChange {
                path,
                from: None,
                staged: None,
                unstaged: Some(if edited.new { ChangeKind::Added } else { ChangeKind::Modified }),
                staged_diff: None,
                unstaged_diff: asked.diff.then_some(edited.diff),
                cut: edited.cut && asked.diff,
            });
            if page.full {
                break;
            }
        }
        page.changes
    }
}
