//! Trees in pages, fuzzy search and grep, with what is ignored left out.

use octo_proto::{
    Code,
    files::{EntryKind, Found, Listing, MatchedLine, Shown},
};
use octo_runner::files::{
    grep::{self, Query},
    search,
    tree::{self, Page},
    walk::Walk,
};

use super::{Place, code};

const ALL: Shown = Shown { hidden: true, ignored: true };

fn page(place: &Place, path: &str, depth: u64, shown: Shown) -> Vec<String> {
    let page = Page { path: path.as_bytes(), depth, offset: 0, limit: None, shown };
    paths(&tree::page(&place.root(), &page).unwrap())
}

fn paths(listing: &Listing) -> Vec<String> {
    listing.entries.iter().map(|entry| entry.path.clone()).collect()
}

fn a_project() -> Place {
    let place = Place::new();
    for (path, text) in [
        (".git/config", "[core]\n"),
        (".git/info/exclude", "private\n"),
        (".gitignore", "/target\n*.log\n!keep.log\n"),
        (".ignore", "vendor/\n"),
        (".env", "KEY=1"),
        ("target/debug/octo", "bin"),
        ("vendor/lib.c", "int main;"),
        ("private", "p"),
        ("a.log", "log"),
        ("keep.log", "log"),
        ("src/main.rs", "fn main() {\n    println!(\"Hello\");\n}\n"),
        ("src/gen/.gitignore", "*\n!keep.rs\n"),
        ("src/gen/made.rs", "fn main() {}"),
        ("src/gen/keep.rs", "fn keep() {}"),
        ("README.md", "# Hello main\n"),
    ] {
        place.put(path, text);
    }
    place
}

#[test]
fn a_tree_shows_what_a_person_wants_to_see() {
    let place = a_project();
    let shown = ["src", "src/gen", "src/gen/keep.rs", "src/main.rs", "README.md", "keep.log"];
    assert_eq!(page(&place, "", 9, Shown::default()), shown);
    assert_eq!(page(&place, "", 1, Shown::default()), ["src", "README.md", "keep.log"]);
    assert_eq!(page(&place, "src", 1, Shown::default()), ["src/gen", "src/main.rs"]);
    let hidden = page(&place, "", 1, Shown { hidden: true, ignored: false });
    assert_eq!(hidden, ["src", ".env", ".gitignore", ".ignore", "README.md", "keep.log"]);
    assert!(page(&place, "", 9, ALL).iter().any(|path| path == ".git/config"));
    assert!(page(&place, "", 9, Shown { hidden: false, ignored: true }).contains(&"target/debug/octo".to_owned()));
    assert_eq!(page(&place, "target", 2, Shown::default()), ["target/debug", "target/debug/octo"], "asked for by name");
}

#[test]
fn a_workspace_within_a_repository_has_its_rules() {
    let place = a_project();
    place.put("src/x.log", "x");
    place.put("src/private", "x");
    let root = octo_runner::files::Root::open(&place.work.join("src")).unwrap();
    let all = Page { path: b"", depth: 9, offset: 0, limit: None, shown: Shown::default() };
    assert_eq!(paths(&tree::page(&root, &all).unwrap()), ["gen", "gen/keep.rs", "main.rs"]);
}

#[test]
fn pages_follow_each_other_without_gap() {
    let place = a_project();
    let whole = page(&place, "", 9, ALL);
    for limit in [1, 3, 7] {
        let (mut all, mut offset) = (Vec::new(), Some(0));
        while let Some(at) = offset {
            let page = Page { path: b"", depth: 9, offset: at, limit: Some(limit), shown: ALL };
            let listing = tree::page(&place.root(), &page).unwrap();
            assert!(listing.entries.len() as u64 <= limit);
            all.extend(paths(&listing));
            offset = listing.next;
        }
        assert_eq!(all, whole, "by {limit}");
    }
    let page = Page { path: b"README.md", depth: 1, offset: 0, limit: None, shown: ALL };
    assert_eq!(code(tree::page(&place.root(), &page)), Code::BadRequest);
}

#[test]
fn a_page_fits_a_frame_however_long_its_names_are() {
    let place = Place::new();
    for number in 0..600 {
        std::fs::write(place.work.join(format!("{}{number:03}", "\u{1}".repeat(250))), "").unwrap();
    }
    let (mut count, mut offset) = (0, Some(0));
    while let Some(at) = offset {
        let page = Page { path: b"", depth: 1, offset: at, limit: None, shown: ALL };
        let listing = tree::page(&place.root(), &page).unwrap();
        assert!(serde_json::to_vec(&listing).unwrap().len() < 250 * 1024);
        count += listing.entries.len();
        offset = listing.next;
    }
    assert_eq!(count, 600);
}

