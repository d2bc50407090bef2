// What is known of the past: the newest version, the latest event of each task, and the place in the order of events.

/** @typedef {import("./messages").News} News */
/** @typedef {import("./messages").Past} Past */
/** @typedef {import("./ssectl").StreamEvent} StreamEvent */

const MOST_TASKS = 200;
const LAST = new Set(["task_completed", "task_failed"]);

/**
 * Returns whether an event id is not after another one of the same daemon.
 * @param {string} id
 * @param {string} last
 */
export function isOld(id, last) {
  const [epoch, sequence] = id.split("-");
  const [lastEpoch, lastSequence] = last.split("-");
  return epoch === lastEpoch && Number(sequence) <= Number(lastSequence);
}

export class Known {
  lastEventId = "";
  /** @type {StreamEvent | undefined} */
  #version;
  /** @type {Map<string, StreamEvent>} */
  #tasks = new Map();

  /** @param {Past} [past] */
  constructor(past) {
    past?.events.forEach((event) => this.#keep(event));
    this.lastEventId = past?.lastEventId ?? "";
  }

  /** @returns {Past} */
  get past() {
    const events = [...this.#tasks.values()];
    return { lastEventId: this.lastEventId, events: this.#version ? [this.#version, ...events] : events };
  }

  /**
   * Takes note of news. Returns false for an event that was there before.
   * @param {News} news
   */
  take(news) {
    if (news.kind === "place") this.lastEventId = news.id;
    if (news.kind !== "event") return true;
    const { id } = news.event;
    if (id && isOld(id, this.lastEventId)) return false;
    if (id) this.lastEventId = id;
    this.#keep(news.event);
    return true;
  }

  /** @param {StreamEvent} event */
  #keep(event) {
    if (event.name === "gap") {
      // How things are is told after it. Who is cut off in between begins with that.
      this.lastEventId = "";
      this.#tasks.clear();
    }
    if (event.name === "version") this.#version = event;
    if (event.name === "task_event") this.#keepTask(event);
  }

  /** @param {StreamEvent} event */
  #keepTask(event) {
    const { task_id: id } = /** @type {any} */ (event.payload) ?? {};
    const before = this.#tasks.get(id);
    if (typeof id !== "string" || (before && isLast(before))) return;
    this.#tasks.set(id, event);
    if (this.#tasks.size <= MOST_TASKS) return;
    const [oldest] = [...this.#tasks].find(([, kept]) => isLast(kept)) ?? [...this.#tasks][0];
    this.#tasks.delete(oldest);
  }
}

/** @param {StreamEvent} event */
function isLast(event) {
  return LAST.has(/** @type {any} */ (event.payload)?.event_type);
}
