/** @import { CockpitState, ReplayState } from "../src/cockpit/cockpit-state.ts" */
import { act } from "./api.js";
import { byId, element, notice, setText } from "./dom.js";
import { count, counted, duration } from "./format.js";
import { attempt } from "./token-dialog.js";

/** For how long the outcome stays. */
const SHOWN_MS = 60_000;

const WORDS = {
  running: "Replay under way",
  done: "Replay done",
  stopped: "Replay stopped",
  "target-unavailable": "Replay stopped: the queue could not take letters",
  failed: "Replay failed",
};

const place = byId("replay-strip", HTMLElement);
const bar = element("progress", { "aria-label": "Letters dealt with" });
const title = element("strong");
const counts = element("span", { class: "counts" });
const stop = element(
  "button",
  {
    type: "button",
    class: "button",
    onclick: () => attempt(async () => void (await act("stop-replay"))),
  },
  "Stop",
);
place.append(element("div", { class: "strip-text" }, title, counts), bar, stop);

/** When the replay began whose end was told; `undefined` before the first look, after which only new ends are news. */
let told = /** @type {number | undefined} */ (undefined);

/**
 * How far the replay is, or what came of the last one.
 *
 * @param {CockpitState} state
 */
export function showReplay({ replay, atMs }) {
  const isOver = replay?.endedAtMs !== undefined && atMs - replay.endedAtMs > SHOWN_MS;
  place.hidden = replay === null || isOver;
  if (replay === null) {
    told ??= 0;
    return;
  }
  const { status, total, taken, duplicates, failed, skipped } = replay;
  const dealtWith = taken + duplicates + failed + skipped;
  place.dataset["status"] = status;
  setText(title, WORDS[status]);
  setText(counts, outcome(replay));
  bar.max = Math.max(1, total, dealtWith);
  bar.value = dealtWith;
  bar.hidden = status !== "running";
  stop.hidden = status !== "running";
  tell(replay);
}

/** @param {ReplayState} replay */
function outcome({ total, taken, duplicates, failed, skipped, target, startedAtMs, endedAtMs, error }) {
  return [
    `${count(taken)} of ${counted(total, "letter")} taken by ${target}`,
    ...(duplicates > 0 ? [`${count(duplicates)} known already`] : []),
    ...(failed > 0 ? [`${count(failed)} failed again`] : []),
    ...(skipped > 0 ? [`${count(skipped)} left alone`] : []),
    ...(endedAtMs === undefined ? [] : [`in ${duration(endedAtMs - startedAtMs)}`]),
    ...(error === undefined ? [] : [error]),
  ].join(" · ");
}

/**
 * Says the end once, also to whoever does not see the strip.
 *
 * @param {ReplayState} replay
 */
function tell(replay) {
  const { status, startedAtMs } = replay;
  const isFirstLook = told === undefined;
  told ??= 0;
  if (status === "running" || told === startedAtMs) return;
  told = startedAtMs;
  if (!isFirstLook) notice(`${WORDS[status]}: ${outcome(replay)}`, status === "done" ? "ok" : "bad");
}
