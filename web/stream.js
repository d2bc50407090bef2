// One event stream that is kept open: when it comes back, after how long, and when it does not.

import { parser } from "./parser.js";

/** @typedef {import("./messages").Item} Item */
/** @typedef {import("./messages").News} News */
/** @typedef {import("./messages").StreamOptions} StreamOptions */
/** @typedef {import("./ssectl").State} State */
/** @typedef {import("./ssectl").StreamEvent} StreamEvent */

// All in milliseconds.
/** Where the server names no time: spread, so that browsers that lost their streams together do not return together. */
const RETRY = [1_000, 4_000];
/** The longest between attempts, unless the server asks for more. */
const PATIENCE = 30_000;
/** Between attempts after an answer that is not going to change by itself. */
const REFUSED = { first: 60_000, most: 900_000 };
/** For the head of an answer. */
const ANSWER = 30_000;
/** A stream that lasted for so long was not the next failure in a row. */
const LASTED = 5_000;
/** The longest time that a server may name: more is no time that timers know. */
const DAY = 86_400_000;
/** So many heartbeats may be missing, and never less than the time. Comments that are `close` came late, together. */
const SILENCE = { beats: 3, least: 30_000, close: 1_000 };

const PASSING = new Set([408, 425, 429]);
/** @type {ReadonlySet<string | undefined>} */
const UNASKED = new Set(["lost", "offline", "unavailable"]);

/** @param {number} from @param {number} to */
const between = (from, to) => from + Math.random() * (to - from);

export class Stream {
  /** @type {State} */
  state = { state: "closed", reason: "stopped" };
  #options;
  #known;
  #tell;
  /** @type {AbortController | undefined} */
  #attempt;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #failures = 0;
  /** @type {number | undefined} */
  #retry;
  #wasOpen;
  /** @type {Ear | undefined} */
  #ear;
  /** The time between heartbeats, as far as it is known. */
  #beat = Infinity;

  /**
   * @param {StreamOptions} options
   * @param {{ lastEventId: string }} known
   * @param {"first" | "next"} which whether it goes on from another one
   * @param {(news: News) => void} tell
   */
  constructor(options, known, which, tell) {
    this.#options = options;
    this.#known = known;
    this.#wasOpen = which === "next";
    this.#tell = tell;
  }

  /** Opens the stream now, whatever became of it before. Nothing if it is open. */
  start() {
    if (this.#attempt) return;
    this.#failures = 0;
    void this.#open();
  }

  /** Ends it without a word. */
  stop() {
    this.#forget();
    this.state = { state: "closed", reason: "stopped" };
  }

  /** The network is back, or somebody looks: not the time to wait. What the server asked for is kept to. */
  wake() {
    if (this.state.state === "waiting" && UNASKED.has(this.state.reason)) this.#later(between(0, 1_000), this.state);
    else this.#ear?.listen();
  }

  #forget() {
    clearTimeout(this.#timer);
    this.#beat = this.#ear?.close() ?? this.#beat;
    this.#attempt?.abort();
    this.#attempt = this.#ear = undefined;
  }

  async #open() {
    this.#forget();
    const attempt = (this.#attempt = new AbortController());
    const began = Date.now();
    const tooLate = setTimeout(() => attempt.abort(), ANSWER);
    /** @type {State} */
    let end = { state: "waiting", reason: "lost" };
    try {
      this.#show({ state: "connecting" });
      const response = await fetch(this.#address(), {
        headers: { Accept: "text/event-stream" },
        cache: "no-store",
        credentials: this.#options.credentials,
        signal: attempt.signal,
      });
      const no = await refusal(response);
      clearTimeout(tooLate);
      end = no ?? (await this.#read(response, attempt));
    } catch {
      if (globalThis.navigator?.onLine === false) end = { state: "waiting", reason: "offline" };
    }
    clearTimeout(tooLate);
    if (this.#attempt !== attempt) return;
    if (this.state.state === "open" && Date.now() - began > LASTED) this.#failures = 0;
    this.#over(this.#ear?.verdict ?? end);
  }

  #address() {
    const { url, requestId } = this.#options;
    const last = this.#known.lastEventId;
    const query = `request_id=${encodeURIComponent(requestId)}`;
    return url + (url.includes("?") ? "&" : "?") + query + (last && `&last_event_id=${encodeURIComponent(last)}`);
  }

  /**
   * Reads a stream to its end. Returns what comes after it.
   * @param {Response} response
   * @param {AbortController} attempt
   * @returns {Promise<State>}
   */
  async #read(response, attempt) {
    // A stream has no length: this one ends at once, and says when to come back.
    const isStream = !response.headers.has("content-length");
    const hear = (/** @type {Item} */ item) => this.#attempt === attempt && this.#hear(item);
    const ear = (this.#ear = new Ear(this.#beat, hear, () => attempt.abort()));
    this.#retry = undefined;
    if (isStream) this.#opened();
    const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).pipeThrough(new TextDecoderStream()).getReader();
    for (let read = await reader.read(); !read.done; read = await reader.read()) ear.hear(read.value);
    return { state: "waiting", reason: isStream ? "lost" : "busy" };
  }

