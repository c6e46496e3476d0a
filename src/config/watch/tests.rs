use std::fs;
use std::path::Path;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::*;

/// Generous, because it is reached only when something is broken.
const LIMIT: Duration = Duration::from_secs(20);

struct Case {
    directory: tempfile::TempDir,
    path: PathBuf,
    contents: UnboundedReceiver<Content>,
    _guard: WatchGuard,
}

impl Case {
    /// Watches a file of the given name after `prepare` has set the directory up.
    async fn new(name: &str, prepare: impl FnOnce(&Path)) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        prepare(directory.path());
        let path = directory.path().join(name);
        let (report, contents) = reporter();
        let guard = watch_with(path.clone(), report).expect("watched");
        let mut case = Self { directory, path, contents, _guard: guard };
        assert!(case.next().await.is_some(), "the first content comes by itself");
        case
    }

    async fn with_file() -> Self {
        Self::new("config.toml", |directory| write(directory, "config.toml", "first")).await
    }

    async fn next(&mut self) -> Option<Content> {
        tokio::time::timeout(LIMIT, self.contents.recv()).await.expect("a content within the limit")
    }

    /// Waits until the watch has read this text. It may read a step on the way there first.
    async fn expect(&mut self, text: &str) {
        loop {
            match self.next().await {
                Some(Ok(source)) if source.text == text => return,
                Some(_) => {}
                None => panic!("the watch has ended before {text:?}"),
            }
        }
    }

    async fn expect_absent(&mut self) {
        while !is_problem(&self.next().await.expect("a content"), "there is no such file") {}
    }

    fn at(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

/// A report that keeps what the watch has read.
fn reporter() -> (impl FnMut(&Content) + Send + 'static, UnboundedReceiver<Content>) {
    let (sender, contents) = unbounded_channel();
    let report = move |content: &Content| {
        let _ = sender.send(content.clone());
    };
    (report, contents)
}

fn is_problem(content: &Content, text: &str) -> bool {
    content.as_ref().is_err_and(|problems| problems.to_string().contains(text))
}

fn write(directory: &Path, name: &str, text: &str) {
    fs::write(directory.join(name), text).expect("written");
}

#[tokio::test]
async fn the_first_content_is_what_is_there() {
    for text in [Some("here"), None] {
        let directory = tempfile::tempdir().expect("a directory");
        if let Some(text) = text {
            write(directory.path(), "config.toml", text);
        }
        let (report, mut contents) = reporter();
        let _guard = watch_with(directory.path().join("config.toml"), report).expect("watched");
        let content = contents.recv().await.expect("a content");
        assert_eq!(content.ok().map(|source| source.text), text.map(str::to_owned));
    }
}

#[tokio::test]
async fn writing_in_place_is_noticed() {
    let mut case = Case::with_file().await;
    for text in ["second", "third", ""] {
        fs::write(&case.path, text).expect("written");
        case.expect(text).await;
    }
}

#[tokio::test]
async fn renaming_over_is_noticed_every_time() {
    let mut case = Case::with_file().await;
    for text in ["second", "third", "fourth"] {
        write(case.directory.path(), "config.toml.new", text);
        fs::rename(case.at("config.toml.new"), &case.path).expect("renamed");
        case.expect(text).await;
    }
}

#[tokio::test]
async fn moving_away_and_writing_anew_is_noticed() {
    let mut case = Case::with_file().await;
    for text in ["second", "third"] {
        fs::rename(&case.path, case.at("config.toml~")).expect("renamed");
        fs::write(&case.path, text).expect("written");
        case.expect(text).await;
    }
}

#[tokio::test]
async fn deleting_and_recreating_is_noticed() {
    let mut case = Case::with_file().await;
    fs::remove_file(&case.path).expect("removed");
    case.expect_absent().await;
    fs::write(&case.path, "second").expect("written");
    case.expect("second").await;
}

#[tokio::test]
async fn a_directory_in_its_place_is_noticed_and_gone_again() {
    let mut case = Case::with_file().await;
    fs::remove_file(&case.path).expect("removed");
    fs::create_dir(&case.path).expect("made");
    while !is_problem(&case.next().await.expect("a content"), "is a directory") {}
    fs::remove_dir(&case.path).expect("removed");
    fs::write(&case.path, "second").expect("written");
    case.expect("second").await;
}

#[tokio::test]
async fn a_burst_of_writes_ends_in_the_last() {
    let mut case = Case::with_file().await;
    for number in 0..200 {
        fs::write(&case.path, format!("burst {number}")).expect("written");
    }
    case.expect("burst 199").await;
}

#[tokio::test]
async fn a_file_rewritten_without_pause_is_read_all_the_same() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    let mut case = Case::with_file().await;
    let stop = Arc::new(AtomicBool::new(false));
    let writer = {
        let (path, temporary, stop) = (case.path.clone(), case.at("next"), stop.clone());
        std::thread::spawn(move || {
            for number in 0_u64.. {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                fs::write(&temporary, format!("number {number}")).expect("written");
                // Only Windows denies it while the file is read.
                while let Err(error) = fs::rename(&temporary, &path) {
                    let is_denied = error.kind() == io::ErrorKind::PermissionDenied;
                    assert!(cfg!(windows) && is_denied, "{error}");
                }
            }
        })
    };
    for _ in 0..2 {
        assert!(matches!(case.next().await, Some(Ok(_))));
    }
    stop.store(true, Ordering::Relaxed);
    writer.join().expect("ended");
}

