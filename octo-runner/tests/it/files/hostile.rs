//! Paths and entries that mean harm: nothing outside of the workspace is read, written or waited for.

use std::{
    ffi::OsStr,
    os::unix::{ffi::OsStrExt, fs::symlink},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use octo_proto::{Code, Error};
use octo_runner::files::{
    Root, edit, entry, parse, read,
    write::{Expected, Replacement},
};
use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::{Place, code, names};

fn read(root: &Root, path: &str) -> Result<Vec<u8>, Error> {
    read::piece(root, &parse(path)?, (0, None), None).map(|(_, bytes)| bytes.to_vec())
}

fn write(root: &Root, path: &str, text: &str) -> Result<(), Error> {
    let mut replacement = Replacement::begin(root, &parse(path)?)?;
    replacement.append(text.as_bytes())?;
    replacement.commit(&Expected::Anything).map(drop)
}

/// Every verb that takes one path.
fn each_verb(root: &Root, path: &str) -> Vec<(&'static str, Result<(), Error>)> {
    let bytes = match parse(path) {
        Ok(bytes) => bytes,
        Err(error) => return vec![("parse", Err(error))],
    };
    vec![
        ("read", read(root, path).map(drop)),
        ("entries", root.entries(&bytes).map(drop)),
        ("stat", entry::stat(root, &bytes).map(drop)),
        ("write", write(root, path, "x")),
        ("mkdir", edit::make_directory(root, &bytes, false).map(drop)),
        ("mkdir -p", edit::make_directory(root, &bytes, true).map(drop)),
        ("rename", edit::rename(root, &bytes, b"moved", false).map(drop)),
        ("rename to", edit::rename(root, b"own", &bytes, true).map(drop)),
        ("copy", edit::copy(root, &bytes, b"copied").map(drop)),
        ("copy to", edit::copy(root, b"own", &bytes).map(drop)),
        ("delete", edit::delete(root, &bytes, true)),
    ]
}

#[test]
fn no_path_leads_out() {
    let place = Place::new();
    place.put("own", "own");
    place.put("a/b/file", "file");
    symlink(&place.outside, place.work.join("absolute")).unwrap();
    symlink("../outside", place.work.join("relative")).unwrap();
    symlink("a/../../outside", place.work.join("crooked")).unwrap();
    symlink("/proc/self/root", place.work.join("magic")).unwrap();
    symlink("/proc/self/cwd", place.work.join("cwd")).unwrap();
    let outside = place.outside.join("secret").display().to_string();
    let long = "n".repeat(300);
    let deep = "d/".repeat(5000);
    let paths = [
        "../outside/secret",
        "a/../../outside/secret",
        "./../outside/secret",
        "a/b/../../../outside/secret",
        "..//outside/secret",
        "../outside/new",
        "absolute/secret",
        "relative/secret",
        "crooked/secret",
        "absolute/new",
        "relative/new",
        "/etc/passwd",
        "//etc/passwd",
        "magic/etc/passwd",
        "cwd/Cargo.toml",
        &outside,
        "/proc/self/environ",
        "/dev/null",
        "a\0b",
        "own\\x00",
        "..\\x2foutside",
        &long,
        &deep,
    ];
    for path in paths {
        for (verb, result) in each_verb(&place.root(), path) {
            let error = result.expect_err(&format!("{verb} {path:.80}"));
            assert!(
                matches!(error.code, Code::Forbidden | Code::BadRequest | Code::NotFound),
                "{verb} {path:.80}: {error:?}"
            );
        }
    }
    assert_eq!(names(&place.outside), ["secret"]);
    assert_eq!(std::fs::read(place.outside.join("secret")).unwrap(), b"secret");
    assert_eq!(names(&place.work), ["a", "absolute", "crooked", "cwd", "magic", "own", "relative"]);
    assert_eq!(place.text("own"), "own");
}

#[test]
fn the_workspace_itself_is_not_written_moved_or_deleted() {
    let place = Place::new();
    place.put("own", "own");
    for path in ["", ".", "..", "/", "a/..", "./."] {
        let root = place.root();
        let bytes = path.as_bytes();
        assert!(write(&root, path, "x").is_err(), "{path:?}");
        assert!(edit::delete(&root, bytes, true).is_err(), "{path:?}");
        assert!(edit::rename(&root, bytes, b"moved", false).is_err(), "{path:?}");
        assert!(edit::rename(&root, b"own", bytes, true).is_err(), "{path:?}");
    }
    assert_eq!(names(&place.work), ["own"]);
}

#[test]
fn links_within_are_followed_and_written_through() {
    let place = Place::new();
    place.put("docs/AGENTS.md", "rules");
    symlink("docs/AGENTS.md", place.work.join("CLAUDE.md")).unwrap();
    symlink("docs", place.work.join("d")).unwrap();
    symlink("../CLAUDE.md", place.work.join("docs/twice")).unwrap();
    symlink("loop", place.work.join("loop")).unwrap();
    let root = place.root();
    assert_eq!(read(&root, "d/twice").unwrap(), b"rules");
    write(&root, "d/twice", "more").unwrap();
    assert_eq!(place.text("docs/AGENTS.md"), "more");
    assert!(place.work.join("CLAUDE.md").is_symlink() && place.work.join("docs/twice").is_symlink());
    assert_eq!(code(read(&root, "loop")), Code::Forbidden);
    assert_eq!(code(write(&root, "loop", "x")), Code::Forbidden);
    assert_eq!(entry::stat(&root, b"CLAUDE.md").unwrap().target.unwrap(), "docs/AGENTS.md");

    edit::delete(&root, b"d", true).unwrap();
    assert_eq!(names(&place.work.join("docs")), ["AGENTS.md", "twice"], "a link is deleted, not what it leads to");
}

#[test]
fn what_is_no_file_is_not_opened() {
    let place = Place::new();
    let root = place.root();
    mknodat(CWD, place.work.join("pipe"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(place.work.join("socket")).unwrap();
    let mut special = vec!["pipe", "socket"];
    if rustix::process::geteuid().is_root()
        && mknodat(CWD, place.work.join("zero"), FileType::CharacterDevice, Mode::RUSR, rustix::fs::makedev(1, 5))
            .is_ok()
    {
        special.push("zero");
    }
    for name in special {
        let began = Instant::now();
        assert_eq!(code(read(&root, name)), Code::Unsupported, "{name}");
        assert_eq!(code(write(&root, name, "x")), Code::Unsupported, "{name}");
        assert_eq!(code(edit::copy(&root, name.as_bytes(), b"copied")), Code::Unsupported, "{name}");
        assert!(began.elapsed() < Duration::from_secs(5), "{name} is waited for");
        assert_eq!(entry::stat(&root, name.as_bytes()).unwrap().entry.kind, octo_proto::files::EntryKind::Other);
        edit::delete(&root, name.as_bytes(), false).unwrap();
    }
    assert!(names(&place.work).is_empty());
}

#[test]
fn views_of_the_kernel_are_no_workspace() {
    for path in ["/proc", "/proc/self", "/sys"] {
        assert_eq!(code(Root::open(path.as_ref())), Code::Unsupported, "{path}");
    }
    assert_eq!(code(Root::open("relative".as_ref())), Code::BadRequest);
    assert_eq!(code(Root::open("/etc/passwd".as_ref())), Code::BadRequest);
    assert_eq!(code(Root::open("/no/such/place".as_ref())), Code::NotFound);
}

#[test]
fn a_hard_link_to_what_is_outside_is_not_written_through() {
    let place = Place::new();
    std::fs::hard_link(place.outside.join("secret"), place.work.join("linked")).unwrap();
    write(&place.root(), "linked", "mine").unwrap();
    assert_eq!(place.text("linked"), "mine");
    assert_eq!(std::fs::read(place.outside.join("secret")).unwrap(), b"secret");
}

#[test]
fn a_name_that_is_no_utf_8_comes_back_as_it_was() {
    let place = Place::new();
    let root = place.root();
    for (name, shown) in [
        (b"caf\xe9".as_slice(), "caf\\xe9"),
        (b"\xff\xfe", "\\xff\\xfe"),
        (b"a\nb\x1b[2J", "a\\x0ab\\x1b[2J"),
        (b"back\\slash", "back\\\\slash"),
    ] {
        write(&root, shown, "text").unwrap();
        assert_eq!(std::fs::read(place.work.join(OsStr::from_bytes(name))).unwrap(), b"text");
        assert_eq!(read(&root, shown).unwrap(), b"text");
        assert_eq!(entry::stat(&root, name).unwrap().entry.path, shown);
        edit::delete(&root, &parse(shown).unwrap(), false).unwrap();
    }
    assert!(names(&place.work).is_empty());
}

/// While every verb runs, another thread makes `way` a directory, a link to the outside, and a directory again.
#[test]
fn a_link_that_is_put_in_the_way_meanwhile_leads_nowhere() {
    let place = Place::new();
    for name in ["way", "other"] {
        place.put(&format!("{name}/secret"), "harmless");
    }
    symlink(&place.outside, place.work.join("link")).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let swapping = {
        let (work, stop) = (place.work.clone(), Arc::clone(&stop));
        std::thread::spawn(move || {
            let exchange = |a: &str, b: &str| {
                let flags = rustix::fs::RenameFlags::EXCHANGE;
                rustix::fs::renameat_with(CWD, work.join(a), CWD, work.join(b), flags).unwrap();
            };
            let mut swaps = 0_u64;
            while !stop.load(Ordering::Relaxed) {
                exchange("way", "link");
                exchange("way", "link");
                swaps += 1;
            }
            swaps
        })
    };
    let root = place.root();
    let (mut passed, mut refused) = (0, 0);
    let deadline = Instant::now() + Duration::from_secs(20);
    while (passed < 200 || refused < 200) && Instant::now() < deadline {
        match read(&root, "way/secret") {
            Ok(bytes) => {
                assert_eq!(bytes, b"harmless");
                passed += 1;
            }
            Err(error) => {
                assert!(matches!(error.code, Code::Forbidden | Code::NotFound | Code::Busy), "{error:?}");
                refused += 1;
            }
        }
        // Whether these pass or are refused, none may reach the outside.
        drop(write(&root, "way/new", "new"));
        drop(edit::make_directory(&root, b"way/made/deep", true));
        drop(edit::delete(&root, b"way/made", true));
        drop(edit::delete(&root, b"way/new", false));
        drop(root.entries(b"way"));
    }
    stop.store(true, Ordering::Relaxed);
    assert!(swapping.join().unwrap() > 0 && passed > 0 && refused > 0, "{passed} passed, {refused} refused");
    assert_eq!(names(&place.outside), ["secret"]);
}

#[test]
fn a_tree_is_deleted_where_it_is_while_links_are_put_in_its_way() {
    let place = Place::new();
    for number in 0..50 {
        place.put(&format!("tree/{number}/file"), "x");
        symlink(&place.outside, place.work.join(format!("tree/{number}/link"))).unwrap();
    }
    assert_eq!(code(edit::delete(&place.root(), b"tree", false)), Code::Conflict);
    edit::delete(&place.root(), b"tree", true).unwrap();
    assert!(names(&place.work).is_empty());
    assert_eq!(names(&place.outside), ["secret"]);
}
