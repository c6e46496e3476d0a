// Shows the agent's status and starts or stops the proxy. Everything that comes from the
// agent is put into the page as text.
"use strict";

const token = takeToken();
const at = (id) => document.getElementById(id);

function takeToken() {
  if (location.hash.length > 1) {
    sessionStorage.setItem("token", location.hash.slice(1));
    history.replaceState(null, "", location.pathname);
  }
  return sessionStorage.getItem("token") ?? "";
}

function call(path, options = {}) {
  return fetch(path, { ...options, headers: { "x-portcullis-token": token } });
}

function show(status) {
  at("state").textContent = status.state === "running"
    ? `Running on ${status.address}` : status.state[0].toUpperCase() + status.state.slice(1);
  at("problem").textContent = status.problem ?? "";
  at("problem").hidden = !status.problem;
  at("base-url").textContent = status.base_url;
  at("config").textContent = status.config_path;
  at("accounts").textContent = `${status.active_accounts} active, ${status.cooling_accounts} cooling`;
  at("start").disabled = status.state === "running" || status.state === "starting";
  at("stop").disabled = status.state !== "running";
}

async function follow() {
  const response = await call("/api/events");
  if (response.status === 401) {
    at("state").textContent = "This link is of an earlier launch: run “portcullis open” for a new one.";
    return;
  }
  const lines = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await lines.read();
    if (done) break;
    const events = (rest + value).split("\n\n");
    rest = events.pop();
    for (const event of events) {
      const data = event.split("\n").find((line) => line.startsWith("data:"));
      if (data) show(JSON.parse(data.slice(5)));
    }
  }
}

async function followForEver() {
  for (;;) {
    try { await follow(); } catch { at("state").textContent = "The agent is not running."; }
    await new Promise((resolve) => setTimeout(resolve, 2000));
  }
}

for (const command of ["start", "stop"]) {
  at(command).addEventListener("click", () => call(`/api/${command}`, { method: "POST" }));
}
followForEver();
