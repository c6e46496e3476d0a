//! Where things live: the platform's directories, or one directory for all of it.

use std::io;
use std::path::{Path, PathBuf};

use directories::ProjectDirs;

const CONFIG_NAME: &str = "config.toml";
/// The file whose lock says that an agent has this home.
pub const LOCK_NAME: &str = "portcullis.lock";

/// Every file the agent reads or writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    pub config: PathBuf,
    pub data: PathBuf,
    /// Holds the lock as well: it outlives a logout, which a runtime directory does not.
    pub state: PathBuf,
    /// Where versions up to 0.1.0 kept their lock, if elsewhere.
    former_runtime: Option<PathBuf>,
}

/// The files that mark a home as taken and say how to reach its agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    pub lock_file: PathBuf,
    pub control_file: PathBuf,
}

#[derive(Debug, thiserror::Error)]
#[error("this system names no home directory: pass --home DIR")]
pub struct NoHome;

impl Paths {
    /// `home` puts everything into one directory; `config` overrides only the config file.
    pub fn find(home: Option<&Path>, config: Option<&Path>) -> Result<Self, NoHome> {
        let mut paths = match home {
            Some(home) => Self::under(home),
            None => Self::of_platform()?,
        };
        if let Some(config) = config {
            paths.config = std::path::absolute(config).unwrap_or_else(|_| config.to_owned());
        }
        Ok(paths)
    }

    pub fn under(home: &Path) -> Self {
        let home = std::path::absolute(home).unwrap_or_else(|_| home.to_owned());
        Self { config: home.join(CONFIG_NAME), data: home.clone(), state: home, former_runtime: None }
    }

    fn of_platform() -> Result<Self, NoHome> {
        let dirs = ProjectDirs::from("", "", "portcullis").ok_or(NoHome)?;
        let state = dirs.state_dir().unwrap_or_else(|| dirs.data_local_dir()).to_owned();
        Ok(Self {
            config: dirs.config_dir().join(CONFIG_NAME),
            data: dirs.data_local_dir().to_owned(),
            former_runtime: dirs.runtime_dir().map(Path::to_owned).or_else(usual_runtime),
            state,
        })
    }

    /// Creates the directories that are missing, for the owner only.
    pub fn create(&self) -> io::Result<()> {
        self.directories().into_iter().try_for_each(create_private_dir)
    }

    /// Every directory the agent writes in.
    pub fn directories(&self) -> [&Path; 3] {
        let config_dir = self.config.parent().unwrap_or_else(|| Path::new("."));
        [config_dir, &self.data, &self.state]
    }

    /// The options that lead another process to the same home and config file.
    pub fn options(&self) -> Vec<PathBuf> {
        let platform = Self::of_platform().ok();
        let is_platform = platform
            .as_ref()
            .is_some_and(|platform| (&platform.data, &platform.state) == (&self.data, &self.state));
        let usual_config = match platform.filter(|_| is_platform) {
            Some(platform) => platform.config,
            None => self.state.join(CONFIG_NAME),
        };
        let mut options = Vec::new();
        if !is_platform {
            options.extend([PathBuf::from("--home"), self.state.clone()]);
        }
        if self.config != usual_config {
            options.extend([PathBuf::from("--config"), self.config.clone()]);
        }
        options
    }

    pub fn seat(&self) -> Seat {
        Seat::in_directory(&self.state)
    }

    /// Where an agent of this home may have its lock; a new one takes the first.
    pub fn seats(&self) -> Vec<Seat> {
        let former = self.former_runtime.iter().filter(|runtime| **runtime != self.state);
        std::iter::once(&self.state).chain(former).map(|directory| Seat::in_directory(directory)).collect()
    }

    pub fn pool_file(&self) -> PathBuf {
        self.data.join("pool.json")
    }

    pub fn monitor_file(&self) -> PathBuf {
        self.data.join("monitor.db")
    }

    pub fn log_file(&self) -> PathBuf {
        self.state.join("portcullis.log")
    }

    pub fn updates_file(&self) -> PathBuf {
        self.state.join("updates.json")
    }

    /// Holds only the pages that lead a browser in, each for a short time.
    pub fn browser_directory(&self) -> PathBuf {
        self.state.join("browser")
    }

    pub fn control_file(&self) -> PathBuf {
        self.seat().control_file
    }
}

impl Seat {
    fn in_directory(directory: &Path) -> Self {
        Self { lock_file: directory.join(LOCK_NAME), control_file: directory.join("control.json") }
    }
}

/// Where a session's runtime directory is, for processes without `XDG_RUNTIME_DIR`: cron, `su`.
#[cfg(target_os = "linux")]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere there is none")]
fn usual_runtime() -> Option<PathBuf> {
    let user = rustix::process::getuid().as_raw();
    Some(PathBuf::from(format!("/run/user/{user}/portcullis")))
}

#[cfg(not(target_os = "linux"))]
const fn usual_runtime() -> Option<PathBuf> {
    None
}

fn create_private_dir(path: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With a drive in front, on systems that have drives.
    fn absolute(path: &str) -> PathBuf {
        std::path::absolute(path).expect("a path")
    }

    #[test]
    fn a_home_holds_everything() {
        let home = absolute("/srv/p");
        let paths = Paths::find(Some(&home), None).expect("a home");
        assert_eq!(paths.config, home.join("config.toml"));
        assert_eq!(paths.control_file(), home.join("control.json"));
    }

    #[test]
    fn a_config_file_of_its_own_leaves_the_rest_where_it_was() {
        let (home, config) = (absolute("/srv/p"), absolute("/etc/p.toml"));
        let paths = Paths::find(Some(&home), Some(&config)).expect("a home");
        assert_eq!(paths.config, config);
        assert_eq!(paths.pool_file(), home.join("pool.json"));
    }

    #[test]
    fn the_options_lead_back_to_the_same_home() {
        let (home, config) = (absolute("/srv/p"), absolute("/etc/p.toml"));
        let check = |home: Option<&Path>, config: Option<&Path>| {
            let paths = Paths::find(home, config).expect("a home");
            let options = paths.options();
            let value = |name: &str| {
                let place = options.iter().position(|option| option == Path::new(name))?;
                options.get(place + 1).map(PathBuf::as_path)
            };
            assert_eq!((value("--home"), value("--config")), (home, config), "{options:?}");
            assert_eq!(Paths::find(value("--home"), value("--config")).ok(), Some(paths));
        };
        check(None, None);
        check(Some(&home), None);
        check(None, Some(&config));
        check(Some(&home), Some(&config));
    }

    #[test]
    fn the_lock_is_where_it_outlives_a_logout_and_the_former_place_is_looked_at_too() {
        let paths = Paths::find(None, None).expect("a home");
        let seats = paths.seats();
        assert_eq!(seats[0].lock_file, paths.state.join(LOCK_NAME));
        assert!(paths.log_file().starts_with(seats[0].lock_file.parent().expect("a directory")));
        assert_eq!(Paths::under(&absolute("/srv/p")).seats().len(), 1, "one directory is one place");
    }
}
