// Whatever the pieces that a stream comes in, what is said in it is the same: node parser.mjs PARSER

import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";

const { parser } = await import(pathToFileURL(process.argv[2]));
const text =
  ": hello\n\nretry: 2000\n\nid: 1-1\nevent: a\ndata: 1\ndata:  2\n\n" +
  "data\r\n\r\ndata:x\rid: 1-2\r\rid: 1-3\n\nevent: lost\n\nretry: soon\nunknown: x\nid: a\0b\ndata: é😀\n\ndata: cut off";
const whole = [
  { kind: "comment" },
  { kind: "retry", ms: 2000 },
  { kind: "event", name: "a", data: "1\n 2", id: "1-1" },
  { kind: "event", name: "", data: "", id: undefined },
  { kind: "event", name: "", data: "x", id: "1-2" },
  { kind: "place", id: "1-3" },
  { kind: "event", name: "", data: "é😀", id: undefined },
];
for (let size = 1; size <= text.length; size += 1) {
  const heard = [];
  const feed = parser((item) => heard.push(item));
  for (let at = 0; at < text.length; at += size) feed(text.slice(at, at + size));
  assert.deepEqual(heard, whole, `in pieces of ${size}`);
}
