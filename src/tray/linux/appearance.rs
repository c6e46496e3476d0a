//! Everything of the agent that a tray host can see.

use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::tray::icon::Icon;
use crate::tray::menu::{self, Headline, Item};
use crate::tray::view::View;

#[derive(Clone, Debug, PartialEq)]
pub struct Appearance {
    pub icon: Icon,
    pub headline: Headline,
    pub menu: Arc<Vec<Item>>,
}

impl Appearance {
    pub fn of(view: &View) -> Self {
        Self {
            icon: Icon::of(view.status.state),
            headline: menu::headline(&view.status),
            menu: Arc::new(menu::menu(view, &TimeZone::system())),
        }
    }
}
