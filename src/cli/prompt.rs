//! Reads a line without echoing it. However the wait ends, the terminal echoes again afterwards.

use std::io;

use tokio::sync::oneshot;

/// Why there is no line.
pub enum NotTyped {
    /// Ended by the signal of this number.
    Signal(u8),
    Failed(io::Error),
}

/// Reads a line from the terminal.
pub async fn hidden_line() -> Result<String, NotTyped> {
    let terminal = terminal::Saved::now();
    let mut signals = terminal::Signals::listen().map_err(NotTyped::Failed)?;
    let (typed, line) = oneshot::channel();
    // A thread of its own, which is not joined at the end.
    let reader = std::thread::Builder::new().name("prompt".to_owned());
    let reading = reader.spawn(move || {
        let _ = typed.send(rpassword::read_password());
    });
    reading.map_err(NotTyped::Failed)?;
    tokio::select! {
        line = line => match line {
            Ok(line) => line.map_err(NotTyped::Failed),
            Err(_) => Err(NotTyped::Failed(io::ErrorKind::UnexpectedEof.into())),
        },
        signal = signals.next() => {
            terminal.restore();
            Err(NotTyped::Signal(signal))
        }
    }
}

#[cfg(unix)]
mod terminal {
    use std::fs::File;
    use std::io;

    use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
    use tokio::signal::unix::{Signal, SignalKind, signal};

    /// The terminal's settings before echo was turned off.
    pub struct Saved(Option<(File, Termios)>);

    impl Saved {
        pub fn now() -> Self {
            let terminal = File::options().read(true).write(true).open("/dev/tty").ok();
            Self(terminal.and_then(|terminal| {
                let settings = tcgetattr(&terminal).ok()?;
                Some((terminal, settings))
            }))
        }

        pub fn restore(&self) {
            if let Some((terminal, settings)) = &self.0 {
                let _ = tcsetattr(terminal, OptionalActions::Now, settings);
            }
        }
    }

    /// Signals that would otherwise end the process while echo is off.
    pub struct Signals([(u8, Signal); 4]);

    impl Signals {
        pub fn listen() -> io::Result<Self> {
            let listen = |number: u8| io::Result::Ok((number, signal(SignalKind::from_raw(number.into()))?));
            let [hangup, interrupt, quit, terminate] = [1, 2, 3, 15];
            Ok(Self([listen(hangup)?, listen(interrupt)?, listen(quit)?, listen(terminate)?]))
        }

        /// The number of the first one to arrive.
        pub async fn next(&mut self) -> u8 {
            let [one, two, three, four] = &mut self.0;
            tokio::select! {
                _ = one.1.recv() => one.0,
                _ = two.1.recv() => two.0,
                _ = three.1.recv() => three.0,
                _ = four.1.recv() => four.0,
            }
        }
    }
}

/// A console drops a program's settings when the program ends.
#[cfg(not(unix))]
#[allow(clippy::unused_self, clippy::needless_pass_by_ref_mut, reason = "on Unix there is something to do")]
mod terminal {
    pub struct Saved;

    impl Saved {
        pub const fn now() -> Self {
            Self
        }

        pub const fn restore(&self) {}
    }

    pub struct Signals;

    impl Signals {
        #[expect(clippy::unnecessary_wraps, reason = "on Unix it can fail")]
        pub const fn listen() -> std::io::Result<Self> {
            Ok(Self)
        }

        pub async fn next(&mut self) -> u8 {
            std::future::pending().await
        }
    }
}
