// Tasks as progress bars.

import { element, make } from "./dom.js";

const OUTCOMES = { completed: "Completed", failed: "Failed" };

const rows = new Map();

function newRow(id) {
  const row = { item: make("li", "task"), text: make("span", "text"), figure: make("span", "figure"), bar: make("progress") };
  const line = make("div", "line");
  line.append(row.text, row.figure);
  row.bar.max = 1;
  row.bar.setAttribute("aria-label", `Task ${id}`);
  row.item.append(line, row.bar, make("code", "id", id));
  element("tasks").prepend(row.item);
  return row;
}

function showTask(task) {
  const row = rows.get(task.id) ?? newRow(task.id);
  const hasEnded = row.item.dataset.state === "running" && task.state !== "running";
  rows.set(task.id, row);
  const percent = `${Math.round(task.value * 100)} %`;
  row.item.dataset.state = task.state;
  row.text.textContent = task.error ?? (task.text || (task.state === "running" ? "Started" : "Ended"));
  row.figure.textContent = OUTCOMES[task.state] ?? percent;
  row.bar.value = task.value;
  if (hasEnded) element("task-news").textContent = `${OUTCOMES[task.state]}: ${row.text.textContent}`;
}

/** Shows a store of tasks for as long as the page is there. */
export function showTasks(store) {
  function show() {
    const tasks = store.getSnapshot();
    tasks.forEach(showTask);
    for (const [id, { item }] of rows) {
      if (tasks.has(id)) continue;
      item.remove();
      rows.delete(id);
    }
    element("tasks-empty").hidden = tasks.size > 0;
    element("tasks-clear").hidden = ![...tasks.values()].some(({ state }) => state !== "running");
  }
  store.subscribe(show);
  element("tasks-clear").addEventListener("click", () => {
    const ended = [...store.getSnapshot().values()].filter(({ state }) => state !== "running");
    ended.forEach(({ id }) => store.remove(id));
    element("tasks-title").tabIndex = -1;
    element("tasks-title").focus();
  });
  show();
}
