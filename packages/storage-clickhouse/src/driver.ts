import { errorCode, errorMessage } from "@chimera/dlq";
import type { Logger } from "@chimera/dlq";
import type * as DriverModule from "@clickhouse/client";

/** The optional peer, loaded when it is first needed. */
export type Driver = typeof DriverModule;
/** A client of the driver. */
export type DriverClient = DriverModule.ClickHouseClient;

const PACKAGE = "@clickhouse/client";

/**
 * The driver, or `null` with one warning when it is not installed: a service can run on without analytics.
 *
 * @throws whatever loading threw when the driver is there but broken.
 */
export async function loadDriver(logger: Logger): Promise<Driver | null> {
  try {
    return await import("@clickhouse/client");
  } catch (error) {
    if (!isMissing(error)) throw error;
    logger.warn("clickhouse.driver_missing", {
      message: `${PACKAGE} is not installed: nothing is written to ClickHouse. Install it with: npm install ${PACKAGE}`,
    });
    return null;
  }
}

/** Whether the driver itself is missing, and not something that the driver imports. */
function isMissing(error: unknown): boolean {
  const code = errorCode(error);
  if (code !== "ERR_MODULE_NOT_FOUND" && code !== "MODULE_NOT_FOUND") return false;
  return /Cannot find (?:package|module) '@clickhouse\/client'/.test(errorMessage(error));
}
