//! Files are replaced as a whole, keep what they were, and are not overwritten unseen.

use std::{
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
    process::Command,
};

use octo_proto::{Code, Error, files::Written, id::RequestId};
use octo_runner::files::{
    Root, edit, entry, read,
    uploads::{Piece, Uploads},
    write::{Expected, Replacement},
};

use super::{Place, code, names};

fn write(root: &Root, path: &str, text: &str, expected: &Expected) -> Result<Written, Error> {
    let mut replacement = Replacement::begin(root, path.as_bytes())?;
    replacement.append(text.as_bytes())?;
    replacement.commit(expected)
}

fn version(root: &Root, path: &str) -> Expected {
    Expected::Version(entry::stat(root, path.as_bytes()).unwrap().version)
}

#[test]
fn what_changed_meanwhile_is_not_overwritten() {
    let place = Place::new();
    let root = place.root();
    let first = write(&root, "file", "one", &Expected::Nothing).unwrap();
    assert_eq!((first.size, first.version.clone().unwrap()), (3, entry::stat(&root, b"file").unwrap().version));
    assert_eq!(code(write(&root, "file", "two", &Expected::Nothing)), Code::Conflict);

    let known = Expected::from_version(first.version);
    std::fs::write(place.work.join("file"), "somebody else's").unwrap();
    assert_eq!(code(write(&root, "file", "two", &known)), Code::Conflict);
    assert_eq!(place.text("file"), "somebody else's");
    write(&root, "file", "two", &version(&root, "file")).unwrap();
    assert_eq!(place.text("file"), "two");

    // As long as before, and with the time of before.
    let known = version(&root, "file");
    let times = std::fs::metadata(place.work.join("file")).unwrap();
    // The kernel's clock for files goes in steps.
    let file = std::fs::OpenOptions::new().write(true).open(place.work.join("file")).unwrap();
    while version(&root, "file") == known {
        std::os::unix::fs::FileExt::write_all_at(&file, b"TWO", 0).unwrap();
        file.set_modified(times.modified().unwrap()).unwrap();
    }
    assert_eq!(std::fs::metadata(place.work.join("file")).unwrap().mtime_nsec(), times.mtime_nsec());
    assert_eq!(code(write(&root, "file", "three", &known)), Code::Conflict);

    let known = version(&root, "file");
    std::fs::remove_file(place.work.join("file")).unwrap();
    assert_eq!(code(write(&root, "file", "three", &known)), Code::Conflict);
    assert!(names(&place.work).is_empty(), "nothing is left behind");
}

#[test]
fn of_two_writers_with_one_version_one_is_refused() {
    let place = Place::new();
    place.put("file", "start");
    let known = version(&place.root(), "file");
    let writers: Vec<_> = (0..8)
        .map(|number| {
            let (root, known) = (place.root(), known.clone());
            std::thread::spawn(move || write(&root, "file", &format!("writer {number}"), &known).is_ok())
        })
        .collect();
    let written = writers.into_iter().filter_map(|writer| writer.join().unwrap().then_some(())).count();
    assert_eq!(written, 1);
    assert_eq!(names(&place.work), ["file"]);
}

#[test]
fn mode_and_owner_stay_and_a_reader_keeps_the_old_file() {
    let place = Place::new();
    place.put("script", "old");
    let path = place.work.join("script");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o4751)).unwrap();
    let root = rustix::process::geteuid().is_root();
    if root {
        std::os::unix::fs::chown(&path, Some(1234), Some(4321)).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o4751)).unwrap();
    }
    let reader = std::fs::File::open(&path).unwrap();
    let before = std::fs::metadata(&path).unwrap();
    write(&place.root(), "script", "new", &Expected::Anything).unwrap();
    let after = std::fs::metadata(&path).unwrap();
    assert_eq!((after.uid(), after.gid()), (before.uid(), before.gid()));
    assert_eq!(after.mode() & 0o7777, 0o751, "new content does not run as somebody else");
    assert_eq!(std::io::read_to_string(reader).unwrap(), "old");
    assert_eq!(place.text("script"), "new");
}