/// By work done, not by time: the first page reads the directories that it shows, and no others.
#[test]
fn a_hundred_thousand_files_open_at_once() {
    let place = Place::in_memory();
    for folder in 0..1000 {
        let folder = place.work.join(format!("{folder:04}"));
        std::fs::create_dir(&folder).unwrap();
        for file in 0..100 {
            rustix::fs::mknodat(
                rustix::fs::CWD,
                folder.join(format!("{file:02}")),
                rustix::fs::FileType::RegularFile,
                rustix::fs::Mode::RUSR,
                0,
            )
            .unwrap();
        }
    }
    let root = place.root();
    let read = |depth: usize, limit: u64| {
        let mut walk = Walk::new(&root, b"", depth, Shown::default()).unwrap();
        let page = Page { path: b"", depth: depth as u64, offset: 0, limit: Some(limit), shown: Shown::default() };
        let listing = tree::of(&root, &mut walk, &page);
        (listing.entries.len(), walk.directories_read)
    };
    assert_eq!(read(1, 1000), (1000, 1));
    assert_eq!(read(64, 500), (500, 6), "the workspace, and five directories of a hundred files");
    let mut walk = Walk::new(&root, b"", 64, Shown::default()).unwrap();
    assert_eq!((walk.by_ref().count(), walk.directories_read), (101_000, 1001), "all of them, when asked for");
}

/// Hears everything, and has enough after so many looks.
#[derive(Default)]
struct Ear {
    looks: Option<u64>,
    found: Vec<Found>,
    lines: Vec<(String, MatchedLine)>,
}

impl Ear {
    fn look(&mut self) -> bool {
        let Some(looks) = &mut self.looks else { return true };
        *looks = looks.saturating_sub(1);
        *looks > 0
    }
}

impl search::News for Ear {
    fn goes_on(&mut self) -> bool {
        self.look()
    }

    fn found(&mut self, found: Found) {
        self.found.push(found);
    }
}

impl grep::News for Ear {
    fn goes_on(&mut self) -> bool {
        self.look()
    }

    fn matched(&mut self, path: &[u8], lines: Vec<MatchedLine>) {
        let path = String::from_utf8(path.to_vec()).unwrap();
        self.lines.extend(lines.into_iter().map(|line| (path.clone(), line)));
    }
}

fn query(text: &str) -> search::Query {
    search::Query { text: text.to_owned(), path: Vec::new(), limit: None, shown: Shown::default() }
}

#[test]
fn a_search_finds_the_best_first() {
    let place = a_project();
    let found = search::search(&place.root(), &query("mainrs"), &mut Ear::default()).unwrap();
    assert_eq!(found.files.len(), 1);
    assert_eq!((found.files[0].path.as_str(), found.scanned, found.cancelled), ("src/main.rs", 4, false));
    assert_eq!(found.files[0].matched, [4, 5, 6, 7, 9, 10]);
    let found = search::search(&place.root(), &query("keep"), &mut Ear::default()).unwrap();
    assert_eq!(found.files.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["keep.log", "src/gen/keep.rs"]);
    let found = search::search(&place.root(), &query("octo"), &mut Ear::default()).unwrap();
    assert!(found.files.is_empty(), "what is ignored is not found: {found:?}");
    let everything = search::Query { shown: ALL, ..query("octo") };
    assert_eq!(search::search(&place.root(), &everything, &mut Ear::default()).unwrap().files.len(), 1);
    assert_eq!(search::search(&place.root(), &query(""), &mut Ear::default()).unwrap().files.len(), 4);
}

#[test]
fn a_search_tells_while_it_looks_and_can_be_cancelled() {
    let place = Place::new();
    for number in 0..5000 {
        std::fs::write(place.work.join(format!("file{number}")), "").unwrap();
    }
    let mut ear = Ear::default();
    let found = search::search(&place.root(), &query("file"), &mut ear).unwrap();
    assert_eq!((found.files.len(), found.scanned), (50, 5000));
    assert_eq!(ear.found.iter().map(|found| found.scanned).collect::<Vec<_>>(), [1024, 2048, 4096]);
    let mut ear = Ear { looks: Some(2000), ..Ear::default() };
    let found = search::search(&place.root(), &query("file"), &mut ear).unwrap();
    assert_eq!((found.scanned, found.cancelled), (1999, true));
}

