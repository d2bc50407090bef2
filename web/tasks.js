// Background tasks as a page shows them: each with its progress and, for good, how it ended.

/** @typedef {import("./ssectl").Task} Task */

/** @type {import("./ssectl").taskStore} */
export function taskStore(connection, { keep = 50 } = {}) {
  /** @type {Set<() => void>} */
  const watchers = new Set();
  /** @type {Set<string>} */
  const removed = new Set();
  /** @type {ReadonlyMap<string, Task>} */
  let tasks = new Map();

  /** @param {Map<string, Task>} next */
  function show(next) {
    const ended = [...next.values()].filter((task) => task.state !== "running");
    ended.slice(0, Math.max(0, ended.length - keep)).forEach((task) => next.delete(task.id));
    tasks = next;
    watchers.forEach((watcher) => watcher());
  }

  /** @param {import("./ssectl").StreamEvent} event */
  function hear({ payload }) {
    const { task_id: id, event_type: type, timestamp, data } = /** @type {any} */ (payload) ?? {};
    const before = tasks.get(id);
    if (typeof id !== "string" || removed.has(id) || (before && before.state !== "running")) return;
    const task = { ...(before ?? unknown(id)), updatedAt: String(timestamp ?? "") };
    if (type === "progress_update") {
      task.text = typeof data?.text === "string" ? data.text : task.text;
      task.value = Math.max(task.value, typeof data?.value === "number" ? data.value : 0);
    } else if (type === "task_completed") {
      Object.assign(task, { state: "completed", value: 1, result: data });
    } else if (type === "task_failed") {
      Object.assign(task, { state: "failed", error: typeof data?.error === "string" ? data.error : "failed" });
    } else if (type !== "task_started") {
      return;
    }
    show(new Map(tasks).set(id, task));
  }

  connection.known.filter(({ name }) => name === "task_event").forEach(hear);
  connection.on("task_event", hear);
  // Nobody knows any more what became of those. How things are is told next.
  connection.on("gap", () => show(new Map([...tasks].filter(([, task]) => task.state !== "running"))));

  return {
    getSnapshot: () => tasks,
    subscribe(watcher) {
      watchers.add(watcher);
      return () => void watchers.delete(watcher);
    },
    remove(id) {
      const next = new Map(tasks);
      if (!next.delete(id)) return;
      removed.add(id);
      show(next);
    },
  };
}

/** @param {string} id @returns {Task} */
function unknown(id) {
  return { id, state: "running", text: "", value: 0, result: undefined, error: undefined, updatedAt: "" };
}
