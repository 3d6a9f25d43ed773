import { tmpdir } from "node:os";
import { resolve } from "node:path";
import { defaultRoot } from "../../cache/paths.js";
import { isolationCheck } from "./isolation.js";
import { kernelChecks } from "./kernel.js";
import { networkChecks } from "./network.js";
import { nearest, storeChecks, writable } from "./store.js";
import { isRoot, systemChecks, userName } from "./system.js";
import { trialRun } from "./trial.js";
import type { DoctorReport } from "../options/doctor-types.js";

export interface DoctorOptions {
  /** The store that is meant. Default as everywhere: `$TSBUILD_ROOT`, then `$XDG_DATA_HOME/tsbuild`, then `~/.local/share/tsbuild`. */
  readonly root?: string;
  /** Default: the process's environment. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * Looks at all that builds need of this machine, for this user and this store, and runs a step. Takes a fraction of a second, asks nothing over the network and
 * leaves nothing behind. Whatever is wrong is the result, not an exception.
 */
export async function doctor(options: DoctorOptions = {}): Promise<DoctorReport> {
  const env = options.env ?? process.env;
  const root = options.root === undefined ? defaultRoot(env) : resolve(options.root);
  const place = nearest(root);
  // File systems differ: what works is tried where the store is, or will be.
  const directory = writable(place) ? place : tmpdir();
  const { check: isolation, tier } = isolationCheck(directory, env);
  const checks = [
    ...systemChecks(env),
    isolation,
    ...kernelChecks(directory, tier),
    ...storeChecks(root),
    ...networkChecks(env),
    ...(await trialRun(directory, tier)),
  ];
  return { ok: checks.every(({ status }) => status !== "missing"), user: isRoot() ? "root" : userName(), checks };
}
