import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { writeFileAtomic } from "../core/system/fs-atomic.js";
import { homeDirectory } from "../core/system/home.js";
import { storeWithoutHome, storeInHome } from "../core/system/store-without-home.js";
import { LAYOUT_FILE, LAYOUT_VERSION } from "../oci/layout/marker.js";
import { ioError } from "./errors.js";
import { makeStoreDirectory } from "./private-directory.js";

/**
 * Name of the folder that holds everything. Another format gets another folder, so old and new
 * programs do not meet.
 */
export const FORMAT = "v1";

/**
 * Returns the default directory of the store: `$TSBUILD_ROOT`, `$XDG_DATA_HOME/tsbuild`,
 * `~/.local/share/tsbuild`; without a home see {@link storeWithoutHome}.
 */
export function defaultRoot(env: Readonly<Record<string, string | undefined>> = process.env): string {
  if (env["TSBUILD_ROOT"]) return resolve(env["TSBUILD_ROOT"]);
  // The XDG specification says that a relative path is invalid and to be ignored.
  const data = env["XDG_DATA_HOME"];
  if (data?.startsWith("/")) return join(data, "tsbuild");
  return storeWithoutHome(env)?.path ?? storeInHome(homeDirectory(env) as string);
}

/** Absolute paths of a store's parts. */
export interface StorePaths {
  readonly root: string;
  /** The versioned folder, which is also the OCI image layout. */
  readonly base: string;
  readonly blobs: string;
  readonly indexJson: string;
  readonly database: string;
  readonly snapshots: string;
  readonly toc: string;
  readonly stat: string;
  readonly memo: string;
  readonly mounts: string;
  readonly builds: string;
  readonly locks: string;
  readonly tmp: string;
  /** File of the reserve, see {@link ./collect/reserve.ts}. */
  readonly reserve: string;
}

export function storePaths(root: string): StorePaths {
  const absolute = resolve(root);
  const base = join(absolute, FORMAT);
  return {
    root: absolute,
    base,
    blobs: join(base, "blobs", "sha256"),
    indexJson: join(base, "index.json"),
    database: join(base, "index.db"),
    snapshots: join(base, "snapshots"),
    toc: join(base, "toc"),
    stat: join(base, "stat"),
    memo: join(base, "memo"),
    mounts: join(base, "mounts"),
    builds: join(base, "builds"),
    locks: join(base, "locks"),
    tmp: join(base, "tmp"),
    reserve: join(base, "reserve"),
  };
}

/** Makes the folders. */
export function prepareLayout(paths: StorePaths): void {
  const makeParents = (directory: string): void => makeStoreDirectory(paths, directory);
  try {
    for (const directory of [paths.blobs, paths.snapshots, paths.toc, paths.stat, paths.memo, paths.mounts, paths.locks, paths.tmp]) {
      makeParents(directory);
    }
    const marker = join(paths.base, LAYOUT_FILE);
    if (!existsSync(marker)) writeFileAtomic(marker, LAYOUT_VERSION, { makeParents, tidy: false });
    if (!existsSync(paths.indexJson)) writeFileAtomic(paths.indexJson, EMPTY_INDEX, { makeParents, tidy: false });
  } catch (error) {
    throw ioError(`Cannot use "${paths.root}" as the store`, error);
  }
}

const EMPTY_INDEX = '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}';
