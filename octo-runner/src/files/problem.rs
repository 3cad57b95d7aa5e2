//! What the kernel refuses, as a reply says it.

use octo_proto::{Code, Error};
use rustix::io::Errno;

use super::root::Place;

/// What was refused at this path of the workspace.
pub(super) fn at(path: &[u8], errno: Errno) -> Error {
    let shown = Place::shown(path);
    let refuse = |code, message: String| Error::new(code, message);
    match errno {
        Errno::NOENT => Error::not_found(format!("there is no `{shown}` in the workspace")),
        Errno::XDEV => refuse(Code::Forbidden, format!("`{shown}` leads out of the workspace"))
            .hint("paths are relative to the workspace, and so is all that they lead to"),
        Errno::LOOP => refuse(
            Code::Forbidden,
            format!("the links on the way to `{shown}` lead in a circle or out of the workspace"),
        ),
        Errno::NOTDIR => refuse(Code::BadRequest, format!("a part of `{shown}` is no directory")),
        Errno::ISDIR => refuse(Code::BadRequest, format!("`{shown}` is a directory")),
        Errno::NAMETOOLONG => refuse(Code::BadRequest, format!("the path `{shown:.64}…` is too long")),
        Errno::INVAL => refuse(Code::BadRequest, format!("`{shown}` cannot be a name here")),
        Errno::ACCESS | Errno::PERM => refuse(Code::Forbidden, format!("you may not: `{shown}`, says the system")),
        Errno::ROFS => refuse(Code::Forbidden, format!("`{shown}` is on a file system that cannot be written")),
        Errno::EXIST => refuse(Code::Conflict, format!("`{shown}` is there already")),
        Errno::NOTEMPTY => refuse(Code::Conflict, format!("the directory `{shown}` is not empty"))
            .hint("`recursive` deletes all in it"),
        Errno::BUSY | Errno::AGAIN | Errno::TXTBSY => {
            refuse(Code::Busy, format!("`{shown}` is in use")).hint("try again")
        }
        Errno::NOSPC | Errno::DQUOT => {
            refuse(Code::Unavailable, format!("no space is left for `{shown}`; nothing was changed"))
                .hint("free some space, then repeat it")
        }
        Errno::OPNOTSUPP => {
            refuse(Code::Unsupported, format!("the file system of `{shown}` has not all that this needs"))
        }
        Errno::FBIG => refuse(Code::TooLarge, format!("`{shown}` would be larger than a file may be here")),
        Errno::MFILE | Errno::NFILE => refuse(Code::Busy, "too many files are open".to_owned()).hint("try again"),
        Errno::NOSYS => {
            refuse(Code::Unsupported, "this kernel has no openat2, so no path can be held within".to_owned())
                .hint("Linux 5.6 or newer is needed")
        }
        other => Error::internal(format!("`{shown}`: {other}")),
    }
}

/// The same for what the standard library says.
pub(super) fn io(path: &[u8], error: &std::io::Error) -> Error {
    match Errno::from_io_error(error) {
        Some(errno) => at(path, errno),
        None => Error::internal(format!("`{}`: {error}", Place::shown(path))),
    }
}

/// That something which is no file cannot be opened.
pub(super) fn no_file(path: &[u8], what: &str) -> Error {
    Error::new(Code::Unsupported, format!("`{}` is {what}, which is not opened", Place::shown(path)))
}
