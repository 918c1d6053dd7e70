// Appends under a limit of the file's size until it is refused, then says what happened as JSON.
import { FileDeadLetterStore, silentLogger } from "../../src/index.ts";
import { fillUp } from "./fill-up.ts";

const [path = ""] = process.argv.slice(2);
await using store = new FileDeadLetterStore({ path, logger: silentLogger });
process.stdout.write(`${JSON.stringify(await fillUp(store))}\n`);
