//! A desktop of the test's own: a private session bus, a tray host on it that knows only
//! what signals report, and a notification daemon that remembers. Linux only.

pub mod bus;
pub mod menu;
#[allow(dead_code, reason = "the tests of notifications come with them")]
pub mod notifications;
pub mod tray_host;
pub mod tray_item;

pub use bus::PrivateBus;
#[allow(unused_imports, reason = "the tests of notifications come with them")]
pub use notifications::{Manners, NotificationDaemon};
pub use tray_host::TrayHost;
pub use tray_item::TrayItem;
