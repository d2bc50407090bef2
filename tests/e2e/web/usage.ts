// How the types are meant to be used, and what they are to refuse. Compiled by the tests, never run.

import { connect, taskStore, versionStore } from "../../../web/ssectl.js";
import type { Connection, Envelope, Store, TaskEvent } from "../../../web/ssectl.js";

const connection: Connection = connect({ url: "/events", share: "leader" });
connect();
const version: string | undefined = versionStore(connection, { current: "1.4.0" }).getSnapshot().announced;

const stop: () => void = connection.on("version", ({ payload, id }) => {
  const told: [string, string | undefined, string | undefined] = [payload.version, payload.changelog, id];
  void told;
});
connection.on("order.paid", ({ payload }) => void (payload as { order: number }).order);
connection.on("gap", ({ payload }) => payload.reason === "expired");
connection.on("bye", ({ payload }) => payload.reason === "replaced" && payload.message);
// @ts-expect-error no such reason
connection.on("gap", ({ payload }) => payload.reason === "late");
// @ts-expect-error what applications send is not known
connection.on("order.paid", ({ payload }) => payload.order);
// @ts-expect-error no such way
connect({ share: "window" });

function words(event: TaskEvent): string {
  switch (event.event_type) {
    case "task_started":
      return "started";
    case "progress_update":
      return `${event.data.text} ${event.data.value * 100}`;
    case "task_completed":
      return String(event.data["rows"]);
    case "task_failed":
      return event.data.error;
  }
}

function opened(text: string): string | undefined {
  const envelope: Envelope = JSON.parse(text);
  return envelope.type;
}

// As React has it: useSyncExternalStore(store.subscribe, store.getSnapshot).
function use<Shown>(subscribe: (watcher: () => void) => () => void, getSnapshot: () => Shown): Shown {
  subscribe(() => {})();
  return getSnapshot();
}
const shown = <Shown>(store: Store<Shown>): Shown => use(store.subscribe, store.getSnapshot);
const state = shown(connection);
if (state.state === "waiting") void new Date(state.retryAt ?? 0);
for (const task of shown(taskStore(connection, { keep: 5 })).values()) {
  void (task.value * 100);
  // @ts-expect-error tasks are shown, not changed
  task.value = 1;
}
void [version, stop, words, opened];
