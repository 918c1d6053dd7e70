import { SERIES } from "./cockpit-state.ts";
import type { Sample, SampleColumns, SeriesName } from "./cockpit-state.ts";

/** The latest samples, so that a page that is opened shows what was before. */
export class SampleHistory {
  readonly #limit: number;
  readonly #samples: Sample[] = [];

  /** @param limit - most samples kept, >= 1 */
  constructor(limit: number) {
    this.#limit = limit;
  }

  add(sample: Sample): void {
    this.#samples.push(sample);
    if (this.#samples.length > this.#limit) this.#samples.shift();
  }

  /** All of them, one array a series: half the bytes of one object a sample. */
  columns(): SampleColumns {
    const column = (name: keyof Sample): (number | null)[] => this.#samples.map((sample) => sample[name]);
    const series = Object.fromEntries(SERIES.map((name) => [name, column(name)]));
    const atMs = this.#samples.map((sample) => sample.atMs);
    return { atMs, ...(series as Record<SeriesName, (number | null)[]>) };
  }
}
