/** A certificate for this machine that signs itself, made once and kept beside the log. */

import { X509Certificate } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

export interface Certificate {
  /** PEM. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
  /** Path of a file with what clients have to trust. */
  readonly caFile: string;
}

const days = 24 * 60 * 60 * 1_000;

/**
 * Reads the certificate for localhost, 127.0.0.1 and ::1 in `<path>.crt` and `<path>.key`, or makes one when there is
 * none that is good for another month. Only the owner may read the key.
 */
export async function ownCertificate(path: string): Promise<Certificate> {
  const [caFile, keyFile] = [`${path}.crt`, `${path}.key`];
  if (existsSync(caFile) && existsSync(keyFile)) {
    const [cert, key] = await Promise.all([readFile(caFile, "utf8"), readFile(keyFile, "utf8")]);
    if (Date.parse(new X509Certificate(cert).validTo) - Date.now() > 30 * days) return { cert, key, caFile };
  }
  // Loaded only when it is needed: it is large.
  const { generate } = await import("selfsigned");
  const made = await generate([{ name: "commonName", value: "Rollcall development EventStoreDB" }], {
    algorithm: "sha256",
    // Clocks in containers may be behind.
    notBeforeDate: new Date(Date.now() - days),
    notAfterDate: new Date(Date.now() + 365 * days),
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", digitalSignature: true, keyEncipherment: true, keyCertSign: true, critical: true },
      { name: "extKeyUsage", serverAuth: true },
      {
        name: "subjectAltName",
        altNames: [
          { type: 2, value: "localhost" },
          { type: 7, ip: "127.0.0.1" },
          { type: 7, ip: "::1" },
        ],
      },
    ],
  });
  await mkdir(dirname(path), { recursive: true });
  await writeFile(keyFile, made.private, { mode: 0o600 });
  await writeFile(caFile, made.cert);
  return { cert: made.cert, key: made.private, caFile };
}
