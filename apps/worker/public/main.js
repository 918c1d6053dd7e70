/** @import { CockpitState } from "../src/cockpit/cockpit-state.ts" */
import { startActions } from "./actions.js";
import { makeCharts } from "./charts.js";
import { byId, setText } from "./dom.js";
import { showHeadline, showSilence } from "./headline.js";
import { startLetters } from "./letters.js";
import { showParts } from "./parts.js";
import { load, push } from "./series.js";
import { listen } from "./stream.js";
import { showWorkers } from "./workers.js";

const charts = makeCharts(byId("charts", HTMLElement));
const live = byId("live", HTMLElement);
const letters = startLetters();
const actions = startActions(letters);

/** @type {CockpitState | undefined} */
let latest;
let connected = false;

/** A page that nobody sees is not drawn; what it missed is there when it is looked at again. */
function show() {
  if (latest === undefined || document.hidden) return;
  if (connected) showHeadline(latest);
  else showSilence(latest.atMs);
  showParts(latest.parts);
  showWorkers(latest.workers);
  letters.show(latest);
  actions.show(latest);
  for (const chart of charts) chart.draw();
}

/** @param {CockpitState} state */
function take(state) {
  latest = state;
  show();
}

document.addEventListener("visibilitychange", show);

byId("window", HTMLElement).addEventListener("change", ({ target }) => {
  const minutes = Number(/** @type {HTMLInputElement} */ (target).value);
  for (const chart of charts) chart.show(minutes * 60_000);
});

listen({
  hello({ samples, state }) {
    load(samples);
    take(state);
  },
  tick({ sample, state }) {
    push(sample);
    take(state);
  },
  status(status) {
    connected = status === "live";
    if (!connected) show();
    live.dataset["status"] = status;
    setText(live, status === "live" ? "Live" : "Not connected");
  },
});
