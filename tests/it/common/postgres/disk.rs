//! A disk that a test can fill: a file system in memory, which only the cluster sees. Root alone
//! may mount one. Not how it is filled (`control`).

use std::process::{Command, Stdio};

use super::account::Account;

/// A disk for [`ClusterOptions::disk`](super::options::ClusterOptions::disk).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmallDisk {
    /// For tables and indexes. A statement that needs more of it fails, and the server goes on.
    Data,
    /// For the write-ahead log as well. The server crashes where the log needs more of it.
    DataAndLog,
}

impl SmallDisk {
    /// Whether this machine permits to mount one.
    pub(super) fn is_permitted() -> bool {
        let mut probe = Command::new("unshare");
        probe.args(["--mount", "--propagation", "private", "mount", "-t", "tmpfs", "tmpfs"]);
        let root = Account::ordinary().is_some();
        root && probe
            .arg(std::env::temp_dir())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }

    /// An empty cluster takes 40 MiB, and the log two segments of 16 MiB.
    pub(super) fn mebibytes(self) -> u32 {
        match self {
            Self::Data => 64,
            Self::DataAndLog => 96,
        }
    }
}
