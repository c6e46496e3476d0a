//! A desktop of the test's own: a private session bus, a tray host on it that knows only
//! what it is told by signals, and a notification daemon that remembers. Linux only.

#![allow(dead_code, unused_imports, reason = "its first users come with the tray")]

pub mod bus;
pub mod menu;
pub mod notifications;
pub mod tray_host;
pub mod tray_item;

pub use bus::PrivateBus;
pub use notifications::{Manners, NotificationDaemon};
pub use tray_host::TrayHost;
pub use tray_item::TrayItem;
