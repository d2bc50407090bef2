// The log of events, and how many came in each of the last 60 seconds.

import { element, make } from "./dom.js";

const KEPT = 200;
const SECONDS = 60;
const OURS = new Set(["version", "task_event", "ready", "rejected", "gap", "bye"]);

const counts = new Array(SECONDS).fill(0);
const bars = counts.map((_, at) => {
  const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  bar.setAttribute("x", String(at * 6 + 1));
  bar.setAttribute("width", "4");
  bar.setAttribute("rx", "1");
  return bar;
});

function plot() {
  const most = Math.max(4, ...counts);
  bars.forEach((bar, at) => {
    const height = counts[at] === 0 ? 1 : Math.max(4, (counts[at] / most) * 58);
    bar.setAttribute("height", String(height));
    bar.setAttribute("y", String(60 - height));
    bar.classList.toggle("none", counts[at] === 0);
  });
  const sum = counts.reduce((all, count) => all + count, 0);
  element("rate").textContent = sum === 0 ? "none in the last minute" : `${sum} in the last minute, ${counts[SECONDS - 1]} now`;
}

function entry({ name, data, id }) {
  const item = make("li");
  const now = new Date();
  const time = make("time", "", now.toLocaleTimeString([], { hour12: false }));
  time.dateTime = now.toISOString();
  const label = make("b", "name", name);
  label.dataset.name = OURS.has(name) ? name : "application";
  item.append(time, label, make("code", "", data || "(no data)"));
  if (id) item.title = `id ${id}`;
  return item;
}

/** Shows the events of a connection for as long as the page is there. */
export function showEvents(connection) {
  element("plot").querySelector("g").append(...bars);
  connection.on("*", (event) => {
    counts[SECONDS - 1] += 1;
    const log = element("log");
    log.prepend(entry(event));
    while (log.childElementCount > KEPT) log.lastElementChild.remove();
    if (event.id) element("last-id").textContent = event.id;
    element("log-empty").hidden = true;
    plot();
  });
  setInterval(() => {
    counts.shift();
    counts.push(0);
    if (!document.hidden) plot();
  }, 1000);
  plot();
}
