//! The owner of a configuration file. A file that is found on the way upward and belongs neither to the
//! user nor to root is not read (contract 3): the owner of a folder above could otherwise make this
//! program run a `token-command`, as git's `safe.directory` explains. Which file is read is decided in
//! [`super::config_file`].

use std::fmt;
use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};

/// A configuration file that is not read, because it belongs to another user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct ForeignConfig {
    path: PathBuf,
    owner: u32,
}

impl ForeignConfig {
    /// The file at `path`, if it or the link to it belongs neither to the user nor to root.
    ///
    /// # Errors
    /// An [`io::Error`] when the owner cannot be found out.
    pub(super) fn at(path: &Path) -> io::Result<Option<Self>> {
        // The owner of a link decides where it leads.
        let looked_at = [path.symlink_metadata()?, path.metadata()?];
        let owner = looked_at.iter().find_map(other_owner);
        Ok(owner.map(|owner| Self { path: path.to_owned(), owner }))
    }

    /// The same for a file that is open: it may be another than the one that was looked at.
    pub(super) fn opened(path: &Path, metadata: &Metadata) -> Option<Self> {
        other_owner(metadata).map(|owner| Self { path: path.to_owned(), owner })
    }
}

impl fmt::Display for ForeignConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, owner) = (self.path.display(), self.owner);
        let name = user_name(owner).map_or_else(String::new, |name| format!("{name}, "));
        write!(
            f,
            "{path} is not read: it belongs to another user ({name}uid {owner}), neither to you nor to root; \
             `--config {path}` reads it all the same"
        )
    }
}

/// The owner, if it is neither the user nor root.
#[cfg(unix)]
fn other_owner(metadata: &Metadata) -> Option<u32> {
    use std::os::unix::fs::MetadataExt as _;

    let (owner, user) = (metadata.uid(), rustix::process::geteuid().as_raw());
    (owner != user && owner != 0).then_some(owner)
}

/// Other systems keep such a file in a folder that only its user can write to.
#[cfg(not(unix))]
fn other_owner(_: &Metadata) -> Option<u32> {
    None
}

/// The name of a user in `/etc/passwd`; `None` for one that another directory knows.
fn user_name(uid: u32) -> Option<String> {
    name_in(&std::fs::read_to_string("/etc/passwd").ok()?, uid)
}

/// The name of a user in a text of the form of passwd(5).
fn name_in(passwd: &str, uid: u32) -> Option<String> {
    passwd.lines().find_map(|line| {
        let mut parts = line.split(':');
        let (name, id) = (parts.next()?, parts.nth(1)?);
        (id.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_named_where_passwd_has_the_name() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nodd\nnobody:x:65534:65534::/:/bin/false\n";
        assert_eq!(name_in(passwd, 65534).as_deref(), Some("nobody"));
        assert_eq!(name_in(passwd, 5), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_of_the_user_is_read() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert_eq!(ForeignConfig::at(file.path()).unwrap(), None);
    }
}
