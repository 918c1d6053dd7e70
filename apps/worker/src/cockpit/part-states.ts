import type { Probe } from "../probes.ts";
import type { Service } from "../service.ts";
import type { Fact, LettersState, PartState } from "./cockpit-state.ts";

/** What the page shows of every part: how it answered, with the few figures that a person looks for first. */
export function partStates(
  probes: readonly Probe[],
  service: Service,
  letters: LettersState | undefined,
): PartState[] {
  const facts: Record<Probe["name"], readonly Fact[]> = {
    queue: [],
    postgres: postgresFacts(service),
    clickhouse: clickhouseFacts(service),
    "dead letters": letters === undefined ? [] : letterFacts(letters),
  };
  return probes.map((probe) => Object.assign({}, probe, { facts: facts[probe.name] }));
}

function postgresFacts({ postgres }: Service): Fact[] {
  const { pool } = postgres.metrics();
  return [count("in use", pool.inUse), count("idle", pool.idle), count("waiting", pool.waiting)];
}

function clickhouseFacts({ clickhouse }: Service): Fact[] {
  const { rowsStored, bufferedRows, bufferedBytes, insertsInFlight } = clickhouse.metrics();
  return [
    count("rows stored", rowsStored),
    count("rows buffered", bufferedRows),
    { label: "buffered", value: bufferedBytes, unit: "bytes" },
    count("inserts in flight", insertsInFlight),
  ];
}

function letterFacts({ count: letters, bytes }: LettersState): Fact[] {
  return [count("letters", letters), { label: "on disk", value: bytes, unit: "bytes" }];
}

function count(label: string, value: number): Fact {
  return { label, value, unit: "count" };
}
