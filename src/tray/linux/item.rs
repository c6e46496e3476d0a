//! The icon as a [`StatusNotifierItem`]. Hosts read it once, and after that only what a signal
//! names.
//!
//! [`StatusNotifierItem`]: https://www.freedesktop.org/wiki/Specifications/StatusNotifierItem/

use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use zbus::object_server::SignalEmitter;
use zbus::{Connection, ObjectPath, fdo, interface};

use super::appearance::Appearance;
use super::dbus_menu;
use crate::tray::icon::Pixels;

pub const PATH: &str = "/StatusNotifierItem";

/// Width, height, and ARGB in network byte order.
type Pixmap = (i32, i32, Vec<u8>);
/// Icon name, pixmaps, title, text.
type ToolTip = (String, Vec<Pixmap>, String, String);

#[derive(Clone)]
pub struct Item {
    shown: Arc<Mutex<Appearance>>,
}

impl Item {
    pub fn new(shown: Appearance) -> Self {
        Self { shown: Arc::new(Mutex::new(shown)) }
    }

    /// Shows the next appearance, and signals what has changed.
    pub async fn show(&self, bus: &Connection, next: &Appearance) -> zbus::Result<()> {
        let before = std::mem::replace(&mut *self.lock(), next.clone());
        let emitter = SignalEmitter::new(bus, PATH)?;
        if before.icon != next.icon {
            Self::new_icon(&emitter).await?;
        }
        if before.headline != next.headline {
            Self::new_tool_tip(&emitter).await?;
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Appearance> {
        self.shown.lock()
    }
}

/// A left click opens the menu: GNOME and older Plasma open it only where the item has no
/// action of its own ([AppIndicator]).
///
/// [AppIndicator]: https://github.com/ubuntu/gnome-shell-extension-appindicator
fn only_a_menu() -> fdo::Error {
    fdo::Error::UnknownMethod("the item has a menu only".to_owned())
}

#[expect(clippy::unused_self, reason = "the interface defines the methods")]
#[interface(name = "org.kde.StatusNotifierItem")]
impl Item {
    fn context_menu(&self, #[expect(unused)] x: i32, #[expect(unused)] y: i32) -> fdo::Result<()> {
        Err(only_a_menu())
    }

    fn activate(&self, #[expect(unused)] x: i32, #[expect(unused)] y: i32) -> fdo::Result<()> {
        Err(only_a_menu())
    }

    fn secondary_activate(&self, #[expect(unused)] x: i32, #[expect(unused)] y: i32) {}

    fn scroll(&self, #[expect(unused)] delta: i32, #[expect(unused)] orientation: &str) {}

    #[zbus(property)]
    fn category(&self) -> String {
        "ApplicationStatus".to_owned()
    }

    #[zbus(property)]
    fn id(&self) -> String {
        "portcullis".to_owned()
    }

    #[zbus(property)]
    fn title(&self) -> String {
        "portcullis".to_owned()
    }

    #[zbus(property)]
    fn status(&self) -> String {
        "Active".to_owned()
    }

    #[zbus(property)]
    fn window_id(&self) -> i32 {
        0
    }

    #[zbus(property)]
    fn icon_theme_path(&self) -> String {
        String::new()
    }

    #[zbus(property)]
    fn menu(&self) -> ObjectPath<'static> {
        ObjectPath::from_static_str_unchecked(dbus_menu::PATH)
    }

    #[zbus(property)]
    fn item_is_menu(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn icon_name(&self) -> String {
        String::new()
    }

    #[zbus(property)]
    fn icon_pixmap(&self) -> Vec<Pixmap> {
        self.lock().icon.in_all_sizes().into_iter().map(pixmap).collect()
    }

    #[zbus(property)]
    fn overlay_icon_name(&self) -> String {
        String::new()
    }

    #[zbus(property)]
    fn overlay_icon_pixmap(&self) -> Vec<Pixmap> {
        Vec::new()
    }

    #[zbus(property)]
    fn attention_icon_name(&self) -> String {
        String::new()
    }

    #[zbus(property)]
    fn attention_icon_pixmap(&self) -> Vec<Pixmap> {
        Vec::new()
    }

    #[zbus(property)]
    fn attention_movie_name(&self) -> String {
        String::new()
    }

    #[zbus(property)]
    fn tool_tip(&self) -> ToolTip {
        let headline = self.lock().headline.clone();
        (String::new(), Vec::new(), headline.state, headline.accounts)
    }

    #[zbus(signal)]
    async fn new_icon(emitter: &SignalEmitter<'_>) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn new_tool_tip(emitter: &SignalEmitter<'_>) -> zbus::Result<()>;
}

fn pixmap(Pixels { width, height, mut rgba }: Pixels) -> Pixmap {
    for pixel in rgba.chunks_exact_mut(4) {
        pixel.rotate_right(1);
    }
    (width.cast_signed(), height.cast_signed(), rgba)
}
