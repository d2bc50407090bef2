// Whoever holds the stream: a shared worker, the leading tab, or a tab alone. Tells all pages what it is told.

import { Known, isOld } from "./known.js";
import { Stream } from "./stream.js";

/** @typedef {import("./messages").Past} Past */
/** @typedef {import("./messages").StreamOptions} StreamOptions */
/** @typedef {import("./messages").News} News */
/** @typedef {import("./messages").Wish} Wish */
/** @typedef {import("./ssectl").StreamEvent} StreamEvent */

/** How many events are kept for pages that were between two documents when they came. */
const MOST_RECENT = 100;

export class Holder {
  #known;
  #stream;
  /** @type {StreamEvent[]} the latest that have ids */
  #recent = [];
  /** The id that they come after. */
  #from;

  /**
   * @param {StreamOptions} options
   * @param {Past | undefined} past
   * @param {(news: News) => void} tell
   */
  constructor(options, past, tell) {
    this.#known = new Known(past);
    this.#from = this.#known.lastEventId;
    this.#stream = new Stream(options, this.#known, past ? "next" : "first", (news) => {
      if (!this.#known.take(news)) return;
      this.#keep(news);
      tell(news);
    });
  }

  /** Returns how things are, for a page that has heard everything up to this id. @param {string} [seen] */
  welcome(seen = "") {
    const { state } = this.#stream;
    return { kind: /** @type {const} */ ("welcome"), state, past: this.#known.past, since: this.#since(seen) };
  }

  /** @param {string} seen */
  #since(seen) {
    const heard = this.#recent.filter(({ id }) => isOld(id ?? "", seen)).at(-1);
    const isKnown = heard !== undefined || (this.#from !== "" && isOld(this.#from, seen));
    return isKnown ? this.#recent.slice(heard ? this.#recent.indexOf(heard) + 1 : 0) : undefined;
  }

  /** @param {News} news */
  #keep(news) {
    if (news.kind === "place" && this.#from === "") this.#from = news.id;
    if (news.kind !== "event") return;
    if (news.event.name === "gap") {
      this.#recent = [];
      this.#from = "";
    } else if (news.event.id) {
      this.#recent.push(news.event);
      if (this.#recent.length > MOST_RECENT) this.#from = this.#recent.shift()?.id ?? "";
    }
  }

  /** @param {Wish["kind"]} wish */
  obey(wish) {
    // Whoever comes wants it open, but not sooner than the server does.
    const waits = this.#stream.state.state === "waiting";
    if (wish === "reconnect" || (wish === "hello" && !waits)) this.#stream.start();
    else if (wish !== "leave") this.#stream.wake();
  }

  stop() {
    this.#stream.stop();
  }
}
