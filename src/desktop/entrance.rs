//! Opens the dashboard in a browser. Process arguments are visible to other users, so the browser
//! is started with the path of a private file, which leads to the dashboard with a ticket. The
//! file is removed when the ticket is used or expires.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempPath;
use tokio::runtime::Handle;

use super::disk;
use crate::control::{Admission, admission};

const PREFIX: &str = "portcullis-";
const SUFFIX: &str = ".html";
/// Letters of a file name that cannot be guessed.
const RANDOM: usize = 22;

/// One way in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entrance {
    /// The dashboard's address, with a ticket.
    pub address: String,
    /// The file that leads there; `None` if it could not be written.
    pub page: Option<PathBuf>,
}

/// Makes entrances.
#[derive(Clone, Debug)]
pub struct Entrances {
    admission: Arc<Admission>,
    directory: PathBuf,
}

impl Entrances {
    /// The directory holds only these files: those that a killed agent left are removed.
    pub fn new(admission: Arc<Admission>, directory: PathBuf) -> Self {
        sweep(&directory);
        Self { admission, directory }
    }

    /// An address with a ticket, to be shown or copied. Fails when the system has no
    /// randomness.
    pub fn address(&self) -> Result<String, getrandom::Error> {
        self.admission.ticket()
    }

    /// The same, with a file that leads there. Blocks on the disk.
    pub fn open(&self) -> Result<Entrance, getrandom::Error> {
        let address = self.admission.ticket()?;
        let page = match write_page(&self.directory, &address) {
            Ok(page) => Some(page),
            Err(error) => {
                let directory = self.directory.display();
                tracing::warn!("no private page for the browser could be written in {directory}: {error}");
                None
            }
        };
        let path = page.as_ref().map(|page| page.to_path_buf());
        if let Some(page) = page {
            self.admission.keep(&address, page);
            self.sweep_later();
        }
        Ok(Entrance { address, page: path })
    }

    /// The ticket is not valid any more.
    fn sweep_later(&self) {
        let Ok(runtime) = Handle::try_current() else { return };
        let admission = Arc::downgrade(&self.admission);
        runtime.spawn(async move {
            tokio::time::sleep(admission::VALID + Duration::from_secs(1)).await;
            if let Some(admission) = admission.upgrade() {
                admission.sweep();
            }
        });
    }
}

/// Replaces itself in the tab's history, so that "back" does not lead to a spent ticket.
fn write_page(directory: &Path, address: &str) -> io::Result<TempPath> {
    disk::create_private_directories(directory)?;
    close_to_others(directory)?;
    let mut page =
        tempfile::Builder::new().prefix(PREFIX).suffix(SUFFIX).rand_bytes(RANDOM).tempfile_in(directory)?;
    write!(
        page,
        "<!doctype html>\n<meta charset=\"utf-8\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>portcullis</title>\n<p><a href=\"{address}\">portcullis</a></p>\n\
         <script>location.replace(\"{address}\")</script>\n"
    )?;
    page.flush()?;
    Ok(page.into_temp_path())
}

/// Another user may have created it first if the parent is writable to others, and not every file
/// system enforces modes.
#[cfg(unix)]
fn close_to_others(directory: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let refused = |reason| Err(io::Error::new(io::ErrorKind::PermissionDenied, reason));
    let found = std::fs::symlink_metadata(directory)?;
    if !found.is_dir() || found.uid() != rustix::process::geteuid().as_raw() {
        return refused("the directory belongs to another user");
    }
    if found.mode() & 0o777 == 0o700 {
        return Ok(());
    }
    std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o700))?;
    if std::fs::symlink_metadata(directory)?.mode() & 0o777 == 0o700 {
        return Ok(());
    }
    refused("the directory cannot be closed to others")
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "on Unix it can fail")]
fn close_to_others(_directory: &Path) -> io::Result<()> {
    Ok(())
}

/// A link was not made by us and may lead anywhere.
fn sweep(directory: &Path) {
    if !std::fs::symlink_metadata(directory).is_ok_and(|found| found.is_dir()) {
        return;
    }
    let Ok(entries) = std::fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(PREFIX) && name.ends_with(SUFFIX) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn entrances(directory: &Path) -> Entrances {
        let admission = Admission::new("http://127.0.0.1:8046/".to_owned(), "launch".to_owned());
        Entrances::new(Arc::new(admission), directory.to_owned())
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("there").permissions().mode() & 0o777
    }

    #[test]
    fn a_page_is_private_and_its_name_says_nothing() {
        let home = tempfile::tempdir().expect("a directory");
        let directory = home.path().join("browser");
        fs::create_dir(&directory).expect("created");
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).expect("opened");
        let entrances = entrances(&directory);
        let Entrance { address, page } = entrances.open().expect("random");
        let page = page.expect("written");
        assert_eq!((mode(&page), mode(&directory)), (0o600, 0o700));
        assert!(fs::read_to_string(&page).expect("read").contains(&address));
        let ticket = address.rsplit('#').next().expect("a ticket");
        assert!(!page.to_string_lossy().contains(ticket), "{page:?}");
        drop(entrances);
        assert!(!page.exists(), "it goes with the agent");
    }

    #[test]
    fn what_a_killed_agent_left_goes_and_nothing_else() {
        let home = tempfile::tempdir().expect("a directory");
        let file = |name: &str| fs::write(home.path().join(name), "").expect("written");
        file("portcullis-abc.html");
        file("notes.html");
        drop(entrances(home.path()));
        let left: Vec<_> = fs::read_dir(home.path()).expect("read").flatten().collect();
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].file_name(), "notes.html");
    }

    #[test]
    fn a_directory_that_leads_elsewhere_is_not_used() {
        let home = tempfile::tempdir().expect("a directory");
        let directory = home.path().join("browser");
        symlink(home.path(), &directory).expect("linked");
        let theirs = home.path().join("portcullis-theirs.html");
        fs::write(&theirs, "").expect("written");
        assert_eq!(entrances(&directory).open().expect("random").page, None);
        assert!(theirs.exists());
    }
}
