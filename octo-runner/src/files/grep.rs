//! Lines that match a pattern.

use std::io;

use grep_matcher::Matcher as _;
use grep_regex::{RegexMatcher, RegexMatcherBuilder};
use grep_searcher::{BinaryDetection, Searcher, SearcherBuilder, Sink, SinkMatch};
use octo_proto::{
    Code, Error,
    files::{Grepped, MatchedLine, Shown},
};
use rustix::fs::FileType;

use super::{root::Root, walk::Walk};

/// How many lines are told where nobody says.
const USUAL: u64 = 1000;

/// The most lines that are told.
const MOST: u64 = 10_000;

/// The longest line that is told whole, in bytes.
const LONGEST: usize = 1024;

/// The most matches within one line that are told.
const RANGES: usize = 64;

/// A file's lines are told when they are so many, and at its end.
const BATCH: usize = 64;

/// The same in bytes, so that they fit a frame however they are escaped.
const BATCH_BYTES: usize = 16 * 1024;

/// The most memory that a line may take; a file with a longer one is not searched on.
const HEAP: usize = 16 * 1024 * 1024;

/// As deep as directories go.
const DEEPEST: usize = 256;

/// What is looked for.
#[derive(Clone, Debug)]
pub struct Query {
    /// A regular expression, or a text.
    pub pattern: String,
    /// Whether it is a text.
    pub literal: bool,
    /// Whether capitals are letters of their own; without it, if the pattern has one.
    pub case_sensitive: Option<bool>,
    /// Below this directory, or in this file.
    pub path: Vec<u8>,
    /// At most this many lines.
    pub limit: Option<u64>,
    /// Which of the files that are not shown by themselves.
    pub shown: Shown,
}

/// Who hears of matches.
pub trait News {
    /// Whether anybody still wants to know.
    fn goes_on(&mut self) -> bool;
    /// Lines of one file.
    fn matched(&mut self, path: &[u8], lines: Vec<MatchedLine>);
}

/// Looks for lines; `news` hears of them, and is asked with each file and line whether to go on.
///
/// # Errors
/// `bad_request` where the pattern is none; where there is no such file or directory.
pub fn grep(root: &Root, query: &Query, news: &mut dyn News) -> Result<Grepped, Error> {
    let matcher = matcher(query)?;
    let mut searcher = SearcherBuilder::new()
        .line_number(true)
        .binary_detection(BinaryDetection::quit(0))
        .heap_limit(Some(HEAP))
        .build();
    let mut lines = Lines {
        matcher: &matcher,
        news,
        limit: query.limit.unwrap_or(USUAL).clamp(1, MOST),
        done: Grepped::default(),
        path: Vec::new(),
        batch: Vec::new(),
        bytes: 0,
        any: false,
    };
    if FileType::from_raw_mode(root.stat(&query.path)?.st_mode) == FileType::Directory {
        for step in Walk::new(root, &query.path, DEEPEST, query.shown)? {
            if step.kind != FileType::RegularFile && step.kind != FileType::Directory {
                continue;
            }
            if !lines.goes_on() {
                break;
            }
            if step.kind == FileType::RegularFile {
                lines.search(root, &mut searcher, step.path);
            }
        }
    } else {
        drop(root.file(&query.path)?);
        lines.search(root, &mut searcher, query.path.clone());
    }
    Ok(lines.done)
}

fn matcher(query: &Query) -> Result<RegexMatcher, Error> {
    let mut builder = RegexMatcherBuilder::new();
    builder.line_terminator(Some(b'\n')).fixed_strings(query.literal);
    match query.case_sensitive {
        Some(sensitive) => builder.case_insensitive(!sensitive),
        None => builder.case_smart(true),
    };
    builder.build(&query.pattern).map_err(|error| {
        let hint = "`literal` looks for the text as it is";
        Error::new(Code::BadRequest, format!("this is no pattern: {error}")).hint(hint)
    })
}

/// Takes matches in, up to the limit.
struct Lines<'a> {
    matcher: &'a RegexMatcher,
    news: &'a mut dyn News,
    limit: u64,
    done: Grepped,
    path: Vec<u8>,
    batch: Vec<MatchedLine>,
    bytes: usize,
    any: bool,
}

impl Lines<'_> {
    fn goes_on(&mut self) -> bool {
        self.done.cancelled = !self.news.goes_on();
        !self.done.cancelled && !self.done.truncated
    }

    fn search(&mut self, root: &Root, searcher: &mut Searcher, path: Vec<u8>) {
        // What is gone, or may not be read, or has a line that is too long, has no more matches.
        let Ok((file, _)) = root.file(&path) else { return };
        self.path = path;
        self.any = false;
        self.done.scanned += 1;
        if let Err(error) = searcher.search_file(self.matcher, &file, &mut *self) {
            tracing::debug!(%error, "a file could not be searched to its end");
        }
        self.tell();
        self.done.files += u64::from(self.any);
    }

    fn tell(&mut self) {
        self.bytes = 0;
        if !self.batch.is_empty() {
            self.news.matched(&self.path, std::mem::take(&mut self.batch));
        }
    }
}

impl Sink for &mut Lines<'_> {
    type Error = io::Error;

    fn matched(&mut self, _: &Searcher, found: &SinkMatch<'_>) -> io::Result<bool> {
        if self.done.lines == self.limit {
            self.done.truncated = true;
            return Ok(false);
        }
        self.done.lines += 1;
        self.any = true;
        let line = matched_line(self.matcher, found);
        self.bytes += line.text.len();
        self.batch.push(line);
        if self.batch.len() == BATCH || self.bytes >= BATCH_BYTES {
            self.tell();
        }
        Ok(self.goes_on())
    }
}

fn matched_line(matcher: &RegexMatcher, found: &SinkMatch<'_>) -> MatchedLine {
    let bytes = found.bytes();
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    let bytes = &bytes[..bytes.len().min(LONGEST)];
    let mut ranges = Vec::new();
    // What is replaced may be longer than what it replaces.
    let shown = |end: usize| String::from_utf8_lossy(&bytes[..end]).len() as u64;
    let looked = matcher.find_iter(bytes, |range| {
        if !range.is_empty() {
            ranges.push([shown(range.start()), shown(range.end())]);
        }
        ranges.len() < RANGES
    });
    if looked.is_err() {
        ranges.clear();
    }
    MatchedLine { line: found.line_number().unwrap_or(0), text: String::from_utf8_lossy(bytes).into_owned(), ranges }
}
