// Shows the pages that the agent renders, sends forms as JSON, and follows the live stream.
// It decides nothing, and holds nothing but its own session.
"use strict";

const TICKET = /^#[0-9a-f]{64}$/;
const RETRY_MS = 1000;
const SAID_MS = 8000;

const at = (id) => document.getElementById(id);
const app = at("app");
let live = new AbortController();
let shown = "";

// HTML is made here only, from text that the agent has escaped.
const policy = window.trustedTypes?.createPolicy("portcullis", { createHTML: (html) => html });

function fragment(html) {
  const template = document.createElement("template");
  template.innerHTML = policy ? policy.createHTML(html) : html;
  return template.content;
}

/* The session: the address's ticket is exchanged for one, which this tab's storage keeps. */

async function enter() {
  if (!TICKET.test(location.hash)) return false;
  const headers = { "x-portcullis-token": location.hash.slice(1), "content-type": "application/json" };
  history.replaceState(null, "", location.pathname + location.search);
  const response = await fetch("/api/session", { method: "POST", headers, body: "{}" }).catch(() => null);
  if (response?.ok) sessionStorage.setItem("token", (await response.json()).token);
  else sessionStorage.removeItem("token");
  return true;
}

async function call(method, path, body, signal) {
  const headers = { "x-portcullis-token": sessionStorage.getItem("token") ?? "" };
  if (body !== undefined) headers["content-type"] = "application/json";
  const response = await fetch(path, { method, headers, body, signal });
  if (response.status === 401) lock();
  return response;
}

// A page that had a session says that it has ended; another says how to get one.
function lock() {
  live.abort();
  app.replaceChildren();
  const wasIn = sessionStorage.getItem("token") !== null;
  at("never").hidden = wasIn;
  at("ended").hidden = !wasIn;
  at("gone").hidden = true;
  at("locked").hidden = false;
}

/* Pages. */

const here = () => location.pathname + location.search;

let turn = 0;

async function visit(path, { push = false, focus = false } = {}) {
  const mine = ++turn;
  try {
    const response = await call("GET", "/page" + path);
    const html = await response.text();
    if (response.status === 401 || mine !== turn) return;
    if (push) history.pushState(null, "", path);
    show(html, focus);
  } catch {
    at("gone").hidden = false;
  }
  follow(path);
}

// A half-filled form is not taken away: the page is refreshed when its dialog closes.
let isPostponed = false;

addEventListener("close", () => {
  if (isPostponed) refresh();
  isPostponed = false;
}, true);

function show(html, focus) {
  if (!focus && app.querySelector("dialog[open]")) {
    isPostponed = true;
    return;
  }
  const before = { id: document.activeElement?.id, y: scrollY, focused: app.contains(document.activeElement) };
  at("locked").hidden = true;
  at("gone").hidden = true;
  app.replaceChildren(fragment(html));
  const page = app.firstElementChild;
  document.documentElement.lang = page.lang;
  document.title = page.dataset.title;
  shown = here();
  if (focus) {
    scrollTo(0, 0);
    at("title")?.focus();
    say("");
  } else {
    if (before.focused) refocus(before.id);
    scrollTo(0, before.y);
  }
}

// Focuses the first of these elements that is there, else the title.
function refocus(...ids) {
  for (const id of ids) {
    if (id) at(id)?.focus({ preventScroll: true });
    if (id && document.activeElement?.id === id) return;
  }
  at("title")?.focus({ preventScroll: true });
}

const refresh = () => visit(here());

/* The live stream: one patch a line. */

async function follow(path) {
  live.abort();
  live = new AbortController();
  const { signal } = live;
  let lost = false;
  while (!signal.aborted) {
    try {
      const response = await call("GET", "/live?at=" + encodeURIComponent(path), undefined, signal);
      if (response.status === 401) return;
      if (lost) return refresh();
      await patches(response.body);
    } catch {
      if (signal.aborted) return;
      at("gone").hidden = false;
    }
    lost = true;
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

async function patches(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) patch(JSON.parse(line));
  }
}

