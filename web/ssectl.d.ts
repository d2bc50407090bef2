// The browser's end of ssectld: one event stream for all tabs of a browser. See docs/frontend.md.

import type { EventMap } from "./events.js";

export type { Bye, Envelope, EventMap, Gap, Progress, Rejected, TaskEvent, TaskFailure, Version } from "./events.js";

export interface Options {
  /** Where streams are opened, against the page's base: `/api/sse/stream` if not given. */
  url?: string;
  /** The browser's logical id. One of 128 random bits is made, and kept for all tabs, if not given. */
  requestId?: string;
  /** As `fetch` has it. `same-origin` if not given: with cookies, to where the page is from. */
  credentials?: RequestCredentials;
  /**
   * What tabs share the stream by. `auto` if not given: a shared worker, else a tab that leads, else nothing. What
   * cannot be had gives way to the next.
   */
  share?: "auto" | "worker" | "leader" | "tab";
}

/** How the stream is. */
export type State =
  /** A request is under way. */
  | { state: "connecting" }
  /** Caught up: all that was missed, or is to know first, has been told. Behind a gateway nobody says so. */
  | { state: "open"; caughtUp: boolean }
  /**
   * It comes back by itself at this moment. `lost`, `offline`, `unavailable` (a status that passes), `busy` (the server
   * says when), or the reason of the server's `bye`, with what an operator said.
   */
  | { state: "waiting"; reason: string; status?: number; message?: string; retryAt?: number }
  /** The server does not want it: a status that does not pass. It asks again, but seldom; `reconnect()` asks now. */
  | { state: "refused"; status: number; message: string; retryAt?: number }
  /** It stays away until `reconnect()`: `replaced` by another stream with this request id, or `closed` by the page. */
  | { state: "closed"; reason: string; message?: string };

/** An event, in whichever framing it came. */
export interface StreamEvent<Payload = unknown> {
  name: string;
  /** Its JSON; the text itself, where it is none; null, where there is none. */
  payload: Payload;
  /** What came over the wire. */
  data: string;
  /** Its place in the order. Events of the present state, and those of gateways, have none. */
  id?: string | undefined;
}

/** What can be shown by a page that is told when it changes: `useSyncExternalStore(store.subscribe, store.getSnapshot)`. */
export interface Store<Shown> {
  getSnapshot(): Shown;
  /** Returns a function that ends it. */
  subscribe(watcher: () => void): () => void;
}

export interface Connection extends Store<State> {
  readonly requestId: string;
  /** What the stream is shared by. */
  readonly mode: "worker" | "leader" | "tab";
  /** Of the version and of each task the latest event: what stores begin with. */
  readonly known: readonly StreamEvent[];
  /**
   * Hears events of this name, `*` for all. Returns a function that ends it. A version and the events of tasks may come
   * more than once: the present state is told anew.
   */
  on<Name extends keyof EventMap>(name: Name, listener: (event: StreamEvent<EventMap[Name]>) => void): () => void;
  on(name: string, listener: (event: StreamEvent) => void): () => void;
  /** Opens the stream now, whatever became of it. */
  reconnect(): void;
  /** Leaves. The stream ends when all tabs have. */
  close(): void;
}

/** Opens the stream, or joins the one that is open. */
export function connect(options?: Options): Connection;

export interface VersionState {
  /** What this page is. Undefined where it does not say, and none was announced when it was loaded. */
  current: string | undefined;
  /** What was announced last. */
  announced: string | undefined;
  changelog: string | undefined;
  /** Another version was announced, and not dismissed: show the banner. */
  outdated: boolean;
}

export interface VersionStore extends Store<VersionState> {
  /** No banner for the version that is announced. The next one is told again. */
  dismiss(): void;
  /** Loads the page anew. */
  reload(): void;
}

/** `current`: the version of this build. If not given, it is the one that is announced when the page is loaded. */
export function versionStore(connection: Connection, options?: { current?: string | undefined }): VersionStore;

export interface Task {
  readonly id: string;
  readonly state: "running" | "completed" | "failed";
  /** What it is doing, or did last. */
  readonly text: string;
  /** 0 to 1. */
  readonly value: number;
  /** Of a completed one. */
  readonly result: { [name: string]: unknown } | undefined;
  /** Of a failed one. */
  readonly error: string | undefined;
  /** When it was last told of, as the server says. */
  readonly updatedAt: string;
}

/** By id, oldest first. */
export interface TaskStore extends Store<ReadonlyMap<string, Task>> {
  /** Shows it no more. */
  remove(id: string): void;
}

/** `keep`: how many ended tasks are shown, 50 if not given. */
export function taskStore(connection: Connection, options?: { keep?: number | undefined }): TaskStore;
