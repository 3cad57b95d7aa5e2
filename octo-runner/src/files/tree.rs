//! Pages of entries: what lies behind the page is not read, and only what is on it is looked at.

use octo_proto::{
    Error,
    files::{FileEntry, Listing, Shown, name},
};

use super::{
    entry,
    root::Root,
    walk::{Step, Walk},
};

/// The most entries of a page.
const MOST: u64 = 1000;

/// The deepest tree.
const DEEPEST: u64 = 64;

/// The most bytes of a page, so that it fits a frame.
const LARGEST: usize = 192 * 1024;

/// Which page of what.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// Below this directory.
    pub path: &'a [u8],
    /// So many levels.
    pub depth: u64,
    /// Entries to skip.
    pub offset: u64,
    /// At most this many.
    pub limit: Option<u64>,
    /// Which of those that are not shown by themselves.
    pub shown: Shown,
}

/// A page of entries.
///
/// # Errors
/// Where there is no such directory.
pub fn page(root: &Root, page: &Page<'_>) -> Result<Listing, Error> {
    let depth = usize::try_from(page.depth.clamp(1, DEEPEST)).unwrap_or(1);
    let mut walk = Walk::new(root, page.path, depth, page.shown)?;
    Ok(of(root, &mut walk, page))
}

/// A page of this walk.
#[must_use]
pub fn of(root: &Root, walk: &mut Walk<'_>, page: &Page<'_>) -> Listing {
    let (limit, mut room) = (page.limit.unwrap_or(MOST).clamp(1, MOST), LARGEST);
    let mut listing = Listing::default();
    for _ in 0..page.offset {
        if walk.next().is_none() {
            return listing;
        }
    }
    for step in walk {
        let taken = listing.entries.len() as u64;
        let entry = look(root, &step);
        let size = serde_json::to_vec(&entry).map_or(0, |json| json.len());
        if taken == limit || (size > room && taken > 0) {
            listing.next = Some(page.offset.saturating_add(taken));
            break;
        }
        room = room.saturating_sub(size);
        listing.entries.push(entry);
    }
    listing
}

fn look(root: &Root, step: &Step) -> FileEntry {
    match root.stat(&step.path) {
        Ok(stat) => entry::entry(&step.path, &stat),
        // It was there a moment ago.
        Err(_) => {
            FileEntry { path: name::escape(&step.path), kind: entry::kind(step.kind), size: None, modified: None }
        }
    }
}
