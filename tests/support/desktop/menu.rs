//! A menu as a tray host sees it: read whole once, then changed by what is signalled.

use std::collections::HashMap;
use std::fmt::{self, Write};

use zbus::wire::OwnedVariant;

pub type Properties = HashMap<String, OwnedVariant>;
/// Properties that an item gained, and those it lost.
pub type Updated = (i32, Properties);
pub type Removed = (i32, Vec<String>);
pub type Layout = (i32, Properties, Vec<OwnedVariant>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    pub id: i32,
    pub label: String,
    pub enabled: bool,
    /// `None`: not a check item.
    pub checked: Option<bool>,
    pub separator: bool,
    pub submenu: bool,
    pub children: Vec<Self>,
}

impl Node {
    pub fn of((id, properties, children): Layout) -> Self {
        let mut node = Self {
            id,
            label: String::new(),
            enabled: true,
            checked: None,
            separator: false,
            submenu: false,
            children: children
                .into_iter()
                .map(|child| Self::of(child.try_into().expect("an item")))
                .collect(),
        };
        node.change(&properties);
        node
    }

    /// Applies what was signalled of one item's properties.
    fn change(&mut self, properties: &Properties) {
        for (name, value) in properties {
            let text = || <&str>::try_from(value).expect("text").to_owned();
            match name.as_str() {
                "label" => self.label = plain(&text()),
                "enabled" => self.enabled = value.try_into().expect("a switch"),
                "type" => self.separator = text() == "separator",
                "toggle-type" => self.checked = Some(self.checked.unwrap_or(false)),
                "toggle-state" => self.checked = Some(i32::try_from(value).expect("a number") == 1),
                "children-display" => self.submenu = text() == "submenu",
                _ => {}
            }
        }
    }

    /// Back to the default, which is not sent.
    fn forget(&mut self, name: &str) {
        match name {
            "label" => self.label.clear(),
            "enabled" => self.enabled = true,
            "toggle-type" => self.checked = None,
            "toggle-state" => self.checked = self.checked.map(|_| false),
            _ => {}
        }
    }

    pub fn apply(&mut self, updated: &[Updated], removed: &[Removed]) {
        for (id, properties) in updated {
            self.by_id(*id).expect("an item of the menu").change(properties);
        }
        for (id, names) in removed {
            let node = self.by_id(*id).expect("an item of the menu");
            for name in names {
                node.forget(name);
            }
        }
    }

    fn by_id(&mut self, id: i32) -> Option<&mut Self> {
        if self.id == id {
            return Some(self);
        }
        self.children.iter_mut().find_map(|child| child.by_id(id))
    }

    /// The item at the end of these labels; each may be the beginning of one.
    pub fn find(&self, path: &[&str]) -> Option<&Self> {
        let Some((first, rest)) = path.split_first() else { return Some(self) };
        self.children.iter().find(|child| child.label.starts_with(first))?.find(rest)
    }
}

/// One line for each item, submenus indented: `[x] label`, `label (off)` when it is disabled,
/// `label ▸` with a submenu, `---`.
impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        write_items(&mut text, &self.children, 0)?;
        f.write_str(&text)
    }
}

fn write_items(text: &mut String, items: &[Node], depth: usize) -> fmt::Result {
    for item in items {
        let indent = "  ".repeat(depth);
        if item.separator {
            writeln!(text, "{indent}---")?;
            continue;
        }
        let check = item.checked.map_or("", |checked| if checked { "[x] " } else { "[ ] " });
        let off = if item.enabled { "" } else { " (off)" };
        let more = if item.submenu { " ▸" } else { "" };
        writeln!(text, "{indent}{check}{}{off}{more}", item.label)?;
        write_items(text, &item.children, depth + 1)?;
    }
    Ok(())
}

/// A label without its mnemonic: `__` is an underline, a single one marks a letter.
fn plain(label: &str) -> String {
    label.replace("__", "\u{0}").replace('_', "").replace('\u{0}', "_")
}
