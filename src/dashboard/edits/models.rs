//! A line of `[models]` is set or removed.

use serde::Deserialize;

use super::edit;
use crate::config::edit as file;
use crate::dashboard::answer::CallResult;
use crate::dashboard::call::Call;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mapping {
    asked: String,
    sent: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Name {
    asked: String,
}

pub async fn set(mut call: Call) -> CallResult {
    let Mapping { asked, sent } = call.body().await?;
    edit(call, move |path| file::set_model(path, &asked, &sent)).await
}

pub async fn remove(mut call: Call) -> CallResult {
    let Name { asked } = call.body().await?;
    edit(call, move |path| file::remove_model(path, &asked)).await
}
