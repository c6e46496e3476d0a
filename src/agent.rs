//! Puts an agent together from its parts and runs it: lock, gateway, control plane,
//! supervisor.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use crate::accounts::Pool;
use crate::config::{self, Config, LanguageSetting, MonitorConfig, Problems, SecretMemory};
use crate::control::{Admission, AgentHandle, Shell, Status, new_token};
use crate::dashboard::{self, Control};
use crate::desktop::autostart::Login;
use crate::desktop::entrance::Entrances;
use crate::desktop::instance::{ControlFile, InstanceLock, LockError};
use crate::desktop::leftovers;
use crate::desktop::paths::Paths;
use crate::desktop::trust;
use crate::desktop::{session, signals};
use crate::gateway::Gateway;
use crate::message;
use crate::monitor::Recorder;
use crate::server::{Door, base_url, bind};
use crate::supervisor::{self, Exit, Options, Sources, Supervisor};
use crate::upstream::Scrubber;

/// Bytes of requests in memory at once, with what they are translated to: at least this …
const MIN_BUDGET: u64 = 256 << 20;
/// … and this many times the largest body, for its bytes, its parsed values and what is
/// written for an upstream.
const LARGEST_AT_ONCE: u64 = 6;
/// A client's connection may need one to an upstream.
const SOCKETS_PER_REQUEST: u64 = 2;
/// Files and sockets that are not a client's.
const OTHER_FILES: u64 = 64;

/// How long the last records may take to reach the disk.
const LAST_RECORDS: Duration = Duration::from_secs(2);

/// How an agent is to run.
#[derive(Clone, Debug)]
pub struct Launch {
    pub paths: Paths,
    /// Overrides the config for this run.
    pub port: Option<u16>,
    pub exit_on_failed_start: bool,
    /// The program that starts at login, when that is switched on.
    pub login: Login,
    /// Files and sockets that this process may have open.
    pub max_open_files: u64,
}

/// Why an agent could not begin.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    #[error("another agent already has this home ({})", home.display())]
    AlreadyRunning { home: PathBuf, pid: Option<u32> },
    #[error(transparent)]
    Config(#[from] Problems),
    #[error("{0}")]
    Other(String),
}