/// A list of access: what its owner, this user, its group and all others may do, at most what the mask says.
fn access(user: u32, [owner, theirs, group, mask, other]: [u16; 5]) -> Vec<u8> {
    let nobody = u32::MAX;
    let entries =
        [(1, owner, nobody), (2, theirs, user), (4, group, nobody), (0x10, mask, nobody), (0x20, other, nobody)];
    let entry =
        |(tag, may, id): (u16, u16, u32)| [&tag.to_le_bytes()[..], &may.to_le_bytes(), &id.to_le_bytes()].concat();
    [2_u32.to_le_bytes().to_vec(), entries.into_iter().flat_map(entry).collect()].concat()
}

/// Sets an attribute. False: this file system has none.
fn set(path: &Path, name: &str, value: &[u8]) -> bool {
    match rustix::fs::setxattr(path, name, value, rustix::fs::XattrFlags::empty()) {
        Err(rustix::io::Errno::OPNOTSUPP) => false,
        set => {
            set.unwrap();
            true
        }
    }
}

fn attribute(path: &Path, name: &str) -> Option<Vec<u8>> {
    let mut value = vec![0; 4096];
    let length = rustix::fs::getxattr(path, name, value.as_mut_slice()).ok()?;
    value.truncate(length);
    Some(value)
}

#[test]
fn who_may_read_a_file_stays_and_so_does_what_is_noted_on_it() {
    const ACCESS: &str = "system.posix_acl_access";
    let place = Place::new();
    let root = place.root();
    place.put("shared", "old");
    place.put("plain", "old");
    let (shared, plain) = (place.work.join("shared"), place.work.join("plain"));
    std::fs::set_permissions(&plain, std::fs::Permissions::from_mode(0o640)).unwrap();
    // One user may read and write it, its group may not.
    let list = access(33, [6, 6, 0, 6, 0]);
    if !set(&shared, ACCESS, &list) || !set(&shared, "user.note", b"kept") {
        return;
    }
    // What is made in the directory is open to somebody; what was there already is not.
    assert!(set(&place.work, "system.posix_acl_default", &access(34, [7, 7, 7, 7, 7])));
    for path in ["shared", "plain"] {
        write(&root, path, "new", &Expected::Anything).unwrap();
        edit::copy(&root, path.as_bytes(), format!("{path} copy").as_bytes()).unwrap();
    }
    for path in [shared, place.work.join("shared copy")] {
        let is = std::fs::metadata(&path).unwrap().mode() & 0o7777;
        assert_eq!((attribute(&path, ACCESS).as_ref(), is), (Some(&list), 0o660), "{path:?}");
        assert_eq!(attribute(&path, "user.note").as_deref(), Some(b"kept".as_slice()), "{path:?}");
    }
    for path in [plain, place.work.join("plain copy")] {
        let is = std::fs::metadata(&path).unwrap().mode() & 0o7777;
        assert_eq!((attribute(&path, ACCESS), is), (None, 0o640), "{path:?}");
    }
    write(&root, "fresh", "new", &Expected::Anything).unwrap();
    assert!(attribute(&place.work.join("fresh"), ACCESS).is_some(), "a new file is as the directory says");
}

#[test]
fn a_piece_of_a_file_says_what_it_is_of() {
    let place = Place::new();
    place.put("text", &"line\n".repeat(100_000));
    place.put("binary", &format!("{}\0", "x".repeat(5000)));
    let root = place.root();
    let (first, bytes) = read::piece(&root, b"text", (0, Some(7)), None).unwrap();
    assert_eq!((first.size, first.binary, bytes.as_ref()), (500_000, false, b"line\nli".as_slice()));
    let (next, bytes) = read::piece(&root, b"text", (499_995, None), Some(&first.version)).unwrap();
    assert_eq!((next.version, bytes.as_ref()), (first.version.clone(), b"line\n".as_slice()));
    assert_eq!(read::piece(&root, b"text", (0, Some(u64::MAX)), None).unwrap().1.len(), 192 * 1024);
    assert!(read::piece(&root, b"text", (u64::MAX, None), None).unwrap().1.is_empty());
    let (nothing, bytes) = read::piece(&root, b"text", (0, Some(0)), None).unwrap();
    assert_eq!((nothing, bytes.len()), (first.clone(), 0));
    assert!(read::piece(&root, b"binary", (0, Some(1)), None).unwrap().0.binary);
    std::fs::write(place.work.join("text"), "another").unwrap();
    assert_eq!(code(read::piece(&root, b"text", (5, None), Some(&first.version))), Code::Conflict);
    assert_eq!(code(read::piece(&root, b"", (0, None), None)), Code::BadRequest);
}

