// Which version of the frontend is announced, and whether this page is another one.

/** @typedef {import("./ssectl").VersionState} VersionState */

/** @type {import("./ssectl").versionStore} */
export function versionStore(connection, { current } = {}) {
  /** @type {Set<() => void>} */
  const watchers = new Set();
  let dismissed = "";
  let settled = current !== undefined;
  /** @type {VersionState} */
  let state = { current, announced: undefined, changelog: undefined, outdated: false };

  /** @param {Partial<VersionState>} change */
  function show(change) {
    const next = { ...state, ...change };
    const isOther = next.announced !== undefined && next.announced !== (next.current ?? "");
    state = { ...next, outdated: isOther && settled && next.announced !== dismissed };
    watchers.forEach((watcher) => watcher());
  }

  /** @param {import("./ssectl").StreamEvent} event */
  function hear({ payload, id }) {
    const { version, changelog } = /** @type {any} */ (payload) ?? {};
    if (typeof version !== "string") return;
    // A page that does not say what it is, is what is newest when it has caught up.
    const isBaseline = !settled && (state.current === undefined || id);
    if (!settled && state.current !== undefined && !id) settled = true;
    const words = typeof changelog === "string" ? changelog : undefined;
    show({ announced: version, changelog: words, ...(isBaseline ? { current: version } : {}) });
  }

  function caughtUp() {
    const now = connection.getSnapshot();
    if (settled || now.state !== "open" || !now.caughtUp) return;
    settled = true;
    show({});
  }

  connection.known.filter(({ name }) => name === "version").forEach(hear);
  connection.on("version", hear);
  // What an earlier page knew is no measure for this one.
  connection.on("gap", () => {
    if (!settled) show({ current: undefined });
  });
  connection.subscribe(caughtUp);
  caughtUp();

  return {
    getSnapshot: () => state,
    subscribe(watcher) {
      watchers.add(watcher);
      return () => void watchers.delete(watcher);
    },
    dismiss() {
      dismissed = state.announced ?? "";
      show({});
    },
    reload: () => location.reload(),
  };
}
