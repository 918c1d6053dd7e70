/** @import { CockpitState, LetterFilter } from "../src/cockpit/cockpit-state.ts" */
import { act, hasToken, setToken } from "./api.js";
import { byId, notice, setText } from "./dom.js";
import { openPurge } from "./purge-dialog.js";
import { openReplay } from "./replay-dialog.js";
import { showReplay } from "./replay-strip.js";
import { askForToken, attempt } from "./token-dialog.js";

/**
 * What the letters offer the buttons.
 *
 * @typedef {object} LettersToActOn
 * @property {{ filter: LetterFilter, ticked: number } | undefined} meant
 * @property {() => void} onMeantChange
 */

/**
 * Begins an action on letters: whoever may, sees first what it would come to.
 *
 * @param {"replay" | "purge"} action
 * @param {{ filter: LetterFilter, ticked: number }} meant
 */
export function actOn(action, { filter }) {
  attempt(async () => (action === "replay" ? openReplay(filter) : openPurge(filter)));
}

/** The buttons that change something. */
class Actions {
  #letters;
  #pause = byId("pause", HTMLButtonElement);
  #unlock = byId("unlock", HTMLButtonElement);
  #replay = byId("replay", HTMLButtonElement);
  #purge = byId("purge", HTMLButtonElement);
  #note = byId("actions-note", HTMLElement);
  /** @type {CockpitState | undefined} */
  #state;

  /** @param {LettersToActOn} letters */
  constructor(letters) {
    this.#letters = letters;
    letters.onMeantChange = () => this.#showButtons();
    this.#pause.addEventListener("click", () => {
      const action = this.#state?.queue?.paused === true ? "resume" : "pause";
      attempt(async () => {
        await act(action);
        notice(
          action === "pause" ? "The queue is paused, for every consumer" : "The queue hands out jobs again",
        );
      });
    });
    this.#unlock.addEventListener("click", () => {
      if (hasToken()) {
        setToken("");
        this.#showButtons();
        notice("Locked: the token is forgotten");
      } else {
        void askForToken().then(() => this.#showButtons());
      }
    });
    for (const action of /** @type {const} */ (["replay", "purge"])) {
      byId(action, HTMLButtonElement).addEventListener("click", () => {
        const { meant } = this.#letters;
        if (meant !== undefined) actOn(action, meant);
      });
    }
  }

  /** @param {CockpitState} state */
  show(state) {
    this.#state = state;
    this.#showButtons();
    showReplay(state);
  }

  #showButtons() {
    const state = this.#state;
    if (state === undefined) return;
    const { actions, queue, replay } = state;
    const { meant } = this.#letters;
    this.#note.hidden = actions;
    this.#unlock.disabled = !actions;
    this.#pause.disabled = !actions || queue === null;
    this.#replay.disabled = !actions || meant === undefined || replay?.status === "running";
    this.#purge.disabled = !actions || meant === undefined || replay?.status === "running";
    setText(this.#unlock, hasToken() ? "Lock actions" : "Unlock actions");
    setText(this.#pause, queue?.paused === true ? "Resume" : "Pause");
    this.#pause.classList.toggle("primary", queue?.paused === true);
    const which = meant === undefined || meant.ticked === 0 ? "all" : `${meant.ticked} ticked`;
    setText(this.#replay, `Replay ${which}…`);
    setText(this.#purge, `Purge ${which}…`);
  }
}

/** @param {LettersToActOn} letters */
export function startActions(letters) {
  return new Actions(letters);
}