  #opened() {
    const unproven = this.#wasOpen && this.#known.lastEventId === "";
    this.#wasOpen = true;
    this.#show({ state: "open", caughtUp: false });
    // Where nothing has an id, nobody knows what was missed.
    if (unproven) this.#tell({ kind: "event", event: { name: "gap", payload: { reason: "unknown" }, data: "" } });
  }

  /** @param {Item} item */
  #hear(item) {
    if (item.kind === "retry") this.#retry = Math.min(item.ms, DAY);
    if (item.kind === "place") {
      this.#tell({ kind: "place", id: item.id });
      this.#show({ state: "open", caughtUp: true });
    }
    if (item.kind === "event") this.#tell({ kind: "event", event: opened(item) });
  }

  /** @param {State} end */
  #over(end) {
    this.#forget();
    if (end.state !== "waiting" && end.state !== "refused") return this.#show(end);
    const [base, most] =
      end.state === "refused"
        ? [REFUSED.first, REFUSED.most]
        : [this.#retry ?? between(RETRY[0], RETRY[1]), PATIENCE];
    const grown = Math.min(base * 2 ** Math.min(this.#failures, 10), most);
    this.#failures += 1;
    this.#later(Math.max(base, grown) * between(1, 1.25), end);
  }

  /** @param {number} wait @param {Extract<State, { retryAt?: number }>} state */
  #later(wait, state) {
    clearTimeout(this.#timer);
    this.#show({ ...state, retryAt: Date.now() + wait });
    this.#timer = setTimeout(() => void this.#open(), wait);
  }

  /** @param {State} state */
  #show(state) {
    this.state = state;
    this.#tell({ kind: "state", state });
  }
}

/** Listens to one stream: what it says, why it ends, and whether it has fallen silent. */
class Ear {
  /** @type {State | undefined} */
  verdict;
  #parse;
  #silent;
  #heardAt = Date.now();
  #beatAt = 0;
  #beat;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {number} beat as far as it is known @param {(item: Item) => void} take @param {() => void} silent */
  constructor(beat, take, silent) {
    this.#beat = beat;
    this.#silent = silent;
    this.#parse = parser((item) => {
      if (item.kind === "comment") this.#heartbeat();
      if (item.kind === "event") this.verdict = verdict(opened(item)) ?? this.verdict;
      take(item);
    });
  }

  /** @param {string} text */
  hear(text) {
    this.#heardAt = Date.now();
    this.#parse(text);
    this.listen();
  }

  /** A connection that is gone does not always say so; one whose heartbeats stay away is. The next may have others. */
  listen() {
    clearTimeout(this.#timer);
    if (this.#beat === Infinity) return;
    const limit = Math.max(SILENCE.least, SILENCE.beats * this.#beat);
    const left = this.#heardAt + limit - Date.now();
    if (left > 0) this.#timer = setTimeout(() => this.listen(), left);
    else {
      this.#beat = Infinity;
      this.#silent();
    }
  }

  /** Returns the time between heartbeats, as far as it is known. */
  close() {
    clearTimeout(this.#timer);
    return this.#beat;
  }

  #heartbeat() {
    const now = Date.now();
    const beat = now - this.#beatAt;
    if (this.#beatAt > 0 && beat >= SILENCE.close) this.#beat = Math.min(this.#beat, beat);
    this.#beatAt = now;
  }
}

/**
 * Returns what comes after a stream that said this.
 * @param {StreamEvent} event
 * @returns {State | undefined}
 */
function verdict({ name, payload }) {
  const { reason, message, status } = /** @type {any} */ (payload) ?? {};
  if (name === "bye" && reason !== "replaced") return { state: "waiting", reason, message };
  if (name === "bye" || name === "connection_close") return { state: "closed", reason, message };
  if (name === "rejected") return { state: "refused", status, message };
  return undefined;
}

/**
 * Returns an event of either framing, with its own name.
 * @param {{ name: string, data: string, id: string | undefined }} item
 * @returns {StreamEvent}
 */
function opened({ name, data, id }) {
  const payload = parsed(data);
  const isWrapped = name === "" && typeof payload?.type === "string" && "payload" in payload;
  if (isWrapped) return { name: payload.type, payload: payload.payload, data, id };
  return { name: name || "message", payload, data, id };
}

/** @param {string} text @returns {any} */
function parsed(text) {
  try {
    return text === "" ? null : JSON.parse(text);
  } catch {
    return text;
  }
}

/**
 * Returns what comes after an answer that is no stream.
 * @param {Response} response
 * @returns {Promise<State | undefined>}
 */
async function refusal(response) {
  const { status, headers, body } = response;
  if (status >= 500 || PASSING.has(status)) return { state: "waiting", reason: "unavailable", status };
  if (status !== 200 || !body) return { state: "refused", status, message: await words(response) };
  const isStream = headers.get("content-type")?.startsWith("text/event-stream");
  return isStream ? undefined : { state: "refused", status, message: "the answer is no event stream" };
}

/** @param {Response} response @returns {Promise<string>} */
async function words(response) {
  if (response.status === 204) return "not wanted for the time being";
  const { error } = parsed(await response.text()) ?? {};
  const said = typeof error === "object" ? error?.message : error;
  return typeof said === "string" ? said : `status ${response.status}`;
}
