//! The tray agent in a session of its own.

mod harness;