function patch({ target, how, html, most, language }) {
  if (how === "page") return refresh();
  if (how === "language") {
    if (language !== document.documentElement.lang) refresh();
    return;
  }
  const old = at(target);
  if (!old) return;
  if (how === "prepend") {
    old.prepend(fragment(html));
    while (old.children.length > most) old.lastElementChild.remove();
    return;
  }
  const fresh = fragment(html);
  if (old.isEqualNode(fresh.firstElementChild)) return;
  const focused = old.contains(document.activeElement) ? document.activeElement : undefined;
  old.replaceWith(fresh);
  reveal.again();
  if (focused) refocus(focused.id, focused.dataset.then);
}

/* Calls: a button or a form names the call, and what happens after it. */

async function act(element, path, body) {
  element.setAttribute("aria-busy", "true");
  try {
    const response = await call("POST", path, JSON.stringify(body));
    const text = await response.text();
    if (element.dataset.into && response.ok) {
      const place = at(element.dataset.into);
      place?.replaceChildren(fragment(text));
      place?.scrollIntoView({ block: "nearest" });
      return;
    }
    const answer = JSON.parse(text);
    if (!response.ok) return complain(element, answer);
    const dialog = element.closest("dialog");
    dialog?.close();
    await refresh();
    if (element.dataset.then) refocus(element.dataset.then, mirrored(element.dataset.then));
    else if (dialog) refocus(dialog.dataset.opener);
    say(element.dataset.done ?? "");
  } catch (error) {
    say(String(error), true);
  } finally {
    element.removeAttribute("aria-busy");
  }
}

// The first account can only move down, the last one only up.
const mirrored = (id) => id.replace(/^(up|down)/, (way) => (way === "up" ? "down" : "up"));

let silence;

function say(text, bad = false) {
  const place = at("said");
  place.textContent = text;
  place.classList.toggle("bad", bad);
  clearTimeout(silence);
  if (text && !bad) silence = setTimeout(() => say(""), SAID_MS);
}

// Shows each problem beside its field, and the others below the form or in the status line.
function complain(element, { error, problems = [] }) {
  clearProblems(element);
  if (element.matches("dialog button")) element.closest("dialog").close();
  const elsewhere = problems.filter((problem) => !pointOut(element, problem));
  if (problems.length === 0 || elsewhere.length > 0) {
    const words = elsewhere.map(({ message, fix }) => (fix ? `${message}; ${fix}` : message)).join("\n") || error;
    const place = element.querySelector("[data-problem='']");
    if (place) place.textContent = words;
    else say(words, true);
  }
  element.querySelector?.("[aria-invalid]")?.focus();
}

function pointOut(form, { field, message, fix }) {
  const places = [...(form.querySelectorAll?.("[data-problem]") ?? [])];
  const place = places.find((place) => field !== "" && place.dataset.problem === field);
  if (!place) return false;
  place.textContent = fix ? `${message}; ${fix}` : message;
  form.elements[field]?.setAttribute?.("aria-invalid", "true");
  return true;
}

function clearProblems(form) {
  for (const place of form.querySelectorAll?.("[data-problem]") ?? []) place.textContent = "";
  for (const field of form.querySelectorAll?.("[aria-invalid]") ?? []) field.removeAttribute("aria-invalid");
  say("");
}

/* Forms as JSON, each value by its field's type; with data-changes, changed fields only. */

function fields(form) {
  const all = [...form.elements].filter((field) => field.name && !field.disabled);
  const sent = form.hasAttribute("data-changes") ? all.filter(isChanged) : all.filter(isFilled);
  return Object.fromEntries(sent.map((field) => [field.name, value(field)]));
}

function isChanged(field) {
  if (field.type === "checkbox") return field.checked !== field.defaultChecked;
  if (field.options) return [...field.options].some((option) => option.selected !== option.defaultSelected);
  return field.value !== field.defaultValue;
}

const isFilled = (field) => field.type === "checkbox" || field.value !== "";

function value(field) {
  if (field.type === "checkbox") return field.checked;
  if (field.type === "number") return field.value === "" ? "" : Number(field.value);
  if (field.dataset.list !== undefined) {
    return field.value.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  }
  return field.value;
}

