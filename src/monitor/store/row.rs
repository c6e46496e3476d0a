//! A record as a row of the database, and back.

use std::collections::HashSet;

use rusqlite::{Connection, Error, Result, Row, Statement};

use crate::monitor::columns::COLUMNS;
use crate::monitor::record::Record;

pub fn insert_sql() -> String {
    let places = vec!["?"; COLUMNS.len()].join(", ");
    format!("INSERT INTO exchange ({}) VALUES ({places})", names())
}

/// `SELECT` with every column, up to the table's name.
pub fn select_sql() -> String {
    format!("SELECT {} FROM exchange", names())
}

fn names() -> String {
    COLUMNS.iter().map(|column| column.name).collect::<Vec<_>>().join(", ")
}

/// Makes a reader's connection see every column, empty where an older file lacks it: a reader may
/// come before the writer's migration, and must not write.
pub fn add_missing_columns(connection: &Connection) -> Result<()> {
    let mut statement = connection.prepare("SELECT name FROM pragma_table_info('exchange')")?;
    let present = statement.query_map([], |row| row.get(0))?.collect::<Result<HashSet<String>>>()?;
    let names = COLUMNS.iter().map(|column| column.name);
    let columns =
        names.map(|name| if present.contains(name) { name.to_owned() } else { format!("NULL AS {name}") });
    let columns = columns.collect::<Vec<_>>().join(", ");
    // A temporary view comes before the table of the same name.
    connection.execute_batch(&format!("CREATE TEMP VIEW exchange AS SELECT {columns} FROM main.exchange"))
}

/// Binds a record to the statement of [`insert_sql`].
pub fn bind(statement: &mut Statement<'_>, record: &Record, scratch: &mut Vec<u8>) -> Result<()> {
    for (place, column) in (1..).zip(COLUMNS) {
        statement.raw_bind_parameter(place, (column.value)(record).stored(scratch))?;
    }
    Ok(())
}

/// Reads a row of [`select_sql`]. Fails when a column does not hold what it should.
pub fn read(row: &Row<'_>) -> Result<Record> {
    let mut record = Record::default();
    for (place, column) in COLUMNS.iter().enumerate() {
        let cell = row.get_ref(place)?;
        (column.read)(&mut record, cell)
            .map_err(|error| Error::FromSqlConversionFailure(place, cell.data_type(), Box::new(error)))?;
    }
    Ok(record)
}
