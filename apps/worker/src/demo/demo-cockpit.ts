import { errorCode } from "@chimera/dlq";
import type { Environment, Logger } from "@chimera/dlq";
import type { Worker } from "@chimera/queue-core";
import { fastify } from "fastify";
import type { FastifyInstance } from "fastify";

import { Cockpit } from "../cockpit/cockpit.ts";
import { addCockpitRoutes } from "../cockpit/cockpit-routes.ts";
import { Probes } from "../probes.ts";
import type { Service } from "../service.ts";
import { readServiceSettings } from "../service-settings.ts";
import { isSet, SettingsCheck } from "../settings-check.ts";

/** A run is over in seconds: charts need more than one figure a second. */
const EVERY_MS = 250;

/** The cockpit of one run, for a browser, on a port that is free. A run is never worse off for not getting one. */
export class DemoCockpit implements AsyncDisposable {
  /** The worker that runs now. */
  worker: Worker | undefined;
  #where = "";
  readonly #cockpit: Cockpit;
  readonly #http: FastifyInstance;

  private constructor(service: Service, logger: Logger, adminToken: string | undefined) {
    const probes = new Probes(service);
    const worker = (): Worker | undefined => this.worker;
    const subject = {
      service,
      probes: async () => probes.ask(),
      get worker() {
        return worker();
      },
    };
    this.#cockpit = new Cockpit(subject, { logger, adminToken, everyMs: EVERY_MS });
    this.#http = fastify({ forceCloseConnections: true });
    addCockpitRoutes(this.#http, this.#cockpit);
  }

  /**
   * Listens where the settings say, or else on another port.
   *
   * @throws SettingsError for settings that are wrong.
   */
  static async open(service: Service, environment: Environment, logger: Logger): Promise<DemoCockpit> {
    const check = new SettingsCheck();
    const { host, port, adminToken } = readServiceSettings(environment, check);
    check.throwIfAny();
    const cockpit = new DemoCockpit(service, logger, adminToken);
    await cockpit.#listen(host, isSet(environment, "CHIMERA_HTTP_PORT") ? port : 0);
    return cockpit;
  }

  /** Its URL, or why it has none: for a person. */
  get where(): string {
    return this.#where;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cockpit.close();
    await this.#http.close();
  }

  async #listen(host: string, port: number): Promise<void> {
    try {
      this.#where = await this.#http.listen({ host, port });
    } catch (error) {
      const code = errorCode(error) ?? "";
      if (port !== 0 && /^(?:EADDRINUSE|EACCES)$/.test(code)) {
        await this.#listen(host, 0);
        this.#where += ` (${port} is not to be had)`;
      } else {
        this.#where = `none, since ${host} cannot be listened on (${code})`;
      }
    }
  }
}
