//! Where things live: the platform's directories, or one directory for all of it.

use std::io;
use std::path::{Path, PathBuf};

use directories::ProjectDirs;

/// Every file the agent reads or writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    pub config: PathBuf,
    pub data: PathBuf,
    pub state: PathBuf,
    pub runtime: PathBuf,
}

#[derive(Debug, thiserror::Error)]
#[error("this system names no home directory: pass --home DIR")]
pub struct NoHome;

impl Paths {
    /// `home` puts everything into one directory; `config` overrides the config file alone.
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
        Self { config: home.join("config.toml"), data: home.clone(), state: home.clone(), runtime: home }
    }

    fn of_platform() -> Result<Self, NoHome> {
        let dirs = ProjectDirs::from("", "", "portcullis").ok_or(NoHome)?;
        let state = dirs.state_dir().unwrap_or_else(|| dirs.data_local_dir()).to_owned();
        Ok(Self {
            config: dirs.config_dir().join("config.toml"),
            data: dirs.data_local_dir().to_owned(),
            runtime: dirs.runtime_dir().map_or_else(|| state.clone(), Path::to_owned),
            state,
        })
    }

    /// Creates the directories that are missing, for the owner alone.
    pub fn create(&self) -> io::Result<()> {
        self.directories().into_iter().try_for_each(create_private_dir)
    }

    /// Every directory the agent writes in.
    pub fn directories(&self) -> [&Path; 4] {
        let config_dir = self.config.parent().unwrap_or_else(|| Path::new("."));
        [config_dir, &self.data, &self.state, &self.runtime]
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

    /// Holds nothing but the pages that lead a browser in, each for a moment.
    pub fn browser_directory(&self) -> PathBuf {
        self.state.join("browser")
    }

    pub fn lock_file(&self) -> PathBuf {
        self.runtime.join("portcullis.lock")
    }

    pub fn control_file(&self) -> PathBuf {
        self.runtime.join("control.json")
    }
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

    /// With a drive in front, where there are drives.
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
}
