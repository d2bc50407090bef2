"use strict";

// A native EventSource, a few listeners, and nothing that a browser does not bring along.

const KEPT_EVENTS = 200;
const KEPT_TASKS = 20;
// Until then after the connect, a version was pending already.
const SNAPSHOT_MS = 1000;
const KNOWN_NAMES = ["version", "task_event", "ready", "rejected", "gap", "bye", "connection_close"];

const element = (id) => document.getElementById(id);

function make(tag, className, text) {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

// The request id is a capability: 128 random bits, one per tab.
function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

// --- connection ---

const requestId = randomId();
const listening = new Set(KNOWN_NAMES);
let source;

function connect() {
  source = new EventSource("api/sse/stream?request_id=" + requestId);
  source.onopen = () => {
    showState("open", "connected");
    setTimeout(() => { baseline ??= ""; }, SNAPSHOT_MS);
  };
  source.onerror = () => {
    if (source.readyState === EventSource.CLOSED) {
      showState("closed", "refused: reload to try again");
    } else {
      showState("connecting", "reconnecting");
    }
  };
  // The envelope framing: unnamed messages that say their own name.
  source.onmessage = (message) => {
    const envelope = parsed(message.data);
    if (envelope && typeof envelope.type === "string") {
      received(envelope.type, envelope.payload, message);
    } else {
      received("message", envelope, message);
    }
  };
  listening.forEach(listenFor);
}

// The named framing: a browser hears only of names that it listens for.
function listenFor(name) {
  source.addEventListener(name, (message) => received(name, parsed(message.data), message));
}

function showState(state, text) {
  element("state").dataset.state = state;
  element("state").textContent = text;
}

function received(name, payload, message) {
  log(name, message);
  if (name === "version") showVersion(payload);
  if (name === "task_event") showTask(payload);
  if (name === "bye" && payload && payload.reason) showState("connecting", "ended: " + payload.reason);
}

// --- version ---

let baseline;

// What a connection is told at once is what this page runs, if there is a version at all; any other is news.
function showVersion(payload) {
  if (!payload || typeof payload.version !== "string") return;
  element("version").textContent = payload.version;
  baseline ??= payload.version;
  element("banner").hidden = payload.version === baseline;
  element("banner-version").textContent = payload.version;
  element("banner-before").hidden = baseline === "";
  element("banner-baseline").textContent = baseline;
  const changelog = typeof payload.changelog === "string" ? payload.changelog : "";
  element("banner-changelog").hidden = changelog === "";
  element("banner-changelog").textContent = changelog;
}

// --- tasks ---

const tasks = new Map();

function taskRow(id) {
  let row = tasks.get(id);
  if (row) return row;
  const item = make("li", "", "");
  row = { item, text: make("span", "", "waiting"), outcome: make("span", "outcome", ""), bar: make("progress", "", "") };
  const line = make("div", "bar", "");
  line.append(row.text, row.outcome);
  item.append(line, row.bar, make("span", "id", id));
  row.bar.setAttribute("aria-label", "progress of task " + id);
  tasks.set(id, row);
  element("tasks").prepend(item);
  element("no-tasks").hidden = true;
  if (tasks.size > KEPT_TASKS) {
    const [oldest, dropped] = tasks.entries().next().value;
    dropped.item.remove();
    tasks.delete(oldest);
  }
  return row;
}

function showTask(event) {
  if (!event || typeof event.task_id !== "string") return;
  const row = taskRow(event.task_id);
  const data = event.data ?? {};
  if (event.event_type === "task_started") {
    row.text.textContent = "started";
    row.bar.value = 0;
  } else if (event.event_type === "progress_update") {
    if (typeof data.text === "string") row.text.textContent = data.text;
    if (typeof data.value === "number") {
      row.bar.value = data.value;
      row.outcome.textContent = Math.round(data.value * 100) + " %";
    }
  } else if (event.event_type === "task_completed") {
    row.item.dataset.state = "completed";
    row.outcome.textContent = "completed";
    row.bar.value = 1;
  } else if (event.event_type === "task_failed") {
    row.item.dataset.state = "failed";
    row.outcome.textContent = "failed";
    row.text.textContent = typeof data.error === "string" ? data.error : "failed";
  }
}

// --- raw events ---

function log(name, message) {
  const item = make("li", "", "");
  const now = new Date();
  const time = make("time", "", now.toLocaleTimeString());
  time.dateTime = now.toISOString();
  item.append(time, make("b", "", name), make("span", "", message.data));
  if (message.lastEventId) item.title = "id " + message.lastEventId;
  const list = element("events");
  list.prepend(item);
  while (list.childElementCount > KEPT_EVENTS) list.lastElementChild.remove();
  element("no-events").hidden = true;
}

element("listen").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = element("listen-name").value;
  element("listen").reset();
  if (listening.has(name)) return;
  listening.add(name);
  listenFor(name);
});

element("reload").addEventListener("click", () => location.reload());
element("request-id").textContent = requestId;
connect();
