import { ManualClock } from "@chimera/dlq/testing";
import type { ConformanceFixture, FixtureBackendOptions } from "../../../src/conformance/index.ts";
import { LocalBackend } from "../../../src/local/local-backend.ts";
import type { Delivery, QueueAdmin, QueueBackend, Settlement } from "../../../src/protocol.ts";
import { ForwardingBackend } from "../../../src/testing/index.ts";

/** A backend that keeps every rule but one. */
export interface BrokenBackend {
  /** The rule that it breaks. */
  readonly rule: number;
  /** What it does wrong. */
  readonly fault: string;
  readonly create: (clock: ManualClock, options: FixtureBackendOptions) => QueueBackend;
}

/** The kit's fixture for a broken backend, on a clock that stands still. */
export function brokenFixture({ create }: BrokenBackend): ConformanceFixture {
  const clock = new ManualClock();
  return {
    clockStandsStill: true,
    createBackend: async (options = {}) => create(clock, options),
    createPeer: async (backend) => backend,
    advanceClock: async (durationMs) => clock.advance(durationMs),
  };
}

/** A local backend with some of its verbs replaced; those that go round them are not offered. */
export function broken(
  rule: number,
  fault: string,
  changes: (inner: LocalBackend, clock: ManualClock) => Partial<QueueBackend>,
): BrokenBackend {
  return {
    rule,
    fault,
    create(clock, options) {
      const inner = new LocalBackend("broken", { ...options, clock });
      const verbs = changes(inner, clock);
      const backend = Object.assign(new ForwardingBackend(inner), verbs);
      if (verbs.settleAndDequeue === undefined) Reflect.deleteProperty(backend, "settleAndDequeue");
      return backend;
    },
  };
}

/** Deliveries as a consumer of a broken backend sees them. */
export function brokenDeliveries(
  rule: number,
  fault: string,
  change: (delivery: Delivery) => Delivery,
): BrokenBackend {
  return broken(rule, fault, (inner) => ({
    dequeue: async (request) => (await inner.dequeue(request)).map((delivery) => change(delivery)),
  }));
}

/** Settlements as a broken backend takes them. */
export function brokenSettlements(
  rule: number,
  fault: string,
  change: (settlement: Settlement) => Settlement,
): BrokenBackend {
  return broken(rule, fault, (inner) => ({
    settle: async (settlements) => inner.settle(settlements.map(change)),
  }));
}

export function brokenAdmin(
  rule: number,
  fault: string,
  changes: (admin: QueueAdmin, inner: LocalBackend) => Partial<QueueAdmin>,
): BrokenBackend {
  return broken(rule, fault, (inner) => {
    const { admin } = inner;
    const whole: QueueAdmin = {
      pause: async () => admin.pause(),
      resume: async () => admin.resume(),
      get: async (id) => admin.get(id),
      browse: async (request) => admin.browse(request),
      runNow: async (id) => admin.runNow(id),
      cancel: async (ids) => admin.cancel(ids),
      clear: async () => admin.clear(),
    };
    return { admin: { ...whole, ...changes(admin, inner) } };
  });
}

/** A copy with some fields replaced. */
export function changed<Value extends object>(value: Value, changes: Partial<Value>): Value {
  return Object.assign({}, value, changes);
}

/** A copy without one field. */
export function without<Value extends object>(value: Value, name: keyof Value): Value {
  const copy = Object.assign({}, value);
  Reflect.deleteProperty(copy, name);
  return copy;
}
