// What the parts of the module say to each other. None of it is for applications.

import type { State, StreamEvent } from "./ssectl.js";

/** What is said in an event stream. */
export type Item =
  | { kind: "comment" }
  | { kind: "retry"; ms: number }
  | { kind: "place"; id: string }
  /** `name` is empty where none is said. */
  | { kind: "event"; name: string; data: string; id: string | undefined };

/** What a stream tells of itself. */
export type News =
  | { kind: "state"; state: State }
  | { kind: "event"; event: StreamEvent }
  | { kind: "place"; id: string };

/** What is known of the past: enough for a page to begin with, and for the stream to go on from there. */
export interface Past {
  lastEventId: string;
  events: StreamEvent[];
}

/**
 * What a page is told by whoever holds the stream: first of all how things are, then the news. `since` are the events
 * after the last one that the page has heard, if they are known.
 */
export type Told = News | { kind: "welcome"; state: State; past: Past; since: StreamEvent[] | undefined };

/** What a page asks of whoever holds the stream. */
export type Wish = { kind: "hello"; stream: StreamOptions; past?: Past } | { kind: "leave" | "wake" | "reconnect" };

/** Which stream it is. */
export interface StreamOptions {
  url: string;
  requestId: string;
  credentials: RequestCredentials;
}

/** How a page reaches whoever holds the stream. */
export interface Line {
  mode: "worker" | "leader" | "tab";
  send(wish: Exclude<Wish, { kind: "hello" }>): void;
}
