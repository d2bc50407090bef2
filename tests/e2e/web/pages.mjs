// What pages do to the stream and to each other, where the browser is made of what Node has: node pages.mjs

import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";

const failures = [];
process.on("uncaughtException", (error) => {
  if (error.message === "a watcher") return failures.push(error.message);
  console.error(error);
  process.exit(1);
});

/** The requests of all streams so far, each with what writes to its answer. */
const requests = [];
const bytes = new TextEncoder();
globalThis.fetch = async (url, { signal }) => {
  signal.throwIfAborted();
  const body = new ReadableStream({
    start(answer) {
      requests.push({ url: new URL(url), send: (text) => answer.enqueue(bytes.encode(text)), end: () => answer.close() });
    },
  });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
};

const kept = new Map();
globalThis.localStorage = {
  getItem: (key) => kept.get(key) ?? null,
  setItem: (key, value) => void kept.set(key, value),
  removeItem: (key) => void kept.delete(key),
};

function newPage() {
  globalThis.window = new EventTarget();
  globalThis.document = Object.assign(new EventTarget(), { baseURI: "http://page/", visibilityState: "visible" });
  return { window, document };
}

let attend;
const { addEventListener } = globalThis;
globalThis.addEventListener = (name, listener) => void (attend = listener);
await import("../../../web/worker.js");
globalThis.addEventListener = addEventListener;
globalThis.SharedWorker = class {
  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.port = port1;
    attend(Object.assign(new Event("connect"), { ports: [port2] }));
  }
};

newPage();
const { connect } = await import("../../../web/ssectl.js");
const last = () => requests.at(-1);

async function until(what, holds) {
  for (const end = Date.now() + 10_000; !holds(); await turn()) assert.ok(Date.now() < end, what);
}

async function open(options) {
  const before = requests.length;
  const connection = connect({ requestId: "a", ...options });
  await until("a request", () => requests.length > before);
  await until("it is open", () => connection.getSnapshot().state === "open");
  return connection;
}

function heardBy(connection) {
  const heard = [];
  connection.on("*", ({ name }) => void heard.push(name));
  return heard;
}

// Closed is closed, also after the page was put aside and came back.
{
  const { document } = newPage();
  const connection = await open({ share: "tab" });
  document.dispatchEvent(new Event("freeze"));
  document.dispatchEvent(new Event("resume"));
  await until("it came back", () => connection.getSnapshot().state === "open");
  connection.close();
  const before = requests.length;
  document.dispatchEvent(new Event("freeze"));
  document.dispatchEvent(new Event("resume"));
  assert.deepEqual([connection.getSnapshot(), requests.length], [{ state: "closed", reason: "closed" }, before]);
}

// Nothing is heard after close(), not even what came in the same piece. An event named message is as it was sent.
{
  newPage();
  const connection = await open({ share: "tab" });
  const events = [];
  connection.on("*", (event) => events.push(event));
  connection.on("x", () => connection.close());
  const said = 'data: {"type":"text","payload":"hi"}\n\n';
  last().send(`event: message\n${said}${said}id: 1-1\nevent: x\ndata: 1\n\nid: 1-2\nevent: y\ndata: 2\n\nid: 1-3\n\n`);
  await until("x", () => events.length >= 3);
  await turn();
  const heard = events.map(({ name, payload }) => [name, payload]);
  assert.deepEqual(heard, [["message", { type: "text", payload: "hi" }], ["text", "hi"], ["x", 1]]);
  assert.deepEqual(connection.getSnapshot(), { state: "closed", reason: "closed" });
}

// Who watches and fails is told of, and the stream goes on.
{
  newPage();
  const connection = await open({ share: "tab" });
  connection.subscribe(() => {
    if (connection.getSnapshot().state === "connecting") throw new Error("a watcher");
  });
  const before = requests.length;
  last().send("retry: 1\n\nid: 1-1\n\n");
  last().end();
  await until("the next request", () => requests.length > before);
  await until("it is open again", () => connection.getSnapshot().state === "open");
  assert.deepEqual(failures, ["a watcher"]);
  connection.close();
}

// Where locks are refused, a page has a stream for itself.
{
  newPage();
  const locks = { request: async () => assert.fail("refused") };
  Object.defineProperty(globalThis, "navigator", { value: { locks, onLine: true }, configurable: true });
  const connection = await open({ share: "leader" });
  assert.equal(connection.mode, "tab");
  connection.close();
}

// What came between two documents of a tab, while another one kept the stream, is told; what is not known is a gap.
{
  newPage();
  const other = await open({ share: "worker" });
  last().send("id: 1-1\n\n");
  await until("the place", () => other.getSnapshot().caughtUp);
  const otherHeard = heardBy(other);
  const stream = last();
  for (const [events, heard] of [[0, []], [2, ["n", "n"]], [101, ["gap"]]]) {
    const { window } = newPage();
    const before = connect({ requestId: "a" });
    await until("it is met", () => before.getSnapshot().caughtUp);
    window.dispatchEvent(new Event("pagehide"));
    const goal = otherHeard.length + events;
    const first = goal + 1;
    for (let event = 0; event < events; event += 1) stream.send(`id: 1-${first + event}\nevent: n\ndata: 1\n\n`);
    await until("the other page has them", () => otherHeard.length === goal);
    newPage();
    const after = connect({ requestId: "a" });
    const told = heardBy(after);
    await until("it is met", () => after.getSnapshot().caughtUp);
    assert.deepEqual(told, heard, `${events} events`);
    after.close();
  }
  assert.equal(last(), stream, "one stream for all");
}
process.exit();
