// Loaded before a worker whose clock is to be wrong: moves `Date` by CHIMERA_CLOCK_OFFSET_MS, as a machine without NTP would.
const offsetMs = Number(process.env["CHIMERA_CLOCK_OFFSET_MS"] ?? 0);
const RealDate = Date;

class ShiftedDate extends RealDate {
  constructor(...args: [] | [string | number | Date]) {
    super(...((args.length === 0 ? [RealDate.now() + offsetMs] : args) as [number]));
  }

  static override now(): number {
    return RealDate.now() + offsetMs;
  }
}

globalThis.Date = ShiftedDate as DateConstructor;