#[test]
fn a_file_in_pieces_is_there_whole_or_not_at_all() {
    let place = Place::new();
    let (root, uploads) = (place.root(), Uploads::default());
    let upload = RequestId::draw();
    let put = |upload: &RequestId, offset: u64, bytes: &[u8], sha256: Option<&str>| {
        uploads.put(&root, b"film", &Expected::Nothing, &Piece { upload, offset, sha256, bytes })
    };
    let sha256 = "cd70e6d7e84d5b7d2cb66a7b0e2ea6ed9ef1c4c3ed7f2e1e2b8eb8bb8fb3b1f2";
    assert_eq!(put(&upload, 0, b"abc", None).unwrap(), Written { size: 3, version: None });
    assert!(names(&place.work).is_empty(), "unseen while it is written");
    assert_eq!(code(put(&upload, 4, b"e", None)), Code::Conflict);
    assert_eq!(code(put(&upload, 0, b"abc", None)), Code::Conflict);
    assert_eq!(put(&upload, 3, b"def", None).unwrap().size, 6);
    assert_eq!(code(put(&upload, 6, b"", Some(sha256))), Code::BadRequest);
    assert_eq!(code(put(&upload, 6, b"", None)), Code::Conflict, "what is wrong is given up");

    let upload = RequestId::draw();
    put(&upload, 0, b"abc", None).unwrap();
    let sha256 = "BEF57EC7F53A6D40BEB640A780A639C83BC29AC8A9816F1FC6C5C6DCD93C4721";
    let written = put(&upload, 3, b"def", Some(sha256)).unwrap();
    assert_eq!((written.size, written.version.is_some(), place.text("film").as_str()), (6, true, "abcdef"));
    assert_eq!(code(put(&RequestId("x".to_owned()), 0, b"", None)), Code::BadRequest);
    assert_eq!(names(&place.work), ["film"]);
}

#[test]
fn entries_are_made_moved_and_copied() {
    let place = Place::new();
    let root = place.root();
    edit::make_directory(&root, b"a/b/c", true).unwrap();
    edit::make_directory(&root, b"a/b/c", true).unwrap();
    assert_eq!(code(edit::make_directory(&root, b"a/b", false)), Code::Conflict);
    assert_eq!(code(edit::make_directory(&root, b"x/y", false)), Code::NotFound);
    place.put("a/b/c/file", "text");
    std::os::unix::fs::symlink("c/file", place.work.join("a/b/link")).unwrap();
    std::fs::set_permissions(place.work.join("a/b/c/file"), std::fs::Permissions::from_mode(0o755)).unwrap();

    edit::copy(&root, b"a", b"a/b/copy").unwrap();
    assert_eq!(place.text("a/b/copy/b/c/file"), "text");
    assert_eq!(std::fs::metadata(place.work.join("a/b/copy/b/c/file")).unwrap().mode() & 0o777, 0o755);
    assert_eq!(std::fs::read_link(place.work.join("a/b/copy/b/link")).unwrap(), Path::new("c/file"));
    assert!(!place.work.join("a/b/copy/b/copy").exists(), "a copy does not hold itself");
    assert_eq!(code(edit::copy(&root, b"a", b"a/b/copy")), Code::Conflict);

    place.put("other", "other");
    assert_eq!(code(edit::rename(&root, b"other", b"a/b/c/file", false)), Code::Conflict);
    edit::rename(&root, b"other", b"a/b/c/file", true).unwrap();
    assert_eq!(place.text("a/b/c/file"), "other");
    assert_eq!(code(edit::rename(&root, b"a", b"a/b/in", false)), Code::BadRequest);
    assert_eq!(code(edit::rename(&root, b"none", b"new", false)), Code::NotFound);
    assert_eq!(edit::rename(&root, b"a/b/copy", b"moved", false).unwrap().entry.path, "moved");
}

