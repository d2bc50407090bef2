// What browsers are told by ssectld: made of src/browser.rs by tests/refresh, not to be edited.

/** A version of the frontend: as it was queued, or the whole document of `frontend_version_url`. */
export type Version = {
  /** Opaque: what is not the same is another one. */
  version: string;
  /** What is new, for people. May have several lines. */
  changelog?: string;
};

/** What happened to a task, as `task` writes it: tests hold what browsers get against this. Something unknown may be added: ignore it. */
export type TaskEvent = {
  event_type: "task_started";
  /** Which one. */
  task_id: string;
  /** When, in UTC. */
  timestamp: string;
  /** Nothing. */
  data: null;
} | {
  event_type: "progress_update";
  /** Which one. */
  task_id: string;
  /** When, in UTC. */
  timestamp: string;
  /** How far. */
  data: Progress;
} | {
  event_type: "task_completed";
  /** Which one. */
  task_id: string;
  /** When, in UTC. */
  timestamp: string;
  /** What it gave. */
  data: { [name: string]: unknown };
} | {
  event_type: "task_failed";
  /** Which one. */
  task_id: string;
  /** When, in UTC. */
  timestamp: string;
  /** Why. */
  data: TaskFailure;
};

/** How far a task is. */
export type Progress = {
  /** What it is doing. */
  text: string;
  /** 0 to 1; never goes backwards. */
  value: number;
};

/** Why a task failed. */
export type TaskFailure = {
  /** In words: `cancelled`, `daemon restarted`, `reporter lost`, or those of whoever ran it. */
  error: string;
};

/** The connect was refused: the only event of its stream. Of `ssectld gateway` in the envelope framing alone. */
export type Rejected = {
  /** The status with which the backend refused it. */
  status: number;
  /** The same in words. */
  message: string;
};

/** Events are missing that nobody can tell any more. How things are follows. */
export type Gap = {
  /** Why. */
  reason: GapReason;
};

/** Why it is not known what a browser missed. Browsers read it. */
export type GapReason = "expired" | "restarted" | "unknown";

/** The last event of a stream that the server ends. */
export type Bye = {
  /** Why. After `replaced` another stream has this request id: stay away. After all others come back. */
  reason: CloseReason;
  /** What an operator says to whoever is there. */
  message?: string;
};

/** Why a stream was or is to be closed. A closed set: also a metrics label. */
export type CloseReason = "client_closed" | "replaced" | "disconnected" | "slow_consumer" | "not_found" | "error" | "lifetime" | "drain" | "shutdown";

/** What each event carries, by its name. */
export type EventMap = {
  version: Version;
  task_event: TaskEvent;
  /** What was pending has been sent. In the envelope framing alone. */
  ready: null;
  rejected: Rejected;
  gap: Gap;
  bye: Bye;
};

/** A message of the envelope framing. `ready`, `rejected`, `gap` and `bye` have their names in both framings. */
export type Envelope =
  | { [Name in "version" | "task_event"]: { type: Name; payload: EventMap[Name] } }["version" | "task_event"]
  | { type: string; payload: unknown };
