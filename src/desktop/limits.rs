//! Process-wide settings made once at start: which users can read our files and memory, and how
//! many sockets we may open.

/// Files are created for the owner only, memory is not dumped, and the soft limit on
/// open files is raised to the hard one. Returns that limit.
#[cfg(unix)]
pub fn harden() -> u64 {
    use rustix::process::{Resource, getrlimit, setrlimit, umask};

    umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    #[cfg(target_os = "linux")]
    {
        // A core dump or a debugger of another user would see every key.
        let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    }
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Some systems report an unlimited hard limit and refuse it as a soft one.
    let _ = setrlimit(Resource::Nofile, limit);
    getrlimit(Resource::Nofile).current.unwrap_or(DEFAULT_OPEN_FILES)
}

#[cfg(not(unix))]
pub fn harden() -> u64 {
    DEFAULT_OPEN_FILES
}

/// Assumed where the system reports no limit.
const DEFAULT_OPEN_FILES: u64 = 65_536;
