// In every page: reads a stream with the browser's own EventSource, and reports all that it sees.
globalThis.listen = (url) => {
  const source = new EventSource(url);
  source.onopen = () => report('opened');
  source.onerror = () => report(source.readyState === EventSource.CLOSED ? 'gave up' : 'lost');
  for (const name of ['message', 'version', 'task_event', 'ready', 'rejected', 'gap', 'bye', 'n']) {
    source.addEventListener(name, (event) => report('event', event.type, event.data, event.lastEventId));
  }
  return source;
};
