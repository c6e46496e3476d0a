//! The menu as [`com.canonical.dbusmenu`]: a numbered tree that hosts read whole once, and
//! after that only what a signal names. When the tree changes its shape, every item gets
//! another number, so that a click on an old menu hits nothing.
//!
//! [`com.canonical.dbusmenu`]: https://github.com/AyatanaIndicators/libdbusmenu/blob/master/libdbusmenu-glib/dbus-menu.xml

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::mpsc::UnboundedSender;
use zbus::object_server::SignalEmitter;
use zbus::wire::OwnedVariant;
use zbus::{Connection, Variant, fdo, interface};

use crate::control::Command;
use crate::tray::menu::Item;

pub const PATH: &str = "/MenuBar";

/// The number of the menu itself.
const ROOT: i32 = 0;
const VERSION: u32 = 3;

type Properties = HashMap<String, OwnedVariant>;
/// An item's number, its properties, and the layouts of its children.
type Layout = (i32, Properties, Vec<OwnedVariant>);
type Updated = Vec<(i32, Properties)>;
type Removed = Vec<(i32, Vec<String>)>;

#[derive(Clone)]
pub struct DbusMenu {
    tree: Arc<Mutex<Tree>>,
    clicks: UnboundedSender<Command>,
}

/// The menu in reading order; the root is first.
struct Tree {
    nodes: Vec<Node>,
    /// Added to the index of an item for its number.
    offset: i32,
    revision: u32,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Node {
    properties: BTreeMap<&'static str, Value>,
    children: Vec<usize>,
    command: Option<Command>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Text(String),
    Switch(bool),
    Number(i32),
}

/// The signal that hosts need after a change.
#[derive(Debug, PartialEq)]
enum Signal {
    None,
    Properties(Updated, Removed),
    /// The new revision.
    Layout(u32),
}

impl DbusMenu {
    pub fn new(menu: &[Item], clicks: UnboundedSender<Command>) -> Self {
        let tree = Tree { nodes: nodes(menu), offset: 0, revision: 0 };
        Self { tree: Arc::new(Mutex::new(tree)), clicks }
    }

