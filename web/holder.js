// Whoever holds the stream: a shared worker, the leading tab, or a tab alone. Tells all pages what it is told.

import { Known } from "./known.js";
import { Stream } from "./stream.js";

/** @typedef {import("./messages").Past} Past */
/** @typedef {import("./messages").StreamOptions} StreamOptions */
/** @typedef {import("./messages").News} News */
/** @typedef {import("./messages").Wish} Wish */

export class Holder {
  #known;
  #stream;

  /**
   * @param {StreamOptions} options
   * @param {Past | undefined} past
   * @param {(news: News) => void} tell
   */
  constructor(options, past, tell) {
    this.#known = new Known(past);
    this.#stream = new Stream(options, this.#known, past ? "next" : "first", (news) => {
      if (this.#known.take(news)) tell(news);
    });
  }

  /** Returns how things are. */
  welcome() {
    const { state } = this.#stream;
    return { kind: /** @type {const} */ ("welcome"), state, past: this.#known.past };
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
