//! The tray: an icon that shows the state, and a menu that changes it.
//!
//! ```text
//!  supervisor ── Status ──▶ shell ── View ──▶ menu (a value) ──▶ linux | native ──▶ panel
//!      ▲                      │                                        │
//!      └────── Command ───────┴──────────────── click ─────────────────┘
//! ```
//!
//! The proxy depends on none of it: the agent runs on the runtime's threads, and the tray
//! gets values and waits for the desktop by itself.

mod icon;
#[cfg(target_os = "linux")]
mod linux;
pub mod menu;
#[cfg(any(windows, target_os = "macos"))]
mod native;
mod shell;
mod surroundings;
pub mod view;

#[cfg(target_os = "linux")]
pub use linux::{is_possible, run};
#[cfg(any(windows, target_os = "macos"))]
pub use native::{is_possible, run};
pub use shell::TrayShell;
