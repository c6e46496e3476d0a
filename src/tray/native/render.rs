//! The menu as the system's own items, changed in place: an open menu stays open, and only
//! items that come or go are made or removed.

use std::collections::HashMap;

use muda::{CheckMenuItem, Error, IsMenuItem, Menu, MenuId, MenuItem, PredefinedMenuItem, Submenu};

use crate::control::Command;
use crate::tray::menu::Item;

pub struct Rendered {
    pub menu: Menu,
    nodes: Vec<Node>,
    commands: HashMap<MenuId, Command>,
}

enum Node {
    /// A line or an action, which differ in whether they are enabled.
    Text(MenuItem),
    /// With its check mark as the view has it, whatever the system has toggled it to.
    Check(CheckMenuItem, bool),
    Submenu(Submenu, Vec<Self>),
    Separator(PredefinedMenuItem),
}

impl Rendered {
    pub fn new(items: &[Item]) -> Result<Self, Error> {
        let mut rendered = Self { menu: Menu::new(), nodes: Vec::new(), commands: HashMap::new() };
        rendered.update(items)?;
        Ok(rendered)
    }

    pub fn update(&mut self, items: &[Item]) -> Result<(), Error> {
        let Self { menu, nodes, commands } = self;
        commands.clear();
        reconcile(menu, nodes, items, commands)
    }

    pub fn command(&self, id: &MenuId) -> Option<&Command> {
        self.commands.get(id)
    }

    pub fn restore_checks(&self) {
        restore_checks(&self.nodes);
    }
}

/// A menu or a submenu.
trait Container {
    fn insert(&self, item: &dyn IsMenuItem, position: usize) -> Result<(), Error>;
    fn remove(&self, item: &dyn IsMenuItem) -> Result<(), Error>;
}

impl Container for Menu {
    fn insert(&self, item: &dyn IsMenuItem, position: usize) -> Result<(), Error> {
        Self::insert(self, item, position)
    }

    fn remove(&self, item: &dyn IsMenuItem) -> Result<(), Error> {
        Self::remove(self, item)
    }
}

impl Container for Submenu {
    fn insert(&self, item: &dyn IsMenuItem, position: usize) -> Result<(), Error> {
        Self::insert(self, item, position)
    }

    fn remove(&self, item: &dyn IsMenuItem) -> Result<(), Error> {
        Self::remove(self, item)
    }
}

/// Keeps and changes items of the same kind at both ends, and makes those between them anew.
fn reconcile(
    container: &dyn Container,
    nodes: &mut Vec<Node>,
    items: &[Item],
    commands: &mut HashMap<MenuId, Command>,
) -> Result<(), Error> {
    let before = nodes.iter().zip(items).take_while(|(node, item)| node.can_show(item)).count();
    let rest = nodes[before..].iter().rev().zip(items[before..].iter().rev());
    let after = rest.take_while(|(node, item)| node.can_show(item)).count();
    for node in nodes.drain(before..nodes.len() - after) {
        container.remove(node.as_item())?;
    }
    for (position, item) in items.iter().enumerate().take(items.len() - after).skip(before) {
        let node = Node::for_kind_of(item);
        container.insert(node.as_item(), position)?;
        nodes.insert(position, node);
    }
    nodes.iter_mut().zip(items).try_for_each(|(node, item)| node.show(item, commands))
}

impl Node {
    fn for_kind_of(item: &Item) -> Self {
        match item {
            Item::Line(_) | Item::Action { .. } => Self::Text(MenuItem::new("", true, None)),
            Item::Check { .. } => Self::Check(CheckMenuItem::new("", true, false, None), false),
            Item::Submenu { .. } => Self::Submenu(Submenu::new("", true), Vec::new()),
            Item::Separator => Self::Separator(PredefinedMenuItem::separator()),
        }
    }

    const fn can_show(&self, item: &Item) -> bool {
        matches!(
            (self, item),
            (Self::Text(_), Item::Line(_) | Item::Action { .. })
                | (Self::Check(..), Item::Check { .. })
                | (Self::Submenu(..), Item::Submenu { .. })
                | (Self::Separator(_), Item::Separator)
        )
    }

    fn as_item(&self) -> &dyn IsMenuItem {
        match self {
            Self::Text(item) => item,
            Self::Check(item, _) => item,
            Self::Submenu(item, _) => item,
            Self::Separator(item) => item,
        }
    }

    fn show(&mut self, item: &Item, commands: &mut HashMap<MenuId, Command>) -> Result<(), Error> {
        match (self, item) {
            (Self::Text(node), Item::Line(label)) => {
                set_text(node, label);
                node.set_enabled(false);
            }
            (Self::Text(node), Item::Action { label, enabled, command }) => {
                set_text(node, label);
                node.set_enabled(*enabled);
                commands.insert(node.id().clone(), command.clone());
            }
            (Self::Check(node, shown), Item::Check { label, checked, command }) => {
                let label = plain(label);
                if node.text() != label {
                    node.set_text(label);
                }
                *shown = *checked;
                node.set_checked(*checked);
                commands.insert(node.id().clone(), command.clone());
            }
            (Self::Submenu(node, nodes), Item::Submenu { label, items }) => {
                let label = plain(label);
                if node.text() != label {
                    node.set_text(label);
                }
                reconcile(&*node, nodes, items, commands)?;
            }
            _ => {}
        }
        Ok(())
    }
}

fn set_text(node: &MenuItem, label: &str) {
    let label = plain(label);
    if node.text() != label {
        node.set_text(label);
    }
}

fn restore_checks(nodes: &[Node]) {
    for node in nodes {
        match node {
            Node::Check(item, shown) => item.set_checked(*shown),
            Node::Submenu(_, nodes) => restore_checks(nodes),
            Node::Text(_) | Node::Separator(_) => {}
        }
    }
}

/// A single ampersand would mark the letter after it.
fn plain(label: &str) -> String {
    label.replace('&', "&&")
}
