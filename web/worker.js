// The shared worker: one stream for all tabs, and as many as there are different ones.

import { Holder } from "./holder.js";

/** @typedef {import("./messages").Told} Told */
/** @typedef {import("./messages").Wish} Wish */

/** @type {Map<string, { holder: Holder, ports: Set<MessagePort> }>} */
const streams = new Map();

/** @param {MessagePort} port */
function attend(port) {
  let key = "";

  function leave() {
    const stream = streams.get(key);
    stream?.ports.delete(port);
    if (stream?.ports.size === 0) {
      streams.delete(key);
      stream.holder.stop();
    }
  }

  port.onmessage = ({ data: wish }) => {
    if (wish.kind === "leave") return leave();
    if (wish.kind === "hello") {
      key = JSON.stringify(wish.stream);
      const stream = streams.get(key) ?? begin(key, wish);
      stream.ports.add(port);
      port.postMessage(stream.holder.welcome(wish.past?.lastEventId));
    }
    streams.get(key)?.holder.obey(wish.kind);
  };
}

/** @param {string} key @param {Extract<Wish, { kind: "hello" }>} wish */
function begin(key, { stream, past }) {
  /** @type {Set<MessagePort>} */
  const ports = new Set();
  const tell = (/** @type {Told} */ told) => ports.forEach((port) => port.postMessage(told));
  const begun = { holder: new Holder(stream, past, tell), ports };
  streams.set(key, begun);
  return begun;
}

globalThis.addEventListener("connect", (event) => attend(/** @type {MessageEvent} */ (event).ports[0]));
