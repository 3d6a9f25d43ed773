// Record of the sources of dist/, so that a build of the same sources by the same Node has nothing
// to do: two test runs in one clone do not disturb each other.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const FOLDERS = ["core", "net", "llb", "oci", "frontend", "cache", "executor-native", "solver", "exporters", "api", "cli", "scripts"];
const FILES = ["package.json", "package-lock.json", "tsconfig.json", "tsconfig.types.json"];

/** Returns the digest of every source and of the Node that runs the build. */
export function sourcesDigest(root) {
  const hash = createHash("sha256").update(JSON.stringify([process.version, process.arch]));
  const folders = FOLDERS.filter((name) => existsSync(join(root, name)));
  const inFolders = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath ?? entry.path, entry.name)),
  );
  for (const path of [...inFolders.toSorted(), ...FILES.map((name) => join(root, name))]) {
    const bytes = readFileSync(path);
    hash.update(`${path}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest("hex");
}

/**
 * Returns true when dist/ is complete and made of these sources, with declarations if requested.
 */
export function isBuilt(dist, digest, { types }) {
  const built = readRecord(dist);
  return built?.digest === digest && (built.types || !types) && built.files.every((name) => existsSync(join(dist, name)));
}

/** Stores which sources dist/ was made of. */
export function recordBuild(dist, digest, { types }) {
  const files = readdirSync(dist, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== RECORD)
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(dist.length + 1));
  const fresh = join(dist, `${RECORD}.${process.pid}`);
  writeFileSync(fresh, JSON.stringify({ digest, types, files }));
  renameSync(fresh, join(dist, RECORD));
}

const RECORD = "built.json";

function readRecord(dist) {
  try {
    return JSON.parse(readFileSync(join(dist, RECORD), "utf8"));
  } catch {
    return undefined;
  }
}
