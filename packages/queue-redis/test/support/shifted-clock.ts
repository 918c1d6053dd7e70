// Loaded before a process whose wall clock is to be wrong by CHIMERA_TEST_CLOCK_OFFSET_MS.
const offsetMs = Number(process.env["CHIMERA_TEST_CLOCK_OFFSET_MS"]);
const RightDate = Date;

class WrongDate extends RightDate {
  constructor(...args: [] | [number]) {
    super(args.length === 0 ? RightDate.now() + offsetMs : args[0]);
  }

  static override now(): number {
    return RightDate.now() + offsetMs;
  }
}

globalThis.Date = WrongDate as DateConstructor;