fn look_for(pattern: &str) -> Query {
    Query {
        pattern: pattern.to_owned(),
        literal: false,
        case_sensitive: None,
        path: Vec::new(),
        limit: None,
        shown: Shown::default(),
    }
}

#[test]
fn a_grep_tells_lines_and_where_they_match() {
    let place = a_project();
    let mut ear = Ear::default();
    let done = grep::grep(&place.root(), &look_for("main|hello"), &mut ear).unwrap();
    let lines: Vec<_> = ear.lines.iter().map(|(path, line)| (path.as_str(), line.line, line.ranges.len())).collect();
    assert_eq!(lines, [("src/main.rs", 1, 1), ("src/main.rs", 2, 1), ("README.md", 1, 2)]);
    assert_eq!(ear.lines[2].1.ranges, [[2, 7], [8, 12]]);
    assert_eq!((done.lines, done.files, done.scanned, done.truncated, done.cancelled), (3, 2, 4, false, false));

    for (query, expected) in [
        (look_for("Main"), 0),
        (Query { case_sensitive: Some(false), ..look_for("MAIN") }, 2),
        (Query { case_sensitive: Some(true), ..look_for("hello") }, 0),
        (Query { literal: true, ..look_for("()") }, 2),
        (Query { path: b"src/gen".to_vec(), ..look_for("fn") }, 1),
        (Query { path: b"README.md".to_vec(), ..look_for("main") }, 1),
        (Query { path: b"target/debug/octo".to_vec(), ..look_for("bin") }, 1),
        (Query { shown: ALL, ..look_for("int main") }, 1),
    ] {
        assert_eq!(grep::grep(&place.root(), &query, &mut Ear::default()).unwrap().lines, expected, "{query:?}");
    }
    assert_eq!(code(grep::grep(&place.root(), &look_for("("), &mut Ear::default())), Code::BadRequest);
    let nowhere = Query { path: b"nowhere".to_vec(), ..look_for("x") };
    assert_eq!(code(grep::grep(&place.root(), &nowhere, &mut Ear::default())), Code::NotFound);
}

#[test]
fn a_grep_is_bounded_and_can_be_cancelled() {
    let place = Place::new();
    place.put("many", &"needle\n".repeat(500));
    place.put("binary", "needle\0needle\n");
    place.put("long", &format!("{}needle\n", "x".repeat(5000)));
    std::fs::write(place.work.join("latin"), b"caf\xe9 needle\n").unwrap();
    let mut ear = Ear::default();
    let done = grep::grep(&place.root(), &look_for("needle"), &mut ear).unwrap();
    assert_eq!((done.lines, done.files, done.truncated), (502, 3, false), "all but the binary file");
    let latin = &ear.lines.iter().find(|(path, _)| path == "latin").unwrap().1;
    assert_eq!((latin.text.as_str(), latin.ranges[0]), ("caf\u{fffd} needle", [7, 13]));
    assert_eq!(ear.lines.iter().find(|(path, _)| path == "long").unwrap().1.text.len(), 1024);

    let few = Query { limit: Some(100), ..look_for("needle") };
    let done = grep::grep(&place.root(), &few, &mut Ear::default()).unwrap();
    assert_eq!((done.lines, done.truncated, done.cancelled), (100, true, false));
    let mut ear = Ear { looks: Some(50), ..Ear::default() };
    assert!(grep::grep(&place.root(), &look_for("needle"), &mut ear).unwrap().cancelled);
}

#[test]
fn what_is_no_file_is_listed_and_never_searched() {
    let place = Place::new();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        place.work.join("pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .unwrap();
    std::os::unix::fs::symlink(&place.outside, place.work.join("link")).unwrap();
    let page = Page { path: b"", depth: 9, offset: 0, limit: None, shown: ALL };
    let listing = tree::page(&place.root(), &page).unwrap();
    let kinds: Vec<_> = listing.entries.iter().map(|entry| (entry.path.as_str(), entry.kind)).collect();
    assert_eq!(kinds, [("link", EntryKind::Link), ("pipe", EntryKind::Other)]);
    assert_eq!(grep::grep(&place.root(), &look_for("secret"), &mut Ear::default()).unwrap().scanned, 0);
}
