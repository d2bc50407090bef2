// Finds whoever holds the stream for this page: a shared worker; where there are none, the tab that leads; where tabs
// cannot agree on one, the tab itself.

import { Holder } from "./holder.js";

/** @typedef {import("./messages").Line} Line */
/** @typedef {import("./messages").Past} Past */
/** @typedef {import("./messages").StreamOptions} StreamOptions */
/** @typedef {import("./messages").Told} Told */

/** Parts of different versions of this module do not meet. */
export const PROTOCOL = "ssectl/1";
/** How long a worker may take to answer, in milliseconds. */
const PATIENCE = 5_000;

/**
 * @typedef {object} Seat
 * @property {StreamOptions} stream
 * @property {() => StreamOptions} alone the stream of this tab alone: two cannot have the same request id
 * @property {() => Past | undefined} past
 * @property {(told: Told) => void} take
 */

/**
 * Returns what tabs of this browser can share a stream by.
 * @param {"auto" | "worker" | "leader" | "tab"} wanted
 */
export function manner(wanted) {
  const { SharedWorker, BroadcastChannel, navigator } = globalThis;
  const canLead = BroadcastChannel && navigator?.locks;
  if (SharedWorker && (wanted === "worker" || wanted === "auto")) return "worker";
  return canLead && wanted !== "tab" ? "leader" : "tab";
}

/**
 * Takes a seat at a stream: from then on `take` is told of it.
 * @param {ReturnType<typeof manner>} how
 * @param {Seat} seat
 * @returns {Line}
 */
export function sit(how, seat) {
  if (how === "worker") return byWorker(seat);
  return how === "leader" ? byLeader(seat) : alone(seat);
}

/** @param {Seat} seat @returns {Line} */
function byWorker(seat) {
  /** @type {SharedWorker} */
  let worker;
  try {
    worker = new SharedWorker(new URL("./worker.js", import.meta.url), { type: "module", name: "ssectl/1" });
  } catch {
    // Scripts of another origin, or a policy without worker-src.
    return sit(manner("leader"), seat);
  }
  const { port } = worker;
  /** @type {Line | undefined} */
  let other;
  const giveUp = () => {
    clearTimeout(tooLate);
    port.postMessage({ kind: "leave" });
    port.onmessage = null;
    other ??= sit(manner("leader"), seat);
  };
  const tooLate = setTimeout(giveUp, PATIENCE);
  worker.onerror = giveUp;
  port.onmessage = ({ data }) => {
    clearTimeout(tooLate);
    seat.take(data);
  };
  port.postMessage({ kind: "hello", stream: seat.stream, past: seat.past() });
  return {
    get mode() {
      return other?.mode ?? "worker";
    },
    send(wish) {
      if (wish.kind === "leave") clearTimeout(tooLate);
      if (other) other.send(wish);
      else port.postMessage(wish);
    },
  };
}

/** @param {Seat} seat @returns {Line} */
function byLeader(seat) {
  const name = `${PROTOCOL} ${JSON.stringify(seat.stream)}`;
  /** @type {BroadcastChannel} */
  let channel;
  try {
    channel = new BroadcastChannel(name);
  } catch {
    // A page without an origin of its own.
    return alone(seat);
  }
  const me = crypto.randomUUID();
  const left = new AbortController();
  /** @type {(() => void) | undefined} */
  let abdicate;
  /** @type {Holder | undefined} */
  let holder;
  /** @type {Line | undefined} */
  let other;
  let isMet = false;

  const lead = () => {
    const holding = (holder = new Holder(seat.stream, seat.past(), (told) => {
      channel.postMessage({ told });
      seat.take(told);
    }));
    const welcome = holding.welcome();
    channel.postMessage({ told: welcome });
    seat.take(welcome);
    holding.obey("hello");
    return /** @type {Promise<void>} */ (new Promise((resolve) => (abdicate = resolve)));
  };
  channel.onmessage = ({ data: { told, wish, from, to, seen } }) => {
    // What is told before the welcome is in it.
    if (to === undefined || to === me) isMet ||= told?.kind === "welcome";
    if (told && isMet && !holder && (to === undefined || to === me)) seat.take(told);
    if (wish === "hello" && holder) channel.postMessage({ told: holder.welcome(seen), to: from });
    if (wish) holder?.obey(wish);
  };
  navigator.locks.request(name, { signal: left.signal }, lead).catch(() => {
    if (left.signal.aborted) return;
    // Where a page may keep nothing, it may not lock either.
    channel.close();
    other = alone(seat);
  });
  channel.postMessage({ wish: "hello", from: me, seen: seat.past()?.lastEventId });
  return {
    get mode() {
      return other?.mode ?? "leader";
    },
    send(wish) {
      const { kind } = wish;
      if (other) return other.send(wish);
      if (kind !== "leave") return holder ? holder.obey(kind) : channel.postMessage({ wish: kind });
      // Whoever waits for the lead does so no more; whoever has it hands it on.
      left.abort();
      channel.close();
      holder?.stop();
      abdicate?.();
    },
  };
}

/** @param {Seat} seat @returns {Line} */
function alone(seat) {
  const holder = new Holder(seat.alone(), seat.past(), seat.take);
  seat.take(holder.welcome());
  holder.obey("hello");
  return {
    mode: "tab",
    send({ kind }) {
      if (kind === "leave") holder.stop();
      else holder.obey(kind);
    },
  };
}
