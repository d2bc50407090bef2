// The browser's end of ssectld: one event stream for all tabs of a browser. See docs/frontend.md.

import { Known, isOld } from "./known.js";
import { PROTOCOL, manner, sit } from "./share.js";

export { taskStore } from "./tasks.js";
export { versionStore } from "./version.js";

/** @typedef {import("./messages").Line} Line */
/** @typedef {import("./messages").Past} Past */
/** @typedef {import("./messages").StreamOptions} StreamOptions */
/** @typedef {import("./messages").Told} Told */
/** @typedef {import("./ssectl").State} State */
/** @typedef {import("./ssectl").StreamEvent} StreamEvent */

/** How long the past is of use to the next page, in milliseconds: what the daemon keeps for those who come back. */
const OF_USE = 300_000;
/** The most characters of it that are kept. */
const MOST_KEPT = 200_000;

/** Returns 128 random bits: whoever knows a request id can take over its stream. */
function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What pages leave to later ones. Where that is not allowed, nothing. */
const memory = {
  /** @param {string} key @returns {any} */
  get(key) {
    try {
      return JSON.parse(localStorage.getItem(key) ?? "null");
    } catch {
      return null;
    }
  },
  /** @param {string} key @param {unknown} value */
  set(key, value) {
    const text = JSON.stringify(value);
    try {
      if (text.length <= MOST_KEPT) localStorage.setItem(key, text);
      else localStorage.removeItem(key);
    } catch {
      // Then it is not kept.
    }
  },
};

/** Returns the id that all tabs of this browser have that can share a stream: others would push each other out. @param {string} how */
function browserId(how) {
  const key = `${PROTOCOL} request_id ${how} ${import.meta.url}`;
  const known = memory.get(key);
  if (typeof known === "string" && /^[0-9a-f]{32}$/.test(known)) return known;
  const id = randomId();
  memory.set(key, id);
  return id;
}

/** What an application does when it is told and fails is its own affair: reported, and nobody else's loss. @param {() => void} act */
function safely(act) {
  try {
    act();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

/** @type {import("./ssectl").connect} */
export function connect(options = {}) {
  return new Connection(options);
}

/** @implements {import("./ssectl").Connection} */
class Connection {
  /** @type {State} */
  #state = { state: "connecting" };
  /** @type {Map<string, Set<(event: any) => void>>} */
  #listeners = new Map();
  /** @type {Set<() => void>} */
  #watchers = new Set();
  #known = new Known();
  #met = false;
  #how;
  #own;
  /** @type {StreamOptions} */
  #stream;
  /** @type {Line | undefined} */
  #line;
  /** Who is told of the stream now: what comes for an earlier one is not heard. @type {object | undefined} */
  #seat;
  #unload = new AbortController();

  /** @param {import("./ssectl").Options} options */
  constructor({ url = "/api/sse/stream", requestId, credentials = "same-origin", share = "auto" }) {
    const base = globalThis.document?.baseURI ?? globalThis.location?.href;
    this.#how = manner(share);
    this.#own = requestId;
    this.#stream = { url: new URL(url, base).href, requestId: requestId ?? browserId(this.#how), credentials };
    this.#sit();
  }

  get requestId() {
    return this.#stream.requestId;
  }

  get mode() {
    return this.#line?.mode ?? this.#how;
  }

  /** The latest events of the past: of the version, and of each task. */
  get known() {
    return this.#known.past.events;
  }

  getSnapshot = () => this.#state;

  /** @param {() => void} watcher */
  subscribe = (watcher) => {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  };

  /** @param {string} name @param {(event: any) => void} listener */
  on(name, listener) {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => void listeners.delete(listener);
  }

  reconnect() {
    if (this.#line) this.#line.send({ kind: "reconnect" });
    else this.#sit();
  }

  close() {
    this.#unload.abort();
    this.#leave();
    this.#show({ state: "closed", reason: "closed" });
  }

  #sit() {
    if (this.#seat) return;
    if (this.#unload.signal.aborted) this.#unload = new AbortController();
    const seat = {
      stream: this.#stream,
      alone: () => {
        if (!this.#own && !this.#met) this.#stream = { ...this.#stream, requestId: randomId() };
        return this.#stream;
      },
      past: () => this.#past(),
      take: (/** @type {Told} */ told) => void (this.#seat === seat && this.#take(told)),
    };
    this.#seat = seat;
    const line = sit(this.#how, seat);
    // Whoever watches may have closed it in the meantime.
    if (this.#seat !== seat) return line.send({ kind: "leave" });
    this.#line = line;
    this.#heedThePage();
  }

  #leave() {
    const line = this.#line;
    this.#line = this.#seat = undefined;
    line?.send({ kind: "leave" });
  }

  /** A page that is put aside reads nothing, and may not keep others from reading. */
  #heedThePage() {
    const { document, window } = globalThis;
    if (!document) return;
    this.#unload.abort();
    const { signal } = (this.#unload = new AbortController());
    const putAside = () => {
      this.#remember();
      this.#leave();
    };
    const wake = () => this.#line?.send({ kind: "wake" });
    window.addEventListener("pagehide", putAside, { signal });
    document.addEventListener("freeze", putAside, { signal });
    window.addEventListener("pageshow", ({ persisted }) => persisted && this.#sit(), { signal });
    document.addEventListener("resume", () => this.#sit(), { signal });
    window.addEventListener("online", wake, { signal });
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && wake(), { signal });
  }

  /** @returns {Past | undefined} */
  #past() {
    if (this.#met) return this.#known.past;
    const { at, requestId, past } = memory.get(this.#memoryKey) ?? {};
    const isOfUse = requestId === this.requestId && Date.now() - at < OF_USE;
    return isOfUse ? past : undefined;
  }

  #remember() {
    const { past } = this.#known;
    if (past.lastEventId) memory.set(this.#memoryKey, { at: Date.now(), requestId: this.requestId, past });
  }

  get #memoryKey() {
    return `${PROTOCOL} past ${this.#stream.url}`;
  }

  /** @param {Told} told */
  #take(told) {
    if (told.kind === "welcome") this.#meet(told);
    else if (told.kind === "state") this.#show(told.state);
    else if (this.#known.take(told) && told.kind === "event") this.#emit(told.event);
  }

  /** @param {Extract<Told, { kind: "welcome" }>} welcome */
  #meet({ state, past, since }) {
    const seen = this.#past()?.lastEventId ?? "";
    const isBehind = seen !== "" && isOld(past.lastEventId, seen);
    const wasMet = this.#met;
    this.#met = true;
    if (!wasMet || !isBehind) {
      this.#known = new Known(past);
      const isGap = !isBehind && !since && (wasMet || seen !== "");
      if (isGap) this.#emit({ name: "gap", payload: { reason: "unknown" }, data: "" });
      since?.forEach((event) => this.#emit(event));
      // A page that begins has not heard these, unless just now.
      const heard = new Set(since?.map(({ id }) => id));
      if (!wasMet || !since) past.events.filter(({ id }) => !id || !heard.has(id)).forEach((event) => this.#emit(event));
    }
    this.#show(state);
  }

  /** @param {State} state */
  #show(state) {
    this.#state = state;
    [...this.#watchers].forEach((watcher) => safely(watcher));
  }

  /** @param {StreamEvent} event */
  #emit(event) {
    for (const listener of [...(this.#listeners.get(event.name) ?? []), ...(this.#listeners.get("*") ?? [])]) {
      safely(() => listener(event));
    }
  }
}
