//! The files of a new cluster. Not its configuration (`options`).

use std::path::Path;
use std::sync::OnceLock;

use super::daemon::{Daemon, Place, run};
use super::disk::SmallDisk;
use super::options::{ClusterOptions, USER};

/// Makes a data folder. `initdb` takes a second and more, so that clusters without peculiarities are
/// copies of one that it has made.
pub fn initialize(daemon: &Daemon, programs: &Path, options: &ClusterOptions) {
    static TEMPLATE: OnceLock<Daemon> = OnceLock::new();
    let mut arguments = Vec::new();
    if let Some(password) = &options.password {
        arguments.extend(["--pwfile".into(), daemon.write("password", password)]);
    }
    if options.disk == Some(SmallDisk::Data) {
        arguments.extend(["--waldir".into(), daemon.folder().join("log-of-writes")]);
    }
    let data = daemon.folder().join("data");
    let initdb = |daemon: &Daemon, data: &Path| {
        let mut initdb = daemon.command(programs.join("initdb"));
        initdb.args(["--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C", "--username", USER]);
        run(initdb.args(&arguments).arg("--pgdata").arg(data));
    };
    if !arguments.is_empty() {
        return initdb(daemon, &data);
    }
    let template = TEMPLATE.get_or_init(|| {
        let daemon = Daemon::new(&Place::default());
        initdb(&daemon, &daemon.folder().join("data"));
        daemon
    });
    // The folder may exist already, as a disk of its own.
    run(daemon.command("cp").arg("-R").arg(template.folder().join("data/.")).arg(data));
}
