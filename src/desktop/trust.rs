//! Whether other users could read or change a file of ours. A user who can write the config file
//! can name a program to run; one who can write or owns its directory can replace the file.
//!
//! A group without other members does not count as other users: with `umask 002` every file is
//! writable for the user's own group.

use std::path::{Path, PathBuf};

#[cfg(unix)]
use super::users;

/// A file or a directory that other users can write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposed {
    pub path: PathBuf,
    /// Its permissions, as `chmod` takes them: `666`.
    pub mode: String,
}

/// A directory that belongs to another user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreign {
    pub path: PathBuf,
    pub owner: u32,
}

/// The file, the directory it is in, and those of a link that leads to it. `None`: no other user
/// can write any of them, as far as can be seen.
pub fn exposed(file: &Path) -> Option<Exposed> {
    let target = target(file);
    let directories = [parent(file), parent(&target)];
    exposed_place(&target).or_else(|| directories.into_iter().find_map(exposed_place))
}

/// The directory that the file is in, or that of a link that leads to it, if it is neither ours
/// nor root's.
#[cfg(unix)]
pub fn foreign_directory(file: &Path) -> Option<Foreign> {
    use std::os::unix::fs::MetadataExt;

    let foreign = |path: &Path| {
        let owner = std::fs::metadata(path).ok()?.uid();
        let is_foreign = !is_ours_or_roots(owner) && !is_read_only(path) && keeps_modes(path);
        is_foreign.then(|| Foreign { path: path.to_owned(), owner })
    };
    [parent(file), parent(&target(file))].into_iter().find_map(foreign)
}

#[cfg(not(unix))]
pub fn foreign_directory(_: &Path) -> Option<Foreign> {
    None
}

/// Root trusts every owner: in containers it reads what is mounted from a user's home.
#[cfg(unix)]
pub fn is_ours_or_roots(owner: u32) -> bool {
    is_trusted_owner(owner, rustix::process::geteuid().as_raw())
}

#[cfg(unix)]
const fn is_trusted_owner(owner: u32, user: u32) -> bool {
    const ROOT: u32 = 0;
    owner == user || owner == ROOT || user == ROOT
}

fn target(file: &Path) -> PathBuf {
    std::fs::canonicalize(file).unwrap_or_else(|_| file.to_owned())
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// This file or directory, by itself.
#[cfg(unix)]
pub fn exposed_place(path: &Path) -> Option<Exposed> {
    use std::os::unix::fs::MetadataExt;

    const STICKY: u32 = 0o1000;
    const WRITTEN: u32 = 0o022;
    let metadata = std::fs::metadata(path).ok()?;
    let mode = metadata.mode();
    // In a sticky directory such as /tmp, users can replace only their own files.
    let is_shared = metadata.is_dir() && mode & STICKY != 0;
    if is_shared || rights_of_others(path, &metadata) & WRITTEN == 0 {
        return None;
    }
    let is_exposed = !is_read_only(path) && keeps_modes(path);
    is_exposed.then(|| Exposed { path: path.to_owned(), mode: format!("{:03o}", mode & 0o7777) })
}

#[cfg(not(unix))]
pub fn exposed_place(_: &Path) -> Option<Exposed> {
    None
}

/// What its mode allows to other users: `0o044` if they can read it. A group without other
/// members is left out.
#[cfg(unix)]
pub fn rights_of_others(path: &Path, metadata: &std::fs::Metadata) -> u32 {
    use std::os::unix::fs::MetadataExt;

    const OF_GROUP: u32 = 0o070;
    const OF_ALL: u32 = 0o007;
    let mode = metadata.mode();
    let is_groups = || has_access_list(path) || !users::is_alone_in(metadata.gid(), metadata.uid());
    if mode & OF_GROUP != 0 && is_groups() { mode & (OF_GROUP | OF_ALL) } else { mode & OF_ALL }
}

/// Where there is a list of further users, what looks like the group's right is theirs.
#[cfg(target_os = "linux")]
fn has_access_list(path: &Path) -> bool {
    rustix::fs::getxattr(path, "system.posix_acl_access", &mut [0_u8; 512])
        .map_or_else(|error| error == rustix::io::Errno::RANGE, |length| length > 0)
}

#[cfg(all(unix, not(target_os = "linux")))]
fn has_access_list(_: &Path) -> bool {
    false
}

/// Mounted read-only, whatever the file's own permissions say.
#[cfg(unix)]
fn is_read_only(path: &Path) -> bool {
    rustix::fs::statvfs(path)
        .is_ok_and(|system| system.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY))
}

/// Windows' drives under WSL, network shares and memory sticks show a mode that is made up,
/// and that cannot be changed.
#[cfg(target_os = "linux")]
fn keeps_modes(path: &Path) -> bool {
    /// 9p, FAT, exFAT, ntfs3, SMB, CIFS, SMB2 (`linux/magic.h` and the drivers' own).
    const MADE_UP: [u64; 7] =
        [0x0102_1997, 0x4d44, 0x2011_bab0, 0x7366_746e, 0x517b, 0xff53_4d42, 0xfe53_4d42];
    rustix::fs::statfs(path)
        .map_or(true, |system| !u64::try_from(system.f_type).is_ok_and(|kind| MADE_UP.contains(&kind)))
}

#[cfg(all(unix, not(target_os = "linux")))]
fn keeps_modes(_: &Path) -> bool {
    true
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn set(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("set");
    }

    #[test]
    fn an_owner_is_trusted_who_is_root_or_ourselves() {
        let cases = [(1000, 1000, true), (0, 1000, true), (1001, 1000, false), (1000, 0, true)];
        for (owner, user, trusted) in cases {
            assert_eq!(is_trusted_owner(owner, user), trusted, "{owner} read by {user}");
        }
    }

    #[test]
    fn a_file_or_directory_that_others_can_write_is_found() {
        let directory = tempfile::tempdir().expect("a directory");
        let home = directory.path().join("home");
        fs::create_dir(&home).expect("made");
        let file = home.join("config.toml");
        fs::write(&file, "").expect("written");
        for (of_directory, of_file, expected) in [
            (0o700, 0o600, None),
            (0o755, 0o644, None),
            (0o1777, 0o600, None),
            (0o700, 0o602, Some((&file, "602"))),
            (0o700, 0o622, Some((&file, "622"))),
            (0o700, 0o666, Some((&file, "666"))),
            (0o702, 0o600, Some((&home, "702"))),
            (0o777, 0o600, Some((&home, "777"))),
        ] {
            set(&home, of_directory);
            set(&file, of_file);
            let found = exposed(&file);
            let found = found.as_ref().map(|exposed| (&exposed.path, exposed.mode.as_str()));
            assert_eq!(found, expected, "{of_directory:o} {of_file:o}");
        }
    }

    #[test]
    fn the_place_of_a_link_counts_as_well_as_what_it_leads_to() {
        let directory = tempfile::tempdir().expect("a directory");
        let [here, there] = ["here", "there"].map(|name| directory.path().join(name));
        for place in [&here, &there] {
            fs::create_dir(place).expect("made");
        }
        fs::write(there.join("real"), "").expect("written");
        let link = here.join("config.toml");
        std::os::unix::fs::symlink(there.join("real"), &link).expect("linked");
        set(&there.join("real"), 0o600);
        for (of_here, of_there, expected) in
            [(0o755, 0o755, None), (0o757, 0o755, Some(&here)), (0o755, 0o757, Some(&there))]
        {
            set(&here, of_here);
            set(&there, of_there);
            assert_eq!(exposed(&link).as_ref().map(|exposed| &exposed.path), expected);
        }
    }
}
