//! What a file is besides its content: its mode, who else may do what with it, and what others have noted on it.

use std::{collections::BTreeMap, os::fd::BorrowedFd};

use rustix::{
    fs::{Mode, XattrFlags, fchmod, fstat, getxattr, listxattr, removexattr, setxattr},
    io::Errno,
};

use super::root::link_of;

/// The most that the kernel gives as one attribute, and as the list of their names.
const LARGEST: usize = 64 * 1024;

/// Lists of who may do what. Without one of them, a file may be open to others than before.
const ACCESS: [&[u8]; 3] = [b"system.posix_acl_access", b"system.posix_acl_default", b"system.nfs4_acl"];

/// Labels, which a policy of the system may forbid to set; then it sets its own.
const LABELS: [&[u8]; 2] = [b"security.selinux", b"security.SMACK64"];

/// What users and their programs note.
const NOTES: &[u8] = b"user.";

type Attributes = BTreeMap<Vec<u8>, Vec<u8>>;

/// Makes one like another: its mode, its lists of access, its labels and notes. What lets a program run as somebody else
/// is not among that.
///
/// # Errors
/// Where it would be open to others than the other one is, or would lose a note.
pub(super) fn dress(own: BorrowedFd<'_>, other: BorrowedFd<'_>, mode: u32) -> Result<(), Errno> {
    let (there, wanted) = (attributes(own)?, attributes(other)?);
    let link = link_of(own);
    // A directory gives a list of its own to what is made in it.
    for name in there.keys().filter(|name| ACCESS.contains(&name.as_slice()) && !wanted.contains_key(*name)) {
        removexattr(&link, name.as_slice())?;
    }
    for (name, value) in wanted.iter().filter(|(name, value)| there.get(*name) != Some(*value)) {
        match setxattr(&link, name.as_slice(), value, XattrFlags::empty()) {
            Err(errno) if LABELS.contains(&name.as_slice()) => {
                tracing::debug!(%errno, "a file has the label of a new one");
            }
            set => set?,
        }
    }
    // With a list, the bits of the group are its mask, and set already.
    if fstat(own)?.st_mode & 0o7777 != mode {
        fchmod(own, Mode::from_raw_mode(mode))?;
    }
    Ok(())
}

/// The attributes that a file keeps.
fn attributes(of: BorrowedFd<'_>) -> Result<Attributes, Errno> {
    let link = link_of(of);
    let mut buffer = vec![0; LARGEST];
    let names = match listxattr(&link, buffer.as_mut_slice()) {
        Ok(length) => buffer[..length].to_vec(),
        // Not every file system has some.
        Err(Errno::OPNOTSUPP) => Vec::new(),
        Err(errno) => return Err(errno),
    };
    let mut attributes = Attributes::new();
    for name in names.split(|byte| *byte == 0).filter(|name| is_kept(name)) {
        match getxattr(&link, name, buffer.as_mut_slice()) {
            Ok(length) => drop(attributes.insert(name.to_vec(), buffer[..length].to_vec())),
            // It was taken away meanwhile.
            Err(Errno::NODATA) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(attributes)
}

fn is_kept(name: &[u8]) -> bool {
    ACCESS.contains(&name) || LABELS.contains(&name) || name.starts_with(NOTES)
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn what_cannot_be_kept_is_not_left_out() {
        let dir = tempfile::tempdir().unwrap();
        let file = std::fs::File::create(dir.path().join("file")).unwrap();
        let (_reader, pipe) = rustix::pipe::pipe().unwrap();
        dress(pipe.as_fd(), file.as_fd(), 0o600).unwrap();
        match rustix::fs::fsetxattr(&file, "user.note", b"kept", XattrFlags::empty()) {
            // Nothing can be kept here, so nothing can be lost.
            Err(Errno::OPNOTSUPP) => {}
            set => {
                set.unwrap();
                dress(pipe.as_fd(), file.as_fd(), 0o600).unwrap_err();
            }
        }
    }
}