/// Runs until asked to quit. `shell` is made once the agent is sure to run.
pub async fn run<S: Shell>(
    launch: Launch,
    scrubber: Scrubber,
    shell: impl FnOnce(&AgentHandle) -> S,
) -> Result<Exit, LaunchError> {
    let paths = &launch.paths;
    let lock = prepare(paths)?;
    let (watcher, mut file) = config::watch::watch(paths.config.clone())
        .map_err(|error| other("the config file cannot be watched", &error))?;
    let secrets = SecretMemory::default();
    // Nothing saved after the first report is missed, so the first load follows it.
    let _ = file.recv().await;
    let first = match supervisor::load(&paths.config, &secrets).await {
        Err(problems) if launch.exit_on_failed_start => return Err(LaunchError::Config(problems)),
        first => first,
    };
    let proxy = first.as_ref().map_or_else(|_| Config::default().proxy, |first| first.config.proxy.clone());
    let config = Arc::new(unconfigured(config::language(&paths.config)));
    let gateway = Arc::new(gateway(&config, proxy.max_body, scrubber, paths));
    let recorder = Arc::clone(&gateway.recorder);
    let door = Door::new(Arc::clone(&gateway), &config, host_name());
    let door = Arc::new(door.map_err(|error| other("the serving threads could not be started", &error))?);

    let proxy_port = launch.port.unwrap_or(proxy.port);
    let listening =
        dashboard::listen(proxy_port).await.map_err(|error| other("the control plane", &error))?;
    let token = new_token().map_err(|error| other("no randomness", &error))?;
    let admission = Arc::new(Admission::new(format!("http://{}/", listening.address), token.clone()));
    let entrances = Entrances::new(Arc::clone(&admission), paths.browser_directory());
    let options = options(&launch, admission.address.clone(), entrances.clone(), secrets);
    let (requests, asked) = mpsc::channel(16);
    let (status, published) = watch::channel(first_status(&options, &config, proxy_port));
    let (session, here) = watch::channel(session::of_process());
    let agent = AgentHandle::new(requests, published, here);
    let control = Control {
        agent: agent.clone(),
        recorder: Arc::clone(&gateway.recorder),
        gateway: Arc::clone(&gateway),
        config_path: paths.config.clone(),
        admission,
        entrances,
    };
    let announced = ControlFile {
        address: listening.address,
        token,
        pid: std::process::id(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        config: Some(paths.config.clone()),
    };
    let control_plane = listening.serve(control).map_err(|error| other("the control plane", &error))?;
    lock.announce(&announced).map_err(|error| other("control.json could not be written", &error))?;
    let signals = signals::listen().map_err(|error| other("signals", &error))?;

    let shell = Box::new(shell(&agent));
    let supervisor = Supervisor::new(options, config, door, shell, status, session);
    let exit = supervisor.run(Sources { requests: asked, file, watcher, signals }, first).await;
    if exit != Exit::Forced {
        control_plane.finish().await;
        let _ = tokio::task::spawn_blocking(move || recorder.close(LAST_RECORDS)).await;
    }
    Ok(exit)
}

/// Directories that only this user can write, their lock, and a config file in its place.
fn prepare(paths: &Paths) -> Result<InstanceLock, LaunchError> {
    paths.create().map_err(|error| other("the agent's directories could not be made", &error))?;
    refuse_exposed(paths)?;
    let lock = take_lock(paths)?;
    paths.directories().into_iter().for_each(leftovers::sweep);
    supervisor::write_first_file(&paths.config)
        .map_err(|error| other("the config file could not be written", &error))?;
    Ok(lock)
}

/// A user who can replace our files can lead the commands that talk to this agent elsewhere.
/// The directory of the config file is examined with the file.
fn refuse_exposed(paths: &Paths) -> Result<(), LaunchError> {
    let [config, others @ ..] = paths.directories();
    match others.into_iter().filter(|other| *other != config).find_map(trust::exposed_place) {
        None => Ok(()),
        Some(exposed) => {
            let path = exposed.path.display().to_string();
            let problem = message!("problem-writable", path = path.as_str(), mode = exposed.mode);
            let fix = message!("fix-writable", path = path);
            Err(LaunchError::Other(message!("problem-with-fix", problem = problem, fix = fix).to_string()))
        }
    }
}

fn take_lock(paths: &Paths) -> Result<InstanceLock, LaunchError> {
    InstanceLock::take(paths).map_err(|error| match error {
        LockError::Taken { pid } => LaunchError::AlreadyRunning { home: paths.state.clone(), pid },
        LockError::Io(..) => LaunchError::Other(error.to_string()),
    })
}

/// In force until a first file is applied: no accounts, and nothing is recorded.
fn unconfigured(language: LanguageSetting) -> Config {
    let defaults = Config::default();
    Config { language, monitor: MonitorConfig { enabled: false, ..defaults.monitor }, ..defaults }
}

/// `max_body`: bytes of the largest request.
fn gateway(config: &Arc<Config>, max_body: u64, scrubber: Scrubber, paths: &Paths) -> Gateway {
    let budget = max_body.saturating_mul(LARGEST_AT_ONCE).max(MIN_BUDGET);
    let pool = Arc::new(Pool::new());
    let recorder = Arc::new(Recorder::start(paths.monitor_file(), config, scrubber.clone()));
    let budget = usize::try_from(budget).unwrap_or(usize::MAX);
    Gateway::new(Arc::clone(config), pool, recorder, scrubber, budget)
}

fn options(launch: &Launch, dashboard_url: String, entrances: Entrances, secrets: SecretMemory) -> Options {
    let connections = launch.max_open_files.saturating_sub(OTHER_FILES) * 8 / 10 / SOCKETS_PER_REQUEST;
    Options {
        config_path: launch.paths.config.clone(),
        pool_file: launch.paths.pool_file(),
        updates_file: launch.paths.updates_file(),
        data: launch.paths.data.clone(),
        port: launch.port,
        exit_on_failed_start: launch.exit_on_failed_start,
        max_connections: usize::try_from(connections.clamp(16, 1 << 20)).unwrap_or(16),
        dashboard_url,
        entrances,
        secrets,
        login: launch.login.clone(),
    }
}

/// The status until the supervisor publishes for the first time.
fn first_status(options: &Options, config: &Config, proxy_port: u16) -> Status {
    let address = bind::address(proxy_port, config.proxy.allow_lan_access);
    let config_path = options.config_path.display().to_string();
    Status {
        address,
        base_url: base_url(address),
        dashboard_url: options.dashboard_url.clone(),
        ..Status::stopped(config.language.spoken(), config_path)
    }
}

#[cfg(unix)]
fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(not(unix))]
fn host_name() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_default()
}

fn other(what: &str, error: &dyn std::fmt::Display) -> LaunchError {
    LaunchError::Other(format!("{what}: {error}"))
}
