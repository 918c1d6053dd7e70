// The child process of one curve: prints its result as one line of JSON.
import { loadCurve } from "./catalog.ts";
import { measureCurve } from "./measure-curve.ts";

const [name = "", size] = process.argv.slice(2);
const result = await measureCurve(name, await loadCurve(name), size === "quick");
process.stdout.write(`${JSON.stringify(result)}\n`);
// A peer may keep a handle open after its close; the figures are out, so the process ends here.
process.exit(0);