#[tokio::test]
async fn other_files_and_reads_are_not_reported() {
    let mut case = Case::with_file().await;
    for number in 0..20 {
        write(case.directory.path(), "other", &number.to_string());
        fs::read(&case.path).expect("read");
    }
    let next = case.directory.path().join("next");
    fs::write(&next, "second").expect("written");
    fs::rename(next, &case.path).expect("renamed");
    let content = case.next().await.expect("a content");
    assert_eq!(content.expect("readable").text, "second");
}

/// The receiver may have read the file in between.
#[tokio::test]
async fn a_change_and_back_is_reported() {
    let mut case = Case::with_file().await;
    let (path, aside) = (case.path.clone(), case.at("aside"));
    fs::rename(&path, &aside).expect("renamed");
    fs::rename(&aside, &path).expect("renamed");
    case.expect("first").await;
}

#[tokio::test]
async fn a_directory_made_later_is_noticed() {
    let mut case = Case::new("not/yet/config.toml", |_| ()).await;
    fs::create_dir_all(case.at("not/yet")).expect("made");
    fs::write(&case.path, "first").expect("written");
    case.expect("first").await;
    fs::write(&case.path, "second").expect("written");
    case.expect("second").await;
}

#[tokio::test]
async fn a_directory_removed_and_made_again_is_noticed() {
    let mut case = Case::new("home/config.toml", |directory| {
        fs::create_dir(directory.join("home")).expect("made");
        write(directory, "home/config.toml", "first");
    })
    .await;
    for text in ["second", "third"] {
        fs::remove_dir_all(case.at("home")).expect("removed");
        case.expect_absent().await;
        fs::create_dir(case.at("home")).expect("made");
        fs::write(&case.path, text).expect("written");
        case.expect(text).await;
        fs::write(&case.path, format!("{text}, edited")).expect("written");
        case.expect(&format!("{text}, edited")).await;
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_target_of_a_link_is_noticed_and_so_is_another_target() {
    use std::os::unix::fs::symlink;
    let mut case = Case::new("config.toml", |directory| {
        fs::create_dir(directory.join("dotfiles")).expect("made");
        write(directory, "dotfiles/one", "first");
        write(directory, "dotfiles/two", "other");
        symlink("dotfiles/one", directory.join("hop")).expect("linked");
        symlink("hop", directory.join("config.toml")).expect("linked");
    })
    .await;
    fs::write(case.at("dotfiles/one"), "second").expect("written");
    case.expect("second").await;
    symlink("dotfiles/two", case.at("hop.new")).expect("linked");
    fs::rename(case.at("hop.new"), case.at("hop")).expect("renamed");
    case.expect("other").await;
    fs::write(case.at("dotfiles/two"), "other, edited").expect("written");
    case.expect("other, edited").await;
}

/// How Kubernetes swaps a mounted configuration: a link to a directory, exchanged at once.
#[cfg(unix)]
#[tokio::test]
async fn a_swapped_data_directory_is_noticed() {
    use std::os::unix::fs::symlink;
    let volume = |directory: &Path, version: &str, text: &str| {
        fs::create_dir(directory.join(version)).expect("made");
        write(directory, &format!("{version}/config.toml"), text);
        symlink(version, directory.join("..data_tmp")).expect("linked");
        fs::rename(directory.join("..data_tmp"), directory.join("..data")).expect("renamed");
    };
    let mut case = Case::new("config.toml", |directory| {
        volume(directory, "..v1", "first");
        symlink("..data/config.toml", directory.join("config.toml")).expect("linked");
    })
    .await;
    for (old, new, text) in [("..v1", "..v2", "second"), ("..v2", "..v3", "third")] {
        volume(case.directory.path(), new, text);
        fs::remove_dir_all(case.at(old)).expect("removed");
        case.expect(text).await;
    }
}

#[tokio::test]
async fn without_events_looking_is_enough() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("config.toml");
    fs::write(&path, "first").expect("written");
    let (wakes, woken) = mpsc::channel();
    let (report, contents) = reporter();
    let places = Places::new(path.clone(), None);
    let watch = Watch { path: path.clone(), places, report, reported: None, unsettled: None };
    let thread = std::thread::spawn(move || watch.run(&woken));
    let guard = WatchGuard { wakes };
    let mut case = Case { directory, path, contents, _guard: guard };
    case.expect("first").await;
    fs::write(&case.path, "second").expect("written");
    case.expect("second").await;
    fs::remove_file(&case.path).expect("removed");
    case.expect_absent().await;
    drop(case);
    thread.join().expect("ended with its guard");
}

#[tokio::test]
async fn the_watch_ends_with_its_guard() {
    let directory = tempfile::tempdir().expect("a directory");
    let (guard, mut reports) = watch(directory.path().join("config.toml")).expect("watched");
    assert_eq!(reports.recv().await, Some(()));
    drop(guard);
    let last = tokio::time::timeout(LIMIT, reports.recv()).await.expect("ended within the limit");
    assert_eq!(last, None);
}

#[tokio::test]
async fn reports_that_are_not_received_become_one() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("config.toml");
    let (_guard, mut reports) = watch(path.clone()).expect("watched");
    for text in ["first", "second", "third"] {
        fs::write(&path, text).expect("written");
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    assert_eq!(reports.try_recv(), Ok(()));
    assert!(reports.try_recv().is_err(), "one report stands for all");
}
