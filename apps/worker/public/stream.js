/** @import { Hello, Tick } from "../src/cockpit/cockpit-state.ts" */

/** Longer than the service is silent: a heartbeat comes every 10 s. */
const SILENT_MS = 15_000;
const RETRY_MS = 3_000;

/**
 * What a stream tells.
 *
 * @typedef {object} StreamListener
 * @property {(hello: Hello) => void} hello
 * @property {(tick: Tick) => void} tick
 * @property {(status: "live" | "lost") => void} status
 */

/**
 * Listens to the service for as long as the page is open, and connects again whatever ends the stream. The browser does
 * so by itself only while the service can be reached.
 *
 * @param {StreamListener} listener
 */
export function listen(listener) {
  const source = new EventSource("api/events");
  let heardAt = performance.now();

  const again = () => {
    clearInterval(watch);
    source.close();
    listener.status("lost");
    setTimeout(() => listen(listener), RETRY_MS);
  };
  const watch = setInterval(() => {
    if (performance.now() - heardAt > SILENT_MS) again();
  }, 1_000);

  source.addEventListener("hello", (/** @type {MessageEvent<string>} */ { data }) => {
    heardAt = performance.now();
    listener.status("live");
    listener.hello(/** @type {Hello} */ (JSON.parse(data)));
  });
  source.addEventListener("tick", (/** @type {MessageEvent<string>} */ { data }) => {
    heardAt = performance.now();
    listener.tick(/** @type {Tick} */ (JSON.parse(data)));
  });
  source.addEventListener("error", again);
}
