import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { readRegularFile } from "../../core/system/regular-file.js";
import { systemReason } from "../../core/system/system-reason.js";
import type { Authorities } from "../../solver/ports.js";
import { badAuthority } from "./errors.js";

/** Bytes that a file of certificates may have. */
const LARGEST = 1 << 20;

/**
 * Reads files of certificates in PEM, which the build trusts beside the public ones. A directory
 * stands for the files in it and in its directories, as docker's `certs.d` has them. Throws
 * `options/invalid`.
 */
export function readAuthorities(paths: readonly string[]): readonly string[] {
  return paths.flatMap((path) => {
    const status = statSync(path, { throwIfNoEntry: false });
    if (status === undefined) throw badAuthority(path, "there is no such file");
    if (!status.isDirectory()) return [readAuthority(path)];
    const files = certificatesIn(path);
    if (files.length === 0) throw badAuthority(path, "the directory has no file *.crt or *.pem");
    return files.map(readAuthority);
  });
}

function readAuthority(path: string): string {
  const text = readText(path);
  if (!text.includes("-----BEGIN CERTIFICATE-----")) throw badAuthority(path, "it holds no certificate in PEM");
  return text.endsWith("\n") ? text : `${text}\n`;
}

function readText(path: string): string {
  try {
    return readRegularFile(path, LARGEST).toString("latin1");
  } catch (error) {
    throw badAuthority(path, systemReason(error));
  }
}

/** Returns the files of certificates in a directory and in the directories in it, sorted. */
function certificatesIn(directory: string, depth = 0): readonly string[] {
  return readdirSync(directory)
    .sort()
    .flatMap((name) => {
      const path = join(directory, name);
      if (/\.(?:crt|pem)$/.test(name)) return [path];
      return depth === 0 && statSync(path, { throwIfNoEntry: false })?.isDirectory() ? certificatesIn(path, 1) : [];
    });
}

/** Returns what steps trust, with the public authorities. Undefined without own ones. */
export async function stepAuthorities(own: readonly string[]): Promise<Authorities | undefined> {
  if (own.length === 0) return undefined;
  // Loaded late: it takes longer to load than most of a build without changes.
  const { rootCertificates } = await import("node:tls");
  return { own: own.join(""), common: rootCertificates.map((certificate) => `${certificate}\n`).join("") };
}
