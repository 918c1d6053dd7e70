import { rmSync } from "node:fs";
import { silentLogger } from "@chimera/dlq";
import { startPostgres, type TestService } from "@chimera/test-services";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { PostgresAdapterOptions } from "../../src/index.ts";
import { PostgresAdapter } from "../../src/index.ts";
import type { Certificate } from "@chimera/test-services";
import { certificatesMissing, makeCertificate } from "@chimera/test-services";
import { rejection } from "../support/database.ts";

const missing = certificatesMissing();
if (missing !== undefined) console.warn(`TLS tests are skipped: ${missing}`);

describe.skipIf(missing !== undefined)("over TLS", () => {
  let certificate: Certificate | undefined;
  let server: TestService | undefined;
  const opened: PostgresAdapter[] = [];

  beforeAll(async () => {
    certificate = makeCertificate("IP:127.0.0.1");
    const { certificateFile, keyFile } = certificate;
    server = await startPostgres({
      config: ["ssl=on", `ssl_cert_file=${certificateFile}`, `ssl_key_file=${keyFile}`],
    });
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map(async (adapter) => adapter.close({ deadlineMs: 100 })));
  });
  afterAll(async () => {
    await server?.stop();
    if (certificate !== undefined) rmSync(certificate.directory, { recursive: true });
  });

  const open = (options: PostgresAdapterOptions): PostgresAdapter => {
    const adapter = new PostgresAdapter({ url: server?.url ?? "", logger: silentLogger, ...options });
    opened.push(adapter);
    return adapter;
  };
  const isEncrypted = async (db: PostgresAdapter): Promise<unknown> =>
    (await db.query("select ssl from pg_stat_ssl where pid = pg_backend_pid()")).rows[0]?.["ssl"];

  it("a certificate that is trusted is taken, also by the names that libpq reads", async () => {
    expect(await isEncrypted(open({ tls: { ca: certificate?.ca } }))).toBe(true);
    const db = PostgresAdapter.fromEnv(
      {
        CHIMERA_POSTGRES_URL: server?.url,
        CHIMERA_POSTGRES_TLS: "verify-full",
        PGSSLROOTCERT: certificate?.certificateFile,
      },
      { logger: silentLogger },
    );
    opened.push(db);
    expect(await isEncrypted(db)).toBe(true);
  });

  it("one that is not trusted is refused, at once and for good", async () => {
    const error = await rejection(open({ tls: true }).query("select 1"));
    expect(error).toMatchObject({ code: "ACCESS_DENIED", retryable: false, attempts: 1 });
  });

  it("one for another name is refused too", async () => {
    const error = await rejection(
      open({ host: "localhost", tls: { ca: certificate?.ca } }).query("select 1"),
    );
    expect(error).toMatchObject({ code: "ACCESS_DENIED", retryable: false, attempts: 1 });
  });

  it("no-verify takes any, because it was asked to", async () => {
    expect(await isEncrypted(open({ url: `${server?.url}?sslmode=no-verify` }))).toBe(true);
  });

  it("plain text is used where TLS was not asked for", async () => {
    expect(await isEncrypted(open({}))).toBe(false);
  });

  it("an abort cancels on the server", async () => {
    const db = open({ tls: { ca: certificate?.ca }, applicationName: "cancelled-over-tls" });
    const observer = open({});
    const busy = async (): Promise<number> =>
      (
        await observer.query(
          "select 1 from pg_stat_activity where application_name = 'cancelled-over-tls' and state = 'active'",
        )
      ).rowCount;
    const controller = new AbortController();
    const reason = new Error("enough");
    const running = rejection(db.query("select pg_sleep(60)", [], { signal: controller.signal }));
    await expect.poll(busy).toBe(1);
    controller.abort(reason);
    expect(await running).toBe(reason);
    expect(await busy()).toBe(0);
  });
});
