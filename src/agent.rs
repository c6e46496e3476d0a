//! Puts an agent together from its parts and runs it: lock, configuration, gateway,
//! control plane, supervisor.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::{mpsc, watch};

use crate::accounts::{Pool, store};
use crate::config::{self, Config, Loaded, Problems, SecretMemory, edit, generate_key, template};
use crate::control::{Admission, AgentHandle, ProxyState, Shell, Status, new_token};
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
use crate::supervisor::{Exit, Options, Sources, Supervisor};
use crate::upstream::Scrubber;

/// Requests and what they become, held in memory at once, at least …
const MIN_BUDGET: u64 = 256 << 20;
/// … and so many times the largest body: itself, what its values take, and what is written
/// for an upstream.
const LARGEST_AT_ONCE: u64 = 6;
/// Every connection of a client may need one of its own to an upstream.
const SOCKETS_PER_REQUEST: u64 = 2;
/// Files and sockets that are not a client's.
const OTHER_FILES: u64 = 64;

/// How long the last records may take to reach the disk.
const LAST_RECORDS: Duration = Duration::from_secs(2);

/// How an agent is asked to run.
#[derive(Clone, Debug)]
pub struct Launch {
    pub paths: Paths,
    /// Overrides the config for this run.
    pub port: Option<u16>,
    pub exit_on_failed_start: bool,
    /// What starts at login, when it is asked to.
    pub login: Login,
    /// Files and sockets this process may hold.
    pub max_open_files: u64,
}

/// Why an agent could not even begin.
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
    paths.create().map_err(|error| other("the agent's directories could not be made", &error))?;
    refuse_exposed(paths)?;
    let lock = take_lock(paths)?;
    paths.directories().into_iter().for_each(leftovers::sweep);
    let (watcher, file) = config::watch::watch(paths.config.clone())
        .map_err(|error| other("the config file cannot be watched", &error))?;
    let secrets = SecretMemory::default();
    let (Loaded { config, warnings, .. }, unloaded) = match first_load(&paths.config, &secrets).await {
        Ok(loaded) => (loaded, None),
        // Whoever looks at the tray sees what is wrong, and that it is put right.
        Err(LaunchError::Config(problems)) if !launch.exit_on_failed_start => {
            let config = Config { language: config::language(&paths.config), ..Config::default() };
            (Loaded { config, ..Loaded::default() }, Some(problems))
        }
        Err(error) => return Err(error),
    };
    for warning in &warnings {
        tracing::warn!("{warning}");
    }
    let config = Arc::new(config);
    let gateway = Arc::new(gateway(&config, scrubber, paths));
    let recorder = Arc::clone(&gateway.recorder);
    let door = Door::new(Arc::clone(&gateway), &config, host_name());
    let door = Arc::new(door.map_err(|error| other("the serving threads could not be started", &error))?);

    let proxy_port = launch.port.unwrap_or(config.proxy.port);
    let listening =
        dashboard::listen(proxy_port).await.map_err(|error| other("the control plane", &error))?;
    let token = new_token().map_err(|error| other("no randomness", &error))?;
    let admission = Admission::new(format!("http://{}/", listening.address), token.clone());
    let admission = Arc::new(admission);
    let entrances = Entrances::new(Arc::clone(&admission), paths.browser_directory());
    let options = options(&launch, admission.address.clone(), entrances.clone(), secrets);
    let (requests, asked) = mpsc::channel(16);
    let (status, published) = watch::channel(first_status(&options, &config));
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
    let supervisor = Supervisor::new(options, config, warnings, door, shell, status, session);
    let exit = supervisor.run(Sources { requests: asked, file, watcher, signals }, unloaded).await;
    if exit != Exit::Forced {
        control_plane.finish().await;
        let _ = tokio::task::spawn_blocking(move || recorder.close(LAST_RECORDS)).await;
    }
    Ok(exit)
}

/// Whoever can put a file in the place of ours can lead the commands that talk to this agent
/// elsewhere. The directory of the config file is looked at with the file.
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

/// The first load is a reload from nothing: a missing file is written, a missing key
/// that is needed is generated.
async fn first_load(path: &Path, secrets: &SecretMemory) -> Result<Loaded, LaunchError> {
    if let Err(error) = std::fs::symlink_metadata(path)
        && error.kind() == std::io::ErrorKind::NotFound
    {
        template::init(path).map_err(|error| other("the config file could not be written", &error))?;
        tracing::info!("wrote a first config file: {}", path.display());
    }
    let loaded = config::load_again(path, secrets).await?;
    if !loaded.needs_key {
        return Ok(loaded);
    }
    edit::set_api_key(path, &generate_key())
        .map_err(|error| other("a client key is needed and could not be written", &error))?;
    tracing::info!("a client key was generated and written to the config file");
    Ok(config::load_again(path, secrets).await?)
}

fn gateway(config: &Arc<Config>, scrubber: Scrubber, paths: &Paths) -> Gateway {
    let budget = config.proxy.max_body.saturating_mul(LARGEST_AT_ONCE).max(MIN_BUDGET);
    let pool = Arc::new(Pool::new());
    let recorder = Arc::new(Recorder::start(paths.monitor_file(), config, scrubber.clone()));
    let gateway = Gateway::new(
        Arc::clone(config),
        pool,
        recorder,
        scrubber,
        usize::try_from(budget).unwrap_or(usize::MAX),
    );
    gateway.pool.restore(store::load(&paths.pool_file()), Instant::now(), SystemTime::now());
    gateway
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

/// What surfaces see until the supervisor publishes for the first time.
fn first_status(options: &Options, config: &Config) -> Status {
    let port = options.port.unwrap_or(config.proxy.port);
    let address = bind::address(port, config.proxy.allow_lan_access);
    Status {
        state: ProxyState::Stopped,
        address,
        base_url: base_url(address),
        active_accounts: 0,
        cooling_accounts: 0,
        accounts: Vec::new(),
        unreachable: Vec::new(),
        in_flight: 0,
        problem: None,
        failure: None,
        next_free_port: None,
        warnings: Vec::new(),
        icon: None,
        update_available: None,
        auth_mode: String::new(),
        allow_lan_access: config.proxy.allow_lan_access,
        notifications: config.notifications.enabled,
        language: config.language.spoken(),
        dashboard_url: options.dashboard_url.clone(),
        config_path: options.config_path.display().to_string(),
        pid: std::process::id(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
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
