//! The directories whose events show a change of the file, and which of these events count.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::Metadata;
use std::path::{Path, PathBuf};

use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};

/// As many links as the kernel follows.
const MOST_LINKS: usize = 40;

/// The watched directories, each with its identity when it was armed: a directory of the
/// same name may be another one by now, and the old watch gets no events from it.
pub struct Places {
    path: PathBuf,
    watcher: Option<RecommendedWatcher>,
    armed: BTreeMap<PathBuf, Identity>,
    /// The file under each of its names.
    names: BTreeSet<PathBuf>,
}

type Identity = (u64, u64);

impl Places {
    pub fn new(path: PathBuf, watcher: Option<RecommendedWatcher>) -> Self {
        Self { path, watcher, armed: BTreeMap::new(), names: BTreeSet::new() }
    }

    /// Watches the directories that matter now: a changed link or directory changes them.
    pub fn arm(&mut self) {
        self.names = names(&self.path);
        let Some(watcher) = &mut self.watcher else { return };
        let wanted = directories(&self.names);
        self.armed.retain(|directory, identity| {
            let keep = wanted.get(directory) == Some(identity);
            if !keep {
                // Fails for a directory that is gone, whose watch is gone too.
                let _ = watcher.unwatch(directory);
            }
            keep
        });
        for (directory, identity) in wanted {
            if !self.armed.contains_key(&directory)
                && watcher.watch(&directory, RecursiveMode::NonRecursive).is_ok()
            {
                self.armed.insert(directory, identity);
            }
        }
    }

    /// Whether the event is about one of the file's names or a directory on the way there.
    /// Other files in the directory may change at any time.
    pub fn concerns(&self, event: &Event) -> bool {
        event.paths.is_empty()
            || event.need_rescan()
            || event.paths.iter().any(|path| self.names.iter().any(|name| name.starts_with(path)))
    }
}

/// The path, every link on the way, and the file at the end.
fn names(path: &Path) -> BTreeSet<PathBuf> {
    let mut names = BTreeSet::new();
    let mut name = path.to_owned();
    for _ in 0..MOST_LINKS {
        names.insert(name.clone());
        let Ok(target) = std::fs::read_link(&name) else { break };
        name = parent(&name).join(target);
    }
    names.insert(canonical(&name));
    names
}

/// The real path, as far as it exists: some systems report events by it.
fn canonical(path: &Path) -> PathBuf {
    let existing = nearest_existing(path);
    let rest = path.strip_prefix(existing).unwrap_or(Path::new(""));
    let real = std::fs::canonicalize(existing).unwrap_or_else(|_| existing.to_owned());
    // Joining an empty path would add a slash to the name of a file.
    if rest.as_os_str().is_empty() { real } else { real.join(rest) }
}

fn directories(names: &BTreeSet<PathBuf>) -> BTreeMap<PathBuf, Identity> {
    names
        .iter()
        .map(|name| nearest_existing(parent(name)))
        .filter_map(|directory| Some((directory.to_owned(), identity(&std::fs::metadata(directory).ok()?))))
        .collect()
}

fn nearest_existing(path: &Path) -> &Path {
    path.ancestors().find(|ancestor| ancestor.exists()).unwrap_or(path)
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

#[cfg(unix)]
fn identity(metadata: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

/// On other systems the time of creation distinguishes a directory from its successor.
#[cfg(not(unix))]
fn identity(metadata: &Metadata) -> Identity {
    let created = metadata.created().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    (created.map_or(0, |age| age.as_secs()), created.map_or(0, |age| u64::from(age.subsec_nanos())))
}