function submit(form) {
  const { call: path, wrap, fixed } = form.dataset;
  const found = fields(form);
  const body = { ...(fixed ? JSON.parse(fixed) : {}), ...(wrap ? { [wrap]: found } : found) };
  return act(form, path, body);
}

/* A typed key is hidden until the user asks to see it. */

function toggleTyped(button) {
  const isShown = at(button.dataset.shows).classList.toggle("shown");
  button.setAttribute("aria-pressed", String(isShown));
}

/* The client key: fetched on request, and shown in place of its mask. */

const reveal = {
  key: undefined,
  async fetch() {
    if (this.key === undefined) this.key = (await (await call("GET", "/api/key")).json()).api_key ?? "";
    return this.key;
  },
  again() {
    if (document.body.dataset.revealed === undefined || this.key === undefined) return;
    for (const place of document.querySelectorAll("[data-key]")) place.textContent = this.key;
  },
};

async function toggleKey(button) {
  if (document.body.dataset.revealed === undefined) {
    await reveal.fetch();
    document.body.dataset.revealed = "";
    reveal.again();
    button.setAttribute("aria-pressed", "true");
  } else {
    delete document.body.dataset.revealed;
    reveal.key = undefined;
    for (const place of document.querySelectorAll("[data-key]")) place.textContent = place.dataset.key;
    button.setAttribute("aria-pressed", "false");
  }
}

async function copy(button) {
  const source = at(button.dataset.copy).cloneNode(true);
  const keys = [...source.querySelectorAll("[data-key]")];
  if (keys.length > 0) {
    const key = reveal.key ?? (await (await call("GET", "/api/key")).json()).api_key;
    for (const place of keys) place.textContent = key;
  }
  try {
    await navigator.clipboard.writeText(source.textContent);
    say(button.dataset.done ?? "");
  } catch (error) {
    say(String(error), true);
  }
}

async function download(link) {
  const response = await call("GET", link.dataset.download);
  if (!response.ok) return say((await response.json()).error, true);
  const name = /filename="([^"]+)"/.exec(response.headers.get("content-disposition") ?? "");
  const url = URL.createObjectURL(await response.blob());
  const anchor = document.createElement("a");
  anchor.href = url;
  anchor.download = name?.[1] ?? "portcullis";
  anchor.click();
  URL.revokeObjectURL(url);
}

function open(dialog, opener) {
  dialog.dataset.opener = opener.id;
  dialog.showModal();
}

/* What the user does. */

addEventListener("click", (event) => {
  const element = event.target.closest?.("a[href^='/'], button, [data-close]");
  if (!element || element.disabled) return;
  const data = element.dataset;
  if (element.matches("a")) {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    visit(element.getAttribute("href"), { push: true, focus: true });
  } else if (data.opens) open(at(data.opens), element);
  else if (data.close !== undefined) element.closest("dialog").close();
  else if (data.copy) copy(element);
  else if (data.reveal !== undefined) toggleKey(element);
  else if (data.shows) toggleTyped(element);
  else if (data.download) download(element);
  else if (data.call && element.type === "button") act(element, data.call, JSON.parse(data.body ?? "{}"));
});

addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method === "dialog") return;
  event.preventDefault();
  if (form.dataset.call) return submit(form);
  const filled = [...new FormData(form)].filter(([, value]) => value !== "");
  const query = new URLSearchParams(filled).toString();
  visit(form.getAttribute("action") + (query && "?" + query), { push: true });
});

addEventListener("change", (event) => {
  if (event.target.form?.hasAttribute("data-filter")) event.target.form.requestSubmit();
});

addEventListener("popstate", () => here() !== shown && visit(here(), { focus: true }));

// A browser has six connections to one host, for all its tabs and the pages in its history:
// a hidden page does not hold one.
function look() {
  if (document.hidden) live.abort();
  else if (app.firstElementChild) follow(here());
}

addEventListener("visibilitychange", look);
addEventListener("pagehide", () => live.abort());
addEventListener("pageshow", (event) => event.persisted && look());
addEventListener("hashchange", async () => (await enter()) && refresh());

enter().then(() => refresh());