    /// Shows another menu, and signals what has changed.
    pub async fn show(&self, bus: &Connection, menu: &[Item]) -> zbus::Result<()> {
        let signal = self.lock().replace(nodes(menu));
        let emitter = SignalEmitter::new(bus, PATH)?;
        match signal {
            Signal::None => Ok(()),
            Signal::Properties(updated, removed) => {
                Self::items_properties_updated(&emitter, updated, removed).await
            }
            Signal::Layout(revision) => Self::layout_updated(&emitter, revision, ROOT).await,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Tree> {
        self.tree.lock()
    }

    /// `false`: there is no such item, or no longer.
    fn happened(&self, id: i32, event: &str) -> bool {
        let tree = self.lock();
        let Some(node) = tree.node(id) else { return false };
        if event == "clicked"
            && let Some(command) = &node.command
        {
            let _ = self.clicks.send(command.clone());
        }
        true
    }
}

#[expect(clippy::unused_self, clippy::needless_pass_by_value, reason = "the interface defines the methods")]
#[interface(name = "com.canonical.dbusmenu")]
impl DbusMenu {
    fn get_layout(&self, parent: i32, depth: i32, names: Vec<String>) -> fdo::Result<(u32, Layout)> {
        let tree = self.lock();
        let index = tree.index(parent).ok_or_else(|| unknown("parentId not found"))?;
        Ok((tree.revision, tree.layout(index, depth, &names)))
    }

    fn get_group_properties(&self, ids: Vec<i32>, names: Vec<String>) -> Updated {
        let tree = self.lock();
        let ids =
            if ids.is_empty() { (0..tree.nodes.len()).map(|index| tree.id(index)).collect() } else { ids };
        let properties = |id| Some((id, tree.node(id)?.properties(&names)));
        ids.into_iter().filter_map(properties).collect()
    }

    fn get_property(&self, id: i32, name: String) -> fdo::Result<OwnedVariant> {
        let tree = self.lock();
        let node = tree.node(id).ok_or_else(|| unknown("id not found"))?;
        let value = node.properties.get(name.as_str()).ok_or_else(|| unknown("property not found"))?;
        Ok(value.variant())
    }

    fn event(
        &self,
        id: i32,
        event: String,
        #[expect(unused)] data: OwnedVariant,
        #[expect(unused)] timestamp: u32,
    ) -> fdo::Result<()> {
        if self.happened(id, &event) { Ok(()) } else { Err(unknown("id not found")) }
    }

    fn event_group(&self, events: Vec<(i32, String, OwnedVariant, u32)>) -> fdo::Result<Vec<i32>> {
        let count = events.len();
        let is_lost =
            |(id, event, _, _): (i32, String, OwnedVariant, u32)| (!self.happened(id, &event)).then_some(id);
        let lost: Vec<i32> = events.into_iter().filter_map(is_lost).collect();
        if lost.len() == count { Err(unknown("none of the ids was found")) } else { Ok(lost) }
    }

    /// Whether the host has to read it anew: what is there is always up to date.
    fn about_to_show(&self, id: i32) -> fdo::Result<bool> {
        self.lock().index(id).map(|_| false).ok_or_else(|| unknown("id not found"))
    }

    fn about_to_show_group(&self, ids: Vec<i32>) -> (Vec<i32>, Vec<i32>) {
        let tree = self.lock();
        (Vec::new(), ids.into_iter().filter(|id| tree.index(*id).is_none()).collect())
    }

    #[zbus(property)]
    fn version(&self) -> u32 {
        VERSION
    }

    #[zbus(property)]
    fn text_direction(&self) -> String {
        "ltr".to_owned()
    }

    #[zbus(property)]
    fn status(&self) -> String {
        "normal".to_owned()
    }

    #[zbus(property)]
    fn icon_theme_path(&self) -> Vec<String> {
        Vec::new()
    }

    #[zbus(signal)]
    async fn items_properties_updated(
        emitter: &SignalEmitter<'_>,
        updated: Updated,
        removed: Removed,
    ) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn layout_updated(emitter: &SignalEmitter<'_>, revision: u32, parent: i32) -> zbus::Result<()>;
}

fn unknown(what: &str) -> fdo::Error {
    fdo::Error::InvalidArgs(what.to_owned())
}

impl Tree {
    fn id(&self, index: usize) -> i32 {
        if index == 0 { ROOT } else { self.offset.saturating_add(i32::try_from(index).unwrap_or(i32::MAX)) }
    }

    fn index(&self, id: i32) -> Option<usize> {
        if id == ROOT {
            return Some(0);
        }
        let index = usize::try_from(id.checked_sub(self.offset)?).ok()?;
        (1..self.nodes.len()).contains(&index).then_some(index)
    }

    fn node(&self, id: i32) -> Option<&Node> {
        self.nodes.get(self.index(id)?)
    }

    /// `depth`: how many levels below it; less than 0, all of them.
    fn layout(&self, index: usize, depth: i32, names: &[String]) -> Layout {
        let node = &self.nodes[index];
        let child = |&child: &usize| {
            let layout = self.layout(child, depth.saturating_sub(1).max(-1), names);
            Variant::from(layout).try_into_owned().ok()
        };
        let children = if depth == 0 { Vec::new() } else { node.children.iter().filter_map(child).collect() };
        (self.id(index), node.properties(names), children)
    }

    fn replace(&mut self, nodes: Vec<Node>) -> Signal {
        let before = std::mem::replace(&mut self.nodes, nodes);
        let shape = |nodes: &[Node]| nodes.iter().map(|node| node.children.clone()).collect::<Vec<_>>();
        if shape(&before) != shape(&self.nodes) {
            self.offset = self.offset.saturating_add(i32::try_from(before.len()).unwrap_or(i32::MAX));
            self.revision += 1;
            return Signal::Layout(self.revision);
        }
        let (mut updated, mut removed) = (Vec::new(), Vec::new());
        for (index, (old, new)) in before.iter().zip(&self.nodes).enumerate() {
            let changed =
                new.properties.iter().filter(|(name, value)| old.properties.get(*name) != Some(value));
            let changed: Properties =
                changed.map(|(name, value)| ((*name).to_owned(), value.variant())).collect();
            let gone = old.properties.keys().filter(|name| !new.properties.contains_key(*name));
            let gone: Vec<String> = gone.map(|name| (*name).to_owned()).collect();
            if !changed.is_empty() {
                updated.push((self.id(index), changed));
            }
            if !gone.is_empty() {
                removed.push((self.id(index), gone));
            }
        }
        if updated.is_empty() && removed.is_empty() {
            Signal::None
        } else {
            Signal::Properties(updated, removed)
        }
    }
}

impl Node {
    /// `names`: which of them; empty: all.
    fn properties(&self, names: &[String]) -> Properties {
        let is_wanted = |name: &str| names.is_empty() || names.iter().any(|wanted| wanted == name);
        let wanted = self.properties.iter().filter(|(name, _)| is_wanted(name));
        wanted.map(|(name, value)| ((*name).to_owned(), value.variant())).collect()
    }
}

impl Value {
    fn variant(&self) -> OwnedVariant {
        match self {
            Self::Text(text) => OwnedVariant::from(zbus::Str::from(text.clone())),
            Self::Switch(on) => OwnedVariant::from(*on),
            Self::Number(number) => OwnedVariant::from(*number),
        }
    }
}

fn nodes(menu: &[Item]) -> Vec<Node> {
    let mut nodes = vec![Node { properties: [submenu()].into(), ..Node::default() }];
    append(&mut nodes, 0, menu);
    nodes
}

fn append(nodes: &mut Vec<Node>, parent: usize, items: &[Item]) {
    for item in items {
        let index = nodes.len();
        nodes.push(node(item));
        nodes[parent].children.push(index);
        if let Item::Submenu { items, .. } = item {
            append(nodes, index, items);
        }
    }
}

/// Properties with their default value are left out.
fn node(item: &Item) -> Node {
    let label = |label: &str| ("label", Value::Text(plain(label)));
    let (properties, command) = match item {
        Item::Separator => (vec![("type", Value::Text("separator".to_owned()))], None),
        Item::Line(text) => (vec![label(text), disabled()], None),
        Item::Action { label: text, enabled, command } => {
            let is_off = (!enabled).then(disabled);
            ([label(text)].into_iter().chain(is_off).collect(), enabled.then(|| command.clone()))
        }
        Item::Check { label: text, checked, command } => {
            let kind = ("toggle-type", Value::Text("checkmark".to_owned()));
            let state = ("toggle-state", Value::Number(i32::from(*checked)));
            (vec![label(text), kind, state], Some(command.clone()))
        }
        Item::Submenu { label: text, .. } => (vec![label(text), submenu()], None),
    };
    Node { properties: properties.into_iter().collect(), children: Vec::new(), command }
}

fn submenu() -> (&'static str, Value) {
    ("children-display", Value::Text("submenu".to_owned()))
}

const fn disabled() -> (&'static str, Value) {
    ("enabled", Value::Switch(false))
}

/// A single underline would mark the letter after it.
fn plain(label: &str) -> String {
    label.replace('_', "__")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(checked: bool) -> Item {
        Item::Check { label: "a_b".to_owned(), checked, command: Command::Reload }
    }

    fn tree(menu: &[Item]) -> Tree {
        Tree { nodes: nodes(menu), offset: 0, revision: 0 }
    }

    #[test]
    fn a_menu_of_another_shape_has_other_numbers() {
        let line = || Item::Line("one".to_owned());
        let mut tree = tree(&[line(), Item::Submenu { label: "more".to_owned(), items: vec![check(true)] }]);
        assert_eq!((1..=4).map(|id| tree.index(id)).collect::<Vec<_>>(), [Some(1), Some(2), Some(3), None]);
        assert_eq!(tree.replace(nodes(&[line(), line()])), Signal::Layout(1));
        assert_eq!(
            (1..=6).map(|id| tree.index(id)).collect::<Vec<_>>(),
            [None, None, None, None, Some(1), Some(2)]
        );
        assert_eq!(tree.index(ROOT), Some(0));
    }

    #[test]
    fn of_the_same_shape_only_what_is_new_is_told() {
        let mut tree = tree(&[check(true), Item::Line("one".to_owned())]);
        let Signal::Properties(updated, removed) = tree.replace(nodes(&[check(false), Item::Separator]))
        else {
            panic!("properties");
        };
        let named: Vec<_> = updated.iter().map(|(id, new)| (*id, new.keys().cloned().collect())).collect();
        assert_eq!(named, [(1, vec!["toggle-state".to_owned()]), (2, vec!["type".to_owned()])]);
        assert_eq!(removed, [(2, vec!["enabled".to_owned(), "label".to_owned()])]);
        assert_eq!(tree.replace(nodes(&[check(false), Item::Separator])), Signal::None);
    }

    #[test]
    fn only_so_many_levels_are_told_as_are_asked_for() {
        let tree = tree(&[Item::Submenu { label: "more".to_owned(), items: vec![check(true)] }]);
        assert!(tree.layout(0, 0, &[]).2.is_empty());
        for (depth, inner) in [(1, 0), (2, 1), (-1, 1)] {
            let (_, _, children) = tree.layout(0, depth, &[]);
            let child: Layout = children.into_iter().next().expect("one").try_into().expect("a layout");
            assert_eq!(child.2.len(), inner, "{depth}");
        }
    }
}
