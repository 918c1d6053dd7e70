import { startClickHouse } from "@chimera/test-services";
import { afterAll, beforeAll } from "vitest";

/** One server for a test file. */
export interface ServerOfFile {
  readonly url: string;
  readonly service: Awaited<ReturnType<typeof startClickHouse>>;
}

/** Starts a server before the file's tests and stops it after them. */
export function serverForFile(): ServerOfFile {
  let service: ServerOfFile["service"] | undefined;
  const started = (): ServerOfFile["service"] => {
    if (service === undefined) throw new Error("The server is started in beforeAll");
    return service;
  };
  beforeAll(async () => {
    service = await startClickHouse();
  });
  afterAll(async () => service?.stop());
  return {
    get url() {
      return started().url;
    },
    get service() {
      return started();
    },
  };
}
