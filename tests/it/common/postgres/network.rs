//! A network of hosts that a test can partition: a bridge and a network namespace for each host.
//! Root alone may make one; no address exists outside of these namespaces. A partition loses
//! packets without any error, which no proxy can do. Not faults of a connection (`proxy`).

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use super::daemon::run;
use super::guard::Guard;
use super::programs;

/// The addresses of all hosts.
pub(super) const NETWORK: &str = "10.77.0.0/24";

/// The bridge, in a namespace of its own.
const BRIDGE: &str = "bridge";

/// What a network needs of the machine.
const PROBE: &str = "ip link add name a type bridge && ip link add name b type veth peer name c";

/// The bridge, to which the hosts are connected.
#[derive(Debug)]
pub struct Network {
    switch: Arc<Guard>,
    hosts: AtomicU8,
}

impl Network {
    /// Makes a network without hosts; none where that is not permitted.
    pub fn new() -> Option<Self> {
        if programs::other("ip").is_none() {
            return programs::without("ip");
        }
        let mut probe = Command::new("unshare");
        probe.args(["--net", "sh", "-c", PROBE]);
        if !probe.stderr(Stdio::null()).status().is_ok_and(|status| status.success()) {
            return programs::skip("no permission to make network namespaces");
        }
        let switch = Arc::new(Guard::of_network());
        ip(&switch, &format!("link add name {BRIDGE} type bridge"));
        ip(&switch, &format!("link set dev {BRIDGE} up"));
        Some(Self { switch, hosts: AtomicU8::new(0) })
    }

    /// Connects one more host.
    pub fn host(&self) -> Host {
        let number = self.hosts.fetch_add(1, Ordering::Relaxed) + 1;
        let (guard, port) = (Guard::of_network(), format!("port{number}"));
        ip(&self.switch, &format!("link add name {port} type veth peer name eth0 netns {}", guard.id()));
        ip(&self.switch, &format!("link set dev {port} master {BRIDGE} up"));
        let address = format!("10.77.0.{number}");
        ip(&guard, "link set dev lo up");
        ip(&guard, &format!("address add {address}/24 dev eth0"));
        ip(&guard, "link set dev eth0 up");
        Host { switch: Arc::clone(&self.switch), guard, port, address, entrances: Vec::new() }
    }
}

/// A host of a [`Network`]: what runs on it sees its own address, and the other hosts.
#[derive(Debug)]
pub struct Host {
    switch: Arc<Guard>,
    guard: Guard,
    port: String,
    address: String,
    /// Dropped, they end the threads of [`entrance_to`](Self::entrance_to).
    entrances: Vec<oneshot::Sender<()>>,
}

impl Host {
    pub fn address(&self) -> &str {
        &self.address
    }

    /// A process in the host's namespace.
    pub(super) fn process(&self) -> u32 {
        self.guard.id()
    }

    /// Loses every packet from and to this host. Its link stays up, so that no program is told.
    pub fn cut(&self) {
        ip(&self.switch, &format!("link set dev {} nomaster", self.port));
    }

    /// Ends the partition.
    pub fn join(&self) {
        ip(&self.switch, &format!("link set dev {} master {BRIDGE}", self.port));
    }

    /// The same command, run on this host. Its standard streams are set on the result.
    pub fn command(&self, command: &Command) -> Command {
        let mut inside = enter(&self.guard);
        inside.arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => inside.env(name, value),
                None => inside.env_remove(name),
            };
        }
        if let Some(folder) = command.get_current_dir() {
            inside.current_dir(folder);
        }
        inside
    }

    /// An address of this machine that leads to a port of this host, also while it is cut off: what
    /// connects to it does so from the host itself.
    pub fn entrance(&mut self, port: u16) -> SocketAddr {
        self.entrance_to(SocketAddr::new(self.address.parse().unwrap(), port))
    }

    /// An address of this machine that leads to an address as this host sees it, through its link
    /// if that is another host's.
    pub fn entrance_to(&mut self, inside: SocketAddr) -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let entrance = listener.local_addr().unwrap();
        let namespace = File::open(format!("/proc/{}/ns/net", self.guard.id())).unwrap();
        let (sender, ended) = oneshot::channel();
        self.entrances.push(sender);
        // The namespace is a thread's own.
        std::thread::spawn(move || {
            use std::os::fd::AsFd as _;
            move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                tokio::select! {
                    () = forward(listener, inside) => {}
                    _ = ended => {}
                }
            });
        });
        entrance
    }
}

/// Relays each connection to an address.
async fn forward(listener: tokio::net::TcpListener, to: SocketAddr) {
    while let Ok((mut outside, _)) = listener.accept().await {
        tokio::spawn(async move {
            // A connection that cannot be made ends the one that asks for it.
            if let Ok(mut inside) = TcpStream::connect(to).await {
                let _ = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
            }
        });
    }
}

/// Runs `ip` in a namespace.
fn ip(guard: &Guard, arguments: &str) {
    run(enter(guard).arg("ip").args(arguments.split(' ')));
}

/// What comes after it runs in a namespace.
fn enter(guard: &Guard) -> Command {
    let mut command = Command::new("nsenter");
    command.arg(format!("--net=/proc/{}/ns/net", guard.id())).arg("--");
    command
}
