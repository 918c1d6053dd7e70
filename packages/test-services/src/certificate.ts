import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryDirectory } from "./own-service.ts";

/** A self-signed certificate for one name, as a server reads it. */
export interface Certificate {
  readonly directory: string;
  readonly certificateFile: string;
  readonly keyFile: string;
  /** PEM, for who is to trust it. */
  readonly ca: string;
}

/** Why none can be made on this machine, or `undefined` when one can. */
export function certificatesMissing(): string | undefined {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" });
    return undefined;
  } catch {
    return "no program `openssl` on PATH";
  }
}

/** Makes one for a subject alternative name such as `IP:127.0.0.1`, readable by the account that runs the server. */
export function makeCertificate(name: string): Certificate {
  const directory = temporaryDirectory("certificate");
  const [keyFile, certificateFile] = [join(directory, "server.key"), join(directory, "server.crt")];
  const request = [
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-days",
    "1",
    "-subj",
    "/CN=chimera-test",
  ];
  execFileSync(
    "openssl",
    [...request, "-addext", `subjectAltName=${name}`, "-keyout", keyFile, "-out", certificateFile],
    {
      stdio: "ignore",
    },
  );
  chmodSync(keyFile, 0o600);
  if (process.getuid?.() === 0) {
    const uid = Number(execFileSync("sh", ["-c", "id -u postgres 2>/dev/null || id -u nobody"]));
    for (const path of [directory, keyFile, certificateFile]) chownSync(path, uid, -1);
  }
  return { directory, keyFile, certificateFile, ca: readFileSync(certificateFile, "utf8") };
}
