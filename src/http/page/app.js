// The page: what the module says, shown. The module is the one that applications use.

import { connect, taskStore, versionStore } from "../api/sse/web/ssectl.js";
import { element, make } from "./dom.js";
import { showEvents } from "./events.js";
import { showTasks } from "./tasks.js";

const MODES = { worker: "one stream for all tabs (shared worker)", leader: "one stream for all tabs (leading tab)", tab: "this tab alone" };
const REASONS = {
  lost: "The connection broke off.",
  offline: "This device is offline.",
  unavailable: "The server does not answer.",
  busy: "The server asks for some patience.",
  shutdown: "The daemon stops. The page goes on when it is back.",
  drain: "The daemon sends its streams away.",
  lifetime: "The stream was old enough.",
  disconnected: "An operator ended the stream.",
  replaced: "Another browser has this request id now.",
};

const connection = connect({ url: "api/sse/stream" });
const version = versionStore(connection);

// --- connection ---

const WORDS = { connecting: "Connecting", open: "Connected", waiting: "Reconnecting", refused: "Refused", closed: "Disconnected" };

function showState() {
  const { state, reason, message, retryAt, status } = connection.getSnapshot();
  const isOpen = state === "open";
  element("state").dataset.state = state;
  element("state-text").textContent = WORDS[state];
  element("reconnect").hidden = isOpen || state === "connecting";
  const parts = [REASONS[reason], status && `Status ${status}.`, message && `“${message}”`, again(retryAt)];
  const detail = parts.filter(Boolean).join(" ");
  element("state-detail").textContent = detail;
  element("state-detail").hidden = isOpen || detail === "";
  element("mode").textContent = MODES[connection.mode];
  element("request-id").textContent = connection.requestId;
  element("disconnect").textContent = `ssectl connections disconnect ${connection.requestId}`;
}

function again(at) {
  if (!at) return "";
  const seconds = Math.max(0, Math.ceil((at - Date.now()) / 1000));
  return seconds > 90 ? `Next attempt in ${Math.round(seconds / 60)} min.` : `Next attempt in ${seconds} s.`;
}

connection.subscribe(showState);
setInterval(() => connection.getSnapshot().retryAt && showState(), 1000);
element("reconnect").addEventListener("click", () => connection.reconnect());

// --- version ---

function showVersion() {
  const { current, announced, changelog, outdated } = version.getSnapshot();
  element("banner").hidden = !outdated;
  element("banner-version").textContent = announced ?? "";
  element("banner-changelog").textContent = changelog ?? `This page is ${current ?? "older than any version"}.`;
  element("current").textContent = current ?? "none announced";
}

version.subscribe(showVersion);
element("banner-reload").addEventListener("click", () => version.reload());
element("banner-later").addEventListener("click", () => version.dismiss());

// --- commands ---

async function copy(code) {
  try {
    await navigator.clipboard.writeText(code.textContent);
    return "Copied";
  } catch {
    // Where pages may not copy, it is selected for whoever can.
    getSelection()?.selectAllChildren(code);
    return "Selected";
  }
}

for (const item of element("commands").children) {
  const [title, code] = item.children;
  // Lines end between words, not after a hyphen.
  const words = code.textContent.split(" ").flatMap((word) => [" ", make("span", "word", word)]);
  if (code.id === "") code.replaceChildren(...words.slice(1));
  const button = make("button", "copy", "Copy");
  button.type = "button";
  button.setAttribute("aria-label", `Copy the command: ${title.textContent}`);
  button.addEventListener("click", async () => {
    const done = await copy(code);
    button.textContent = done;
    element("copied").textContent = `${done}: ${title.textContent}`;
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
  item.append(button);
}

showTasks(taskStore(connection));
showEvents(connection);
showState();
showVersion();
