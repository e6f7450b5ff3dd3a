//! The user that runs PostgreSQL, which refuses to run as root. Not a role of the database.

use std::os::unix::fs::chown;
use std::path::Path;
use std::sync::LazyLock;

/// A user of this machine.
#[derive(Debug, Clone, Copy)]
pub struct Account {
    pub uid: u32,
    pub gid: u32,
}

impl Account {
    /// The user to change to: Debian's `postgres`, or `nobody`. None where the tests themselves
    /// run as an ordinary user.
    pub fn ordinary() -> Option<Self> {
        static FOUND: LazyLock<Option<Account>> = LazyLock::new(|| {
            if !rustix::process::geteuid().is_root() {
                return None;
            }
            let users = std::fs::read_to_string("/etc/passwd").unwrap();
            let user = |name| users.lines().find_map(|line| parse(line, name));
            Some(user("postgres").or_else(|| user("nobody")).expect("a user postgres or nobody"))
        });
        *FOUND
    }

    /// Makes a file or a folder this user's own.
    pub fn own(self, path: &Path) {
        chown(path, Some(self.uid), Some(self.gid)).unwrap();
    }
}

/// A line of `/etc/passwd`: name, password, user, group and more.
fn parse(line: &str, name: &str) -> Option<Account> {
    let mut fields = line.split(':');
    let found = fields.next() == Some(name);
    let (uid, gid) = (fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
    found.then_some(Account { uid, gid })
}
