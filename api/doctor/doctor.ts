import { tmpdir } from "node:os";
import { resolve } from "node:path";
import { defaultRoot } from "../../cache/paths.js";
import { deviceChecks } from "./devices.js";
import { isolationCheck } from "./isolation.js";
import { kernelChecks } from "./kernel.js";
import { networkChecks } from "./network.js";
import { nearest, storeChecks, writable } from "./store.js";
import { isRoot, systemChecks, userName } from "./system.js";
import { trialRun } from "./trial.js";
import type { DoctorCheck, DoctorReport } from "../options/doctor-types.js";

export interface DoctorOptions {
  /**
   * Directory of the store. Default: `$TSBUILD_ROOT`, then `$XDG_DATA_HOME/tsbuild`, then
   * `~/.local/share/tsbuild`.
   */
  readonly root?: string;
  /** Environment. Default: the process's. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * Checks everything that builds need of this machine, for this user and this store, and runs a
 * step. Takes a fraction of a second, sends no request over the network and leaves nothing behind.
 * Faults are the result, not an exception.
 */
export async function doctor(options: DoctorOptions = {}): Promise<DoctorReport> {
  const env = options.env ?? process.env;
  const root = options.root === undefined ? defaultRoot(env) : resolve(options.root);
  const place = nearest(root);
  // File systems differ: the probe runs where the store is, or will be.
  const directory = writable(place) ? place : tmpdir();
  const { check: isolation, chosen } = isolationCheck(directory, env);
  const found = [
    ...systemChecks(env),
    isolation,
    ...kernelChecks(directory, chosen),
    ...storeChecks(root),
    ...networkChecks(env),
    ...(await deviceChecks(env)),
    ...(await trialRun(directory, chosen, env)),
  ];
  const checks = chosen.tier === "supervised" ? withoutMaps(found) : found;
  return { ok: checks.every(({ status }) => status !== "missing"), user: isRoot() ? "root" : userName(), checks };
}

/** Checks of the maps of ids of a user namespace. */
const OF_MAPS: ReadonlySet<string> = new Set(["newuidmap", "newgidmap", "subuid", "subgid", "id-maps"]);

/**
 * Returns the checks of a user who needs no maps of ids, because no user namespace can be made: a
 * pod's random user could do nothing about them.
 */
function withoutMaps(checks: readonly DoctorCheck[]): readonly DoctorCheck[] {
  const hasNamespaces = checks.some(({ name, status }) => name === "user-namespaces" && status === "ok");
  return hasNamespaces ? checks : checks.filter(({ name }) => !OF_MAPS.has(name));
}
