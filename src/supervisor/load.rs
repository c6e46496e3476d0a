//! From the config file to a configuration: the same for the first load and every reload.

use std::io::ErrorKind;
use std::path::Path;

use crate::config::edit::{self, EditError};
use crate::config::template::WriteError;
use crate::config::{self, Loaded, Problems, SecretMemory, generate_key, template};
use crate::message;

/// Writes a first config file where there is none. Fails when the disk does.
pub fn write_first_file(path: &Path) -> Result<(), WriteError> {
    if std::fs::symlink_metadata(path).is_err_and(|error| error.kind() == ErrorKind::NotFound) {
        template::init(path)?;
        tracing::info!("wrote a first config file: {}", path.display());
    }
    Ok(())
}

/// Reads the file and looks its secrets up. A client key that is required and missing is
/// generated and written to the file first.
pub async fn load(path: &Path, secrets: &SecretMemory) -> Result<Loaded, Problems> {
    let loaded = config::load_again(path, secrets).await?;
    if !loaded.needs_key {
        return Ok(loaded);
    }
    write_key(path).await.map_err(|reason| {
        let message = message!("problem-key-not-written", reason = reason);
        Problems::whole_file(path, message, message!("fix-key-not-written"))
    })?;
    tracing::info!("a client key was generated and written to the config file");
    config::load_again(path, secrets).await
}

async fn write_key(path: &Path) -> Result<(), String> {
    let path = path.to_owned();
    let written = tokio::task::spawn_blocking(move || edit::set_api_key(&path, &generate_key())).await;
    let written = written.map_err(|error| error.to_string())?;
    written.map_err(|error: EditError| error.to_string())
}
