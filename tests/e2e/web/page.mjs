// A page without a browser: says in a line of JSON each what the module tells it, and does what it is told by a line.
//
//   node page.mjs MODULE URL REQUEST_ID

import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [module, url, requestId] = process.argv.slice(2);
const { connect, taskStore, versionStore } = await import(pathToFileURL(module));

const say = (what, said) => process.stdout.write(`${JSON.stringify({ [what]: said })}\n`);
const connection = connect({ url, requestId });
const version = versionStore(connection);
const tasks = taskStore(connection);

connection.on("*", ({ name, payload, id }) => say("event", { name, payload, id: id ?? "" }));
connection.subscribe(() => say("state", connection.getSnapshot()));
version.subscribe(() => say("version", version.getSnapshot()));
tasks.subscribe(() => say("tasks", Object.fromEntries(tasks.getSnapshot())));
say("mode", connection.mode);

for await (const line of createInterface({ input: process.stdin })) {
  if (line === "reconnect") connection.reconnect();
  if (line === "dismiss") version.dismiss();
  if (line.startsWith("remove ")) tasks.remove(line.slice(7));
}
connection.close();