#[test]
fn a_copy_is_as_closed_as_what_it_is_of_and_whole_or_not_there() {
    let place = Place::new();
    let root = place.root();
    place.put("private/deep/file", "text");
    let mode = |path: &str| std::fs::metadata(place.work.join(path)).unwrap().mode() & 0o7777;
    let close = |path: &str, mode| {
        std::fs::set_permissions(place.work.join(path), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    close("private/deep", 0o500);
    close("private", 0o3710);
    edit::copy(&root, b"private", b"copy").unwrap();
    assert_eq!((mode("copy"), mode("copy/deep"), place.text("copy/deep/file").as_str()), (0o3710, 0o500, "text"));

    rustix::fs::mknodat(
        rustix::fs::CWD,
        place.work.join("private/zzz"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    assert_eq!(code(edit::copy(&root, b"private", b"again")), Code::Unsupported);
    std::fs::remove_file(place.work.join("private/zzz")).unwrap();
    // One that fails on its way: the path of a file is too long where it would be.
    let long = "n".repeat(250);
    let deep = std::iter::repeat_n(long.as_str(), 16).collect::<Vec<_>>().join("/");
    edit::make_directory(&root, format!("private/{deep}").as_bytes(), true).unwrap();
    write(&root, &format!("private/{deep}/file"), "text", &Expected::Nothing).unwrap();
    let to = format!("{}/again", "d".repeat(250));
    std::fs::create_dir(place.work.join("d".repeat(250))).unwrap();
    edit::copy(&root, b"private", to.as_bytes()).unwrap_err();
    assert!(names(&place.work.join("d".repeat(250))).is_empty(), "nothing is left of it");
    close("private/deep", 0o700);
    close("copy/deep", 0o700);
}

#[test]
fn a_workspace_that_disappears_is_told() {
    let place = Place::new();
    let root = place.root();
    std::fs::remove_dir(&place.work).unwrap();
    assert!(write(&root, "file", "x", &Expected::Anything).is_err());
    assert_eq!(code(Root::open(&place.work)), Code::NotFound);
}

/// Who may not mount runs the test as root of a namespace of its own.
#[test]
fn no_space_left_is_a_clear_error_and_leaves_the_old_file() {
    if !rustix::process::geteuid().is_root() {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount"]).arg(std::env::current_exe().unwrap());
        let name = "files::write::no_space_left_is_a_clear_error_and_leaves_the_old_file";
        assert!(command.args(["--exact", name, "--nocapture"]).status().unwrap().success());
        return;
    }
    let place = Place::new();
    let mount = |program: &str, args: &[&str]| {
        assert!(Command::new(program).args(args).arg(&place.work).status().unwrap().success(), "{program}");
    };
    mount("mount", &["-t", "tmpfs", "-o", "size=1m", "octo-test"]);
    let result = std::panic::catch_unwind(|| {
        let root = place.root();
        place.put("file", "old");
        let error = write(&root, "file", &"x".repeat(2 << 20), &Expected::Anything).unwrap_err();
        assert_eq!((error.code, error.hint.is_some()), (Code::Unavailable, true));
        assert!(error.message.contains("no space is left"), "{error}");
        assert_eq!((place.text("file").as_str(), names(&place.work)), ("old", vec!["file".to_owned()]));
        write(&root, "file", "new", &Expected::Anything).unwrap();
    });
    mount("umount", &["--lazy"]);
    result.unwrap();
}
