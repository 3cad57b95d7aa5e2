//! Files by parts of their paths, the best first.

use std::{cmp::Reverse, collections::BTreeSet};

use nucleo_matcher::{
    Config, Matcher, Utf32Str,
    pattern::{CaseMatching, Normalization, Pattern},
};
use octo_proto::{
    Error,
    files::{Found, FoundFile, Shown, name},
};
use rustix::fs::FileType;

use super::{root::Root, walk::Walk};

/// How many are given where nobody says.
const USUAL: u64 = 50;

/// The most that are given.
const MOST: u64 = 200;

/// After so many files the best so far are told, and after each doubling.
const FIRST_NEWS: u64 = 1024;

/// The most bytes that are told at once, so that they fit a frame.
const LARGEST: usize = 192 * 1024;

/// As deep as directories go.
const DEEPEST: usize = 256;

/// What is searched for.
#[derive(Clone, Debug)]
pub struct Query {
    /// What was typed.
    pub text: String,
    /// Below this directory.
    pub path: Vec<u8>,
    /// At most this many.
    pub limit: Option<u64>,
    /// Which of the files that are not shown by themselves.
    pub shown: Shown,
}

/// Searches, and tells the best so far now and then; `news` is asked with each file whether to go on.
///
/// # Errors
/// Where there is no such directory.
pub fn search(root: &Root, query: &Query, news: &mut dyn News) -> Result<Found, Error> {
    let limit = usize::try_from(query.limit.unwrap_or(USUAL).clamp(1, MOST)).unwrap_or(1);
    let pattern = Pattern::parse(&query.text, CaseMatching::Smart, Normalization::Smart);
    let mut matcher = Matcher::new(Config::DEFAULT.match_paths());
    let mut best: BTreeSet<(Reverse<u32>, usize, String)> = BTreeSet::new();
    let (mut scanned, mut next_news, mut buffer) = (0, FIRST_NEWS, Vec::new());
    let mut cancelled = false;
    for step in Walk::new(root, &query.path, DEEPEST, query.shown)? {
        if !news.goes_on() {
            cancelled = true;
            break;
        }
        if step.kind == FileType::Directory {
            continue;
        }
        scanned += 1;
        let path = name::escape(&step.path);
        if let Some(score) = pattern.score(Utf32Str::new(&path, &mut buffer), &mut matcher) {
            // Of equals the shorter path is the better one.
            best.insert((Reverse(score), path.len(), path));
            if best.len() > limit {
                best.pop_last();
            }
        }
        if scanned == next_news {
            next_news *= 2;
            news.found(Found { files: told(&best, &pattern, &mut matcher), scanned, cancelled: false });
        }
    }
    Ok(Found { files: told(&best, &pattern, &mut matcher), scanned, cancelled })
}

/// Who hears of a search.
pub trait News {
    /// Whether anybody still wants to know.
    fn goes_on(&mut self) -> bool;
    /// The best so far.
    fn found(&mut self, found: Found);
}

fn told(best: &BTreeSet<(Reverse<u32>, usize, String)>, pattern: &Pattern, matcher: &mut Matcher) -> Vec<FoundFile> {
    let (mut buffer, mut files, mut room) = (Vec::new(), Vec::new(), LARGEST);
    for (Reverse(score), _, path) in best {
        let mut matched = Vec::new();
        pattern.indices(Utf32Str::new(path, &mut buffer), matcher, &mut matched);
        matched.sort_unstable();
        matched.dedup();
        let file = FoundFile { path: path.clone(), score: *score, matched };
        let size = serde_json::to_vec(&file).map_or(0, |json| json.len());
        if size > room {
            break;
        }
        room -= size;
        files.push(file);
    }
    files
}
