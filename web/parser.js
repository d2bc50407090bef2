// The event stream format, as the HTML standard has it. EventSource would keep to itself what is needed here: comments,
// ids without an event, reconnection times, and events of names that nobody listens for.

/** @typedef {import("./messages").Item} Item */

/**
 * Returns a function that is fed text as it comes, and hands on each thing that is said in it.
 * @param {(item: Item) => void} take
 */
export function parser(take) {
  let rest = "";
  let name = "";
  /** @type {string[]} */
  let data = [];
  /** @type {string | undefined} */
  let id;

  function endOfBlock() {
    if (data.length > 0) take({ kind: "event", name, data: data.join("\n"), id });
    else if (id !== undefined) take({ kind: "place", id });
    name = "";
    data = [];
    id = undefined;
  }

  /** @param {string} line */
  function endOfLine(line) {
    if (line === "") return endOfBlock();
    const colon = line.indexOf(":");
    if (colon === 0) return take({ kind: "comment" });
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") name = value;
    if (field === "data") data.push(value);
    if (field === "id" && !value.includes("\0")) id = value;
    if (field === "retry" && /^\d+$/.test(value)) take({ kind: "retry", ms: Number(value) });
  }

  return (/** @type {string} */ text) => {
    rest += text;
    // A CR at the end may be half of a CR LF.
    const whole = rest.endsWith("\r") ? rest.slice(0, -1) : rest;
    const lines = whole.split(/\r\n|\n|\r/);
    rest = (lines.pop() ?? "") + rest.slice(whole.length);
    lines.forEach(endOfLine);
  };
}
