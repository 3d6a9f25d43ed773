import { existsSync } from "node:fs";
import { readRegularFile } from "../../core/system/regular-file.js";
import type { SandboxTrust } from "../../solver/ports.js";
import { badAuthority } from "./errors.js";

/** Bytes that a file of certificates may have. */
const LARGEST = 1 << 20;

/**
 * Reads files of certificates in PEM, which the build trusts beside the public ones. Throws
 * `options/invalid`.
 */
export function readAuthorities(paths: readonly string[]): readonly string[] {
  return paths.map((path) => {
    if (!existsSync(path)) throw badAuthority(path, "there is no such file");
    const text = readRegularFile(path, LARGEST).toString("latin1");
    if (!text.includes("-----BEGIN CERTIFICATE-----")) throw badAuthority(path, "it holds no certificate in PEM");
    return text.endsWith("\n") ? text : `${text}\n`;
  });
}

/** Place of the bundle in a step. */
const BUNDLE = "/run/tsbuild/ca-certificates.pem";

/** Variables by which programs and their libraries find a bundle of certificates. */
const VARIABLES = [
  "SSL_CERT_FILE",
  "CURL_CA_BUNDLE",
  "REQUESTS_CA_BUNDLE",
  "PIP_CERT",
  "GIT_SSL_CAINFO",
  "NODE_EXTRA_CA_CERTS",
  "AWS_CA_BUNDLE",
  "CARGO_HTTP_CAINFO",
  "DENO_CERT",
];

/**
 * Returns what a step sees of authorities: a bundle with the public ones, and the variables that
 * name it. Undefined without authorities.
 */
export async function sandboxTrust(authorities: readonly string[]): Promise<SandboxTrust | undefined> {
  if (authorities.length === 0) return undefined;
  // Loaded late: it takes longer to load than most of a build without changes.
  const { rootCertificates } = await import("node:tls");
  const bundle = [...rootCertificates.map((certificate) => `${certificate}\n`), ...authorities].join("");
  return {
    mounts: [{ type: "file", dest: BUNDLE, data: Buffer.from(bundle, "latin1").toString("base64"), uid: 0, gid: 0, mode: 0o444 }],
    env: VARIABLES.map((name) => `${name}=${BUNDLE}`),
  };
}
