// The child process of one scenario: prints its result as one line of JSON.
import { loadScenario } from "./catalog.ts";
import { measure } from "./measure.ts";

const [name = "", size] = process.argv.slice(2);
const result = await measure(name, await loadScenario(name), size === "quick");
process.stdout.write(`${JSON.stringify(result)}\n`);
// A peer may keep a handle open after its close; the figures are out, so the process ends here.
process.exit(0);
