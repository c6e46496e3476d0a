//! One key of one table, written in the style of the table.

use toml_edit::{InlineTable, Item, Key, Table, Value};

/// The key of the list of accounts.
pub const ACCOUNTS: &str = "accounts";

/// Sets a key of a table. Everything around an old value stays, such as the comment after it.
/// `false` when the item is not a table.
pub fn put(table: &mut Item, key: &Key, mut value: Value) -> bool {
    let Some(keys) = table.as_table_like_mut() else { return false };
    match keys.get_mut(key) {
        Some(Item::Value(old)) => {
            *value.decor_mut() = old.decor().clone();
            *old = value;
        }
        // The key of a table is in a header, whose spaces differ from those of `key = value`.
        Some(_) => {
            keys.remove(key);
            append(table, key, value);
        }
        None => append(table, key, value),
    }
    true
}

fn append(table: &mut Item, key: &Key, value: Value) {
    match table {
        Item::Value(Value::InlineTable(inline)) => append_inline(inline, key, value),
        Item::Table(lines) => {
            lines.insert(key, Item::Value(value));
        }
        _ => {}
    }
}

/// The space before the closing brace belongs to the last value, so it moves to the new one.
fn append_inline(table: &mut InlineTable, key: &Key, mut value: Value) {
    if let Some((_, last)) = table.iter_mut().last()
        && let Some(before_brace) = last.decor().suffix().cloned()
    {
        last.decor_mut().set_suffix("");
        value.decor_mut().set_prefix(" ");
        value.decor_mut().set_suffix(before_brace);
    }
    table.insert(key.get(), value);
}

/// The table under a key, created where there is none yet; `None` where the key holds another
/// kind of value.
pub fn section<'table>(table: &'table mut Item, key: &Key) -> Option<&'table mut Item> {
    let is_inline = table.is_inline_table();
    let keys = table.as_table_like_mut()?;
    if !keys.contains_key(key) {
        let new = if is_inline { Item::Value(InlineTable::new().into()) } else { Item::Table(headless()) };
        keys.insert(key, new);
    }
    keys.get_mut(key).filter(|item| item.is_table_like())
}

/// A table that shows its header only when it has values of its own.
fn headless() -> Table {
    let mut table = Table::new();
    table.set_implicit(true);
    table
}
