import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { silentLogger } from "@chimera/dlq";
import { fastify } from "fastify";
import type { FastifyInstance } from "fastify";

import { Cockpit } from "../../src/cockpit/cockpit.ts";
import { addCockpitRoutes } from "../../src/cockpit/cockpit-routes.ts";
import { Probes } from "../../src/probes.ts";
import { Service } from "../../src/service.ts";

/** The cockpit's routes over a real queue and a real store of dead letters; the databases cannot be reached. */
export class CockpitServer implements AsyncDisposable {
  readonly service: Service;
  readonly http: FastifyInstance = fastify();
  readonly #cockpit: Cockpit;
  readonly #directory: string;

  private constructor(service: Service, directory: string, adminToken: string | undefined) {
    this.service = service;
    this.#directory = directory;
    const probes = new Probes(service);
    this.#cockpit = new Cockpit(
      { service, worker: undefined, probes: async () => probes.ask() },
      { logger: silentLogger, adminToken },
    );
    addCockpitRoutes(this.http, this.#cockpit);
  }

  static async open(adminToken?: string): Promise<CockpitServer> {
    const directory = mkdtempSync(join(tmpdir(), "chimera-cockpit-test-"));
    const environment = {
      CHIMERA_POSTGRES_URL: "postgres://127.0.0.1:1/none",
      CHIMERA_CLICKHOUSE_URL: "http://127.0.0.1:1",
      CHIMERA_DLQ_PATH: join(directory, "dlq.jsonl"),
    };
    const service = await Service.open(environment, { logger: silentLogger });
    return new CockpitServer(service, directory, adminToken);
  }

  /** What an action answered. */
  async act(name: string, payload: object, token?: string): Promise<{ status: number; body: unknown }> {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const answer = await this.http.inject({ method: "POST", url: `/api/actions/${name}`, payload, headers });
    return { status: answer.statusCode, body: answer.json() };
  }

  /** What can be read at a path. */
  async get(url: string, headers: Record<string, string> = {}): Promise<{ status: number; body: unknown }> {
    const answer = await this.http.inject({ url, headers });
    return { status: answer.statusCode, body: answer.json() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cockpit.close();
    await this.http.close();
    await this.service.close();
    rmSync(this.#directory, { recursive: true });
  }
}
